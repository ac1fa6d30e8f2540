"""Where turning leads: end points, their basins, and how the map behaves around them."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigs
from torch import Tensor, nn
from torch.func import jvp, vjp

from kaleido.tools.checks import a_map, floats, mapped, number, whole
from kaleido.tools.roots import log
from kaleido.tools.seeds import generator

__all__ = ["Ends", "chao1", "distinct", "ends", "lyapunov", "radius"]

APART, REST = 0.01, 1e-6  # of the range, root mean square over features: other pictures; moves that are not computed
LONGEST = 12  # the longest period that is looked for
VECTORS, RESTARTS = 20, 50  # Arnoldi vectors, and how often ARPACK may begin again
DEAD = 1e-12  # a Jacobian that shrinks a random vector so far is 0


@dataclass(frozen=True, eq=False)
class Ends:
    """Where chains end.

    Arguments:
        periods: 1 for a fixed point, p for a cycle of p states, 0 for neither, with shape (chains,).
        points: The fixed point, the mean of a cycle's states (the same from whichever of them a chain arrives), or, for
            neither, the last state, with shape (chains, D).
    """

    periods: Tensor
    points: Tensor


def ends(f: Callable[[Tensor], Tensor], states: Tensor, still: float, longest: int = LONGEST) -> Ends:
    r"""Tells fixed points and cycles apart.

    A chain is in a cycle of the least period p with

    .. math:: \lVert f^p(x) - x \rVert \le \mathrm{still} \cdot \sqrt{D}, \qquad 1 \le p \le \mathrm{longest}

    so that a chain which still creeps by less than that counts as at its fixed point.

    Arguments:
        f: A map from (N, D) to (N, D).
        states: Chains that were turned for long, with shape (N, D).
        still: How far a state may move and count as unmoved: root mean square over features, in their unit.
        longest: The longest period.

    Raises:
        ValueError: If the map changes the shape, or an argument is out of range.
    """
    _check(f, states)
    number("still", still, "a distance of at least 0", lambda distance: distance >= 0)
    whole("longest", longest)
    periods = torch.zeros(len(states), dtype=torch.int64, device=states.device)
    points, total, x = states.clone(), torch.zeros_like(states), states
    with torch.no_grad():
        for period in range(1, longest + 1):
            total += x
            x = mapped(f, x)
            back = (x - states).square().mean(1) <= still**2
            new = back & (periods == 0)
            periods[new] = period
            points[new] = total[new] / period
    return Ends(periods, points)


def distinct(points: Tensor, apart: float) -> Tensor:
    """Returns which end each point belongs to: the first earlier one within a distance, or a new one.

    Ends are numbered in the order in which they are met; a point is compared with the first point of each end, so that
    no row of points, each near the next, becomes one end.

    Arguments:
        points: With shape (N, D).
        apart: Points this far apart and nearer are one: root mean square over features, in their unit.

    Returns:
        The number of each point's end, with shape (N,).
    """
    floats("points", points)
    left, rest = torch.arange(len(points), device=points.device), points
    which = torch.full_like(left, -1)
    for end in range(len(points)):
        if not len(left):
            break
        near = (rest - rest[0]).square().mean(1) <= apart**2
        which[left[near]] = end
        left, rest = left[~near], rest[~near]
    return which


def chao1(counts: Tensor) -> float:
    r"""Returns a lower bound on the number of ends, seen and unseen, from how many chains came to each.

    .. math:: S + \frac{F_1 (F_1 - 1)}{2 (F_2 + 1)}

    with S ends seen, F_1 of them once and F_2 twice. Source: Chao (1984), Scandinavian Journal of Statistics 11,
    265-270, in its bias-corrected form.

    Arguments:
        counts: Chains by end, each at least 1.
    """
    once, twice = int((counts == 1).sum()), int((counts == 2).sum())
    return len(counts) + once * (once - 1) / (2 * (twice + 1))


def radius(f: Callable[[Tensor], Tensor], points: Tensor, periods: Tensor | None = None, seed: int = 0) -> Tensor:
    r"""Returns the spectral radius of the map's Jacobian at each point: below 1, the point attracts.

    .. math:: \max_i |\lambda_i(J_{f^p}(x))|^{1/p}

    for a point of a cycle of p states, a rate per run. By ARPACK's Arnoldi iterations (Lehoucq et al., 1998, *ARPACK
    Users' Guide*) on products u J, in double precision if the map is a module; no D x D matrix is made.

    Arguments:
        f: A map from (N, D) to (N, D) that treats each row by itself.
        points: With shape (N, D).
        periods: p of each point; 1 by default.
        seed: Draws the first vector.

    Returns:
        The radii, with shape (N,), without unit. Where ARPACK does not converge, that of the best approximation.
    """
    _check(f, points)
    if periods is not None and len(periods) != len(points):
        raise ValueError(f"there are {len(periods)} periods for {len(points)} points, expected one for each")
    f = getattr(f, "_orig_mod", f)
    exact = copy.deepcopy(f).double().requires_grad_(False) if isinstance(f, nn.Module) else f
    start = torch.randn(points.shape[1], generator=generator(seed, "first vector"), dtype=torch.float64)
    found = []
    for i, point in enumerate(points.double() if isinstance(f, nn.Module) else points):
        period = 1 if periods is None else int(periods[i])
        found.append(_largest(exact, point[None], max(period, 1), start.to(point.dtype)))
    return torch.tensor(found, dtype=torch.float64)


def lyapunov(f: Callable[[Tensor], Tensor], start: Tensor, runs: int, seed: int = 0) -> Tensor:
    r"""Returns the largest Lyapunov exponent along each chain: how fast neighbours part, per run.

    .. math:: \lambda = \frac{1}{n} \sum_{t=1}^{n} \ln \lVert J_f(x_{t-1}) v_{t-1} \rVert, \qquad
        v_t = \frac{J_f(x_{t-1}) v_{t-1}}{\lVert J_f(x_{t-1}) v_{t-1} \rVert}

    Source: Benettin et al. (1980), Meccanica 15, 9-20. Below 0: chains settle; above: chaos. A direction that the map
    forgets counts as ln 1e-30, in that run and in all later ones.

    Arguments:
        f: A map from (N, D) to (N, D) that treats each row by itself.
        start: Where the chains are when counting begins, with shape (N, D).
        runs: n.
        seed: Draws the first directions.

    Returns:
        The exponents, with shape (N,), in nats per run.
    """
    _check(f, start)
    f = getattr(f, "_orig_mod", f)  # derivatives are not taken through what was compiled
    whole("runs", runs)
    first = torch.randn(start.shape, generator=generator(seed, "first vector"), dtype=torch.float64).to(start.dtype)
    x, v, total = start, nn.functional.normalize(first, dim=1), torch.zeros(len(start), dtype=torch.float64)
    with torch.no_grad():
        for _ in range(runs):
            x, v = jvp(partial(mapped, f), (x,), (v,))
            length = torch.linalg.vector_norm(v, dim=1).clamp(min=1e-30)
            total += log(length.double())
            v = v / length[:, None]
    return total / runs


def _largest(f: Callable[[Tensor], Tensor], point: Tensor, period: int, start: Tensor) -> float:
    products = []  # u J at every state of the cycle: the forward pass is made once, and eigenvalues are those of J v
    x = point
    for _ in range(period):
        x, product = vjp(partial(mapped, f), x)
        products.insert(0, product)

    def apply(u: np.ndarray) -> np.ndarray:
        u = torch.from_numpy(np.asarray(u).reshape(-1)).to(point.dtype)[None]
        for product in products:
            (u,) = product(u)
        return u[0].detach().double().numpy()

    dim = point.shape[1]
    first = start.double().numpy()
    if np.linalg.norm(apply(first)) <= DEAD * np.linalg.norm(first):
        return 0.0
    if dim <= 3:  # too few for ARPACK
        values = np.linalg.eigvals(np.stack([apply(e) for e in np.eye(dim)], axis=1))
        return float(np.abs(values).max() ** (1 / period))
    operator = LinearOperator((dim, dim), matvec=apply, dtype=np.float64)
    try:
        values = eigs(
            operator, 1, v0=first, ncv=min(dim, VECTORS), maxiter=RESTARTS, tol=1e-6, return_eigenvectors=False
        )
    except ArpackNoConvergence as error:
        values = error.eigenvalues if len(error.eigenvalues) else _arnoldi(apply, first, min(dim, 4 * VECTORS))
    return float(np.abs(values).max() ** (1 / period))


def _arnoldi(apply: Callable, first: np.ndarray, steps: int) -> np.ndarray:
    """Ritz values of a Krylov space, without restarts: what is left where ARPACK gives up."""
    basis, upper = [first / np.linalg.norm(first)], np.zeros((steps, steps))
    for j in range(steps):
        w = apply(basis[j])
        for _ in range(2):  # twice is enough to stay orthogonal
            for i, b in enumerate(basis):
                part = b @ w
                upper[i, j] += part
                w = w - part * b
        length = np.linalg.norm(w)
        if j + 1 == steps or length < 1e-12:
            return np.linalg.eigvals(upper[: j + 1, : j + 1])
        upper[j + 1, j] = length
        basis.append(w / length)
    return np.zeros(1)


def _check(f: Callable[[Tensor], Tensor], points: Tensor) -> None:
    floats("points", points)
    a_map("f", f, points)
    with torch.no_grad():
        mapped(f, points[:1])
