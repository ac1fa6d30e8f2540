"""Notebook 02: claim C7."""

import numpy as np

from kaleido.chapters.dimension import figures
from kaleido.chapters.dimension.cells import DIMENSIONS, SIZES
from kaleido.lab.endpoint import Endpoint, values
from kaleido.lab.evidence import Evidence

FLOOR = 1e-8  # of a corner's loss: float32's resolution


def corners(found: Evidence, dims, sizes, f: str = "mlp") -> np.ndarray:
    """The largest corner losses of networks, or of a trivial map, as log2, with shape (seeds, dims, sizes)."""
    about = {"claim": "C7", "quantity": "largest corner loss", "architecture": f}
    table = [[values(found, data=f"points-{d}-{n}", **about) for n in sizes] for d in dims]
    return np.log2(np.maximum(np.array(table), FLOOR)).transpose(2, 0, 1)


def by_points_of_each(found: Evidence, f: str = "mlp") -> np.ndarray:
    """Slopes per doubling of the number of points, with shape (seeds, dimensions)."""
    return np.array([np.polyfit(np.log2(SIZES), seed.T, 1)[0] for seed in corners(found, DIMENSIONS, SIZES, f)])


def by_points(found: Evidence, data: str, f: str = "mlp") -> np.ndarray:
    """C7a: slope per doubling of the number of points, mean over dimensions."""
    return by_points_of_each(found, f).mean(1)


def by_dimension(found: Evidence, data: str, f: str = "mlp") -> np.ndarray:
    """C7b: slope per doubling of the dimension, at 32 points."""
    losses = corners(found, DIMENSIONS, (32,), f)
    return np.array([np.polyfit(np.log2(DIMENSIONS), seed[:, 0], 1)[0] for seed in losses])


def trivial(slope):
    """C7's guards: a perfect memory, which answers with the nearest training point, and a constant, their mean."""
    return lambda found, data: {
        f: slope(found, data, f) for f in ("nearest point", "mean point") if len(found.rows(architecture=f))
    }


CLAIMS = {
    "C7a": Endpoint(
        "Over-generalization recedes as points are added", "slope of log2 corner loss per doubling of points",
        by_points, 0, "<", figures.published, data="points", small=("points",), guards=trivial(by_points),
    ),
    "C7b": Endpoint(
        "It recedes more slowly in higher dimension",
        "slope of log2 corner loss per doubling of dimension, at 32 points",
        by_dimension, 0, ">", figures.published, data="points", small=("points",), guards=trivial(by_dimension),
    ),
}  # fmt: skip
