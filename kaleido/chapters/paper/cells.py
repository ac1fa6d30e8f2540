"""The paper's toy networks: one of each, of a seed that was chosen before any picture was drawn."""

from kaleido.chapters.over_generalization.cells import TOYS
from kaleido.lab.cell import Cell

SEED = 0
RUNS = {"points1d": 20, "points2d": 15}  # as the published pictures show
CHAINS = 8


def networks() -> list[Cell]:
    """Returns the cells of the toys that the paper shows, with its settings."""
    about = {"seeds": (SEED,), "probes": CHAINS}
    return [
        Cell("kaleido.chapters.paper.study:toy", data, **TOYS[data].shape | about | {"runs": runs})
        for data, runs in RUNS.items()
    ]
