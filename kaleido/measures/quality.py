"""Sample quality: are samples where the data is, do they cover it, and are they new?"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import torch
from ot.sliced import sliced_wasserstein_distance
from torch import Tensor, nn
from torchmetrics.image.fid import FrechetInceptionDistance

from kaleido.data.sets import Dataset
from kaleido.measures.neighbours import apart, between, near, rows
from kaleido.tools.checks import a_map, floats, instance, same_space, whole

__all__ = ["Reference", "assess", "distances", "novelty", "prdc", "predicted", "reference"]

PROJECTIONS = 128  # directions of the sliced Wasserstein distance
LARGEST = 1e12  # of a feature
CLOSE, TIED = 1e-3, 1e-12  # of squared distances: those that are taken directly, and those that are equal then
COPIES = 0.01  # the quantile of held-out points below which a ratio of distances counts as a copy's


@dataclass(frozen=True, eq=False)
class Reference:
    """Real points that several sets of samples are compared with, and what is asked of them alone, once.

    Arguments:
        points: With shape (N, F), float64.
        k: Which neighbour's distance is the radius.
        origin: Their mean.
        first: Squared distances to the nearest other point, with shape (N,).
        radius: Squared distances to the k-th nearest, likewise.
    """

    points: Tensor
    k: int
    origin: Tensor
    first: Tensor
    radius: Tensor

    @cached_property
    def kernel(self) -> float:
        """The mean of the kernel of `distances` over pairs of different points."""
        return _kernel(self.points)


def reference(real: Tensor, k: int = 5) -> Reference:
    """Returns real points for `prdc`, `distances` and `assess`, with squared distances to each one's nearest and k-th
    nearest other.

    Arguments:
        real: Points X, with shape (N, F).
        k: Which neighbour's distance is the radius.

    Raises:
        ValueError: If there are not more than k points, or a value is not finite.
    """
    _check(real, real)
    whole("k", k)
    if len(real) <= k:
        raise ValueError(f"{len(real)} real points are too few for k = {k}: {k + 1} and more are needed")
    origin = real.detach().double().mean(0)
    points = real.detach().to(torch.float64, copy=True)
    return Reference(points, k, origin, *_neighbours(points, origin, k))


def prdc(real: Tensor | Reference, fake: Tensor, k: int = 5) -> dict[str, float]:
    r"""Returns precision, recall, density and coverage of fake points against real ones, and a two-sample test.

    With r(x) the distance from a real point x to its k-th nearest other real point, s(y) likewise among fake ones,

    .. math::
        \mathrm{precision} &= \tfrac{1}{|Y|} \sum_y 1[\exists x: |x - y| < r(x)] \qquad
        \mathrm{recall} = \tfrac{1}{|X|} \sum_x 1[\exists y: |x - y| < s(y)] \\
        \mathrm{density} &= \tfrac{1}{k |Y|} \sum_y \sum_x 1[|x - y| < r(x)] \qquad
        \mathrm{coverage} = \tfrac{1}{|X|} \sum_x 1[\min_y |x - y| < r(x)]

    and `pc`, the harmonic mean of precision and coverage. `two-sample`: the accuracy of the nearest neighbour, leave
    one out, at telling real from fake, averaged over the two (ties count half): 0.5 if it cannot, 1 if it always can.
    Sources: Kynkaanniemi et al., arXiv 1904.06991; Naeem et al., arXiv 2002.09797; Lopez-Paz and Oquab,
    arXiv 1610.06545, with the classifier of Xu et al., arXiv 1806.07755.

    Arguments:
        real: Points X, with shape (N, F), or their `reference`, which has k.
        fake: Points Y, with shape (M, F).
        k: Which neighbour's distance is the radius.

    Returns:
        The six numbers, by name. Density may exceed 1.

    Raises:
        ValueError: If F differs, there are not more than k points on a side, or a value is not finite.
    """
    if isinstance(real, Reference):
        floats("fake", fake)
        _check(real.points, fake.double())
    else:
        _check(real, fake)
        real = reference(real, k)
    known, real, fake, k = real, real.points, fake.double(), real.k
    if len(fake) <= k:
        raise ValueError(f"{len(fake)} fake points are too few for k = {k}: {k + 1} and more are needed")
    fake_first, fake_radius = _neighbours(fake, known.origin, k)
    nearest_real, precise, dense = [], [], 0
    nearest_fake = torch.full_like(real[:, 0], torch.inf)
    recalled = torch.zeros_like(nearest_fake, dtype=torch.bool)
    for squares, its_radius in zip(between(fake, real, known.origin), fake_radius.split(rows(real)), strict=True):
        inside = (squares < known.radius).count_nonzero(1)
        dense += int(inside.sum())
        precise.append(inside > 0)
        recalled |= (squares < its_radius[:, None]).any(0)
        nearest_fake = torch.minimum(nearest_fake, squares.amin(0))
        nearest_real.append(squares.amin(1))
    told = [_told(known.first, nearest_fake, real, fake), _told(fake_first, torch.cat(nearest_real), fake, real)]
    precision, coverage = _share(torch.cat(precise)), _share(nearest_fake < known.radius)
    both = precision + coverage
    return {
        "precision": precision,
        "recall": _share(recalled),
        "density": dense / (k * len(fake)),
        "coverage": coverage,
        "pc": 2 * precision * coverage / both if both else 0.0,
        "two-sample": sum(told) / 2,
    }


def distances(real: Tensor | Reference, fake: Tensor, seed: int = 0) -> dict[str, float]:
    r"""Returns three distances between the distributions that two sets of points come from.

    `frechet`: |m - n|^2 + tr(A + B - 2 (A B)^{1/2}), with means m, n and covariances A, B (Heusel et al.,
    arXiv 1706.08500), by torchmetrics. `kernel`: the unbiased squared maximum mean discrepancy with the kernel
    (x y / F + 1)^3 (Binkowski et al., arXiv 1801.01401), over all pairs of points; it may lie below 0.
    `sliced`: the Wasserstein-2 distance of one-dimensional projections, root mean square over 128 random directions
    (Rabin et al. 2011), by POT. `frechet` is in the square of the features' unit, `sliced` in
    that unit, `kernel` without unit.

    Arguments:
        real: Points, with shape (N, F), or their `reference`.
        fake: Points, with shape (M, F).
        seed: Draws the directions.

    Raises:
        ValueError: If F differs, there are fewer than 2 points on a side, or a value is not finite.
    """
    known = real if isinstance(real, Reference) else None
    if known:
        floats("fake", fake)
        real, fake = known.points, fake.double()
    _check(real, fake)
    if min(len(real), len(fake)) < 2:
        raise ValueError(f"{len(real)} real and {len(fake)} fake points are too few: 2 and more are needed")
    real, fake = real.double().cpu(), fake.double().cpu()
    identity = nn.Identity()
    identity.num_features = real.shape[1]
    frechet = FrechetInceptionDistance(identity).set_dtype(torch.double)
    frechet.update(real, real=True)
    frechet.update(fake, real=False)
    whole("seed", seed, 0, 2**32 - 1)
    random = np.random.RandomState(seed)
    return {
        "frechet": float(frechet.compute()),
        "kernel": (known.kernel if known else _kernel(real)) + _kernel(fake) - 2 * _kernel(real, fake),
        "sliced": float(
            sliced_wasserstein_distance(real.numpy(), fake.numpy(), n_projections=PROJECTIONS, seed=random)
        ),
    }


def predicted(logits: Tensor) -> dict[str, float]:
    r"""Returns how sure a classifier is of samples, and how many classes they fill.

    `confidence`: the mean over samples of the largest predicted probability. `class entropy`: -sum_c p_c ln p_c in
    nats, with p_c the share of samples in class c; ln 10 = 2.303 if ten classes are filled evenly, 0 if one is.

    Arguments:
        logits: One row per sample, with shape (N, classes).
    """
    floats("logits", logits)
    shares = torch.bincount(logits.argmax(1), minlength=logits.shape[1]).double() / len(logits)
    entropy = -torch.xlogy(shares, shares).sum()
    return {"confidence": float(logits.double().softmax(1).amax(1).mean()), "class entropy": float(entropy) + 0.0}


def novelty(samples: Tensor, data: Dataset) -> dict[str, float]:
    r"""Returns how near samples are to training points, and which share of them are copies, beside held-out points.

    `novelty`: median d(s) over median d(t), with d the distance to the nearest training point; below 1: nearer to the
    training points than unseen data is. `copy share`: the share of samples with d_1 / d_2 below the first percentile
    of that ratio over T, with d_1 and d_2 the distances to the two nearest distinct training points; 0.01 for T itself,
    if T has 100 points or more. Points of T that are training points, too, are left out of both.

    Arguments:
        samples: s, with shape (N, D).
        data: The data set, with training points X and held-out points T.

    Raises:
        ValueError: If D differs, nothing is held out, or there are fewer than 2 distinct training points.
    """
    instance("data", data, Dataset)
    same_space("samples", samples, "training points", data.train)
    distinct, held_out, ratio = _held_out(data, data.checksums)
    first, second = near(samples, distinct, 2)[0].unbind(1)
    return {"novelty": float(first.median() / held_out), "copy share": _share(first / second < ratio)}


def assess(
    samples: Tensor,
    data: Dataset,
    features: Callable[[Tensor], Tensor] | None = None,
    k: int = 5,
    real: Reference | None = None,
) -> dict[str, float]:
    r"""Returns the quality and the novelty of samples against the held-out points T of a data set.

    In the features, with as many samples as there are held-out points (the first ones): `prdc` and `distances`, and
    `predicted` if the features have `classes`, as those of `kaleido.measures.features` do. In pixels: `novelty`.

    Arguments:
        samples: s, with shape (N, D), N at least as many as there are held-out points.
        data: The data set, with held-out points.
        features: A map from (N, D) to (N, F); the features are the pixels by default.
        k: Which neighbour's distance is the radius.
        real: The held-out points' features as a `reference`, which has k, where several samples are assessed.

    Returns:
        The numbers by name.

    Raises:
        ValueError: If there are fewer samples than held-out points, shapes differ, or a value is not finite.
    """
    instance("data", data, Dataset)
    floats("samples", samples)
    if features is not None:
        a_map("features", features, samples)
    if real is not None:
        instance("real", real, Reference)
    n = len(data.test)
    if not n or samples.shape[1] != data.dim or len(samples) < n:
        raise ValueError(
            f"samples have shape {tuple(samples.shape)}, expected at least {max(n, 1)} held-out points' (N, {data.dim})"
        )
    samples = samples[:n]
    with torch.no_grad():
        fake = features(samples.clone()).clone() if features else samples
        if real is None:
            real = reference(features(data.test.clone()).clone() if features else data.test, k)
        scores = prdc(real, fake) | distances(real, fake)
        if hasattr(features, "classes"):
            scores |= predicted(features.classes(fake))
    return scores | novelty(samples, data)


@lru_cache(maxsize=4)
def _held_out(data: Dataset, content: object) -> tuple[Tensor, float, float]:
    """The distinct training points; of T, the median distance to them and the ratio below which copies lie."""
    distinct = data.train.unique(dim=0)
    if len(distinct) < 2 or not len(data.test):
        raise ValueError(
            f"'{data.name}' has {len(distinct)} distinct training and {len(data.test)} held-out points: "
            "2 and 1 at least are needed"
        )
    first, second = near(data.test, distinct, 2)[0].unbind(1)
    unseen = first > 0  # a held-out point that is a training point too says nothing of how far unseen ones lie
    if not unseen.any():
        raise ValueError(f"every held-out point of '{data.name}' is a training point, too")
    first, second = first[unseen], second[unseen]
    return distinct, float(first.median()), float((first / second).quantile(COPIES))


def _neighbours(points: Tensor, origin: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Squared distances of each point to its nearest and its k-th nearest other point."""
    blocks = between(points, points, origin, themselves=True)
    nearest = torch.cat([squares.topk(k, dim=1, largest=False).indices[:, [0, k - 1]] for squares in blocks])
    first, radius = apart(points, points, nearest)[0].square().unbind(1)
    return first, radius


def _kernel(points: Tensor, others: Tensor | None = None) -> float:
    """The mean of (x y / F + 1)^3 over pairs; of one set, over pairs of different points."""
    against = points if others is None else others
    parts = points.split(rows(against))
    total = sum(float((part @ against.T).div_(points.shape[1]).add_(1).pow_(3).sum()) for part in parts)
    if others is not None:
        return total / (len(points) * len(others))
    itself = float((points.square().sum(1) / points.shape[1] + 1).pow(3).sum())
    return (total - itself) / (len(points) * (len(points) - 1))


def _told(own: Tensor, other: Tensor, points: Tensor, others: Tensor) -> float:
    """The share of points that are nearer to their own kind, by squared distances; ties count half."""
    close = torch.isclose(own, other, rtol=CLOSE, atol=0)
    if close.any():
        other = other.masked_scatter(close, near(points[close], others)[0][:, 0].square())
    tied = torch.isclose(own, other, rtol=TIED, atol=0)
    return _share((own < other) & ~tied) + _share(tied) / 2


def _share(chosen: Tensor) -> float:
    return float(chosen.double().mean())


def _check(real: Tensor, fake: Tensor) -> None:
    same_space("real", real, "fake", fake)
    if max(real.abs().max(), fake.abs().max()) > LARGEST:
        raise ValueError(f"real or fake have values above {LARGEST:.0e}: the sixth powers of the kernel leave float64")
