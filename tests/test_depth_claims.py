import dataclasses
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch
from conftest import random
from test_verdicts import row

import kaleido as kd
from kaleido.cells import Cell
from kaleido.depth_rules import deeper_is_better, deeper_maps_nearer, equal_loss, levels_of
from kaleido.evidence import write_evidence
from kaleido.experiments import sweep
from kaleido.sizes import DEPTHS

SETS = {"digits": 10, "mnist5k": 5, "points1d": 20, "points2d": 20}
LEVELS = ("loss 0.2", "loss 0.1")


def steadily(start, end):
    """A curve over depths that goes from start to end, by even steps, and stays there after depth 10."""
    return lambda depths: np.interp(np.arange(len(depths)), [0, depths.index(10)], [start, end])


FALLING, RISING, FLAT = steadily(0.9, 0.5), steadily(0.3, 0.7), steadily(0.5, 0.5)


def depths_of(data):
    return list(DEPTHS.get(data, DEPTHS["digits"]))


def planted(build, curves, noise=0.01, over=0.99, levels=LEVELS):
    """Evidence of notebook 04: curves of rho, gain and PC by depth, for each condition."""
    rng = np.random.default_rng(0)
    rows = []
    for data, seeds in SETS.items():
        depths = depths_of(data)
        images = data in ("digits", "mnist5k")
        for seed in range(100, 100 + seeds):
            for condition in ("equal steps", *(levels if images else ())):
                for quantity, curve in curves(condition).items():
                    if quantity == "pc" and not images:
                        continue
                    values = curve(depths) + noise * rng.standard_normal(len(depths))
                    for run in (5, 10, 20, 50) if quantity == "pc" else (1,):
                        claim = "C4" if quantity == "pc" else "C2"
                        for depth, value in zip(depths, values, strict=True):
                            about = {"condition": condition, "depth": depth, "run": run}
                            rows.append(row(claim, quantity, data, "mlp", seed, value, **about))
                for depth in depths:
                    about = {"condition": condition, "depth": depth, "run": None}
                    rows.append(row("C2", "loss", data, "mlp", seed, 0.1, **about))
                    if condition != "equal steps":
                        rows.append(row("C2", "loss over level", data, "mlp", seed, over, **about))
    return write_evidence(build / "smoke" / "evidence", "04", "smoke", rows)


def same(rho=FALLING, gain=FALLING, pc=RISING):
    return lambda condition: {"rho": rho, "gain": gain, "pc": pc}


def test_a_planted_effect_of_depth_is_found(build):
    found = planted(build, same())
    assert deeper_maps_nearer(found).verdict == "supported"
    assert deeper_is_better(found).verdict == "supported"
    assert equal_loss(found, claim="C2m").verdict == "supported"
    assert equal_loss(found, claim="C4m").verdict == "supported"
    assert deeper_maps_nearer(found).deciding.p < 0.01


def test_a_trend_whose_effect_may_be_too_small_is_undecided(build):
    small, noise = steadily(0.9, 0.796), 0.02
    verdict = deeper_maps_nearer(planted(build, same(rho=small, gain=small), noise=noise))
    assert verdict.verdict == "inconclusive"
    assert all("depth 10 less 1" in test.asked for test in verdict.tests if not test.passes)
    assert any(test.effect < test.bound < test.high for test in verdict.tests)


def test_depths_permuted_within_seeds_are_hardly_ever_called_an_effect(build):
    found = planted(build, same(), noise=0.05, levels=())
    single = ~found.table["seeds"].str.contains("-")
    blocks = found.table[single].groupby(["data", "seeds"]).groups
    supported = {"C2": 0, "C4": 0}
    for repeat in range(100):
        rng = np.random.default_rng(repeat)
        table = found.table.copy()
        for (data, _), rows in blocks.items():
            depths = depths_of(data)
            other = dict(zip(depths, rng.permutation(depths), strict=True))
            table.loc[rows, "depth"] = table.loc[rows, "depth"].map(other)
        null = dataclasses.replace(found, table=table)
        supported["C2"] += deeper_maps_nearer(null).verdict in ("supported", "partly supported")
        supported["C4"] += deeper_is_better(null).verdict in ("supported", "partly supported")
    assert max(supported.values()) <= 5, supported


@pytest.mark.parametrize(
    ("curves", "c2", "c4"),
    [
        (same(gain=FLAT), "partly supported", "supported"),
        (same(rho=FLAT), "partly supported", "supported"),
        (same(rho=FLAT, gain=FLAT), "not supported", "supported"),
        (same(pc=FLAT), "supported", "not supported"),
        (same(pc=steadily(0.3, 0.35)), "supported", "not supported"),  # too small an effect
        (same(rho=RISING, gain=RISING, pc=FALLING), "not supported", "not supported"),
    ],
)
def test_each_part_is_asked_for(build, curves, c2, c4):
    found = planted(build, curves)
    assert deeper_maps_nearer(found).verdict == c2
    assert deeper_is_better(found).verdict == c4


def test_an_effect_with_a_step_the_other_way_is_not_monotone(build):
    def dented(depths):
        values = RISING(depths)
        values[depths.index(4)] -= 0.25
        return values

    found = planted(build, same(pc=dented))
    verdict = deeper_is_better(found)
    assert verdict.verdict == "partly supported"
    assert "less 2" in verdict.reason or "less 3" in verdict.reason


def test_an_effect_without_a_trend_is_none(build):
    def dropped(depths):  # by 0.2 from depth 1 to 10, and yet it mostly rises
        return np.array([0.9, *(0.6 + 0.1 * i / depths.index(10) for i in range(1, len(depths)))])

    assert deeper_maps_nearer(planted(build, same(rho=dropped, gain=dropped))).verdict == "not supported"


def test_what_fit_explains_fails_at_equal_loss_and_the_ledger_says_so(build):
    found = planted(build, lambda condition: same()("") if condition == "equal steps" else same(FLAT, FLAT, FLAT)(""))
    assert deeper_maps_nearer(found).verdict == "supported"
    assert equal_loss(found, claim="C2m").verdict == "not supported"
    assert equal_loss(found, claim="C4m").verdict == "not supported"
    entries = {entry["claim"]: entry for entry in kd.ledger("smoke")}
    assert entries["C2"]["reason"].startswith("supported as stated; explained by fit (C2m is not supported)")
    assert entries["C4"]["reason"].startswith("supported as stated; explained by fit (C4m is not supported)")


def test_a_control_that_is_undecided_explains_nothing(build):
    small = steadily(0.9, 0.796)
    found = planted(build, lambda condition: same()("") if condition == "equal steps" else same(small, small)(""), 0.02)
    assert equal_loss(found, claim="C2m").verdict == "inconclusive"
    (entry,) = [entry for entry in kd.ledger("smoke") if entry["claim"] == "C2"]
    assert entry["verdict"] == "supported"
    assert "explained" not in entry["reason"]


def test_a_level_counts_if_all_reached_it_and_none_fell_further(build):
    assert levels_of(planted(build, same()), "digits") == list(LEVELS)
    assert levels_of(planted(build, same(), over=0.96), "digits") == []
    found = planted(build, same())
    of_one = (found.table["quantity"] == "loss over level") & (found.table["seeds"] == "103")
    lost = of_one & (found.table["condition"] == "loss 0.1") & (found.table["depth"] == 10)
    table = found.table[~lost]
    assert levels_of(dataclasses.replace(found, table=table), "digits") == ["loss 0.2"]
    assert equal_loss(planted(build, same(), over=0.96), claim="C2m").verdict == "not decidable"


@pytest.mark.parametrize("depth", [1, 4])
def test_losses_are_caught_at_their_levels_whatever_the_pace(digits, depth):
    levels = (0.15, 0.1, 0.05)
    looked, plain = (kd.build("mlp", digits, depth, 128, [7])[0] for _ in range(2))
    history = kd.learn([looked], digits.train, 250, snapshots=levels, every=None)[0]
    kd.learn([plain], digits.train, 250, every=250)
    assert [mark.level for mark in history.snapshots] == sorted(levels, reverse=True)
    for mark in history.snapshots:
        assert 0.95 < mark.loss / mark.level <= 1
    assert len(history.steps) < 60  # and it is not looked at after every step
    assert max(np.diff(history.steps)) <= 50
    x = random(9, 64)
    assert torch.equal(looked(x), plain(x))  # looking changes nothing


def test_equal_parameters_are_equal_within_one_percent():
    cells = [cell for cell in kd.plan("04", "extended") if cell.variant == "equal parameters"]
    for data, dim in (("digits", 64), ("mnist5k", 784)):
        nets = {cell.depth: kd.mlp(dim, cell.depth, cell.width) for cell in cells if cell.data == data}
        counts = [sum(weights.numel() for weights in net.parameters()) for net in nets.values()]
        assert set(nets) == {1, 2, 4, 6, 10}
        assert max(counts) / min(counts) < 1.01


CELLS = [
    Cell("depth", "digits", depth, 80, 40, (100,), snapshots=(0.9, 0.001), every=None, probes=400, runs=50, judge=20)
    for depth in (1, 2, 3)
]


def test_one_network_is_measured_after_equal_steps_and_at_each_level_it_reached(build):
    (result,) = sweep(CELLS[:1])
    conditions = {line["condition"] for line in result.rows}
    assert conditions == {"equal steps", "loss 0.9"}
    values = {(line["condition"], line["quantity"], line["run"]): line["value"] for line in result.rows}
    assert values["loss 0.9", "loss", None] > values["equal steps", "loss", None]
    assert values["loss 0.9", "rho", 1] != values["equal steps", "rho", 1]
    assert {run for _, quantity, run in values if quantity == "pc"} >= {5, 10, 20, 50}
    assert set(result.arrays) == {"digits/1/equal steps", "digits/1/loss 0.9"}


def test_fewer_training_points_are_the_first_ones(digits, build):
    few = digits.first(100)
    assert torch.equal(few.train, digits.train[:100])
    assert few.test is digits.test
    assert len(few.train_labels) == 100
    with pytest.raises(ValueError, match="1437 training points, 2000 were asked for"):
        digits.first(2000)
    whole, part = sweep([CELLS[0], dataclasses.replace(CELLS[0], points=100, variant="100 points")])
    assert whole.rows[0]["n"] == 1437
    assert part.rows[0]["n"] == 100
    assert part.rows[0]["architecture"] == "100 points"
    assert part.rows[0]["value"] != whole.rows[0]["value"]


def test_a_killed_sweep_goes_on_and_gives_the_same_bytes(build, tmp_path, monkeypatch):
    script = "from test_depth_claims import CELLS; from kaleido.experiments import sweep; sweep(CELLS, processes=1)"
    command = [sys.executable, "-c", script]
    here = os.path.dirname(__file__)
    measured = build / "cache" / "measured"
    process = subprocess.Popen(command, cwd=here, stderr=subprocess.DEVNULL, start_new_session=True)
    while not list(measured.glob("*.safetensors")):
        assert process.poll() is None
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert len(list(measured.glob("*.safetensors"))) < len(CELLS)
    sweep(CELLS, processes=1)
    monkeypatch.setenv("KALEIDO_BUILD", str(tmp_path / "whole"))
    sweep(CELLS, processes=1)
    resumed, whole = (
        {path.name: path.read_bytes() for path in (folder / "cache").rglob("*.safetensors")}
        for folder in (build, tmp_path / "whole")
    )
    assert resumed == whole


def renamed(found, variant):
    """The same evidence under the name that the networks of a variant have."""
    return dataclasses.replace(found, table=found.table.replace({"architecture": {"mlp": variant}}))


@pytest.mark.parametrize(
    ("others", "says"),
    [
        (same(), "with five other seeds it is supported too"),
        (same(rho=FLAT, gain=FLAT), "not robust: with five other seeds"),
    ],
)
def test_a_verdict_that_other_seeds_do_not_repeat_is_called_not_robust(build, monkeypatch, others, says):
    extended = renamed(planted(build, others), "other seeds")
    planted(build, same())
    monkeypatch.setattr("kaleido.claims.recorded", lambda notebook: extended)
    verdict = kd.judge("C2", "smoke")
    assert verdict.verdict == "supported"
    assert says in verdict.reason


def test_controls_of_the_extended_profile_are_judged_by_its_record(build, monkeypatch):
    extended = renamed(planted(build, same(rho=FLAT, gain=FLAT)), "equal parameters")
    monkeypatch.setattr("kaleido.claims.recorded", lambda notebook: extended)
    planted(build, same())
    assert kd.judge("C2m", "smoke").verdict == "supported"
    assert kd.judge("C2p", "smoke").verdict == "not supported"
    assert kd.judge("C4p", "smoke").verdict == "supported"

    def nothing(notebook):
        raise FileNotFoundError

    monkeypatch.setattr("kaleido.claims.recorded", nothing)
    assert kd.judge("C2p", "smoke").verdict == "not run"
