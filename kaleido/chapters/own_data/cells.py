"""Notebook 20: networks for a reader's own images."""

from kaleido.lab.cell import Cell, Size, cells_of

OWN = "digits"  # stands for the reader's own images
PROFILES = {
    "smoke": Size(width=16, steps=20, seeds=2, probes=400, runs=20, judge=30),
    "laptop": Size(width=128, steps=2000, seeds=3, batch=128),
}


def plan(profile: str, data: str = OWN) -> list[Cell]:
    """Returns the cells of a profile, of a data set or of a file of images."""
    return cells_of("kaleido.chapters.own_data.study:own", data, PROFILES[profile])
