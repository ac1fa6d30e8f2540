"""Over-generalization, measured: where a map brings inputs that it never saw."""

from collections.abc import Callable
from functools import lru_cache, partial

import torch
from torch import Tensor
from torch.func import jacrev, jvp, vmap

from kaleido.data.sets import Dataset
from kaleido.measures.neighbours import between, near
from kaleido.tools.checks import a_map, floats, instance, mapped, pair, same_space, whole
from kaleido.tools.roots import root
from kaleido.tools.seeds import generator

__all__ = [
    "contraction", "corner_loss", "covered", "gain", "landing", "nearest", "pair_contraction", "pair_distance",
    "spread",
]  # fmt: skip

ENTRIES = 2**20  # of Jacobians, at a time
MOST = 4000  # probes whose pairs are compared


def nearest(points: Tensor, references: Tensor) -> tuple[Tensor, Tensor]:
    r"""Returns the distance of each point to its nearest reference, and which one that is.

    .. math:: d(a) = \min_{x \in X} \lVert a - x \rVert

    It is right to 1e-4 of itself, however far other points are: see `kaleido.measures.neighbours`.

    Arguments:
        points: a, with shape (N, D).
        references: X, with shape (M, D).

    Returns:
        Distances and indices, each with shape (N,).

    Raises:
        ValueError: If there are no points, D differs, or a value is not finite.
    """
    same_space("points", points, "references", references)
    distance, index = near(points, references)
    return distance[:, 0], index[:, 0]


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
    return _rho(_landed(f, probes, data)[0], nearest(probes, data.train)[0])


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
    return _kappa(_landed(f, probes, data)[0], data)


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
    return _spread(_landed(f, probes, data)[1], data)


def landing(
    f: Callable[[Tensor], Tensor], probes: Tensor, data: Dataset, before: tuple[Tensor, float] | None = None
) -> dict[str, float]:
    """Returns `rho` (`contraction`), `pair contraction`, and of data with held-out points `kappa` and `spread`.

    Arguments:
        f: A map from (N, D) to (N, D).
        probes: Unseen inputs z, with shape (N, D).
        data: The data set, with training points X and, where there are some, held-out points T.
        before: d(z), with shape (N,), and `pair_distance` of z, where several maps are asked of the same probes.

    Raises:
        ValueError: If shapes differ, a value is not finite, or the probes lie on the training points.
    """
    instance("data", data, Dataset)
    outputs = _mapped(f, probes)
    after, index = nearest(outputs, data.train)
    away, apart = before or (nearest(probes, data.train)[0], pair_distance(probes))
    found = {"rho": _rho(after, away), "pair contraction": _pair_contraction(outputs, apart)}
    return found | ({"kappa": _kappa(after, data), "spread": _spread(index, data)} if len(data.test) else {})


def pair_contraction(f: Callable[[Tensor], Tensor], probes: Tensor) -> float:
    r"""Returns how much nearer to one another the map brings different inputs.

    .. math:: \frac{\mathrm{median}_{i < j} \, \lVert f(z_i) - f(z_j) \rVert}
                   {\mathrm{median}_{i < j} \, \lVert z_i - z_j \rVert}

    0: all inputs go to one output; 1: they stay as far apart as they were. A projection onto k of D features brings
    uniform noise to the square root of k / D.

    Arguments:
        f: A map from (N, D) to (N, D).
        probes: Inputs z, with shape (N, D), at least 2; the pairs are those of the first 4,000.

    Returns:
        The ratio, without unit.

    Raises:
        ValueError: If shapes differ, a value is not finite, or half of the pairs of probes are equal.
    """
    return _pair_contraction(_mapped(f, probes), pair_distance(probes))


def pair_distance(points: Tensor) -> float:
    """Returns the median distance between two of the points, over all pairs of the first 4,000.

    Arguments:
        points: With shape (N, D), at least 2.

    Raises:
        ValueError: If there is one point, or a value is not finite.
    """
    floats("points", points)
    if len(points) < 2:
        raise ValueError("there is one probe: pairs need two or more")
    if (points == points[0]).all():  # a constant map's
        return 0.0
    points = points[:MOST].double()
    squares = torch.cat([part.clone() for part in between(points, points, points.mean(0), themselves=True)])
    return float(squares[torch.ones_like(squares, dtype=torch.bool).triu(1)].median()) ** 0.5


def gain(
    f: Callable[[Tensor], Tensor], probes: Tensor, draws: int | None = None, seed: int = 0
) -> tuple[Tensor, Tensor]:
    r"""Returns how much the map stretches around each input, root-mean-square over directions.

    .. math:: g(z) = \frac{\lVert J_f(z) \rVert_F}{\sqrt{D}}

    with J the Jacobian. Below 1: f contracts around z. A linear map has one gain everywhere.

    Without `draws` the Jacobian is computed whole, D x D for every probe. With them its norm is estimated from
    products with random signs v, since the mean of the squared length of J v is the squared norm of J (Hutchinson,
    1989, Communications in Statistics 18, 1059-1076); the estimate of g^2 is unbiased.

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
    floats("probes", probes)
    _mapped(f, probes[:1])
    f = getattr(f, "_orig_mod", f)  # derivatives are not taken through what was compiled
    dim = probes.shape[1]
    if draws is None:
        one = jacrev(lambda z: mapped(f, z[None])[0])
        norms = [vmap(one)(part).square().sum((1, 2)) for part in probes.split(max(1, ENTRIES // dim**2))]
        squares = torch.cat(norms).detach() / dim
        floats("the square of the gain", squares[:, None])
        return root(squares), torch.zeros_like(squares)
    whole("draws", draws, 2)
    random = generator(seed, "directions")
    found = []
    for _ in range(draws):
        signs = torch.randint(2, probes.shape, generator=random).mul_(2).sub_(1).to(probes)
        found.append(jvp(partial(mapped, f), (probes,), (signs,))[1].detach().square().sum(1) / dim)
    squares = torch.stack(found)
    floats("the square of the gain", squares)
    g = root(squares.mean(0))
    error = squares.std(0) / draws**0.5
    return g, torch.where(g > 0, error / (2 * g.clamp(min=1e-30)), torch.zeros_like(g))


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
    whole("dim", dim, 1, 20)
    pair("bounds", bounds)
    low, high = bounds
    bits = torch.arange(2**dim)[:, None] >> torch.arange(dim) & 1
    corners = low + (high - low) * bits.float()
    outputs = _mapped(f, corners)
    errors = (outputs - corners).square().mean(1)
    floats("the squared error", errors[:, None])
    return float(errors.max()), float(errors.mean())


def _rho(after: Tensor, before: Tensor) -> float:
    if not before.median() > 0:
        raise ValueError("the probes lie on the training points: rho compares with their distance, which is 0")
    return float(after.median() / before.median())


def _pair_contraction(outputs: Tensor, before: float) -> float:
    if not before > 0:
        raise ValueError("half of the pairs of probes or more are equal: their distance, 0, is compared with")
    return pair_distance(outputs) / before


def _kappa(after: Tensor, data: Dataset) -> float:
    return float((after <= _held_out(data)[0].median()).float().mean())


def _spread(index: Tensor, data: Dataset) -> float:
    held_out = _held_out(data)[1]
    n = min(len(index), len(held_out))
    return len(index[:n].unique()) / len(held_out[:n].unique())


def _landed(f: Callable[[Tensor], Tensor], probes: Tensor, data: Dataset) -> tuple[Tensor, Tensor]:
    instance("data", data, Dataset)
    return nearest(_mapped(f, probes), data.train)


def _mapped(f: Callable[[Tensor], Tensor], probes: Tensor) -> Tensor:
    floats("probes", probes)
    a_map("f", f, probes)
    with torch.no_grad():
        outputs = mapped(f, probes)
    floats("the map's output", outputs)
    return outputs


def _held_out(data: Dataset) -> tuple[Tensor, Tensor]:
    """`nearest` of the held-out points, which every measure of a data set asks for."""
    if not len(data.test):
        raise ValueError(f"data set '{data.name}' has no held-out points to compare with")
    return _asked_before(data, data.checksums)


@lru_cache(maxsize=4)
def _asked_before(data: Dataset, content: object) -> tuple[Tensor, Tensor]:
    return nearest(data.test, data.train)
