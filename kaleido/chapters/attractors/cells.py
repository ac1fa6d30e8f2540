"""Notebook 07: networks of notebook 04, and the toy of 01, at some depths."""

from dataclasses import replace

from kaleido.chapters.depth.cells import FEW, by_depth
from kaleido.chapters.over_generalization.cells import toys
from kaleido.lab.cell import Cell

STUDY = "kaleido.chapters.attractors.study"


def plan(profile: str) -> list[Cell]:
    """Returns the cells of a profile."""
    nets = [replace(cell, study=f"{STUDY}:attractors", runs=200) for cell in by_depth(profile) if cell.depth in FEW]
    square = [replace(cell, width=50, runs=200) for cell in toys(f"{STUDY}:basins", "points2d", profile)]
    return [
        *nets,
        *(replace(cell, depth=depth) for cell in square for depth in FEW),
    ]
