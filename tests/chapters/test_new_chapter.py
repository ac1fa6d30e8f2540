import os
from importlib import import_module

import nbformat.v4 as notebook
import pytest
from conftest import row

from kaleido.chapters import CHAPTERS
from kaleido.lab.evidence import read_evidence, write_evidence
from kaleido.lab.ledger import judge
from kaleido.lab.notebooks import run

MINE = {
    "__init__": """from kaleido.lab.chapter import Chapter
from mine import cells, claims, figures
CHAPTER = Chapter("30", "Mine", cells.plan, claims.CLAIMS, (figures.seeds,))""",
    "cells": """from kaleido.lab.cell import Cell
def plan(profile):
    return [Cell("mine.study:nearer", "points1d", 2, 10, 50, (seed,)) for seed in (100, 101, 102)]""",
    "study": """import kaleido as kd
def nearer(cell, net, data, seed, history, add):
    add("X1", "rho", kd.contraction(net, kd.noise(data, 50, seed=seed), data), 50, "noise", 1)""",
    "claims": """from kaleido.lab.endpoint import Endpoint, values
from mine.figures import seeds
def rho(found, data):
    return values(found, claim="X1", quantity="rho", data=data)
CLAIMS = {"X1": Endpoint("Outputs are near", "contraction", rho, 0.5, "<", seeds, data="points1d", planned=3)}""",
    "figures": """from matplotlib.figure import Figure
from kaleido.lab.drawing import figure
@figure("30_seeds")
def seeds(found):
    "Contraction, a dot for each seed."
    drawn = Figure()
    drawn.subplots().plot(found.rows(quantity="rho")["value"], "o")
    return drawn""",
}
NOTEBOOK = ('profile = "laptop"', "import mine\nfound = mine.CHAPTER.evidence(profile)", "mine.figures.seeds(found)")


def test_a_chapter_of_ones_own_is_run_drawn_and_judged(build, tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    for name, text in MINE.items():
        (tmp_path / "mine" / f"{name}.py").write_text(text)
    cells = [notebook.new_code_cell(text, metadata={"tags": ["parameters"][i:]}) for i, text in enumerate(NOTEBOOK)]
    about = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    (tmp_path / "30_mine.ipynb").write_text(notebook.writes(notebook.new_notebook(cells=cells, metadata=about)))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("KALEIDO_PROCESSES", "2")
    chapter = import_module("mine").CHAPTER
    assert run([chapter], "smoke", folder=tmp_path) == {}
    assert len(read_evidence(build / "smoke" / "evidence", "30", "smoke").values(quantity="rho")) == 3
    assert {path.name for path in (build / "smoke" / "figures").glob("30_*")} == {"30_seeds.pdf", "30_seeds.png"}
    rows = [row("X1", "rho", "points1d", "mlp", 200 + i, 0.3 + i / 1000) for i in range(3)]
    write_evidence(tmp_path / "record" / "paper", "30", "paper", rows)
    verdict = judge([*CHAPTERS, chapter])["X1"]
    assert (verdict.word, verdict.mean) == ("supported", pytest.approx(0.301))
