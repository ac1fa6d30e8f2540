"""Where the package runs: other defaults, other locales, paths with signs in them, numbers of other libraries."""

import contextlib
import io
import os
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import ROOT

import kaleido as kd
from kaleido.__main__ import main
from kaleido.data.sources import download_folder
from kaleido.lab.cell import Cell
from kaleido.lab.sweep import sweep
from kaleido.tools import files

STUDY = "kaleido.chapters.over_generalization.study:toy"
FINGERPRINT = """
import runpy, torch
import kaleido.chapters.generators.generators as some
some.GENERATORS = {{}}  # cells compute these, under defaults of their own
{before}
runpy.run_path("{path}")
"""


def fingerprint(build, before):
    code = FINGERPRINT.format(before=before, path=ROOT / "tests" / "fingerprint.py")
    environment = os.environ | {"KALEIDO_BUILD": str(build)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    return fingerprint(tmp_path_factory.mktemp("usual"), "")


@pytest.mark.parametrize(
    "before",
    [
        "torch.set_default_dtype(torch.float64)",
        "torch.set_grad_enabled(False)",
        "torch.inference_mode().__enter__()",
    ],
)
def test_the_callers_defaults_of_pytorch_change_no_bit(tmp_path, usual, before):
    assert fingerprint(tmp_path, before) == usual
    assert "lyapunov" in usual


@pytest.mark.parametrize("processes", [1, 2])
def test_cells_are_computed_under_the_usual_defaults(build, processes):
    cells = [Cell(STUDY, "points1d", 1, 8, 20, (seed,), probes=20, runs=2) for seed in (1, 2)]
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        with torch.no_grad():
            found = [result.rows for result in sweep(cells, processes)]
    finally:
        torch.set_default_dtype(before)
    for path in (build / "cache").rglob("*.safetensors"):
        path.unlink()
    assert found == [result.rows for result in sweep(cells, 1)]


def test_autocast_changes_neither_what_is_learned_nor_the_nearest(digits):
    nets, points = [kd.build("mlp", digits, 2, 100, [1])[0] for _ in range(2)], kd.noise(digits, 300)
    expected = kd.learn(nets[:1], digits.train, 20)[0].final, kd.nearest(points, digits.train)[0]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = kd.learn(nets[1:], digits.train, 20)[0].final, kd.nearest(points, digits.train)[0]
    assert found[0] == expected[0]
    assert torch.equal(found[1], expected[1])


def test_what_was_made_in_inference_mode_can_be_learned(digits):
    with torch.inference_mode():
        data = kd.load("digits", seed=1)
        net = kd.build("cnn", data, 4, 4, [1])[0]
        history = kd.learn([net], data.train[:50].clone(), 3)[0]
    other = kd.build("cnn", digits, 4, 4, [1])[0]
    assert history.final == kd.learn([other], kd.load("digits", seed=1).train[:50], 3)[0].final


def test_numbers_of_numpy_and_arrays_are_numbers(digits, tmp_path):
    nets = kd.build("mlp", digits, np.int64(2), np.int32(8), np.arange(2))
    assert [net.config["seed"] for net in nets] == [0, 1]
    steps = np.arange(4)[3]
    histories = kd.learn(nets, digits.train, steps, batch=np.int64(9), snapshots=np.array([9.0]), every=np.int64(2))
    kd.save_networks(tmp_path / "nets.safetensors", nets, histories)
    assert kd.load_networks(tmp_path / "nets.safetensors")[0][1].config == nets[1].config
    start = kd.noise(digits, np.int64(5), seed=np.uint8(3))
    how = {"kick": "centred", "bounds": np.array([-1, 1]), "seed": np.int64(1)}
    orbit = kd.sample(nets[0], start, np.int64(3), keep=np.array([0, 3]), eps=np.linspace(0.1, 0, 3), **how)
    assert orbit.runs == (0, 3)
    plain = kd.sample(nets[0], start, 3, keep=[0, 3], eps=[0.1, 0.05, 0.0], **how)
    assert torch.equal(orbit.states, plain.states)
    as_tensors = kd.sample(
        nets[0], start, 3, keep=torch.tensor([0, 3]), eps=torch.tensor([0.1, 0.05, 0]).double(), **how
    )
    assert torch.equal(as_tensors.states, plain.states)
    assert len(digits.first(np.int16(7)).train) == 7
    unit = kd.load("digits", seed=100, bounds=np.array([0.0, 1.0]))
    assert unit.digest == kd.load("digits", seed=100, bounds=(0, 1)).digest
    image = kd.cnn(np.array([8, 8]), np.int64(4), 4)
    kd.save_networks(tmp_path / "image.safetensors", [image])
    assert kd.load_networks(tmp_path / "image.safetensors")[0][0].config == image.config
    for wrong, said in ((np.float64(2.0), "expected a whole"), (np.bool_(True), "expected a whole")):
        with pytest.raises(ValueError, match=said):
            kd.noise(digits, wrong)
    for eps in (torch.tensor(0.1), {1: 2}):
        with pytest.raises(TypeError, match="expected a sequence"):
            kd.sample(nets[0], start, 3, eps=eps)


def test_a_cell_of_numpys_numbers_is_the_cell_of_pythons():
    theirs = Cell(STUDY, "digits", np.int64(3), np.int32(8), 5, seeds=np.arange(2), lr=np.float64(0.5))
    ours = Cell(STUDY, "digits", 3, 8, 5, seeds=(0, 1), lr=0.5)
    assert theirs == ours
    assert repr(theirs) == repr(ours)


@pytest.mark.parametrize(
    ("variable", "place"),
    [("KALEIDO_BUILD", lambda: files.cache_folder().parent), ("KALEIDO_RECORD", files.record_folder),
     ("KALEIDO_DATA", download_folder)],
)  # fmt: skip
def test_folders_may_be_relative_or_of_ones_home(monkeypatch, tmp_path, variable, place):
    monkeypatch.chdir(tmp_path)  # a notebook runs in another folder than the command that runs it
    for value, expected in (
        ("some where", ROOT / "some where"),
        ("~/theirs", Path.home() / "theirs"),
        (str(tmp_path / "x"), tmp_path / "x"),
    ):
        monkeypatch.setenv(variable, value)
        assert place() == expected
    monkeypatch.setenv(variable, "~no such user/x")
    with pytest.raises(ValueError, match=f"{variable} is '~no such user/x', and nobody"):
        place()
    usual = {"KALEIDO_BUILD": "build", "KALEIDO_RECORD": "data/record", "KALEIDO_DATA": "data"}[variable]
    for nothing in (lambda: monkeypatch.setenv(variable, ""), lambda: monkeypatch.delenv(variable)):
        nothing()
        assert place() == ROOT / usual


@pytest.mark.parametrize("value", ["two", "-1", "1.5"])
def test_a_wrong_value_of_a_variable_is_named(monkeypatch, build, value):
    monkeypatch.setenv("KALEIDO_PROCESSES", value)
    with pytest.raises(ValueError, match=f"KALEIDO_PROCESSES is '{value}', expected a whole number"):
        sweep([Cell(STUDY, "points1d", 1, 8, 1, (1,))])


def test_texts_are_read_where_the_locale_knows_ascii_alone(project):
    code = "from kaleido.chapters import CHAPTERS; from kaleido.lab import ledger; print(len(ledger.judge(CHAPTERS)))"
    done = project.python("-c", code, PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", LC_ALL="C", LANG="C")
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 20


def test_what_commands_say_is_printed_in_any_locale(project):
    code = "import kaleido.__main__ as m; m.reproduce = lambda *a: print('\\u2264 0.5') or 0; m.main(['reproduce'])"
    done = project.python("-c", code, PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", LC_ALL="C")
    assert done.stdout == "? 0.5\n", done.stderr


def test_what_commands_say_may_be_caught(capsys):
    with contextlib.redirect_stdout(io.StringIO()) as said, pytest.raises(SystemExit):
        main(["--help"])
    assert "reproduce" in said.getvalue()


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_files_have_the_rights_that_umask_leaves(tmp_path, mask):
    before = os.umask(mask)
    try:
        files.write(tmp_path / "x.txt", "x")
        (tmp_path / "y.txt").write_text("y")
    finally:
        os.umask(before)
    ours, plain = (stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("x.txt", "y.txt"))
    assert ours == plain == 0o666 & ~mask
    assert {path.name for path in tmp_path.iterdir()} == {"x.txt", "y.txt"}
