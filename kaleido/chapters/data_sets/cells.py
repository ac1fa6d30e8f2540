"""Notebook 06: data sets beside MNIST, of those that are here."""

from kaleido.data.sources import missing
from kaleido.lab.cell import Cell, Size, cells_of

STUDY = "kaleido.chapters.data_sets.study:data_set"
LABELLED = ("fashion5k",)  # with scores
PICTURED = ("faces", "patches", "cifar10-dogs", "celeba")  # with pictures alone
PROFILES = {  # of those with labels, and of those with pictures alone
    "smoke": (
        Size(width=32, steps=40, seeds=2, probes=1000, runs=20, judge=30),
        Size(width=16, steps=20, seeds=1, probes=200, runs=20),
    ),
    "laptop": (
        Size(width=128, steps=3000, seeds=3, batch=128),
        Size(width=256, steps=600, seeds=1, batch=128, runs=50),
    ),
}


def plan(profile: str) -> list[Cell]:
    """Returns the cells of a profile."""
    sizes = dict.fromkeys(LABELLED, PROFILES[profile][0]) | dict.fromkeys(PICTURED, PROFILES[profile][1])
    return [cell for data, size in sizes.items() if not missing(data) for cell in cells_of(STUDY, data, size)]


def absent() -> dict[str, str]:
    """Returns the data sets that are not here, and why."""
    return {data: missing(data) for data in (*LABELLED, *PICTURED) if missing(data)}
