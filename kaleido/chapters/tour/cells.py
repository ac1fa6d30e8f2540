"""Notebook 00: an MNIST network to watch, and networks for the page to turn oneself."""

from dataclasses import replace

from kaleido.chapters.kaleidoscope.cells import mlps
from kaleido.lab.cell import Cell

STUDY = "kaleido.chapters.tour.study"
PAGE_DEPTHS = (1, 2, 4, 6, 10)
PAGE_MATCHED, PAGE_LEVEL = (2,), 0.08  # one of them also where its loss is that of the deepest


def plan(profile: str) -> list[Cell]:
    """Returns the cells of a profile; the page's networks are narrow enough to be sent."""
    (cell,) = mlps(f"{STUDY}:portable", "digits", profile, seeds=1)
    how = {depth: (PAGE_LEVEL,) if depth in PAGE_MATCHED else () for depth in PAGE_DEPTHS}
    return [
        *mlps(f"{STUDY}:turning", "mnist5k", profile, seeds=1),
        *(
            replace(cell, depth=depth, width=min(cell.width, 64), snapshots=levels, every=2 if levels else 250)
            for depth, levels in how.items()
        ),
    ]
