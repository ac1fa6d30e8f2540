import ast
import json
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT

from kaleido.chapters import CHAPTERS
from kaleido.lab import sweep as sweeps
from kaleido.lab.cell import Cell
from kaleido.tools import exact, files
from kaleido.tools.reach import reached

TOY = Cell("kaleido.chapters.over_generalization.study:toy", "points1d", 2, 10, 5, (100,))
STUDIES = {cell.study.partition(":")[0] for chapter in CHAPTERS for cell in chapter.cells("smoke")}
CODE = {name: code for module in (*sweeps.LEARNED, *STUDIES) for name, code in reached(module).items()}


def fingerprint(folder, *emulator):
    done = subprocess.run(
        [*emulator, sys.executable, ROOT / "tests" / "fingerprint.py"],
        env=exact.environment() | {"KALEIDO_BUILD": str(folder), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


@pytest.mark.long
@pytest.mark.skipif(not shutil.which("qemu-x86_64"), reason="needs qemu-x86_64 (Debian's package qemu-user)")
def test_exact_mode_gives_the_same_bits_on_an_emulated_intel_processor_without_avx(tmp_path):
    native = fingerprint(tmp_path / "native")
    assert native[0] == "exact"
    assert fingerprint(tmp_path / "emulated", "qemu-x86_64", "-cpu", "Nehalem") == native


@pytest.mark.parametrize("name", sorted(CODE.keys() - {"kaleido.tools.roots"}))
def test_no_function_is_called_that_depends_on_the_processors_maker(name):
    called = {
        node.func.attr
        for node in ast.walk(ast.parse(CODE[name]))
        if isinstance(node, ast.Call) and hasattr(node.func, "attr")
    }
    of_a_number = {"sqrt"} if name.endswith((".initial", ".generators.generators")) else set()
    assert not {"sqrt", "rsqrt", "cdist", "log"} & called - of_a_number


@pytest.fixture
def tables(build, monkeypatch):
    """Two tables of evidence, and a machine to be on."""
    for name in ("00", "01"):
        files.write(files.build_folder("smoke") / "evidence" / f"{name}.csv", f"table {name}\n")
    monkeypatch.setattr(exact, "_machine", lambda: "this machine")
    return files.build_folder("smoke") / "evidence"


def test_hashes_are_compared_with_the_record(tables, monkeypatch):
    assert exact.check("smoke") == (True, "there is no record of the smoke profile's tables in exact mode")
    exact.record("smoke")
    good, told = exact.check("smoke")
    assert good
    assert told == "all 2 tables have the recorded SHA-256"
    (tables / "01.csv").write_text("another table\n")
    good, told = exact.check("smoke")
    assert not good
    assert told == "01.csv: not the recorded SHA-256, which was seen on such a machine (this machine)"
    monkeypatch.setattr(exact, "_machine", lambda: "another machine")
    good, told = exact.check("smoke")
    assert good
    assert "01.csv: not the recorded SHA-256" in told
    assert "this machine is a new one: another machine" in told


def test_a_table_too_few_is_not_the_record(tables):
    exact.record("smoke")
    (tables / "01.csv").unlink()
    assert exact.check("smoke")[0] is False


def test_the_record_lists_the_machines_on_which_it_was_seen(tables, monkeypatch):
    exact.record("smoke")
    monkeypatch.setattr(exact, "_machine", lambda: "another machine")
    exact.record("smoke")
    seen = json.loads((files.record_folder() / "exact.json").read_text())["smoke"]["seen on"]
    assert seen == ["another machine", "this machine"]
    (tables / "01.csv").write_text("another table\n")
    exact.record("smoke")
    assert json.loads((files.record_folder() / "exact.json").read_text())["smoke"]["seen on"] == ["another machine"]


def test_the_environment_is_read_by_the_libraries(tmp_path):
    script = """
import torch, scipy.linalg
from threadpoolctl import threadpool_info
from kaleido.tools import exact
assert exact.on()
assert torch.backends.cpu.get_cpu_capability() == "DEFAULT"
kinds = {info["architecture"] for info in threadpool_info() if info["internal_api"] == "openblas"}
assert kinds <= {"Prescott", "Katmai"}
"""
    shown = subprocess.run(
        [sys.executable, "-c", script], env=exact.environment(), capture_output=True, text=True, cwd=ROOT
    )
    assert shown.returncode == 0, shown.stderr
    assert not exact.on()
    keys = {sweeps._measured(TOY)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MKL_CBWR", "COMPATIBLE")
        keys.add(sweeps._measured(TOY))
    assert len(keys) == 2  # other code paths, other cells
