"""Notebook 03: the MLPs on digits and MNIST that most chapters look at."""

from dataclasses import replace

from kaleido.lab.cell import Cell, Size, cells_of

STUDY = "kaleido.chapters.kaleidoscope.study:kaleidoscope"
PUBLISHED = Size(width=500, steps=10_000, seeds=10, batch=1000, lr=1e-4)  # the MNIST network of the paper
MLPS = {
    "smoke": {
        "digits": Size(width=32, steps=60, seeds=2, probes=400, runs=20, judge=60),
        "mnist5k": Size(width=32, steps=40, seeds=2, probes=1000, runs=20, judge=30),
    },
    "laptop": {
        "digits": Size(width=128, steps=2000, seeds=3),
        "mnist5k": Size(width=128, steps=3000, seeds=3, batch=128),  # small batches: as good in a third of the time
    },
    "searched": {"digits": Size(width=128, steps=2000, seeds=3), "mnist5k": Size(width=256, steps=1500, seeds=3)},
}
LEVELS = {  # of the loss, at which the networks of notebook 04, which these are among, are looked at
    "smoke": {"digits": (0.9, 0.01), "mnist5k": (0.9, 0.01)},  # one that all reach, and one that none does
    "laptop": {"digits": (0.12, 0.08, 0.05), "mnist5k": (0.2, 0.12)},
}


def mlps(study: str, data: str, profile: str, seeds: int | None = None) -> list[Cell]:
    """Returns the cells of a study of these networks, of so many seeds, or of all."""
    cells = cells_of(study, data, MLPS[profile][data], seeds)
    if profile not in LEVELS:
        return cells
    return [replace(cell, every=None, snapshots=LEVELS[profile][data]) for cell in cells]


def plan(profile: str) -> list[Cell]:
    """Returns the cells of a profile."""
    return [*mlps(STUDY, "digits", profile), *mlps(STUDY, "mnist5k", profile)]
