"""Notebook 07: what is left of chains that are turned for long, where they end, and what they copied."""

import torch
from torch import Tensor

from kaleido.chapters.common import CLOSE, held_out, kept_until, start_of
from kaleido.data.sets import Dataset
from kaleido.measures.dynamics import APART, REST, chao1, distinct, ends, lyapunov, radius
from kaleido.measures.features import features
from kaleido.measures.over_generalization import nearest
from kaleido.measures.quality import novelty, prdc, predicted
from kaleido.sampling import sample

LONG = 2.5  # chains are turned so many times as long as others, to see where they end: 500 runs
JUDGED = (5, 20, 50, 200)  # runs at which quality and copies are looked at, and the last one
COUNTED = (20, 200)  # runs at which different pictures are counted, and the last one
STILL = 1e-4  # of the range, root mean square over features: unmoved
KNOWN = 500  # training points that chains start from
BEASTS, TRIED = 24, 24  # ends in the bestiary; training points whose spectral radius is taken
FOLLOWED = (50, 50)  # chains and runs of the Lyapunov exponents
SQUARE = 81  # starts along each side of the toy's square


def attractors(cell, net, data, seed, history, add):
    """B1, B2, B3: coverage, copies, and ends of chains from noise, and of chains from the training points.

    `recalled` is the share of training points whose own chain ends at them, within 0.05 of the range.
    """
    n, unit, last = len(data.test), data.bounds[1] - data.bounds[0], round(LONG * cell.runs)
    look = features(data, seed, cell.judge)
    add("B1", "loss", history.losses[-1], len(data.train), "train")
    start, runs = start_of(data, cell, seed), [*kept_until(cell.runs, JUDGED), last]
    orbit = sample(net, start, last, runs, retire=REST * unit * data.dim**0.5)
    real = held_out(data, look)
    for run in runs:
        with torch.no_grad():
            fake = look(orbit.at(run)[:n])
            scores = prdc(real, fake) | predicted(look.classes(fake))
        for quantity in ("precision", "coverage", "recall", "pc", "class entropy"):
            add("B1", quantity, scores[quantity], n, "noise", run)
        for quantity, value in novelty(orbit.at(run)[:n], data).items():
            add("B2", quantity, value, n, "noise", run)
        if run in (*COUNTED, last):
            left = len(distinct(orbit.at(run), APART * unit).unique())
            add("B1", "different pictures", left, len(start), "noise", run)
    found = _ends(add, net, orbit.at(last), data, last, seed)
    exponents = lyapunov(net, orbit.at(runs[-2])[: FOLLOWED[0]], FOLLOWED[1], seed)
    add("B3", "exponent", exponents.median(), len(exponents), "noise", runs[-2])
    return {f"{cell.data}/{cell.depth}/{cell.variant}/{name}": array for name, array in found.items()}


def basins(cell, net, data, seed, history, add):
    """B3 for toy points in the plane: which end every start in the square comes to."""
    axis = torch.linspace(*data.bounds, SQUARE)
    grid, last = torch.cartesian_prod(axis, axis), round(LONG * cell.runs)
    found = ends(net, sample(net, grid, last, [last], retire=REST).at(last), STILL)
    which = distinct(found.points, APART)
    firsts = found.points[[int((which == end).nonzero()[0]) for end in which.unique()]]
    at_data = (nearest(firsts, data.train)[0] <= CLOSE).double().mean()
    add("B3", "ends", len(firsts), len(grid), "square", last)
    add("B3", "ends at training points", at_data, len(firsts), "square", last)
    add("B3", "settled", (found.periods > 0).double().mean(), len(grid), "square", last)
    place, name = torch.searchsorted(which.unique(), which), f"{cell.data}/{cell.depth}"
    return {f"{name}/basins": place.to(torch.int32), f"{name}/ends": firsts, f"{name}/points": data.train}


def _ends(add, net, states: Tensor, data: Dataset, last: int, seed: int) -> dict[str, Tensor]:
    """Adds what is known of the chains' ends; returns the bestiary: the biggest ends and how they are."""
    unit = data.bounds[1] - data.bounds[0]
    close = CLOSE * unit * data.dim**0.5
    found = ends(net, states, STILL * unit)
    settled = found.periods > 0
    for kind, chosen in (("fixed", found.periods == 1), ("cycle", found.periods > 1), ("neither", ~settled)):
        add("B3", f"share {kind}", chosen.double().mean(), len(states), "noise", last)
    known = data.train[:KNOWN]
    own = sample(net, known, last, [last], retire=REST * unit * data.dim**0.5).at(last)
    back = (torch.linalg.vector_norm(own - known, dim=1) <= close).double().mean()
    add("B3", "recalled", back, len(known), "training points", last)
    _radii(add, radius(net, data.train[:TRIED], seed=seed), "training points")
    points, periods = found.points[settled], found.periods[settled]
    if not len(points):
        return {}
    which = distinct(points, APART * unit)
    numbers, counts = which.unique(return_counts=True)
    order = counts.argsort(descending=True, stable=True)
    firsts = torch.tensor([int((which == end).nonzero()[0]) for end in numbers[order]])
    away, which_image = nearest(points[firsts], data.train)
    add("B3", "ends", len(numbers), len(points), "noise", last)
    add("B3", "ends at least", chao1(counts), len(points), "noise", last)
    add("B3", "largest basin", counts.max() / len(states), len(states), "noise", last)
    add("B3", "ends at training points", (away <= close).double().mean(), len(firsts), "noise", last)
    beasts = firsts[:BEASTS]
    states_of = states[settled][beasts]  # a state of the cycle, where the point is the mean of its states
    radii = radius(net, states_of, periods[beasts], seed)
    _radii(add, radii, "ends")
    return {
        "ends": data.as_bytes(states_of),
        "nearest": data.as_bytes(data.train[which_image[:BEASTS]]),
        "shares": counts[order][:BEASTS] / len(states),
        "periods": periods[beasts].to(torch.int32),
        "radii": radii.float(),
    }


def _radii(add, radii: Tensor, condition: str) -> None:
    add("B3", "radius", radii.median(), len(radii), condition)
    add("B3", "radius below 1", (radii < 1).double().mean(), len(radii), condition)
