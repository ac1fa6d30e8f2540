"""What is compared with: maps that have learned nothing, and samples that no network made."""

from collections.abc import Callable

import torch
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from torch import Tensor, nn

from kaleido.data.inputs import noise, probes
from kaleido.data.sets import Dataset
from kaleido.networks import build as networks
from kaleido.tools.checks import built, instance, whole
from kaleido.tools.roots import root
from kaleido.tools.seeds import generator

__all__ = ["MUST_NOT_PASS", "baselines", "controls"]

CENTROIDS = (10, 30, 100)
REPEATED = 100  # training points
COMPONENTS = 20  # of the Gaussian
MOST = 10_000  # training points whose medoid is found
MUST_NOT_PASS = (*(f"{k} centroids" for k in CENTROIDS), f"{REPEATED} points repeated", "mixup", "PCA Gaussian")


def baselines(data: Dataset, n: int, seed: int = 0) -> dict[str, Tensor]:
    r"""Draws samples that no network made.

    `training points`: drawn without replacement, the ceiling. `noise`: uniform, the floor. And what must not pass for a
    sampler of the data, whatever its scores: `10 centroids`, `30 centroids` and `100 centroids` of k-means, repeated;
    `100 points repeated` of X; `mixup`, w x + (1 - w) x' with w from U[0, 1]; `PCA Gaussian`, a normal distribution
    fitted to 20 principal components, clipped to the bounds.

    Arguments:
        data: The data set, whose training points are X.
        n: How many of each, at most as many as there are training points.
        seed: Draws them.

    Returns:
        Samples with shape (n, D), by name.

    Raises:
        ValueError: If there are fewer than n, or than 100, training points.
    """
    instance("data", data, Dataset)
    whole("n", n)
    if n > len(data.train) or len(data.train) < max(REPEATED, *CENTROIDS):
        raise ValueError(
            f"{n} samples of '{data.name}' were asked for, which has {len(data.train)} training points: "
            f"at least as many, and {max(REPEATED, *CENTROIDS)}, are needed"
        )
    random = generator(seed, "baselines")
    drawn = data.train[torch.randperm(len(data.train), generator=random)]
    found = {"training points": drawn[:n], "noise": noise(data, n, seed=seed)}
    for k in CENTROIDS:
        means = KMeans(k, n_init=1, random_state=seed).fit(data.train.numpy()).cluster_centers_
        found[f"{k} centroids"] = torch.from_numpy(means).float()[torch.arange(n) % k]
    found[f"{REPEATED} points repeated"] = drawn[torch.arange(n) % REPEATED]
    found["mixup"] = probes(data, "mixup", n, seed)
    components = PCA(min(COMPONENTS, *data.train.shape), svd_solver="full").fit(data.train.numpy())
    scores = torch.randn(n, components.n_components_, dtype=torch.float32, generator=random) * torch.from_numpy(
        components.explained_variance_**0.5
    )
    samples = torch.from_numpy(components.inverse_transform(scores.numpy())).float()
    return found | {"PCA Gaussian": samples.clamp(*data.bounds)}


def controls(data: Dataset, net: nn.Module) -> dict[str, Callable[[Tensor], Tensor]]:
    r"""Returns the maps that a network is compared with: what is near the data without having learned it.

    `untrained` and `untrained he`: the network's shape and seed before training, in both initialisations. `linear`:
    x -> W x + b fitted to X by ridge regression with penalty 1. `identity`. Constants: `mean` of X, `medoid` (the
    training point with the least sum of distances to the others; only of up to 10,000) and `black`, the lower bound.

    Arguments:
        data: The data set that the network learned.
        net: A network from `build`.

    Returns:
        Maps from (N, D) to (N, D), by name.
    """
    instance("data", data, Dataset)
    built("net", net)
    ridge = Ridge(alpha=1.0).fit(data.train.numpy(), data.train.numpy())
    weight, bias = torch.from_numpy(ridge.coef_).float(), torch.from_numpy(ridge.intercept_).float()
    maps = {
        "untrained": networks.rebuild(net.config | {"init": "torch"}),
        "untrained he": networks.rebuild(net.config | {"init": "he"}),
        "linear": lambda x: x @ weight.T + bias,
        "identity": lambda x: x,
        "mean": lambda x: data.train.mean(0).expand_as(x),
        "black": lambda x: torch.full_like(x, data.bounds[0]),
    }
    if len(data.train) > MOST:  # a distance for each pair of points would not fit into memory
        return maps
    squares = data.train.square().sum(1)
    apart = torch.addmm(squares, data.train, data.train.T, alpha=-2).add_(squares[:, None]).clamp_(min=0)
    medoid = data.train[root(apart).sum(1).argmin()]
    return maps | {"medoid": lambda x: medoid.expand_as(x), "black": maps.pop("black")}
