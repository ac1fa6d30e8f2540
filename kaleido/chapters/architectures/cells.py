"""Notebook 05: networks of every architecture, and where each shows the phenomenon."""

from kaleido.chapters.common import SEARCHED
from kaleido.lab.cell import FIRST_SEED, Cell

STUDY = "kaleido.chapters.architectures.study:architecture"
SHAPES = {  # about as large as one another: depth, width, steps, learning rate
    "digits": {
        "mlp": (10, 48, 2000, 1e-3),
        "cnn": (6, 24, 300, 1e-3),
        "autoencoder": (6, 24, 800, 1e-3),
        "transformer": (3, 32, 300, 1e-3),
        "unet": (2, 8, 300, 1e-3),
        "unet without skips": (2, 8, 600, 1e-3),
    },
    "mnist5k": {
        "mlp": (10, 36, 2000, 1e-3),
        "cnn": (8, 32, 150, 3e-4),
        "transformer": (3, 48, 150, 1e-3),
        "unet": (3, 6, 80, 1e-3),
    },
}
LEVELS = {"digits": (0.1,), "mnist5k": (0.2,)}  # of the loss, at which they are compared
PROFILES = {  # seeds, and what differs from `SHAPES`
    "smoke": {
        "digits": (2, {"width": 8, "steps": 10, "probes": 400, "runs": 20, "judge": 60}),
        "mnist5k": (2, {"width": 4, "steps": 4, "runs": 20, "judge": 30}),
    },
    "laptop": {"digits": (3, {"runs": 20}), "mnist5k": (3, {"runs": 20})},
}
GRID = {  # depths of the search on digits
    "mlp": (2, 6, 10),
    "cnn": (2, 6, 10),
    "autoencoder": (4, 6, 10),
    "transformer": (1, 3, 6),
    "unet": (1, 2, 3),
    "unet without skips": (1, 2, 3),
}
GRID_POINTS = (10, 100, 1000, None)  # its numbers of training images
GRID_LEVELS = (0.1, 0.05, 0.02)  # its levels of the loss


def plan(profile: str) -> list[Cell]:
    """Returns the cells of a profile."""
    cells = []
    for data, shapes in SHAPES.items():
        seeds, changes = PROFILES[profile][data]
        for name, (depth, width, steps, lr) in shapes.items():
            shape = {"depth": depth, "width": width, "steps": steps, "lr": lr, "snapshots": LEVELS[data]} | changes
            cells += [_cell(data, FIRST_SEED + i, name, variant=name, **shape) for i in range(seeds)]
    return cells


def extended() -> list[Cell]:
    """Returns the cells of the search: depths by numbers of training images, on digits."""
    cells = []
    for name, depths in GRID.items():
        _, width, _, lr = SHAPES["digits"][name]
        shape = {"width": width, "steps": 600, "lr": lr, "snapshots": GRID_LEVELS, "runs": 20}
        for depth in depths:
            for points in GRID_POINTS:
                about = {"depth": depth, "points": points, "variant": f"{name}, {points or 'all'} images"}
                cells += [_cell("digits", seed, name, **shape, **about) for seed in SEARCHED]
    return cells


def _cell(data: str, seed: int, architecture: str, **shape) -> Cell:
    return Cell(STUDY, data, seeds=(seed,), architecture=architecture, every=None, batch=64, init="he", **shape)
