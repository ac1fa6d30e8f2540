import ast
import dataclasses
import json
import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import kaleido as kd
from kaleido import experiments
from kaleido.cells import Cell
from kaleido.experiments import compute, sweep
from kaleido.sizes import IMAGES

PACKAGE = Path(kd.__file__).parent
CELLS = [
    *[Cell("kaleidoscope", "digits", 2, 80, 30, (seed,), probes=400, runs=5, judge=20) for seed in (100, 101)],
    *[Cell("unseen", "digits", 2, 80, 30, (seed,), probes=400) for seed in (100, 101)],
    Cell("toy", "points1d", 2, 10, 50, (100, 101, 102), batch=None, probes=100, runs=5),
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
        return [], {}

    monkeypatch.setitem(experiments.STUDIES, "toy", study)
    torch.set_num_threads(2)
    try:
        sweep(CELLS[-1:], processes=1)
        assert seen == [1]
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_what_is_in_the_cache_is_not_computed_again(build, monkeypatch):
    first = sweep(CELLS[-1:])
    monkeypatch.setattr(experiments, "learn", None)
    monkeypatch.setattr(experiments, "STUDIES", {})
    assert sweep(CELLS[-1:])[0].rows == first[0].rows


def _compute_together(barrier, log, build):
    os.environ["KALEIDO_BUILD"] = build
    learn = experiments.learn

    def logged(*arguments):
        with Path(log).open("a") as file:
            file.write("learned\n")
        return learn(*arguments)

    experiments.learn = logged
    barrier.wait()
    compute(Cell("unseen", "digits", 2, 80, 300, (100,), probes=400))


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
from kaleido.experiments import sweep
from kaleido.cells import Cell
sweep([Cell("kaleidoscope", "digits", 1, 8, 5, (100,), probes=400, runs=2, judge=20)], processes=1)
"""


def test_editing_a_measure_retrains_nothing_and_editing_learning_retrains(project):
    def count():
        assert project.python("-c", TINY).returncode == 0
        cache = project.path / "build" / "cache"
        return [len(list((cache / layer).glob("*.safetensors"))) for layer in ("learned", "measured")]

    assert count() == [1, 1]
    project.edit("kaleido/measures/quality.py", "COPIES = 0.01", "COPIES = 0.02")
    assert count() == [1, 2]
    project.edit("kaleido/figures.py", "def draw(", "FORTY_TWO = 42\n\n\ndef draw(")
    assert count() == [1, 2]
    project.edit("kaleido/learning.py", "PART = ", "PART = 2 * ")
    assert count() == [2, 3]
    project.edit("kaleido/learning.py", '"""Manifold', '# a comment, and a docstring\n"""The manifold')
    project.edit("kaleido/measures/quality.py", '"""Sample quality', '"""The quality of samples')
    assert count() == [2, 3]


def test_every_field_of_a_cell_that_learning_needs_is_in_its_key():
    cell = CELLS[0]
    others = {
        "data": "points2d", "depth": 3, "width": 81, "steps": 31, "seeds": (103,), "output": "linear", "init": "he",
        "batch": 9, "lr": 0.1, "schedule": "onecycle", "snapshots": (0.1,), "every": 3, "stop": True,
        "architecture": "cnn", "points": 500, "noise": 0.5, "spectral": 2.0,
    }  # fmt: skip
    fields = {field.name for field in dataclasses.fields(cell)}
    assert set(others) == fields - {"study", "variant", "probes", "runs", "judge"}
    keys = {experiments._learned(dataclasses.replace(cell, **{name: value})) for name, value in others.items()}
    assert len(keys | {experiments._learned(cell)}) == len(others) + 1


def _reached(module, seen):
    """The package's modules that one imports, directly or not."""
    if module not in seen:
        seen.add(module)
        for node in ast.walk(ast.parse((PACKAGE / f"{module}.py").read_text())):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("kaleido"):
                inner = [node.module.split(".")[1]] if "." in node.module else [name.name for name in node.names]
                for name in inner:
                    _reached(name, seen)
    return seen


@pytest.mark.parametrize("study", experiments.STUDIES)
def test_every_module_that_a_study_runs_is_in_its_cells_keys(study):
    free = {"cells", "files", "reading", "exact"}  # a cell, its data and the code paths stand in the key themselves
    free |= {"checks"}  # it refuses, and computes nothing
    if "remedies" in study:
        free |= {"generators"}  # imported by a module of which it runs other functions
    if "tuned" in study:
        free |= {"chosen"}  # a search does not read what was chosen by it
    home = experiments.STUDIES[study].__module__.split(".")[1]
    known = {*experiments.MEASURED, *(module for module, asked in experiments.ALONE.items() if study in asked)}
    assert _reached(home, set()) - known - free == set()


def test_plans_know_their_profiles_and_notebooks():
    for profile in kd.PROFILES:
        for notebook in kd.NOTEBOOKS:
            first = [cell.seeds[0] for cell in kd.plan(notebook, profile)[:1]]
            assert first in ([], [100], [110])  # 110: the other seeds of the extended profile
    laptop = kd.plan("01", "laptop")
    for data in IMAGES:
        seeds = [cell.seeds for cell in laptop if (cell.study, cell.data) == ("unseen", data)]
        assert seeds == [(100 + i,) for i in range(kd.PROFILES["laptop"][data].seeds)]
    assert len(set(laptop)) == len(laptop)
    assert {cell.depth for cell in laptop if cell.study == "unseen"} == {10}
    with pytest.raises(ValueError, match="smoke, laptop"):
        kd.plan("01", "desktop")
    with pytest.raises(ValueError, match="unknown notebook '99'"):
        kd.plan("99", "smoke")


def test_an_interrupted_notebook_goes_on_from_its_finished_cells(build):
    """Killed, and interrupted as by Ctrl-C: no half-written file is ever in a place that is read."""
    command = [sys.executable, "-m", "kaleido", "notebook", "02", "--profile", "smoke"]
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
        os.killpg(process.pid, how)
        error = process.communicate()[1].decode()
        assert process.returncode == (-9 if how == signal.SIGKILL else 130)
        if how == signal.SIGINT:
            assert "goes on from there" in error
        kept = set(measured.glob("*.safetensors"))
        assert finished < kept
        finished = kept
        for path in build.rglob("*.safetensors"):
            kd.files.read_tensors(path)  # whole, with the hash that it was written with
    times = {path: path.stat().st_mtime_ns for path in finished}
    sweep(kd.plan("02", "smoke"))
    assert {path: path.stat().st_mtime_ns for path in finished} == times
    assert len(set(measured.glob("*.safetensors"))) == len(kd.plan("02", "smoke"))


def test_cells_are_kept_with_what_they_are(build):
    sweep(CELLS[:1])
    (path,) = (build / "cache" / "measured").glob("*.safetensors")
    _, header = kd.files.read_tensors(path)
    assert header["cell"] == repr(CELLS[0])
    assert json.dumps(header["rows"])
