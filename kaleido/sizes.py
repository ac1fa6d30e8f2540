"""How large each profile makes what a notebook computes: all sizes of the project are here."""

import dataclasses
from dataclasses import dataclass

__all__ = [
    "ATTRACTED",
    "BOUNDED_DEPTHS",
    "DEEP",
    "DEPTHS",
    "DIMENSIONS",
    "FIRST_SEED",
    "FITTED",
    "GRID",
    "GRID_LEVELS",
    "GRID_POINTS",
    "GRID_SEEDS",
    "IMAGES",
    "LABELLED",
    "LEVEL",
    "LEVELS",
    "OF_PART",
    "OTHER_SEEDS",
    "OWN",
    "PAGE_DEPTHS",
    "PAGE_LEVEL",
    "PAGE_MATCHED",
    "PICTURED",
    "PROFILES",
    "SHAPES",
    "SHAPE_LEVELS",
    "SIZES",
    "TOYS",
    "TOY_DEPTHS",
    "WAYS",
    "Size",
]

IMAGES = ("digits", "mnist5k")  # data sets that the claims are tested on
DEEP = 10  # depth of what the claims call a deep network
FIRST_SEED = 100  # seeds below were spent on pilots


@dataclass(frozen=True)
class Size:
    """How large a profile makes the networks of one data set."""

    width: int
    steps: int
    seeds: int  # how many, from 100 up
    depth: int = DEEP
    batch: int | None = 256
    lr: float = 1e-3
    probes: int = 1000  # probes, or chains
    runs: int = 200  # sampling runs
    judge: int = 1000  # steps that the classifier learns whose features samples are judged in


TOYS = {
    "points1d": Size(width=10, depth=6, steps=2000, seeds=20, batch=None, runs=30),  # as published
    "points1d-tanh": Size(width=10, depth=9, steps=2000, seeds=20, batch=None, runs=30),  # as published
    "points2d": Size(width=50, depth=6, steps=2000, seeds=20, batch=None, runs=30),  # as published
}
DIMENSIONS = (1, 2, 4, 8, 16)  # of the paper's dimension experiment
SIZES = (1, 2, 4, 8, 32, 64, 128, 256, 512, 1024, 2048)  # its numbers of points
TOY_DEPTHS = (1, 2, 3, 4, 6, 8, 10, 14)
BOUNDED_DEPTHS = (2, 4, 6, 10)
DEPTHS = {"digits": (1, 2, 3, 4, 6, 8, 10, 14), "mnist5k": (1, 2, 4, 6, 10)}  # of claims C2 and C4
LEVELS = {"digits": (0.15, 0.12, 0.1, 0.08, 0.05, 0.03), "mnist5k": (0.25, 0.2, 0.15, 0.12)}  # of the loss
OTHER_SEEDS = tuple(range(110, 115))  # of the extended profile
LEVEL = {"smoke": 0.6, "laptop": 0.08, "paper": 0.08}  # of the loss on digits in [-1, 1], for claim C6
_POINTS = Size(width=50, depth=6, steps=2000, seeds=5, batch=128)  # as published, but for steps, seeds and batches
_PUBLISHED = Size(width=500, steps=10_000, seeds=10, batch=1000, lr=1e-4)  # the MNIST network of the paper
_DEPTH = {  # claims C2 and C4: many networks, so smaller ones, for fewer steps
    "depth digits": Size(width=128, steps=1000, seeds=3, runs=100),
    "depth mnist5k": Size(width=128, steps=800, seeds=3, runs=100),
}
_LONGER = {name: dataclasses.replace(size, steps=size.steps * 3 // 2) for name, size in _DEPTH.items()}
# claim C5's networks, about as large as one another: depth, width, steps, learning rate
SHAPES = {
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
        "autoencoder": (8, 24, 150, 5e-4),
        "transformer": (3, 48, 150, 1e-3),
        "unet": (3, 6, 80, 1e-3),
        "unet without skips": (3, 6, 150, 1e-3),
    },
}
SHAPE_LEVELS = {"digits": (0.1,), "mnist5k": (0.2,)}  # of the loss, at which they are compared
PAGE_DEPTHS = (1, 2, 4, 6, 10)  # of the page on which readers turn the kaleidoscope
PAGE_MATCHED, PAGE_LEVEL = (2,), 0.08  # one of them also where its loss is that of the deepest
GRID = {  # depths of the search on digits, by architecture
    "mlp": (2, 6, 10),
    "cnn": (2, 6, 10),
    "autoencoder": (4, 6, 10),
    "transformer": (1, 3, 6),
    "unet": (1, 2, 3),
    "unet without skips": (1, 2, 3),
}
GRID_POINTS = (10, 100, 1000, None)  # its numbers of training images
GRID_LEVELS = (0.1, 0.05, 0.02)  # its levels of the loss
GRID_SEEDS = OTHER_SEEDS[:3]
ATTRACTED = (2, 6, 10)  # depths at which claims B1 to B3 look
FITTED = {"digits": 1150, "mnist5k": 3200}  # training points that B4's and B5's searches learn from: four fifths
OF_PART = ", of four fifths"  # what their networks' names end with
WAYS = {  # ways to learn, of claim B5; `noise` is on the inputs, `spectral` bounds the weights, `steps` is a share
    "plain": {},
    "He": {"init": "he"},
    "noise 0.25": {"noise": 0.25},
    "noise 0.5": {"noise": 0.5},
    "noise 1": {"noise": 1.0},
    "He, noise 0.5": {"init": "he", "noise": 0.5},
    "He, noise 1": {"init": "he", "noise": 1.0},
    "spectral norm 2": {"spectral": 2.0},
    "spectral norm 3": {"spectral": 3.0},
    "a quarter of the steps": {"steps": 0.25},
}
LABELLED = ("fashion5k",)  # data sets of claim C9 with scores
OWN = "digits"  # stands for the reader's own images
PICTURED = ("faces", "patches", "cifar10-dogs", "celeba")  # those with pictures alone
PROFILES = {
    "smoke": {
        **{name: dataclasses.replace(size, steps=100, seeds=3, probes=200) for name, size in TOYS.items()},
        "points": dataclasses.replace(_POINTS, steps=20, seeds=3),
        "digits": Size(width=32, steps=60, seeds=2, probes=400, runs=20, judge=60),
        "mnist5k": Size(width=32, steps=40, seeds=2, probes=1000, runs=20, judge=30),
        "depth digits": Size(width=16, steps=30, seeds=2, probes=400, runs=50, judge=60),
        "depth mnist5k": Size(width=16, steps=20, seeds=2, probes=1000, runs=50, judge=30),
        "shapes digits": Size(width=8, steps=10, seeds=2, probes=400, runs=20, judge=60),
        "shapes mnist5k": Size(width=4, steps=4, seeds=2, probes=1000, runs=20, judge=30),
        "fashion5k": Size(width=32, steps=40, seeds=2, probes=1000, runs=20, judge=30),
        "pictured": Size(width=16, steps=20, seeds=1, probes=200, runs=20),
        "own": Size(width=16, steps=20, seeds=2, probes=400, runs=20, judge=30),
    },
    "laptop": {
        **TOYS,
        "points": _POINTS,
        "digits": Size(width=128, steps=2000, seeds=3),
        "mnist5k": Size(width=256, steps=1500, seeds=3),
        **_DEPTH,
        "shapes digits": Size(width=0, steps=0, seeds=3, runs=20),
        "shapes mnist5k": Size(width=0, steps=0, seeds=3, runs=20),
        "fashion5k": Size(width=256, steps=1500, seeds=3),
        "pictured": Size(width=256, steps=600, seeds=1),
        "own": Size(width=256, steps=1500, seeds=3),
    },
    "extended": {
        "mnist5k": dataclasses.replace(_PUBLISHED, seeds=3),
        **_LONGER,
    },
    "paper": {
        **TOYS,
        "points": dataclasses.replace(_POINTS, steps=10_000),
        "digits": _PUBLISHED,
        "mnist5k": _PUBLISHED,
        "depth digits": _PUBLISHED,
        "depth mnist5k": _PUBLISHED,
        "shapes digits": Size(width=0, steps=0, seeds=10),
        "shapes mnist5k": Size(width=0, steps=0, seeds=10),
        "fashion5k": _PUBLISHED,
        "pictured": dataclasses.replace(_PUBLISHED, width=2000, seeds=1),
        "own": _PUBLISHED,
    },
}
