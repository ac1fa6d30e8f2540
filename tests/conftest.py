import os
import shutil
import subprocess
import sys
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # tests run side by side; more threads than cores slow one another down tenfold

import pytest
import torch

import kaleido as kd
from kaleido.lab import sweep as sweeps
from kaleido.tools import reach

ROOT = Path(__file__).parent.parent


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(scope="session")
def digits():
    return kd.load("digits", seed=100)


@pytest.fixture
def build(tmp_path, monkeypatch):
    """An empty build folder of its own, and no record."""
    monkeypatch.setenv("KALEIDO_BUILD", str(tmp_path / "build"))
    monkeypatch.setenv("KALEIDO_RECORD", str(tmp_path / "record"))
    return tmp_path / "build"


@pytest.fixture
def project(tmp_path):
    """A copy of the project whose files a test may edit, and a way to run Python in it."""
    copy = tmp_path / "project"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".*", "build", "*.egg-info", "__pycache__"))

    def python(*arguments, timeout=300, **environment):
        places = {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.run(
            [sys.executable, *map(str, arguments)],
            cwd=copy,
            env=_clean(os.environ) | places | environment,
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    return _Project(copy, python)


@pytest.fixture
def edited(monkeypatch):
    """A way to have a module's source read with one more line, in this process alone; others are not read again."""
    names = set()
    for reader in ("_source", "_read"):
        known = getattr(reach, reader)
        monkeypatch.setattr(reach, reader, lambda name, of=known: (of.__wrapped__ if name in names else of)(name))

    def edit(module, line="ADDED = 1"):
        source, holder = reach.SOURCES[module]
        monkeypatch.setitem(reach.SOURCES, module, (f"{source}\n{line}\n", holder))
        names.add(module)
        sweeps._code.cache_clear()

    yield edit
    sweeps._code.cache_clear()


class _Project:
    def __init__(self, path, python):
        self.path, self.python = path, python

    def edit(self, name, old, new):
        path = self.path / name
        text = path.read_text()
        assert old in text, f"{name} no longer has {old!r}"
        path.write_text(text.replace(old, new, 1))


def _clean(environment):
    return {name: value for name, value in environment.items() if not name.startswith("KALEIDO_")}


def random(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def row(claim, quantity, data, architecture, seed, value, **other):
    """A row of evidence, one number of one seed."""
    about = {"depth": 10, "width": 128, "condition": "noise", "run": 1, "n": 1000} | other
    names = {"claim": claim, "quantity": quantity, "data": data, "architecture": architecture, "seed": seed}
    return names | {"value": value} | about
