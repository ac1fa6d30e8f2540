"""Notebook 04: networks of several depths, equal otherwise, and variants of all else."""

from collections.abc import Sequence
from dataclasses import replace

from kaleido.chapters.common import DEEP, IMAGES
from kaleido.chapters.kaleidoscope.cells import LEVELS, MLPS
from kaleido.chapters.over_generalization.cells import TOY_DEPTHS, toys
from kaleido.lab.cell import FIRST_SEED, Cell, Size
from kaleido.networks.build import width_with_as_many
from kaleido.tools.checks import whole

STUDY = "kaleido.chapters.depth.study"
FEW, MANY = (1, 4, 10), (1, 2, 4, 6, 10)
DEPTHS = {
    "smoke": {"digits": FEW, "mnist5k": FEW},
    "laptop": {"digits": MANY, "mnist5k": FEW},
    "extended": {"digits": MANY, "mnist5k": MANY},
}
MORE_LEVELS = {"digits": (0.15, 0.12, 0.1, 0.08, 0.05, 0.03), "mnist5k": (0.25, 0.2, 0.15, 0.12)}  # of the same
OTHER_SEEDS = range(110, 115)  # of the extended profile
SIZES = {profile: {data: replace(size, runs=50) for data, size in MLPS[profile].items()} for profile in LEVELS}
SIZES["extended"] = {
    "digits": Size(width=128, steps=1500, seeds=3, runs=100),
    "mnist5k": Size(width=128, steps=1200, seeds=3, runs=100),
}


def plan(profile: str, depths: Sequence[int] | None = None) -> list[Cell]:
    """Returns the cells of a profile.

    Arguments:
        profile: The profile.
        depths: Depths of all networks, instead of those that are planned.
    """
    if depths is not None and (not isinstance(depths, Sequence) or isinstance(depths, str) or not depths):
        raise ValueError(f"depths are {depths!r}, expected a list such as [1, 4, 20]")
    for depth in depths or ():
        whole("a depth", depth)
    return [*by_depth(profile, depths=depths), *_toys(profile, depths or TOY_DEPTHS)]


def by_depth(profile: str, variant: str = "mlp", seeds=None, sets=IMAGES, depths=None, **changes) -> list[Cell]:
    """Claims C2 and C4: networks of every depth, equal otherwise, that note when they pass each level of the loss."""
    cells = []
    for data in sets:
        size = SIZES[profile][data]
        levels = LEVELS.get(profile, MORE_LEVELS)[data]
        shape = size.shape | {"every": None, "snapshots": levels, "variant": variant} | changes
        for depth in depths or DEPTHS[profile][data]:
            shape["depth"] = depth
            if variant == "equal parameters":
                shape["width"] = width_with_as_many({"digits": 64, "mnist5k": 784}[data], depth, DEEP, size.width)
            for seed in seeds or range(FIRST_SEED, FIRST_SEED + size.seeds):
                cells.append(Cell(f"{STUDY}:by_depth", data, seeds=(seed,), **shape))
    return cells


def _toys(profile: str, depths: Sequence[int]) -> list[Cell]:
    cells = [cell for name in ("points1d", "points2d") for cell in toys(f"{STUDY}:depth_of_toys", name, profile)]
    return [replace(cell, depth=depth, width=50, runs=1) for cell in cells for depth in depths]


def extended() -> list[Cell]:
    """Returns the cells of what is not depth: other seeds, times, widths, rates, initialisations and points."""

    def other(variant: str, times: float = 1, **changes) -> list[Cell]:
        cells = by_depth("extended", variant, OTHER_SEEDS, **changes)
        return [replace(cell, steps=round(cell.steps * times)) for cell in cells]

    digits = {"sets": ("digits",)}
    return [
        *other("other seeds", 2 / 3),
        *other("longer"),
        *other("width 64", **digits, width=64),
        *other("rate 0.002", **digits, lr=2e-3),
        # a lower rate, so that a wide shallow network passes no level in one step
        *other("equal parameters", 3, **digits, lr=2e-4),
        *other("equal parameters", 2, sets=("mnist5k",), lr=2e-4),
        *other("He", init="he"),
        *other("400 points", **digits, points=400),
        *other("100 points", **digits, points=100),
        *other("rate 0.0002", 3, **digits, lr=2e-4),
    ]
