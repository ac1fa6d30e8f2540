"""The verdicts, recomputed by a script that knows the claims page and the tables alone."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT
from test_claims import around, planted

from kaleido import chapters
from kaleido.lab.evidence import write_evidence
from kaleido.tools import files

RECORD = ROOT / "data" / "record"


def recomputed(record, ledger):
    script = [sys.executable, ROOT / "tests" / "chapters" / "independent.py", record, ledger]
    return subprocess.run(script, capture_output=True, text=True, check=False)


def test_the_recorded_verdicts_are_those_of_an_independent_recomputation():
    done = recomputed(RECORD, RECORD / "laptop" / "ledger.json")
    assert done.returncode == 0, done.stdout
    assert "30 claims recomputed, 0 disagree" in done.stdout


@pytest.fixture
def artificial(tmp_path, monkeypatch):
    """A record with effects of all sizes, and the ledger that the package makes of it."""
    record = tmp_path / "record"
    for profile in ("laptop", "extended"):
        shutil.copytree(RECORD / profile, record / profile)
    monkeypatch.setenv("KALEIDO_RECORD", str(record))
    monkeypatch.setenv("KALEIDO_BUILD", str(tmp_path / "build"))
    shutil.copytree(RECORD / "laptop", tmp_path / "build" / "laptop" / "evidence")
    numbers, rng = {}, np.random.default_rng(7)
    for i, (name, distance) in enumerate(zip(around(3), 6 * [3, -3, 0.3, 1.2, -1.2], strict=False)):
        if name not in ("C5b", "B4"):
            numbers |= around(distance + 0.1 * rng.standard_normal(), seed=i, names=[name])
    numbers["C8"] = numbers["C8"][:9]
    for notebook, rows in planted(numbers).items():
        if rows:
            write_evidence(record / "paper", notebook, "paper", rows)
    chapters.ledger("laptop")
    return record, tmp_path / "build" / "laptop" / "ledger.json"


def test_artificial_effects_of_all_sizes_are_judged_alike(artificial):
    record, ledger = artificial
    words = {entry["word"] for entry in json.loads(ledger.read_text())["claims"]}
    assert words == {"supported", "not supported", "inconclusive", "not run"}
    done = recomputed(record, ledger)
    assert done.returncode == 0, done.stdout


def test_the_recomputation_tells_another_word_number_or_p(artificial):
    record, ledger = artificial
    content = json.loads(ledger.read_text())
    for name, value in (("word", "inconclusive"), ("mean", 0.123), ("p", 0.5)):
        changed = json.loads(ledger.read_text())
        changed["claims"][0][name] = value
        files.write(ledger, json.dumps(changed))
        done = recomputed(record, ledger)
        assert done.returncode == 1
        assert f"C1: {name}:" in done.stdout
        files.write(ledger, json.dumps(content))
