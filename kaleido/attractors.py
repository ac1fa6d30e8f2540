"""What is asked of chains that are turned for long: what is left of them, where they end, and what they copied."""

import torch
from torch import Tensor

from kaleido.data.inputs import noise
from kaleido.data.sets import Dataset
from kaleido.measures.dynamics import APART, REST, chao1, distinct, ends, lyapunov, radius
from kaleido.measures.features import features
from kaleido.measures.over_generalization import nearest
from kaleido.measures.quality import novelty, prdc, predicted
from kaleido.sampling import sample
from kaleido.studies import as_bytes, row

__all__ = ["attractors", "basins"]

LONG = 2.5  # chains are turned so many times as long as others, to see where they end: 500 runs
JUDGED = (5, 20, 50, 200)  # runs at which quality and copies are looked at, and the last one
COUNTED = (20, 200)  # runs at which different pictures are counted, and the last one
STILL, CLOSE = 1e-4, 0.05  # of the range, root mean square over features: unmoved; at a training point
KNOWN = 500  # training points that chains start from
BEASTS, TRIED = 24, 24  # ends in the bestiary; training points whose spectral radius is taken
FOLLOWED = (50, 50)  # chains and runs of the Lyapunov exponents
SQUARE = 81  # starts along each side of the toy's square


def attractors(cell, nets, sets, histories) -> tuple[list[dict], dict[str, Tensor]]:
    """B1, B2, B3: coverage, copies, and ends of chains from noise, and of chains from the training points.

    `recalled` is the share of training points whose own chain ends at them, within 0.05 of the range.
    """
    rows, arrays = [], {}
    for net, data, seed, history in zip(nets, sets, cell.seeds, histories, strict=True):

        def add(claim, quantity, run, value, n, condition="noise", seed=seed):
            rows.append(row(claim, quantity, cell.variant, condition, run, seed, value, n))

        n, unit, last = len(data.test), data.bounds[1] - data.bounds[0], round(LONG * cell.runs)
        look = features(data, seed, cell.judge)
        add("B1", "loss", None, history.losses[-1], len(data.train), "train")
        start = noise(data, max(cell.probes, n), seed=seed)
        runs = [*(run for run in JUDGED if run <= cell.runs), last]
        orbit = sample(net, start, last, runs, retire=REST * unit * data.dim**0.5)
        with torch.no_grad():
            real = look(data.test)
        for run in runs:
            with torch.no_grad():
                fake = look(orbit.at(run)[:n])
                scores = prdc(real, fake) | predicted(look.classes(fake))
            for quantity in ("precision", "coverage", "recall", "pc", "class entropy"):
                add("B1", quantity, run, scores[quantity], n)
            for quantity, value in novelty(orbit.at(run)[:n], data).items():
                add("B2", quantity, run, value, n)
            if run in (*COUNTED, last):
                add("B1", "different pictures", run, len(distinct(orbit.at(run), APART * unit).unique()), len(start))
        found = _ends(add, net, orbit.at(last), data, last, seed)
        exponents = lyapunov(net, orbit.at(runs[-2])[: FOLLOWED[0]], FOLLOWED[1], seed)
        add("B3", "exponent", runs[-2], float(exponents.median()), len(exponents))
        if seed == cell.seeds[0]:
            arrays |= {f"{cell.data}/{cell.depth}/{cell.variant}/{name}": array for name, array in found.items()}
    return rows, arrays


def basins(cell, nets, sets, histories) -> tuple[list[dict], dict[str, Tensor]]:
    """B3 for toy points in the plane: which end every start in the square comes to."""
    rows, arrays = [], {}
    axis = torch.linspace(*sets[0].bounds, SQUARE)
    grid, last = torch.cartesian_prod(axis, axis), round(LONG * cell.runs)
    for net, data, seed in zip(nets, sets, cell.seeds, strict=True):
        found = ends(net, sample(net, grid, last, [last], retire=REST).at(last), STILL)
        which = distinct(found.points, APART)
        firsts = found.points[[int((which == end).nonzero()[0]) for end in which.unique()]]
        at_data = (nearest(firsts, data.train)[0] <= CLOSE).double().mean()
        for quantity, value, n in (
            ("ends", len(firsts), len(grid)),
            ("ends at training points", float(at_data), len(firsts)),
            ("settled", float((found.periods > 0).double().mean()), len(grid)),
        ):
            rows.append(row("B3", quantity, cell.variant, "square", last, seed, value, n))
        if seed == cell.seeds[0]:
            place = torch.searchsorted(which.unique(), which)
            name = f"{cell.data}/{cell.depth}"
            arrays = {f"{name}/basins": place.to(torch.int32), f"{name}/ends": firsts, f"{name}/points": data.train}
    return rows, arrays


def _ends(add, net, states: Tensor, data: Dataset, last: int, seed: int) -> dict[str, Tensor]:
    """Adds what is known of the chains' ends; returns the bestiary: the biggest ends and how they are."""
    unit = data.bounds[1] - data.bounds[0]
    close = CLOSE * unit * data.dim**0.5
    found = ends(net, states, STILL * unit)
    settled = found.periods > 0
    for kind, chosen in (("fixed", found.periods == 1), ("cycle", found.periods > 1), ("neither", ~settled)):
        add("B3", f"share {kind}", last, float(chosen.double().mean()), len(states))
    known = data.train[:KNOWN]
    own = sample(net, known, last, [last], retire=REST * unit * data.dim**0.5).at(last)
    back = (torch.linalg.vector_norm(own - known, dim=1) <= close).double().mean()
    add("B3", "recalled", last, float(back), len(known), "training points")
    radii = radius(net, data.train[:TRIED], seed=seed)
    add("B3", "radius", None, float(radii.median()), len(radii), "training points")
    add("B3", "radius below 1", None, float((radii < 1).double().mean()), len(radii), "training points")
    points, periods = found.points[settled], found.periods[settled]
    if not len(points):
        return {}
    which = distinct(points, APART * unit)
    numbers, counts = which.unique(return_counts=True)
    order = counts.argsort(descending=True, stable=True)
    firsts = torch.tensor([int((which == end).nonzero()[0]) for end in numbers[order]])
    add("B3", "ends", last, len(numbers), len(points))
    add("B3", "ends at least", last, chao1(counts), len(points))
    add("B3", "largest basin", last, float(counts.max() / len(states)), len(states))
    away, which_image = nearest(points[firsts], data.train)
    add("B3", "ends at training points", last, float((away <= close).double().mean()), len(firsts))
    beasts = firsts[:BEASTS]
    states_of = states[settled][beasts]  # a state of the cycle, where the point is the mean of its states
    radii = radius(net, states_of, periods[beasts], seed)
    add("B3", "radius", None, float(radii.median()), len(radii), "ends")
    add("B3", "radius below 1", None, float((radii < 1).double().mean()), len(radii), "ends")
    return {
        "ends": as_bytes(states_of, data),
        "nearest": as_bytes(data.train[which_image[:BEASTS]], data),
        "shares": counts[order][:BEASTS] / len(states),
        "periods": periods[beasts].to(torch.int32),
        "radii": radii.float(),
    }
