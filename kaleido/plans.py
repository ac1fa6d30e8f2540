"""Plans: which cells each notebook computes."""

import dataclasses
from collections.abc import Iterable

from kaleido.cells import Cell, cells_of
from kaleido.chosen import RECIPE
from kaleido.data.sources import missing
from kaleido.networks.build import width_with_as_many
from kaleido.sizes import (
    ATTRACTED,
    BOUNDED_DEPTHS,
    DEEP,
    DEPTHS,
    DIMENSIONS,
    FIRST_SEED,
    FITTED,
    GRID,
    GRID_LEVELS,
    GRID_POINTS,
    GRID_SEEDS,
    IMAGES,
    LABELLED,
    LEVEL,
    LEVELS,
    OF_PART,
    OTHER_SEEDS,
    OWN,
    PAGE_DEPTHS,
    PAGE_LEVEL,
    PAGE_MATCHED,
    PICTURED,
    PROFILES,
    SHAPE_LEVELS,
    SHAPES,
    SIZES,
    TOY_DEPTHS,
    TOYS,
    WAYS,
)

__all__ = ["EXTENDED", "NOTEBOOKS", "absent", "plan"]


def _portable(profile: str) -> list[Cell]:
    """The networks of the page to turn oneself: narrow enough to be sent, some of them at one level of the loss too."""
    (cell,) = cells_of("portable", "digits", profile, seeds=1)
    how = {depth: {"snapshots": (PAGE_LEVEL,), "every": 2} if depth in PAGE_MATCHED else {} for depth in PAGE_DEPTHS}
    return [dataclasses.replace(cell, depth=depth, width=min(cell.width, 64), **more) for depth, more in how.items()]


def _by_depth(profile: str) -> list[Cell]:
    """The toys at every depth, 50 units wide; the published 2-D network is one of them and is there already."""
    cells = [cell for name in ("points1d", "points2d") for cell in cells_of("toy", name, profile)]
    return [
        dataclasses.replace(cell, depth=depth, width=50, runs=1)
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
            cells += [dataclasses.replace(cell, **how) for cell in cells_of("bounded", "digits", profile)]
    return cells


def _depths(profile: str, variant: str = "mlp", seeds=None, sets=tuple(DEPTHS), **changes) -> list[Cell]:
    """Claims C2 and C4: networks of every depth, equal otherwise, that note when they pass each level of the loss."""
    cells = []
    for data in sets:
        depths, size = DEPTHS[data], PROFILES[profile][f"depth {data}"]
        shape = {name: getattr(size, name) for name in ("width", "steps", "batch", "lr", "probes", "runs", "judge")}
        levels = LEVELS[data] if profile != "smoke" else (0.9, 0.01)  # one that all reach, and one that none does
        shape |= {"every": None, "snapshots": levels, "variant": variant} | changes
        for depth in DEPTHS["mnist5k"] if profile == "extended" else (1, 4, 10) if profile == "smoke" else depths:
            if variant == "equal parameters":
                shape["width"] = width_with_as_many({"digits": 64, "mnist5k": 784}[data], depth, DEEP, size.width)
            for seed in seeds or range(FIRST_SEED, FIRST_SEED + size.seeds):
                cells.append(Cell("depth", data, depth, seeds=(seed,), **shape))
    return cells


def _equal_parameters(profile: str) -> list[Cell]:
    """As many parameters at every depth; a lower rate, so that a wide shallow network passes no level in one step."""
    return [
        dataclasses.replace(cell, steps=cell.steps * times)
        for data, times in (("digits", 3), ("mnist5k", 2))
        for cell in _depths(profile, "equal parameters", OTHER_SEEDS, (data,), lr=2e-4)
    ]


def _toy_depths(profile: str) -> list[Cell]:
    cells = [cell for name in ("points1d", "points2d") for cell in cells_of("depth of toys", name, profile)]
    return [dataclasses.replace(cell, depth=depth, width=50, runs=1) for cell in cells for depth in TOY_DEPTHS]


def _shapes(profile: str) -> list[Cell]:
    """Claim C5: networks of every architecture, as `SHAPES` has them unless the profile has sizes of its own."""
    cells = []
    for data, shapes in SHAPES.items():
        size = PROFILES[profile][f"shapes {data}"]
        how = {name: getattr(size, name) for name in ("probes", "runs", "judge")}
        how |= {"snapshots": SHAPE_LEVELS[data], "every": None, "batch": 64, "init": "he"}
        for name, (depth, width, steps, lr) in shapes.items():
            shape = {"width": size.width or width, "steps": size.steps or steps, "lr": lr}
            for seed in range(FIRST_SEED, FIRST_SEED + size.seeds):
                cells.append(
                    Cell("architecture", data, depth, seeds=(seed,), architecture=name, variant=name, **shape, **how)
                )
    return cells


def _search() -> list[Cell]:
    """Where each architecture shows the phenomenon: depths by numbers of training images, on digits."""
    cells = []
    for name, depths in GRID.items():
        _, width, _, lr = SHAPES["digits"][name]
        how = {"snapshots": GRID_LEVELS, "every": None, "batch": 64, "init": "he", "lr": lr, "runs": 20}
        for depth in depths:
            for points in GRID_POINTS:
                about = f"{name}, {points or 'all'} images"
                for seed in GRID_SEEDS:
                    cell = Cell(
                        "architecture", "digits", depth, width, 600, (seed,), name, points=points, variant=about, **how
                    )
                    cells.append(cell)
    return cells


def _data_sets(profile: str) -> list[Cell]:
    """Claim C9: data sets that are here; see `absent` for the others."""
    cells = []
    for data in (*LABELLED, *PICTURED):
        if not missing(data):
            size = PROFILES[profile].get(data, PROFILES[profile]["pictured"])
            shape = {
                name: getattr(size, name)
                for name in ("depth", "width", "steps", "batch", "lr", "probes", "runs", "judge")
            }
            cells += [Cell("data set", data, seeds=(FIRST_SEED + i,), **shape) for i in range(size.seeds)]
    return cells


def _attractors(profile: str) -> list[Cell]:
    """Claims B1 to B3: networks of notebook 04, the MNIST ones of 03 beside them, and the toy of 01, at some depths."""
    large = [
        dataclasses.replace(cell, variant="larger", runs=200) for cell in cells_of("attractors", "mnist5k", profile)
    ]
    nets = [dataclasses.replace(cell, study="attractors", runs=200) for cell in _depths(profile)]
    toys = [dataclasses.replace(cell, width=50, runs=200) for cell in cells_of("basins", "points2d", profile)]
    nets = [cell for cell in nets if cell.depth in ATTRACTED]
    return nets + large + [dataclasses.replace(cell, depth=depth) for cell in toys for depth in ATTRACTED]


def _ways(study: str, sets: Iterable[str], profile: str, ways: Iterable[str]) -> list[Cell]:
    """Claim B5: networks that learn in several ways and are the same otherwise; plain ones are those of notebook 03."""
    some = [cell for data in sets for cell in cells_of(study, data, profile)]
    return [
        dataclasses.replace(cell, variant=way, **WAYS[way] | {"steps": round(cell.steps * WAYS[way].get("steps", 1))})
        for way in ways
        for cell in some
    ]


def _fitted(some: list[Cell]) -> list[Cell]:
    """Cells of other seeds whose networks learn from a part of the training points: the searches of B4 and B5."""
    return [
        dataclasses.replace(cell, seeds=(seed,), points=FITTED[cell.data], variant=cell.variant + OF_PART)
        for cell in some
        if cell.seeds == (FIRST_SEED,)
        for seed in GRID_SEEDS
    ]


def absent() -> dict[str, str]:
    """Returns the data sets of claim C9 that are not here, and why."""
    return {data: missing(data) for data in (*LABELLED, *PICTURED) if missing(data)}


NOTEBOOKS = {
    "00": lambda profile: [*cells_of("turning", "mnist5k", profile, seeds=1), *_portable(profile)],
    "01": lambda profile: [
        *(cell for name in TOYS for cell in cells_of("toy", name, profile)),
        *_by_depth(profile),
        *_bounded(profile),
        *cells_of("unseen", "digits", profile),
        *cells_of("unseen", "mnist5k", profile),
    ],
    "02": lambda profile: [
        cell for d in DIMENSIONS for n in SIZES for cell in cells_of("corners", f"points-{d}-{n}", profile)
    ],
    "03": lambda profile: [*cells_of("kaleidoscope", "digits", profile), *cells_of("kaleidoscope", "mnist5k", profile)],
    "04": lambda profile: [*_depths(profile), *_toy_depths(profile)],
    "05": _shapes,
    "06": _data_sets,
    "07": _attractors,
    # of B4 and B5 only what takes a minute; see EXTENDED
    "08": lambda profile: cells_of("generators", "digits", profile),
    "09": lambda profile: _ways("remedies", ("digits",), profile, ("plain", RECIPE[0])),
    "10": lambda profile: [],
    "20": lambda profile: cells_of("own", OWN, profile, like="own"),
}
EXTENDED = {  # what takes too long for every run: computed once, recorded, and shown from the record
    "03": lambda profile: [
        cell for study in ("kaleidoscope", "unseen") for cell in cells_of(study, "mnist5k", profile)
    ],
    "04": lambda profile: [
        *(
            dataclasses.replace(cell, steps=PROFILES["laptop"][f"depth {cell.data}"].steps)
            for cell in _depths(profile, "other seeds", OTHER_SEEDS)
        ),
        *_depths(profile, "longer", OTHER_SEEDS),
        *_depths(profile, "width 64", OTHER_SEEDS, ("digits",), width=64),
        *_depths(profile, "rate 0.002", OTHER_SEEDS, ("digits",), lr=2e-3),
        *_equal_parameters(profile),
        *_depths(profile, "He", OTHER_SEEDS, init="he"),
        *_depths(profile, "400 points", OTHER_SEEDS, ("digits",), points=400),
        *_depths(profile, "100 points", OTHER_SEEDS, ("digits",), points=100),
        *(
            dataclasses.replace(cell, steps=3 * cell.steps)
            for cell in _depths(profile, "rate 0.0002", OTHER_SEEDS, ("digits",), lr=2e-4)
        ),
    ],
    "05": lambda profile: _search(),
    "06": lambda profile: [
        Cell("data set", "fashion", seeds=(FIRST_SEED,), depth=10, width=500, steps=10_000, batch=1000, lr=1e-4)
    ],
    "08": lambda profile: [
        *_fitted([cell for data in IMAGES for cell in cells_of("tuned generators", data, "laptop")]),
        *(cell for data in IMAGES for cell in cells_of("generators", data, "laptop")),
    ],
    "09": lambda profile: [
        *_fitted(_ways("tuned remedies", IMAGES, "laptop", WAYS)),
        *_ways("remedies", IMAGES, "laptop", ("plain", RECIPE[0])),
    ],
}


def plan(notebook: str, profile: str) -> list[Cell]:
    """Returns the cells that a notebook needs; in the profile `extended`, those of the record that it shows.

    Raises:
        ValueError: If the notebook or the profile is unknown.
    """
    if profile not in PROFILES:
        raise ValueError(f"unknown profile '{profile}', expected one of {', '.join(PROFILES)}")
    if notebook not in NOTEBOOKS:
        raise ValueError(f"unknown notebook '{notebook}', expected one of {', '.join(NOTEBOOKS)}")
    if profile == "extended":
        return EXTENDED[notebook](profile) if notebook in EXTENDED else []
    return NOTEBOOKS[notebook](profile)
