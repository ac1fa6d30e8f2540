"""Inputs that a network has not learned: the noise that chains start from, and the probes that it is tried with."""

import torch
from torch import Tensor

from kaleido.data.sets import Dataset
from kaleido.tools.checks import instance, one_of, whole
from kaleido.tools.seeds import generator

__all__ = ["noise", "probes"]


def noise(data: Dataset, chains: int, kind: str = "uniform", seed: int = 0) -> Tensor:
    r"""Draws the starts of chains.

    `uniform`: each feature from U[low, high]. `gaussian`: from N(m, s^2) clipped to the bounds, with the middle
    m = (low + high) / 2 and s = (high - low) / 2, as arXiv 2402.11793 does for [0, 1]. `binary`: low or high, evenly;
    the noise that is farthest from the middle.

    Arguments:
        data: Gives D and the bounds.
        chains: How many.
        kind: `uniform`, `gaussian` or `binary`.
        seed: Draws the noise.

    Returns:
        Starts with shape (chains, D), float32.

    Raises:
        ValueError: If the kind is unknown or `chains` is below 1.
    """
    instance("data", data, Dataset)
    whole("chains", chains)
    one_of("noise", kind, ("uniform", "gaussian", "binary"))
    low, high = data.bounds
    random = generator(seed, f"noise {kind}")
    if kind == "uniform":
        return low + (high - low) * torch.rand(chains, data.dim, dtype=torch.float32, generator=random)
    if kind == "gaussian":
        normal = torch.randn(chains, data.dim, dtype=torch.float32, generator=random)
        return ((low + high) / 2 + (high - low) / 2 * normal).clamp(low, high)
    return low + (high - low) * torch.randint(2, (chains, data.dim), generator=random).float()


def probes(data: Dataset, kind: str, n: int = 1000, seed: int = 0, foreign: Dataset | None = None) -> Tensor:
    """Draws unseen inputs to try a map with.

    `noise`: uniform in the bounds. `gaussian`: clipped normal (see `noise`). `heldout`: the held-out points.
    `mixup`: w x + (1 - w) x' for random training points x, x' and w from U[0, 1]. `foreign`: training points
    of another data set of as many features, brought to the bounds of this one.

    Arguments:
        data: The data set that the map learned.
        kind: One of the five.
        n: How many; fewer come where fewer held-out or foreign points exist.
        seed: Draws them.
        foreign: The other data set, for `foreign` alone.

    Returns:
        Probes with shape (n, D), inside the bounds.

    Raises:
        ValueError: If the kind is unknown, `n` is below 1, nothing is held out, or the foreign set does not fit.
    """
    instance("data", data, Dataset)
    one_of("probes", kind, ("noise", "gaussian", "heldout", "mixup", "foreign"))
    whole("n", n)
    if kind in ("noise", "gaussian"):
        return noise(data, n, {"noise": "uniform"}.get(kind, kind), seed)
    random = generator(seed, f"probes {kind}")
    if kind == "heldout":
        if not len(data.test):
            raise ValueError(f"data set '{data.name}' has no held-out points")
        return data.test[:n]
    if kind == "mixup":
        first, second = data.train[torch.randint(len(data.train), (2, n), generator=random)]
        return torch.lerp(first, second, torch.rand(n, 1, dtype=torch.float32, generator=random))
    if not isinstance(foreign, Dataset) or foreign.dim != data.dim:
        raise ValueError(f"`foreign` must be a data set of {data.dim} features, as '{data.name}' has")
    chosen = foreign.train[torch.randperm(len(foreign.train), generator=random)[:n]]
    (low, high), (a, b) = data.bounds, foreign.bounds
    return (low + (high - low) * ((chosen - a) / (b - a))).clamp(low, high)
