"""Sample quality: are samples where the data is, do they cover it, and are they new?"""

from collections.abc import Callable

import torch
from torch import Tensor

from kaleido.data import Dataset
from kaleido.measures import nearest

__all__ = ["assess", "prdc"]


def prdc(real: Tensor, fake: Tensor, k: int = 5) -> dict[str, float]:
    r"""Returns precision, recall, density and coverage of fake points against real ones.

    With r(x) the distance from a real point x to its k-th nearest other real point, s(y) likewise among fake ones,

    .. math::
        \mathrm{precision} &= \tfrac{1}{|Y|} \sum_y 1[\exists x: |x - y| < r(x)] \qquad
        \mathrm{recall} = \tfrac{1}{|X|} \sum_x 1[\exists y: |x - y| < s(y)] \\
        \mathrm{density} &= \tfrac{1}{k |Y|} \sum_y \sum_x 1[|x - y| < r(x)] \qquad
        \mathrm{coverage} = \tfrac{1}{|X|} \sum_x 1[\min_y |x - y| < r(x)]

    and `pc`, the harmonic mean of precision and coverage. Sources: Kynkaanniemi et al., arXiv 1904.06991; Naeem et al.,
    arXiv 2002.09797.

    Arguments:
        real: Points X, with shape (N, F).
        fake: Points Y, with shape (M, F).
        k: Which neighbour's distance is the radius.

    Returns:
        The five numbers, by name. Density may exceed 1.

    Raises:
        ValueError: If F differs, there are not more than k points on a side, or a value is not finite.
    """
    if real.ndim != 2 or fake.ndim != 2 or real.shape[1] != fake.shape[1]:
        raise ValueError(f"shapes {tuple(real.shape)} and {tuple(fake.shape)} do not fit, expected (N, F) and (M, F)")
    if k < 1 or min(len(real), len(fake)) <= k:
        raise ValueError(
            f"{len(real)} real and {len(fake)} fake points are too few for k = {k}: more than k are needed"
        )
    if not (real.isfinite().all() and fake.isfinite().all()):
        raise ValueError("points have NaN or infinite values")
    real, fake = real.double(), fake.double()
    real_radius, fake_radius = (torch.cdist(p, p).kthvalue(k + 1, dim=1).values for p in (real, fake))
    between = torch.cdist(real, fake)
    inside = between < real_radius[:, None]
    scores = {
        "precision": float(inside.any(0).double().mean()),
        "recall": float((between < fake_radius).any(1).double().mean()),
        "density": float(inside.sum(0).double().mean() / k),
        "coverage": float((between.min(1).values < real_radius).double().mean()),
    }
    both = scores["precision"] + scores["coverage"]
    return scores | {"pc": 2 * scores["precision"] * scores["coverage"] / both if both else 0.0}


def assess(
    samples: Tensor, data: Dataset, features: Callable[[Tensor], Tensor] | None = None, k: int = 5
) -> dict[str, float]:
    r"""Returns the quality and the novelty of samples against the held-out points T of a data set.

    `prdc` in the features, with as many samples as there are held-out points (the first ones); and in pixels
    `novelty`, median d(s) over median d(T), with d the distance to the nearest training point. Below 1: nearer to
    the training points than unseen data is.

    Arguments:
        samples: s, with shape (N, D), N at least |T|.
        data: The data set, with held-out points.
        features: A map from (N, D) to (N, F); the features are the pixels by default.
        k: Which neighbour's distance is the radius.

    Returns:
        The numbers by name.

    Raises:
        ValueError: If there are fewer samples than held-out points, shapes differ, or a value is not finite.
    """
    n = len(data.test)
    if not n or samples.ndim != 2 or samples.shape[1] != data.dim or len(samples) < n:
        raise ValueError(
            f"samples have shape {tuple(samples.shape)}, expected at least {max(n, 1)} held-out points' (N, {data.dim})"
        )
    samples = samples[:n]
    look = features or (lambda x: x)
    with torch.no_grad():
        scores = prdc(look(data.test), look(samples), k)
    held_out = nearest(data.test, data.train)[0].median()
    return scores | {"novelty": float(nearest(samples, data.train)[0].median() / held_out)}
