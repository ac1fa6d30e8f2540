import json
from dataclasses import replace
from itertools import groupby

import pytest
import torch
from conftest import ROOT

from kaleido.chapters import CHAPTERS, paper
from kaleido.chapters.paper.cells import networks
from kaleido.lab import recording
from kaleido.lab.evidence import recorded
from kaleido.lab.recording import extend
from kaleido.lab.sweep import sweep
from kaleido.tools import files
from kaleido.tools.exact import processor


def test_what_is_computed_once_is_recorded_with_its_arrays(build):
    small = replace(paper.TOYS, deciding=lambda: [replace(networks()[0], steps=3, runs=2)])
    extend([small], "paper")
    kept = recorded("toys", "paper")
    assert {name: tuple(array.shape) for name, array in kept.arrays.items()} == {
        "points1d/map": (401, 1),
        "points1d/chains": (4, 8, 1),
    }
    assert len(kept.values(quantity="loss")) == 1


def test_what_is_finished_is_recorded_though_what_follows_fails(build):
    first = replace(networks()[0], steps=3, runs=2)
    broken = replace(first, study="no.such.module:study")
    small = replace(paper.TOYS, deciding=lambda: [first, replace(first, seeds=(1,)), broken])
    with pytest.raises(ModuleNotFoundError):
        extend([small], "paper")
    assert len(recorded("toys", "paper").values(quantity="loss")) == 2


def test_what_the_record_lists_is_not_computed_again_whatever_became_of_the_cache(build, monkeypatch):
    def of(*seeds, init="torch"):
        cells = [replace(networks()[0], steps=3, runs=2, seeds=(seed,), init=init) for seed in seeds]
        return [replace(paper.TOYS, deciding=lambda: cells)]

    asked = []
    monkeypatch.setattr(recording, "sweep", lambda cells: asked.append([cell.seeds for cell in cells]) or sweep(cells))
    for seeds in ((0, 1), (0, 1), (2,)):
        extend(of(*seeds), "paper")
    extend(of(3, init="he"), "paper")
    extend(of(3), "paper")  # what is listed has an initialisation besides
    assert asked == [[(0,), (1,)], [(2,)], [(3,)], [(3,)]]
    first, second, *_ = json.loads((files.record_folder() / "paper" / "cells.json").read_text())
    assert first | {"seeds": [2]} == second
    assert (first["processor"], first["torch"]) == (processor(), torch.__version__)


def test_what_another_process_listed_meanwhile_stays_listed(build, monkeypatch):
    def of(seed):
        return [replace(paper.TOYS, deciding=lambda: [replace(networks()[0], steps=3, runs=2, seeds=(seed,))])]

    def slow(cells):
        monkeypatch.setattr(recording, "sweep", sweep)
        extend(of(1), "paper")
        return sweep(cells)

    monkeypatch.setattr(recording, "sweep", slow)
    extend(of(0), "paper")
    listed = json.loads((files.record_folder() / "paper" / "cells.json").read_text())
    assert [each["seeds"] for each in listed] == [[1], [0]]
    assert len(recorded("toys", "paper").values(quantity="loss")) == 2


def test_cells_that_the_record_lists_are_planned_and_have_their_rows():
    planned = [
        recording.described(chapter, list(alike))
        for chapter in (*CHAPTERS, paper.TOYS)
        for _, alike in groupby(chapter.cells("paper"), key=lambda cell: replace(cell, seeds=()))
    ]
    for entry in json.loads((ROOT / "data" / "record" / "paper" / "cells.json").read_text()):
        assert {name: value for name, value in entry.items() if name not in recording.MADE} in planned
        name = entry.get("output") or entry.get("variant") or "mlp"
        rows = recorded(entry["notebook"], "paper").rows(data=entry["data"], architecture=name)
        assert set(map(str, entry["seeds"])) <= set(rows["seeds"])
