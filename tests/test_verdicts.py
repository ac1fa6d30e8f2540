import json
import shutil
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest

import kaleido as kd
from kaleido import exact, files
from kaleido.evidence import COLUMNS, KEY, compare, read_evidence, write_evidence
from kaleido.ledger import read_ledger
from kaleido.rules import over_generalization

MAPS = {
    # rho and spread of what the paper claims, and of maps that are near the data without having learned it
    "mlp": (0.35, 0.5),
    "untrained": (0.86, 0.01),
    "untrained he": (0.9, 0.05),
    "linear": (0.84, 0.6),
    "identity": (1.0, 0.65),
    "mean": (0.42, 0.003),
    "black": (0.28, 0.003),
}


def row(claim, quantity, data, architecture, seed, value, **other):
    about = {"depth": 10, "width": 128, "condition": "noise", "run": 1, "n": 1000} | other
    names = {"claim": claim, "quantity": quantity, "data": data, "architecture": architecture, "seed": seed}
    return names | {"value": value} | about


def planted(folder, maps=MAPS, noise=0.02):
    """Evidence of notebook 01 with known answers, written as the package writes it."""
    rng = np.random.default_rng(0)
    rows = []
    for data, seeds in (("digits", 10), ("mnist5k", 5)):
        for name, values in maps.items():
            for quantity, value in zip(("rho", "spread"), values, strict=True):
                draw = rng.standard_normal(seeds)
                found = value + noise * (draw - draw.mean()) / draw.std(ddof=1)
                rows += [row("C1", quantity, data, name, 100 + i, v) for i, v in enumerate(found)]
    write_evidence(folder, "01", "smoke", rows)


@pytest.fixture
def evidence(build):
    planted(build / "smoke" / "evidence")
    return read_evidence(build / "smoke" / "evidence", "01", "smoke")


def test_a_planted_effect_is_supported(evidence):
    verdict = over_generalization(evidence)
    assert verdict.verdict == "supported"
    assert len(verdict.tests) == 12
    assert verdict.deciding.p == max(test.p for test in verdict.tests)


@pytest.mark.parametrize("constant", ["mean", "black"])
def test_a_constant_image_is_not_called_over_generalization(evidence, constant):
    verdict = over_generalization(evidence, architecture=constant)
    assert verdict.verdict == "not supported"
    assert "spread" in verdict.reason
    assert "rho on noise" not in verdict.reason


@pytest.mark.parametrize(
    ("change", "verdict", "says"),
    [
        ({"mlp": (0.7, 0.5)}, "not supported", "digits: rho on noise"),
        ({"mlp": (0.35, 0.1)}, "not supported", "digits: spread on noise"),
        ({"linear": (0.3, 0.6)}, "not supported", "linear map"),
        ({"untrained": (0.2, 0.01)}, "not supported", "untrained map"),
        ({"mlp": (0.35, 0.252)}, "inconclusive", "spread"),
    ],
)
def test_each_condition_of_c1_is_required(build, change, verdict, says):
    planted(build / "smoke" / "evidence", MAPS | change)
    found = over_generalization(read_evidence(build / "smoke" / "evidence", "01", "smoke"))
    assert found.verdict == verdict
    assert says in found.reason


def test_a_verdict_near_its_threshold_is_borderline(build):
    planted(build / "smoke" / "evidence", MAPS | {"mlp": (0.35, 0.278)})
    close = kd.judge("C1", "smoke")
    assert close.borderline
    assert close.between == ("supported", "inconclusive")
    planted(build / "smoke" / "evidence")
    assert not kd.judge("C1", "smoke").borderline


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
    table = kd.tabulate(rows, ["data"])
    assert table.loc["mnist5k", "rho"] == "0.350"
    assert table.loc["digits", "rho"].startswith("0.350 [0.300, 0.36")


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
        moved = table.copy()
        moved.loc[7, "value"] += factor * moved.loc[7, "tolerance"]
        moved.to_csv(path, index=False)
        agree, total, others = compare(evidence)
        assert (agree == total) == within
        assert len(others) == (not within)
    kd.check("01", "smoke")
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
    kd.ledger("smoke")
    files.write(path.with_name("ledger.json"), (build / "smoke" / "ledger.json").read_text())
    table = pd.read_csv(path)
    some, many = (round(share * len(table)) for share in (0.04, 0.06))
    for rows, here, there in ((0, True, True), (some, False, True), (many, False, False)):
        moved = table.copy()
        moved.loc[: rows - 1, "value"] += 2 * moved.loc[: rows - 1, "tolerance"]
        moved.to_csv(path, index=False)
        for away, agrees in ((False, here), (True, there)):
            with elsewhere(away):
                kd.check("01", "smoke")
            said = capsys.readouterr().out
            assert (f"the numbers agree with the {len(table)} of the record" in said) == agrees


def test_a_number_that_only_one_side_has_is_not_within(build, evidence):
    path = record(build)
    pd.read_csv(path).iloc[1:].to_csv(path, index=False)
    agree, total, others = compare(evidence)
    assert (agree, len(others)) == (total - 1, 1)


def test_the_ledger_corrects_by_family_and_knows_what_was_not_run(build, evidence):
    entries = {entry["claim"]: entry for entry in kd.ledger("smoke")}
    assert list(entries) == [
        *[f"C{i}" for i in range(1, 10)],
        "C2m",
        "C4m",
        "C2p",
        "C4p",
        "C2i",
        "B1",
        "B2",
        "B3",
        "B4",
        "B5",
    ]
    assert entries["C1"]["verdict"] == "supported"
    assert entries["C1"]["p_holm"] == pytest.approx(9 * entries["C1"]["p"])
    assert entries["C4"]["verdict"] == "not run"
    assert read_ledger(build / "smoke" / "ledger.json") == list(entries.values())
    table = kd.findings(list(entries.values()))
    assert table.startswith(
        "Of the paper's 9 claims: 1 supported (C1), 8 not run (C2, C3, C4, C5, C6, C7, C8, C9). Of our"
    )
    assert "| C1 | Outputs for unseen inputs land near the training outputs | **supported** |" in table
    assert "Not run yet: C2 (" in table
    assert "C1 (" not in table


def test_support_that_correction_takes_away_is_inconclusive(build):
    planted(build / "smoke" / "evidence", MAPS | {"mlp": (0.35, 0.278)})
    entry = kd.ledger("smoke")[0]
    assert entry["before_correction"] == "supported"
    assert 0.05 <= entry["p_holm"] < 1
    assert entry["verdict"] == "inconclusive"


def test_on_another_machine_an_inconclusive_verdict_contradicts_none(build, evidence, elsewhere):
    kd.ledger("smoke")
    path = files.record_folder() / "smoke" / "ledger.json"
    content = json.loads((build / "smoke" / "ledger.json").read_text())
    for recorded, here, there in (
        ("inconclusive", "changed", "borderline"),
        ("not supported", "changed", "changed"),
        ("supported", "as recorded", "as recorded"),
    ):
        content["claims"][0]["verdict"] = recorded
        files.write(path, json.dumps(content))
        for away, expected in ((False, here), (True, there)):
            with elsewhere(away):
                assert kd.standing("smoke")["C1"].startswith(expected)


def test_verdicts_stand_by_the_record_or_not(build, evidence, capsys):
    kd.ledger("smoke")
    assert kd.standing("smoke") is None
    path = files.record_folder() / "smoke" / "ledger.json"
    files.write(path, (build / "smoke" / "ledger.json").read_text())
    assert set(kd.standing("smoke").values()) == {"as recorded"}
    content = json.loads(path.read_text())
    content["claims"][0]["verdict"] = "not supported"
    files.write(path, json.dumps(content))
    assert kd.standing("smoke")["C1"] == "changed: supported, recorded as not supported"
    kd.summary("smoke")
    assert "18 of 19 verdicts as recorded, or borderline" in capsys.readouterr().out
    content["claims"][0]["between"] = ["not supported", "inconclusive"]
    files.write(path, json.dumps(content))
    assert kd.standing("smoke")["C1"].startswith("borderline")


def test_only_a_verdict_that_contradicts_the_record_changes_what_notebooks_compare(build, evidence, elsewhere, capsys):
    record(build)
    kd.ledger("smoke")
    path = files.record_folder() / "smoke" / "ledger.json"
    content = json.loads((build / "smoke" / "ledger.json").read_text())
    stands = f"the verdicts stand by the record\nthe numbers agree with the {len(evidence.table)} of the record\n"
    for recorded, contradicted in (("inconclusive", False), ("not supported", True), ("supported", False)):
        content["claims"][0]["before_correction"] = recorded
        files.write(path, json.dumps(content))
        with elsewhere():
            kd.check("01", "smoke")
        said = capsys.readouterr().out
        assert (said == stands) != contradicted
        assert ("C1 changed: supported, recorded as not supported" in said) == contradicted


def test_claims_are_named(build):
    with pytest.raises(ValueError, match="unknown claim 'C77'"):
        kd.judge("C77", "smoke")
    assert kd.judge("C1", "smoke").verdict == "not run"


RHO = {"tanh": 0.4, "sigmoid": 0.42, "linear": 0.6, "linear, clipped": 0.55}


@pytest.mark.parametrize(
    ("change", "loss", "verdict", "says"),
    [
        ({}, 0.99, "supported", ""),
        ({"sigmoid": 0.58}, 0.99, "not supported", "rho with sigmoid less linear, clipped"),
        ({"tanh": 0.55}, 0.99, "inconclusive", "rho with tanh less linear, clipped"),
        ({}, 0.95, "not decidable", "training losses are 0.95 to"),
        ({}, 1.01, "not decidable", "to 1.01 times the level"),
    ],
)
def test_c6_asks_for_lower_rho_at_equal_loss(build, change, loss, verdict, says):
    rng = np.random.default_rng(0)
    rows = []
    for depth in (2, 4, 6, 10):
        for name, value in (RHO | change).items():
            for seed in range(100, 110):
                rows.append(row("C6", "rho", "digits", name, seed, value + 0.01 * rng.standard_normal(), depth=depth))
                level = loss if (depth, seed) == (6, 103) else 0.985
                about = {"depth": depth, "condition": "train", "run": None}
                if name != "linear, clipped":
                    rows.append(row("C6", "loss over level", "digits", name, seed, level, **about))
    write_evidence(build / "smoke" / "evidence", "01", "smoke", rows)
    found = kd.judge("C6", "smoke")
    assert found.verdict == verdict
    assert says in found.reason
    assert len(found.tests) == 16


def corners(build, value):
    rng = np.random.default_rng(0)
    rows = []
    for i, d in enumerate((1, 2, 4, 8, 16)):
        for j, n in enumerate((1, 2, 4, 8, 32, 64, 128, 256, 512, 1024, 2048)):
            for seed in range(100, 105):
                found = value(i, j) + 0.01 * rng.standard_normal()
                about = {"condition": "corners", "run": None, "depth": 6, "width": 50}
                rows.append(row("C7", "largest corner loss", f"points-{d}-{n}", "mlp", seed, found, **about))
    write_evidence(build / "smoke" / "evidence", "02", "smoke", rows)
    return kd.judge("C7", "smoke")


def test_c7_asks_for_a_fall_with_points_and_a_rise_with_dimension(build):
    both = corners(build, lambda i, j: 0.5 + 0.1 * i - 0.05 * j)
    assert both.verdict == "supported"
    assert len(both.tests) == 7
    only_falls = corners(build, lambda i, j: 0.5 - 0.05 * j)
    assert only_falls.verdict == "partly supported"
    only_rises = corners(build, lambda i, j: 0.5 + 0.1 * i + 0.05 * j)
    assert only_rises.verdict == "partly supported"
    neither = corners(build, lambda i, j: 0.5 - 0.1 * i + 0.05 * j)
    assert neither.verdict == "not supported"
    one_dimension_does_not = corners(build, lambda i, j: 0.5 + 0.1 * i - 0.05 * j * (i != 3))
    assert one_dimension_does_not.verdict == "partly supported"
