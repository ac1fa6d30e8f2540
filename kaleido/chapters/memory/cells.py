"""Notebook 11: networks that learn disjoint sets of N images each."""

from dataclasses import replace

from kaleido.chapters.common import LAST
from kaleido.chapters.kaleidoscope.cells import PUBLISHED
from kaleido.lab.cell import Cell, Size

STUDY = "kaleido.chapters.memory.study"
SIZES = {
    "smoke": Size(width=32, steps=20, seeds=2, batch=32, probes=100, runs=LAST, judge=60),
    "laptop": Size(width=128, steps=1000, seeds=3, batch=32, probes=300, runs=LAST),
    "paper": replace(PUBLISHED, runs=LAST),
}
SETS = {"digits": (10, 30, 100, 700), "mnist": (10, 100, 1000, 10_000, 30_000)}  # N, images in a set
FEW, MANY = 100, {"digits": 700, "mnist": 30_000}  # N of M1, and N of M2 and M3: all that two disjoint sets can have
SEEDS, ELSEWHERE = tuple(range(300, 310)), 3  # seeds that decide; how many of them at an N that decides nothing


def plan(profile: str) -> list[Cell]:
    """Returns the cells of a profile, one for each N and seed."""
    sets = SETS["digits"] if profile == "laptop" else (FEW, MANY["digits"])
    return [_cell(profile, "digits", n, seed) for n in sets for seed in SIZES[profile].numbers]


def deciding() -> list[Cell]:
    """Returns the cells that decide M1 to M3, those of ten seeds first, and the others that are shown beside them."""
    decide = (FEW, MANY["mnist"])
    others = [n for n in SETS["mnist"] if n not in decide]
    return [
        *(_cell("paper", "mnist", n, seed) for n in decide for seed in SEEDS),
        *(_cell("paper", "mnist", n, seed) for n in others for seed in SEEDS[:ELSEWHERE]),
    ]


def images(n: int) -> str:
    """Returns the condition of the rows of sets of n images."""
    return f"{n} images"


def _cell(profile: str, data: str, n: int, seed: int) -> Cell:
    """A cell whose network has learned nothing yet: its study draws the sets, and learns them."""
    shape = SIZES[profile].shape | {"steps": 0}
    return Cell(f"{STUDY}:{profile}", data, seeds=(seed,), points=n, **shape)
