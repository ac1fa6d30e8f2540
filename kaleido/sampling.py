"""Kaleidoscopic sampling: a map is applied to noise again and again."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from kaleido.tools.checks import a_map, floats, mapped, number, one_of, pair, several, whole
from kaleido.tools.seeds import generator

__all__ = ["Orbit", "sample"]

PART = 2000  # chains that are mapped at a time, few enough to stay in the processor's cache


@dataclass(frozen=True, eq=False)
class Orbit:
    """The kept part of a sampling.

    Arguments:
        runs: The kept sampling runs; 0 is the start.
        states: Chains after each kept run, with shape (kept runs, chains, D).
        steps: How far each chain moved in that run, in Euclidean distance, with shape (kept runs, chains); 0 at run 0.
    """

    runs: tuple[int, ...]
    states: Tensor
    steps: Tensor

    def at(self, run: int) -> Tensor:
        """Returns the chains after a kept run, with shape (chains, D)."""
        if run not in self.runs:
            raise ValueError(f"run {run} was not kept, these were: {self.runs}")
        return self.states[self.runs.index(run)]


def sample(
    f: Callable[[Tensor], Tensor],
    start: Tensor,
    runs: int,
    keep: Iterable[int] | None = None,
    kick: str = "none",
    eps: float | Sequence[float] = 0.01,
    retire: float | None = None,
    bounds: tuple[float, float] | None = None,
    seed: int = 0,
    damping: float = 0.0,
) -> Orbit:
    r"""Applies a map to every chain, `runs` times.

    .. math:: x_{t+1} = \mathrm{clip}(a\, x_t + (1 - a) f(x_t) + \epsilon_t u_t)

    Plain sampling has no damping a and no kick u; without bounds nothing is clipped. The kicks of arXiv 2402.11793 for
    bounds [low, high]: `centred`, u ~ U[-h, h] with h = (high - low) / 2, as its text intends; `published`,
    u ~ U[high, 2 high - low], as its code has it, which always pushes features up.

    Arguments:
        f: Any map from (chains, D) to (chains, D) that treats each chain by itself: a network, or a control in its
            place. It is given 2,000 chains at a time at most.
        start: The chains at run 0, with shape (chains, D).
        runs: Number of sampling runs.
        keep: Runs whose states are kept; all of them by default.
        kick: `none`, `centred` or `published`.
        eps: Size of the kick, or one for each run: kicks that grow smaller are annealed.
        retire: A chain that moved no further than this distance in a run is at rest from then on and no longer
            computed; it keeps its state and step. By default no chain is retired.
        bounds: (low, high) to clip to after every run. A kick needs them.
        seed: Draws the kicks.
        damping: a, the share of its place that a chain keeps in a run, from 0 to below 1.

    Returns:
        The orbit, at the kept runs.

    Raises:
        ValueError: If an argument is out of range, the map changes the shape, or chains leave the range of float32.
    """
    keep = _check(start, runs, keep, kick, retire, bounds, damping)
    a_map("f", f, start)
    sizes = several("eps", eps) if isinstance(eps, Iterable) and not isinstance(eps, str) else [eps] * int(runs)
    if len(sizes) != runs:
        raise ValueError(f"eps has {len(sizes)} sizes, expected one, or one for each of {runs} runs")
    for size in sizes or [eps]:
        number("eps", size, "a size of at least 0", lambda size: size >= 0)
    random = generator(seed, "kick")

    def turn(x: Tensor, eps: float) -> Tensor:
        new = mapped(f, x) if len(x) <= PART else torch.cat([mapped(f, part) for part in x.split(PART)])
        if damping:
            new = new + damping * (x - new)
        if kick != "none":
            low, high = bounds
            first, last = {"centred": ((low - high) / 2, (high - low) / 2), "published": (high, 2 * high - low)}[kick]
            even = torch.rand(x.shape, dtype=x.dtype, generator=random).to(x.device)
            new = new + eps * (first + (last - first) * even)
        return new if bounds is None else new.clamp(*bounds)

    with torch.no_grad():
        states, steps = start.new_empty(len(keep), *start.shape), start.new_zeros(len(keep), len(start))
        moving, x = torch.arange(len(start), device=start.device), start  # chains not at rest, and where they are
        state, step = start, steps[0]  # where all chains are, and how far they moved
        for run in range(runs + 1):
            if run and len(moving):
                before, x = x, turn(x, sizes[run - 1])
                if run in keep or retire is not None:
                    moved = torch.linalg.vector_norm(x - before, dim=1)
                    rests = retire is not None and bool((moved <= retire).any())
                    if len(moving) == len(start):
                        state, step = x, moved
                    elif run in keep or rests:
                        state, step = state.index_copy(0, moving, x), step.index_copy(0, moving, moved)
                    if rests:
                        moving, x = moving[moved > retire], x[moved > retire]
            if run in keep:
                if not step.isfinite().all():  # so are the states, then: a step to or from infinity is none
                    raise ValueError(f"chains left the range of float32 by run {run}: give bounds to clip them to")
                states[keep.index(run)], steps[keep.index(run)] = state, step
    return Orbit(keep, states, steps)


def _check(start, runs, keep, kick, retire, bounds, damping) -> tuple[int, ...]:
    floats("start", start)
    whole("runs", runs, 0)
    runs = int(runs)
    keep = range(runs + 1) if keep is None else several("keep", keep)
    if not len(keep):
        raise ValueError(f"keep is {keep!r}, expected runs from 0 to {runs}")
    for run in keep:
        whole("a run of keep", run, 0, runs)
    keep = tuple(sorted(set(map(int, keep))))
    one_of("kick", kick, ("none", "centred", "published"))
    if kick != "none" and (bounds is None or retire is not None):
        raise ValueError("a kick needs bounds, and leaves no chain at rest: give bounds, and leave `retire` out")
    number("damping", damping, "a share from 0 to below 1", lambda share: 0 <= share < 1)
    if bounds is not None:
        pair("bounds", bounds)
    if retire is not None:
        number("retire", retire, "a distance of at least 0", lambda distance: distance >= 0)
    return keep
