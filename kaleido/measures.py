"""Over-generalization, measured: where a map brings inputs that it never saw."""

from collections.abc import Callable
from functools import lru_cache

import torch
from sklearn.linear_model import Ridge
from torch import Tensor, nn
from torch.func import jacrev, jvp, vmap

from kaleido import networks
from kaleido.data import Dataset, generator

__all__ = ["contraction", "controls", "corner_loss", "covered", "gain", "landing", "nearest", "output_range", "spread"]

CHUNK = 2**24  # entries of one block of distances: 64 MiB


def nearest(points: Tensor, references: Tensor) -> tuple[Tensor, Tensor]:
    r"""Returns the distance of each point to its nearest reference, and which one that is.

    .. math:: d(a) = \min_{x \in X} \lVert a - x \rVert

    The nearest is found block by block from |a|^2 - 2 a x + |x|^2 in float32, its distance then taken directly.

    Arguments:
        points: a, with shape (N, D).
        references: X, with shape (M, D).

    Returns:
        Distances and indices, each with shape (N,).

    Raises:
        ValueError: If there are no points, D differs, or a value is not finite.
    """
    _check(points, references)
    # distances are differences: a common origin near the points costs nothing and keeps digits
    origin = references.mean(0)
    shifted = references - origin
    squares = shifted.square().sum(1)
    rows = max(1, CHUNK // len(references))
    index = torch.cat([
        torch.addmm(squares, part - origin, shifted.T, alpha=-2).argmin(1) for part in points.split(rows)
    ])  # fmt: skip
    distance = torch.cat([
        torch.linalg.vector_norm(part - references[i], dim=1)
        for part, i in zip(points.split(4096), index.split(4096), strict=True)
    ])  # fmt: skip
    return distance, index


def contraction(f: Callable[[Tensor], Tensor], probes: Tensor, data: Dataset) -> float:
    r"""Returns how much nearer to the training points the map brings unseen inputs.

    .. math:: \rho = \frac{\mathrm{median}_z \, d(f(z))}{\mathrm{median}_z \, d(z)}

    with d from `nearest`. 0: every probe lands on a training point; 1: no nearer than it was.

    Arguments:
        f: A map from (N, D) to (N, D).
        probes: Unseen inputs z, with shape (N, D).
        data: The data set, whose training points are X.

    Returns:
        rho, a float without unit.

    Raises:
        ValueError: If shapes differ, a value is not finite, or the probes lie on the training points.
    """
    return _rho(nearest(_mapped(f, probes), data.train)[0], nearest(probes, data.train)[0])


def covered(f: Callable[[Tensor], Tensor], probes: Tensor, data: Dataset) -> float:
    r"""Returns the share of unseen inputs that land as near to the training points as held-out points lie.

    .. math:: \kappa = \frac{1}{N} \left|\{z : d(f(z)) \le \mathrm{median}_{t \in T} \, d(t)\}\right|

    Arguments:
        f: A map from (N, D) to (N, D).
        probes: Unseen inputs z, with shape (N, D).
        data: The data set, with training points X and held-out points T.

    Returns:
        kappa, a share. Half of the held-out points themselves are covered.

    Raises:
        ValueError: If shapes differ, a value is not finite, or nothing is held out.
    """
    return _kappa(nearest(_mapped(f, probes), data.train)[0], data)


def spread(f: Callable[[Tensor], Tensor], probes: Tensor, data: Dataset) -> float:
    r"""Returns over how many training points the outputs spread, beside held-out points.

    .. math:: \frac{|\{\mathrm{argmin}_x \lVert f(z) - x \rVert : z \in Z\}|}
                   {|\{\mathrm{argmin}_x \lVert t - x \rVert : t \in T\}|}

    Z and T are both cut to the smaller of the two. Near 0: the map is a constant, however near to the data; 1: the
    outputs have as many distinct nearest training points as held-out points have.

    Arguments:
        f: A map from (N, D) to (N, D).
        probes: Unseen inputs z, with shape (N, D).
        data: The data set, with training points X and held-out points T.

    Returns:
        The ratio, without unit.

    Raises:
        ValueError: If shapes differ, a value is not finite, or nothing is held out.
    """
    return _spread(nearest(_mapped(f, probes), data.train)[1], data)


def landing(
    f: Callable[[Tensor], Tensor], probes: Tensor, data: Dataset, before: Tensor | None = None
) -> dict[str, float]:
    """Returns `rho` (`contraction`), and of data with held-out points `kappa` (`covered`) and `spread`, all at once.

    Arguments:
        f: A map from (N, D) to (N, D).
        probes: Unseen inputs z, with shape (N, D).
        data: The data set, with training points X and, where there are some, held-out points T.
        before: d(z), with shape (N,), where `nearest(probes, data.train)` has been asked before.

    Raises:
        ValueError: If shapes differ, a value is not finite, or the probes lie on the training points.
    """
    after, index = nearest(_mapped(f, probes), data.train)
    found = {"rho": _rho(after, nearest(probes, data.train)[0] if before is None else before)}
    return found | ({"kappa": _kappa(after, data), "spread": _spread(index, data)} if len(data.test) else {})


def gain(
    f: Callable[[Tensor], Tensor], probes: Tensor, draws: int | None = None, seed: int = 0
) -> tuple[Tensor, Tensor]:
    r"""Returns how much the map stretches around each input, root-mean-square over directions.

    .. math:: g(z) = \frac{\lVert J_f(z) \rVert_F}{\sqrt{D}}

    with J the Jacobian. Below 1: f contracts around z. A linear map W has the gain |W|_F / sqrt(D) everywhere.

    Without `draws` the Jacobian is computed whole, D x D for every probe. With them its norm is estimated from
    products with random signs v, since E |J v|^2 = |J|_F^2 (Hutchinson, 1989, Communications in Statistics 18,
    1059-1076); the estimate of g^2 is unbiased.

    Arguments:
        f: A map from (N, D) to (N, D) that treats each row by itself.
        probes: Inputs z, with shape (N, D).
        draws: Number of random directions, at least 2; `None` is exact.
        seed: Draws the directions.

    Returns:
        g and its standard error (0 where exact), each with shape (N,), without unit.

    Raises:
        ValueError: If shapes differ, a value is not finite, or there are fewer than 2 draws.
    """
    _check(probes, _mapped(f, probes[:1]))
    dim = probes.shape[1]
    if draws is None:
        one = jacrev(lambda z: f(z[None])[0])
        norms = [vmap(one)(part).square().sum((1, 2)) for part in probes.split(max(1, CHUNK // dim**2))]
        squares = torch.cat(norms).detach() / dim
        return squares.sqrt(), torch.zeros(len(probes))
    if isinstance(draws, bool) or not isinstance(draws, int) or draws < 2:
        raise ValueError(f"draws is {draws!r}, expected a whole number of at least 2, or None for the exact gain")
    random = generator(seed, "directions")
    found = []
    for _ in range(draws):
        signs = torch.randint(2, probes.shape, generator=random).mul_(2).sub_(1).to(probes.dtype)
        found.append(jvp(f, (probes,), (signs,))[1].detach().square().sum(1) / dim)
    squares = torch.stack(found)
    g = squares.mean(0).sqrt()
    error = squares.std(0) / draws**0.5
    return g, torch.where(g > 0, error / (2 * g.clamp(min=1e-30)), torch.zeros_like(g))


def output_range(f: Callable[[Tensor], Tensor], probes: Tensor) -> tuple[float, float]:
    """Returns the least and the largest value of any feature of the outputs.

    Arguments:
        f: A map from (N, D) to (N, D).
        probes: Inputs, with shape (N, D).

    Raises:
        ValueError: If shapes differ, or a value is not finite.
    """
    outputs = _mapped(f, probes)
    _check(probes, outputs)
    return float(outputs.min()), float(outputs.max())


def corner_loss(
    f: Callable[[Tensor], Tensor], dim: int, bounds: tuple[float, float] = (0.0, 1.0)
) -> tuple[float, float]:
    r"""Returns the largest and the mean squared error of the map, as an identity, at the corners of a cube.

    .. math:: \max_c, \mathrm{mean}_c \quad \frac{1}{D} \lVert f(c) - c \rVert^2, \qquad c \in \{low, high\}^D

    Source: the dimension experiment of arXiv 2402.11793, which shows the largest one.

    Arguments:
        f: A map from (N, D) to (N, D).
        dim: D, at most 20, since there are 2^D corners.
        bounds: (low, high) of every feature.

    Raises:
        ValueError: If `dim` is out of range, the map changes the shape, or a value is not finite.
    """
    if isinstance(dim, bool) or not isinstance(dim, int) or not 1 <= dim <= 20:
        raise ValueError(f"dim is {dim!r}, expected a whole number from 1 to 20")
    low, high = bounds
    bits = torch.arange(2**dim)[:, None] >> torch.arange(dim) & 1
    corners = low + (high - low) * bits.float()
    outputs = _mapped(f, corners)
    _check(corners, outputs)
    errors = (outputs - corners).square().mean(1)
    return float(errors.max()), float(errors.mean())


def controls(data: Dataset, net: nn.Module) -> dict[str, Callable[[Tensor], Tensor]]:
    r"""Returns the maps that a network is compared with: what is near the data without having learned it.

    `untrained` and `untrained he`: the network's shape and seed before training, in both initialisations. `linear`:
    x -> W x + b fitted to X by ridge regression with penalty 1. `identity`. Constants: `mean` of X, `medoid` (the
    training point with the least sum of distances to the others) and `black`, the lower bound.

    Arguments:
        data: The data set that the network learned.
        net: A network from `build`.

    Returns:
        Maps from (N, D) to (N, D), by name.
    """
    ridge = Ridge(alpha=1.0).fit(data.train.numpy(), data.train.numpy())
    weight, bias = torch.from_numpy(ridge.coef_).float(), torch.from_numpy(ridge.intercept_).float()
    medoid = data.train[torch.cdist(data.train, data.train).sum(1).argmin()]
    return {
        "untrained": networks.rebuild(net.config | {"init": "torch"}),
        "untrained he": networks.rebuild(net.config | {"init": "he"}),
        "linear": lambda x: x @ weight.T + bias,
        "identity": lambda x: x,
        "mean": lambda x: data.train.mean(0).expand_as(x),
        "medoid": lambda x: medoid.expand_as(x),
        "black": lambda x: torch.full_like(x, data.bounds[0]),
    }


def _rho(after: Tensor, before: Tensor) -> float:
    if not before.median() > 0:
        raise ValueError("the probes lie on the training points: rho compares with their distance, which is 0")
    return float(after.median() / before.median())


def _kappa(after: Tensor, data: Dataset) -> float:
    return float((after <= _held_out(data)[0].median()).float().mean())


def _spread(index: Tensor, data: Dataset) -> float:
    held_out = _held_out(data)[1]
    n = min(len(index), len(held_out))
    return len(index[:n].unique()) / len(held_out[:n].unique())


def _mapped(f: Callable[[Tensor], Tensor], probes: Tensor) -> Tensor:
    with torch.no_grad():
        outputs = f(probes)
    if outputs.shape != probes.shape:
        raise ValueError(f"the map takes {tuple(probes.shape)} to {tuple(outputs.shape)}, expected the same shape")
    return outputs


def _check(points: Tensor, references: Tensor) -> None:
    if points.ndim != 2 or references.ndim != 2 or points.shape[1] != references.shape[1]:
        raise ValueError(
            f"shapes {tuple(points.shape)} and {tuple(references.shape)} do not fit, expected (N, D) and (M, D)"
        )
    if not points.numel() or not references.numel():
        raise ValueError("there are no points, or nothing to be near to")
    if not (points.isfinite().all() and references.isfinite().all()):
        raise ValueError("points have NaN or infinite values")


@lru_cache(maxsize=4)
def _held_out(data: Dataset) -> tuple[Tensor, Tensor]:
    """`nearest` of the held-out points, which every measure of a data set asks for."""
    if not len(data.test):
        raise ValueError(f"data set '{data.name}' has no held-out points to compare with")
    return nearest(data.test, data.train)
