"""The record on another machine: numbers that moved within their tolerance give the same words and exit status."""

import contextlib
import io
import json
import shutil
from functools import cache

import numpy as np
import pandas as pd
import pytest

from kaleido import __main__, chapters
from kaleido.chapters import dimension, own_data
from kaleido.lab import ledger, notebooks
from kaleido.lab.evidence import read_evidence
from kaleido.lab.ledger import agrees, moved
from kaleido.tools import exact, files

DRAWS = 20
TABLES = sorted((files.root() / "data" / "record" / "laptop").glob("*.csv"))


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A build folder for the laptop profile's tables, on a machine that did not make the record."""
    monkeypatch.setenv("KALEIDO_BUILD", str(tmp_path))
    monkeypatch.delenv("KALEIDO_RECORD", raising=False)
    monkeypatch.setattr(exact, "machine", lambda: "another one")
    monkeypatch.setattr(notebooks, "run", lambda chapters, profile: {})  # the tables are there already
    monkeypatch.setattr(ledger, "judge", cache(ledger.judge))  # a dozen times for each set of tables
    monkeypatch.setattr(__main__, "spot", lambda name, minutes: 0)  # it has tests of its own, and takes a minute
    folder = tmp_path / "laptop" / "evidence"
    folder.mkdir(parents=True)
    return folder


def planted(folder, change):
    """Writes the record's tables to a folder, each as `change` makes it; every claim is judged anew beside them."""
    ledger.judge.cache_clear()
    for path in TABLES:
        table = pd.read_csv(path, dtype={"seeds": str, "run": "Int64"}, keep_default_na=False, na_values=[""])
        change(path.stem, table).to_csv(folder / path.name, index=False, lineterminator="\n", float_format="%.7g")


def reproduced():
    with contextlib.redirect_stdout(io.StringIO()) as said:
        status = __main__.reproduce("laptop")
    return status, said.getvalue()


def compared():
    """What nbval compares of every notebook with a table."""
    with contextlib.redirect_stdout(io.StringIO()) as said:
        for number in (path.stem for path in TABLES):
            found = read_evidence(files.build_folder("laptop") / "evidence", number, "laptop")
            (own_data if number == "20" else chapters).check(found)
    return said.getvalue()


def test_numbers_that_move_within_their_tolerance_change_no_compared_word_and_no_exit_status(elsewhere):
    planted(elsewhere, lambda number, table: table)
    assert reproduced()[0] == 0
    words = compared()
    assert words.count("the numbers agree with the") == len(TABLES)
    for draw in range(DRAWS):
        random = np.random.default_rng(draw)

        def moved_a_little(number, table, random=random):
            return table.assign(value=table["value"] + random.uniform(-0.999, 0.999, len(table)) * table["tolerance"])

        planted(elsewhere, moved_a_little)
        status, said = reproduced()
        assert status == 0, said[-3000:]
        assert "recorded as" not in said
        assert compared() == words


def test_too_many_numbers_beyond_their_tolerance_are_told(elsewhere):
    def moved_far(number, table):
        far = np.arange(len(table)) % 10 == 0 if number == "02" else np.zeros(len(table), bool)
        return table.assign(value=table["value"] + far * 1.1 * table["tolerance"])

    planted(elsewhere, moved_far)
    assert reproduced()[0] == 1
    assert not agrees(moved([dimension.CHAPTER], "laptop")["02"], "laptop")
    assert "numbers within tolerance of the record" in compared()


def test_a_verdict_that_contradicts_the_record_is_told(elsewhere, tmp_path, monkeypatch):
    record = tmp_path / "record"
    for profile in ("laptop", "paper"):
        shutil.copytree(files.root() / "data" / "record" / profile, record / profile)
    monkeypatch.setenv("KALEIDO_RECORD", str(record))
    planted(elsewhere, lambda number, table: table)
    path = record / "laptop" / "ledger.json"
    content = json.loads(path.read_text())
    entry = content["claims"][0]
    was, entry["word"] = entry["word"], "something else"
    files.write(path, json.dumps(content))
    status, said = reproduced()
    assert status == 1
    assert f"C1 is {was}, recorded as something else" in said
    assert f"C1: {was}, recorded as something else" in compared()
