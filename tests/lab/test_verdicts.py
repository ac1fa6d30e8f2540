import re
import shutil
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest
from conftest import row

from kaleido import chapters
from kaleido.chapters import dimension, over_generalization
from kaleido.lab.evidence import COLUMNS, KEY, Table, add_evidence, compare, read_evidence, tabulate, write_evidence
from kaleido.lab.ledger import agreement, moved
from kaleido.tools import exact, files

MAPS = {"mlp": (0.35, 0.5), "untrained": (0.86, 0.01), "identity": (1.0, 0.65)}  # rho and spread


def planted(folder):
    """Evidence of notebook 01 with known means, written as the package writes it."""
    rng = np.random.default_rng(0)
    rows = []
    for data, seeds in (("digits", 10), ("mnist5k", 5)):
        for name, values in MAPS.items():
            for quantity, value in zip(("rho", "spread"), values, strict=True):
                draw = rng.standard_normal(seeds)
                found = value + 0.02 * (draw - draw.mean()) / draw.std(ddof=1)
                rows += [row("C1", quantity, data, name, 100 + i, v) for i, v in enumerate(found)]
    write_evidence(folder, "01", "smoke", rows)


@pytest.fixture
def evidence(build):
    planted(build / "smoke" / "evidence")
    return read_evidence(build / "smoke" / "evidence", "01", "smoke")


def test_tables_are_tidy(evidence):
    table = evidence.table
    assert list(table.columns) == COLUMNS
    assert not table[[*KEY, "seeds"]].duplicated().any()
    rows = evidence.rows(quantity="rho", data="digits", architecture="mlp")
    mean = evidence.means(quantity="rho", data="digits", architecture="mlp").iloc[0]
    assert list(rows["seeds"]) == [str(seed) for seed in range(100, 110)]
    assert mean["seeds"] == "100-109"
    assert mean["value"] == pytest.approx(rows["value"].mean())
    assert mean["low"] < mean["value"] < mean["high"]
    assert mean["tolerance"] == pytest.approx(4 * rows["value"].std() * (2 / 10) ** 0.5 + 0.005 * mean["value"] + 1e-6)
    assert len(evidence.values(quantity="rho", data="digits", architecture="mlp")) == 10
    with pytest.raises(ValueError, match="one per seed"):
        evidence.values(quantity="rho")


def test_a_number_of_one_seed_may_move_by_a_quarter_on_another_machine(tmp_path):
    rows = [row("C3", "loss", "faces", "mlp", 100, -0.04)]
    found = write_evidence(tmp_path, "06", "smoke", rows)
    assert found.table["tolerance"].item() == pytest.approx(0.01 + 1e-6)


def test_tables_to_read_show_the_interval_where_there_is_one(evidence):
    rows = evidence.means(quantity="rho", architecture="mlp").assign(low=[0.3, float("nan")])
    table = tabulate(rows, ["data"])
    assert table.loc["mnist5k", "rho"] == "0.350"
    assert table.loc["digits", "rho"].startswith("0.350 [0.300, 0.36")


def test_tables_show_words_for_names_and_are_cut_by_the_names():
    index = pd.MultiIndex.from_tuples([("digits", "unet"), ("points1d", "noise")])
    table = Table([[1.0, 2.0], [3.0, 4.0]], index, ["pc", "rho"])
    part = table[["rho", "pc"]].round(1)
    for said in (repr(part), part._repr_html_()):
        assert all(word in said for word in ("contraction", "PC", "U-Net", "2 points in 1-D", "digits", "noise"))
        assert not re.search("rho|pc|unet|points1d", said)
    assert part.loc[("digits", "unet"), "rho"] == 2


def record(build, name="01.csv"):
    target = files.record_folder() / "smoke"
    target.mkdir(parents=True, exist_ok=True)
    shutil.copy(build / "smoke" / "evidence" / name, target / name)
    return target / name


def test_a_record_that_moves_beyond_its_tolerance_is_seen(build, evidence, capsys):
    path = record(build)
    agree, total, others = compare(evidence)
    assert agree == total == len(evidence.table)
    table = pd.read_csv(path)
    for factor, within in ((0.9, True), (1.1, False)):
        other = table.copy()
        other.loc[7, "value"] += factor * other.loc[7, "tolerance"]
        other.to_csv(path, index=False)
        agree, total, others = compare(evidence)
        assert (agree == total) == within
        assert len(others) == (not within)
    chapters.check(evidence)
    assert f"{total - 1} of {total} numbers within tolerance" in capsys.readouterr().out


@pytest.fixture
def elsewhere():
    """A way to be on another machine for a while."""

    @contextmanager
    def there(away=True):
        with pytest.MonkeyPatch.context() as patch:
            if away:
                patch.setattr(exact, "machine", lambda: "another one")
            yield

    return there


def test_on_another_machine_some_numbers_may_leave_their_tolerance(build, evidence, elsewhere, capsys):
    path = record(build)
    chapters.ledger("smoke")
    files.write(path.with_name("ledger.json"), (build / "smoke" / "ledger.json").read_text())
    table = pd.read_csv(path)
    some, many = (round(share * len(table)) for share in (0.04, 0.06))
    for rows, here, there in ((0, True, True), (some, False, True), (many, False, False)):
        other = table.copy()
        other.loc[: rows - 1, "value"] += 2 * other.loc[: rows - 1, "tolerance"]
        other.to_csv(path, index=False)
        for away, agrees in ((False, here), (True, there)):
            with elsewhere(away):
                chapters.check(evidence)
            said = capsys.readouterr().out
            assert (f"the numbers agree with the {len(table)} of the record" in said) == agrees


def test_a_number_that_only_one_side_has_is_not_within(build, evidence):
    path = record(build)
    pd.read_csv(path).iloc[1:].to_csv(path, index=False)
    agree, total, others = compare(evidence)
    assert (agree, len(others)) == (total - 1, 1)


def test_a_notebook_is_compared_where_it_has_both_evidence_and_a_record(build, evidence):
    assert agreement(evidence) == ["there is no record of the smoke profile to compare with"]
    both = [over_generalization.CHAPTER, dimension.CHAPTER]
    assert moved(both, "smoke") == {}
    record(build).rename(files.record_folder() / "smoke" / "02.csv")  # without evidence
    record(build)
    ((notebook, (agree, total, others)),) = moved(both, "smoke").items()
    assert notebook == "01"
    assert agree == total == len(evidence.table)
    assert others.empty
    assert agreement(evidence) == [f"the numbers agree with the {total} of the record"]


def test_evidence_grows_by_rows_and_what_is_measured_again_takes_its_place(tmp_path):
    def of(claim, seed, value):
        return row(claim, "rho", "digits", "mlp", seed, value)

    first = add_evidence(tmp_path, "01", "paper", [of("C1", 200, 0.25), of("C1", 201, 0.5)])
    again = add_evidence(tmp_path, "01", "paper", [of("C1", 201, 0.75), of("C6", 200, 0.125)])
    assert first.values(claim="C1").tolist() == [0.25, 0.5]
    assert again.values(claim="C1").tolist() == [0.25, 0.75]
    assert again.values(claim="C6").tolist() == [0.125]
    assert again.means(claim="C1")["value"].tolist() == [0.5]
    assert add_evidence(tmp_path, "01", "paper", []).table.equals(again.table)
