import dataclasses
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from kaleido.chapters import CHAPTERS, memory
from kaleido.lab import sweep as sweeps
from kaleido.lab.cell import Cell
from kaleido.lab.sweep import compute, sweep
from kaleido.tools import files

TURNED = "kaleido.chapters.kaleidoscope.study:kaleidoscope"
UNSEEN = "kaleido.chapters.over_generalization.study:unseen"
TOY = "kaleido.chapters.over_generalization.study:toy"
CELLS = [
    *[Cell(TURNED, "digits", 2, 80, 30, (seed,), probes=400, runs=5, judge=20) for seed in (100, 101)],
    *[Cell(UNSEEN, "digits", 2, 80, 30, (seed,), probes=400) for seed in (100, 101)],
    Cell(TOY, "points1d", 2, 10, 50, (100, 101, 102), batch=None, probes=100, runs=5),
]


def files_in(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.safetensors")}


def test_a_sweep_gives_the_same_bytes_whatever_the_number_of_processes(build, monkeypatch, tmp_path):
    results = sweep(CELLS, processes=1)
    monkeypatch.setenv("KALEIDO_BUILD", str(tmp_path / "two"))
    again = sweep(CELLS, processes=2)
    assert [result.cell for result in again] == CELLS
    assert [result.rows for result in results] == [result.rows for result in again]
    assert files_in(build) == files_in(tmp_path / "two")
    assert len(files_in(build / "cache" / "learned")) == 3  # two studies of a network share it
    assert len(files_in(build / "cache" / "measured")) == 5


def test_a_cell_is_computed_on_one_thread_and_the_callers_number_comes_back(build, monkeypatch):
    before, seen = torch.get_num_threads(), []

    def study(*_):
        seen.append(torch.get_num_threads())

    monkeypatch.setattr(TOY.replace(":", "."), study)
    torch.set_num_threads(2)
    try:
        sweep(CELLS[-1:], processes=1)
        assert seen == [1, 1, 1]  # once for each network
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_what_is_in_the_cache_is_not_computed_again(build, monkeypatch):
    first = sweep(CELLS[-1:])
    monkeypatch.setattr(sweeps, "learn", None)
    monkeypatch.setattr(TOY.replace(":", "."), None)
    assert sweep(CELLS[-1:])[0].rows == first[0].rows


def _compute_together(barrier, log, build):
    os.environ["KALEIDO_BUILD"] = build
    learn = sweeps.learn

    def logged(*arguments):
        with Path(log).open("a") as file:
            file.write("learned\n")
        return learn(*arguments)

    sweeps.learn = logged
    barrier.wait()
    compute(Cell(UNSEEN, "digits", 2, 80, 300, (100,), probes=400))


def test_two_processes_that_want_one_cell_compute_it_once(build, tmp_path):
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(2)
    log = tmp_path / "log"
    workers = [
        context.Process(target=_compute_together, args=(barrier, str(log), str(build)), daemon=True) for _ in range(2)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    assert log.read_text() == "learned\n"


@pytest.mark.parametrize("layer", ["learned", "measured"])
def test_a_damaged_cell_is_computed_again(build, layer):
    cell = CELLS[-1]
    rows = sweep([cell])[0].rows
    (path,) = (build / "cache" / layer).glob("*.safetensors")
    content = path.read_bytes()
    path.write_bytes(content[:-7])
    if layer == "learned":
        next((build / "cache" / "measured").glob("*.safetensors")).unlink()
    assert sweep([cell])[0].rows == rows
    assert path.read_bytes() == content


TINY = """
from kaleido.lab.cell import Cell
from kaleido.lab.sweep import sweep
study = "kaleido.chapters.kaleidoscope.study:kaleidoscope"
sweep([Cell(study, "digits", 1, 8, 5, (100,), probes=400, runs=2, judge=20)], processes=1)
"""


def test_a_cell_is_computed_anew_when_code_was_edited_that_it_reaches_and_only_then(project):
    def counted(*edits):
        """How many networks were learned and measured anew, after edits."""
        for edit in edits:
            project.edit(*edit)
        before = [len(list(layer.glob("*.safetensors"))) for layer in layers]
        done = project.python("-c", TINY)
        assert done.returncode == 0, done.stderr
        return [len(list(layer.glob("*.safetensors"))) - n for layer, n in zip(layers, before, strict=True)]

    layers = [project.path / "build" / "cache" / layer for layer in ("learned", "measured")]
    assert counted() == [1, 1]
    assert counted(
        ("kaleido/lab/notebooks.py", 'MINUTES = {"smoke": 3', 'MINUTES = {"smoke": 4'),
        ("kaleido/chapters/depth/study.py", "PICTURES = 8", "PICTURES = 9"),
        ("kaleido/data/sources.py", "import numpy", "ADDED = 1\nimport numpy"),
        ("kaleido/learning.py", '"""Manifold', '# a comment, and a docstring\n"""The manifold'),
        ("kaleido/measures/quality.py", '"""Sample quality', '"""The quality of samples'),
    ) == [0, 0]
    assert counted(("kaleido/measures/quality.py", "COPIES = 0.01", "COPIES = 0.02")) == [0, 1]
    assert counted(("kaleido/learning.py", "PART = ", "PART = 2 * ")) == [1, 1]


@pytest.mark.parametrize(
    ("module", "line", "layers"),
    [
        ("kaleido.lab.notebooks", "ADDED = 1", ""),
        ("kaleido.lab.sweep", "ADDED = 1", ""),
        ("kaleido.chapters.depth.study", "ADDED = 1", ""),  # another chapter's
        ("kaleido.chapters.kaleidoscope.cells", "ADDED = 1", ""),  # which cells there are, not what one is
        ("kaleido.chapters.kaleidoscope.figures", "ADDED = 1", ""),
        ("kaleido.data.sources", "ADDED = 1", ""),  # what these two bring is in the key
        ("kaleido.data.reading", "ADDED = 1", ""),
        ("kaleido.learning", "# a comment", ""),
        ("kaleido.learning", "def added():\n    pass", "learned, measured"),
        ("kaleido.gradients", "ADDED = 1", "learned, measured"),
        ("kaleido.networks.architectures", "ADDED = 1", "learned, measured"),
        ("kaleido.tools.seeds", "ADDED = 1", "learned, measured"),
        ("kaleido.data.sets", "ADDED = 1", "learned, measured"),
        ("kaleido.chapters.kaleidoscope.study", "ADDED = 1", "measured"),
        ("kaleido.chapters.common", "ADDED = 1", "measured"),
        ("kaleido.measures.quality", "ADDED = 1", "measured"),
        ("kaleido.sampling", "ADDED = 1", "measured"),
    ],
)
def test_a_key_holds_the_code_that_a_cell_reaches(build, edited, module, line, layers):
    def keys():
        return {"learned": sweeps._learned(CELLS[0]), "measured": sweeps._measured(CELLS[0])}

    before = keys()
    edited(module, line)
    assert ", ".join(layer for layer, key in keys().items() if key != before[layer]) == layers


def test_every_field_of_a_cell_that_learning_needs_is_in_its_key():
    cell = CELLS[0]
    others = {
        "data": "points2d", "depth": 3, "width": 81, "steps": 31, "seeds": (103,), "output": "linear", "init": "he",
        "batch": 9, "lr": 0.1, "snapshots": (0.1,), "every": 3, "stop": True,
        "architecture": "cnn", "points": 500, "noise": 0.5, "spectral": 2.0,
    }  # fmt: skip
    fields = {field.name for field in dataclasses.fields(cell)}
    assert set(others) == fields - {"study", "variant", "probes", "runs", "judge"}
    keys = {sweeps._learned(dataclasses.replace(cell, **{name: value})) for name, value in others.items()}
    assert len(keys | {sweeps._learned(cell)}) == len(others) + 1


def a_cell_of_each_study():
    """The cheapest one of all notebooks; of searches, which no small profile has, one that is made small."""
    of_searches = [cell for chapter in CHAPTERS for cell in chapter.cells("extended")]
    cells = [dataclasses.replace(cell, width=16, steps=20, judge=20) for cell in of_searches]
    cells += sorted((c for chapter in CHAPTERS for c in chapter.cells("smoke")), key=lambda cell: -cell.cost)
    studies = {cell.study: cell for cell in cells}
    return [pytest.param(cell, id=cell.study.removeprefix("kaleido.chapters.")) for cell in studies.values()]


@contextmanager
def watched(seen):
    """Notes the package's modules whose functions are called, for a while."""

    def note(frame, event, argument):
        if event == "call" and frame.f_globals.get("__name__", "").startswith("kaleido."):
            seen.add(frame.f_globals["__name__"])

    sys.setprofile(note)
    try:
        yield
    finally:
        sys.setprofile(None)


@pytest.mark.parametrize("cell", a_cell_of_each_study())
def test_every_module_that_runs_for_a_cell_is_in_its_key(build, monkeypatch, cell):
    learned, measured = set(), set()

    def seen_in(seen, function):
        def run(*arguments):
            with watched(seen):
                return function(*arguments)

        return run

    study, home = sweeps._study(cell.study), cell.study.partition(":")[0]
    monkeypatch.setattr(sweeps, "_study", lambda name: seen_in(measured, study))
    monkeypatch.setattr(sweeps, "build", seen_in(learned, sweeps.build))
    monkeypatch.setattr(sweeps, "learn", seen_in(learned, sweeps.learn))
    compute(cell)
    of_layers = sweeps.LEARNED, (*sweeps.LEARNED, home)
    in_keys = [{name for module in layer for name in json.loads(sweeps._code(module))} for layer in of_layers]
    assert "kaleido.learning" in learned
    assert learned - in_keys[0] - {*sweeps.BY_CONTENT} == set()
    assert home in measured
    assert measured - in_keys[1] - {*sweeps.BY_CONTENT} - {"kaleido.lab.sweep"} == set()  # the sweep hands over `add`


def test_an_interrupted_notebook_goes_on_from_its_finished_cells(build):
    """Killed, and interrupted as by Ctrl-C: no half-written file is ever in a place that is read."""
    command = [sys.executable, "-m", "kaleido", "notebook", "11", "--profile", "smoke"]
    measured = build / "cache" / "measured"
    finished = set()
    for how in (signal.SIGKILL, signal.SIGINT):
        process = subprocess.Popen(
            command,
            env=os.environ | {"KALEIDO_PROCESSES": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # background jobs inherit deafness to it
        )
        while len(set(measured.glob("*.safetensors"))) <= len(finished):
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.05)
        os.killpg(process.pid, how)
        error = process.communicate()[1].decode()
        assert process.returncode == (-9 if how == signal.SIGKILL else 130)
        if how == signal.SIGINT:
            assert "goes on from there" in error
        kept = set(measured.glob("*.safetensors"))
        assert finished < kept
        finished = kept
        for path in build.rglob("*.safetensors"):
            files.read_tensors(path)  # whole, with the hash that it was written with
    times = {path: path.stat().st_mtime_ns for path in finished}
    sweep(memory.CHAPTER.cells("smoke"))
    assert {path: path.stat().st_mtime_ns for path in finished} == times
    assert len(set(measured.glob("*.safetensors"))) == len(memory.CHAPTER.cells("smoke"))


def test_cells_are_kept_with_what_they_are(build):
    sweep(CELLS[:1])
    (path,) = (build / "cache" / "measured").glob("*.safetensors")
    _, header = files.read_tensors(path)
    assert header["cell"] == repr(CELLS[0])
    assert json.dumps(header["rows"])


def test_no_more_processes_are_started_than_cores_may_be_used(monkeypatch):
    monkeypatch.delenv("KALEIDO_PROCESSES", raising=False)
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        assert sweeps.cores() == 1
    finally:
        os.sched_setaffinity(0, allowed)
    assert sweeps.cores() == len(allowed)
