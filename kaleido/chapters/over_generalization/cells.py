"""Notebook 01: the paper's toy points, networks with bounded and unbounded outputs, and the MLPs of notebook 03."""

from dataclasses import replace

from kaleido.chapters.common import DECIDING, DEEP
from kaleido.chapters.kaleidoscope.cells import mlps
from kaleido.lab.cell import Cell, Size, cells_of

STUDY = "kaleido.chapters.over_generalization.study"
TOYS = {
    "points1d": Size(width=10, depth=6, steps=2000, seeds=10, batch=None, runs=30),  # as published
    "points1d-tanh": Size(width=10, depth=9, steps=2000, seeds=10, batch=None, runs=30),  # as published
    "points2d": Size(width=50, depth=6, steps=2000, seeds=10, batch=None, runs=30),  # as published
}
TOY_DEPTHS = (1, 2, 4, 6, 10)
BOUNDED_DEPTHS = (2, 6, 10)
C6_SEEDS = 40
LEVEL = {"smoke": 0.6, "laptop": 0.08}  # of the loss on digits in [-1, 1], for claim C6


def toys(study: str, data: str, profile: str) -> list[Cell]:
    """Returns the cells of a study of toy points."""
    size = TOYS[data]
    return cells_of(study, data, replace(size, steps=100, seeds=3, probes=200) if profile == "smoke" else size)


def plan(profile: str) -> list[Cell]:
    """Returns the cells of a profile."""
    return [
        *(cell for name in TOYS for cell in toys(f"{STUDY}:toy", name, profile)),
        *_by_depth(profile),
        *_bounded(profile),
        *mlps(f"{STUDY}:unseen", "digits", profile),
        *mlps(f"{STUDY}:unseen", "mnist5k", profile),
    ]


def deciding() -> list[Cell]:
    """Returns the cells that decide claim C6, of forty seeds."""
    (first, *_) = (cell for cell in _bounded("laptop") if cell.depth == DEEP)
    seeds = range(DECIDING[0], DECIDING[0] + C6_SEEDS)
    return [replace(first, output=output, seeds=(seed,)) for output in ("tanh", "linear") for seed in seeds]


def _by_depth(profile: str) -> list[Cell]:
    """The toys at every depth, 50 units wide; the published 2-D network is one of them and is there already."""
    cells = [cell for name in ("points1d", "points2d") for cell in toys(f"{STUDY}:toy", name, profile)]
    return [
        replace(cell, depth=depth, width=50, runs=1)
        for cell in cells
        for depth in TOY_DEPTHS
        if (depth, 50) != (cell.depth, cell.width)
    ]


def _bounded(profile: str) -> list[Cell]:
    """Claim C6's networks: they stop at one level of the loss, in [0, 1] a quarter of that in [-1, 1]."""
    cells = []
    for depth in BOUNDED_DEPTHS:
        for output in ("tanh", "sigmoid", "linear"):
            level = LEVEL[profile] / (4 if output == "sigmoid" else 1)
            every = 1 if depth <= 4 else 5  # shallow networks pass the level within few steps
            how = {"depth": depth, "output": output, "snapshots": (level,), "every": every, "stop": True}
            cells += [replace(cell, **how) for cell in mlps(f"{STUDY}:bounded", "digits", profile)]
    return cells
