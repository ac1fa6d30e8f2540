"""Notebook 02: points drawn in cubes of several dimensions."""

from dataclasses import replace

from kaleido.chapters.common import DECIDING
from kaleido.lab.cell import Cell, Size, cells_of

DIMENSIONS = (1, 2, 4, 8, 16)  # of the paper's dimension experiment
SIZES = (1, 2, 4, 8, 32, 64, 128, 256, 512, 1024, 2048)  # its numbers of points
POINTS = Size(width=50, depth=6, steps=2000, seeds=5, batch=128)  # as published, but for steps, seeds and batches
ALONE = 1024  # points from which seeds learn faster one by one, all points at once: a processor's cache holds one's
PROFILES = {"smoke": replace(POINTS, steps=20, seeds=3), "laptop": replace(POINTS, steps=500, seeds=3)}


def plan(profile: str) -> list[Cell]:
    """Returns the cells of a profile."""
    return _networks(PROFILES[profile])


def deciding() -> list[Cell]:
    """Returns the cells that decide claim C7: as published, with ten seeds."""
    cells = _networks(replace(POINTS, steps=10_000, batch=None))
    alone = [(seed,) for seed in DECIDING]
    return [
        replace(cell, seeds=seeds)
        for cell in cells
        for seeds in (alone if int(cell.data.rpartition("-")[2]) >= ALONE else [DECIDING])
    ]


def _networks(size: Size) -> list[Cell]:
    study = "kaleido.chapters.dimension.study:corners"
    return [cell for d in DIMENSIONS for n in SIZES for cell in cells_of(study, f"points-{d}-{n}", size)]
