from collections import Counter

import numpy as np
import pytest
import torch
from asked import asked
from conftest import row

import kaleido as kd
from kaleido.chapters import attractors, over_generalization
from kaleido.chapters import depth as of_depth
from kaleido.chapters.attractors import study
from kaleido.chapters.common import IMAGES
from kaleido.lab.cell import Cell
from kaleido.lab.evidence import write_evidence
from kaleido.learning import History


def test_ends_are_told_by_depth_and_left_out_where_a_seed_has_none(tmp_path):
    rows = []
    for depth, share in ((1, 0.25), (10, 0.5)):
        for seed in (100, 101, 102):
            about = {"run": 500, "n": 1000}
            at = {"depth": depth}
            rows.append(row("B3", "share fixed", "digits", "mlp", seed, share, condition="noise", **about) | at)
            if depth != 1 or seed != 102:
                rows.append(row("B3", "radius", "digits", "mlp", seed, 0.8, condition="ends", **about) | at)
            rows.append(row("B3", "radius", "digits", "mlp", seed, 1.3, condition="training points", **about) | at)
    table = attractors.tables.ends_found(write_evidence(tmp_path, "07", "smoke", rows), "digits")
    assert list(table.columns) == ["depth 1", "depth 10"]
    assert list(table.loc["in a fixed point"]) == ["0.25", "0.50"]
    assert list(table.loc["spectral radius at ends"]) == ["", "0.80"]
    assert table.loc["spectral radius at training points", "depth 1"] == "1.30"


class Shrinks(torch.nn.Module):
    """Half the way to the nearer of two points."""

    def __init__(self, first, second):
        super().__init__()
        self.points = torch.nn.Parameter(torch.stack([first, second]))

    def forward(self, x):
        nearer = (x[:, None] - self.points).square().sum(-1).argmin(1)
        return (x + self.points[nearer]) / 2


def test_the_study_finds_what_a_map_was_made_to_do(build):
    """Two points of X attract everything: two ends, both training points, each recalled, copies, radius 1/2."""
    data = kd.load("digits", seed=100)
    net = Shrinks(data.train[0], data.train[1])
    cell = Cell("attractors", "digits", 10, 8, 1, (100,), probes=500, judge=20)
    rows, arrays = asked(study.attractors, cell, net, data, History((0,), (0.5,)))
    said = {(r["quantity"], r["run"], r["condition"]): r["value"] for r in rows}
    assert said["share fixed", 500, "noise"] == 1
    assert said["share cycle", 500, "noise"] == said["share neither", 500, "noise"] == 0
    assert said["ends", 500, "noise"] == said["different pictures", 200, "noise"] == 2
    assert said["ends at training points", 500, "noise"] == 1
    assert 0.5 <= said["largest basin", 500, "noise"] < 1
    assert said["recalled", 500, "training points"] == 2 / 500
    assert said["copy share", 200, "noise"] == 1
    assert said["radius", None, "ends"] == pytest.approx(0.5)
    assert said["radius below 1", None, "training points"] == 1
    assert said["exponent", 200, "noise"] == pytest.approx(np.log(0.5), rel=1e-3)
    beasts = arrays["digits/10/mlp/ends"]
    assert torch.equal(beasts, arrays["digits/10/mlp/nearest"])
    shares = arrays["digits/10/mlp/shares"]
    assert shares.sum() == pytest.approx(1)
    assert shares[0] == pytest.approx(said["largest basin", 500, "noise"])
    assert shares[0] > shares[1]


def test_a_map_that_turns_about_is_in_cycles_and_has_no_radius_below_1():
    data = kd.load("digits", seed=100)
    net = torch.nn.Linear(64, 64, bias=False)
    with torch.no_grad():
        net.weight.copy_(-torch.eye(64))
    cell = Cell("attractors", "digits", 10, 8, 1, (100,), probes=400, judge=20)
    rows, arrays = asked(study.attractors, cell, net, data, History((0,), (0.5,)))
    said = {(r["quantity"], r["run"], r["condition"]): r["value"] for r in rows}
    assert said["share cycle", 500, "noise"] == 1
    assert said["share fixed", 500, "noise"] == 0
    assert said["different pictures", 500, "noise"] == 400
    assert said["ends", 500, "noise"] == 1  # all turn about 0
    assert said["radius", None, "ends"] == pytest.approx(1)
    assert set(arrays["digits/10/mlp/periods"].tolist()) == {2}
    assert arrays["digits/10/mlp/ends"].float().std() > 50  # a state of the cycle, and not its grey mean


def test_basins_of_four_attracting_points_are_quarters():
    data = kd.load("points2d", seed=100)

    class Four(torch.nn.Module):
        def forward(self, x):
            return (x + data.train[torch.cdist(x, data.train).argmin(1)]) / 2

    cell = Cell("basins", "points2d", 6, 50, 1, (100,))
    rows, arrays = asked(study.basins, cell, Four(), data)
    said = {r["quantity"]: r["value"] for r in rows}
    assert said == {"ends": 4, "ends at training points": 1, "settled": 1}
    which = arrays["points2d/6/basins"]
    shares = which.bincount() / len(which)
    assert ((shares > 0.2) & (shares < 0.3)).all()


def test_notebook_07_measures_networks_that_are_learned_anyway():
    from kaleido.lab.sweep import _learned

    anyway = (over_generalization, of_depth)
    there = {_learned(cell) for chapter in anyway for cell in chapter.CHAPTER.cells("laptop")}
    cells = attractors.CHAPTER.cells("laptop")
    assert {_learned(cell) for cell in cells} <= there
    assert Counter((cell.data, cell.variant) for cell in cells) == {
        **{(data, "mlp"): 3 * of_depth.cells.SIZES["laptop"][data].seeds for data in IMAGES},
        ("points2d", "mlp"): 3,
    }
