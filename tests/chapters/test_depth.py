import dataclasses
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch
from conftest import ROOT, random, row

import kaleido as kd
from kaleido.chapters import depth as chapter
from kaleido.lab.cell import Cell
from kaleido.lab.evidence import read_evidence, write_evidence
from kaleido.lab.sweep import sweep

DEPTHS, LEVELS = (1, 4, 10), ("loss 0.2", "loss 0.1")
CURVES = {"rho": (0.9, 0.8, 0.5), "gain": (1.0, 0.9, 0.9), "pc": (0.3, 0.5, 0.7)}  # by depth, at equal steps


def planted(folder, over=0.99, seeds=range(100, 105)):
    """Evidence of notebook 04: contraction, gain and PC by depth, half as far from 0 at the levels of the loss.

    A seed adds its number to all depths, and to depth 10 a little that is known.
    """
    rows = []
    for condition in ("equal steps", *LEVELS):
        for place, depth in enumerate(DEPTHS):
            for seed in seeds:

                def add(claim, quantity, value, run, condition=condition, depth=depth, seed=seed):
                    about = {"condition": condition, "depth": depth, "run": run}
                    rows.append(row(claim, quantity, "digits", "mlp", seed, value, **about))

                own = seed - 100 + 0.01 * (seed - 102) * (depth == 10)
                for quantity, curve in CURVES.items():
                    value = curve[place] / (1 if condition == "equal steps" else 2) + own
                    for run in (5, 20) if quantity == "pc" else (1,):
                        add("C4" if run > 1 else "C2", quantity, value if run != 5 else -value, run)
                add("C2", "loss", 0.1, None)
                if condition != "equal steps":
                    add("C2", "loss over level", over, None)
    return write_evidence(folder, "04", "smoke", rows)


def test_an_effect_of_depth_is_paired_by_seed_and_has_its_interval(tmp_path):
    found = planted(tmp_path)
    half = 2.776 * 0.01 * (2.5 / 5) ** 0.5  # of -0.02, -0.01, 0, 0.01, 0.02: 2.776 standard errors
    for quantity, difference in (("rho", -0.4), ("gain", -0.1), ("pc", 0.4)):
        for condition, mean in (("equal steps", difference), ("loss 0.2", difference / 2)):
            effect = chapter.tables.effect_of_depth(found, quantity, "digits", "mlp", condition)
            assert effect == pytest.approx((mean, mean - half, mean + half), abs=1e-5)


def test_the_figure_of_depth_and_loss_is_drawn_without_networks_that_reached_a_loss():
    found = read_evidence(ROOT / "data" / "record" / "laptop", "04", "laptop")
    lost = (found.table["data"] == "digits") & found.table["condition"].str.startswith("loss")
    left = dataclasses.replace(found, table=found.table[~lost])
    drawn = chapter.figures.depth_and_loss.function(left)
    assert [len(axis.collections) for axis in drawn.axes] == [0, 1] * 3
    whole = chapter.figures.depth_and_loss.function(found)
    assert [len(axis.collections) for axis in whole.axes] == [1] * 6


def test_effects_are_tabled_after_equal_steps_and_at_the_lowest_level(tmp_path):
    table = chapter.tables.effects_of_depth(planted(tmp_path))
    assert list(table.index) == [("digits", "mlp", "equal steps"), ("digits", "mlp", "loss 0.1")]
    assert list(table["rho"]) == ["-0.40 [-0.42, -0.38]", "-0.20 [-0.22, -0.18]"]
    assert list(table["pc"].str[:4]) == ["0.40", "0.20"]


def test_a_level_counts_if_all_reached_it_and_none_fell_further(tmp_path):
    found = planted(tmp_path)
    assert chapter.tables.levels_of(found, "digits") == list(LEVELS)
    assert chapter.tables.levels_of(planted(tmp_path / "exactly", over=1), "digits") == list(LEVELS)
    assert chapter.tables.levels_of(planted(tmp_path / "further", over=0.96), "digits") == []
    assert chapter.tables.levels_of(planted(tmp_path / "not", over=1.01), "digits") == []
    of_one = (found.table["quantity"] == "loss over level") & (found.table["seeds"] == "103")
    lost = of_one & (found.table["condition"] == "loss 0.1") & (found.table["depth"] == 10)
    table = found.table[~lost]
    assert chapter.tables.levels_of(dataclasses.replace(found, table=table), "digits") == ["loss 0.2"]
    of_he = dataclasses.replace(found, table=found.table.replace({"architecture": {"mlp": "He"}}))
    assert chapter.tables.levels_of(of_he, "digits") == []
    assert chapter.tables.levels_of(of_he, "digits", "He") == list(LEVELS)


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
    cells = [cell for cell in chapter.cells.extended() if cell.variant == "equal parameters"]
    for data, dim in (("digits", 64), ("mnist5k", 784)):
        nets = {cell.depth: kd.mlp(dim, cell.depth, cell.width) for cell in cells if cell.data == data}
        counts = [sum(weights.numel() for weights in net.parameters()) for net in nets.values()]
        assert set(nets) == {1, 2, 4, 6, 10}
        assert max(counts) / min(counts) < 1.01


SHAPE = {"snapshots": (0.9, 0.001), "every": None, "probes": 400, "runs": 50, "judge": 20}
CELLS = [Cell("kaleido.chapters.depth.study:by_depth", "digits", depth, 80, 40, (100,), **SHAPE) for depth in (1, 2, 3)]


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
    script = "from test_depth import CELLS; from kaleido.lab.sweep import sweep; sweep(CELLS, processes=1)"
    command = [sys.executable, "-c", script]
    here = os.path.dirname(__file__)
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "tests"))
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
