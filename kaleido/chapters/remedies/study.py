"""Notebook 09: what repairs the collapse and the jumps, and the search for the best of it."""

from kaleido.chapters.common import LATE as LAST
from kaleido.chapters.common import held_out
from kaleido.chapters.generators.cells import PICTURES, RUNS, SCORES
from kaleido.chapters.remedies.cells import RECIPE, SAMPLERS, way
from kaleido.data.inputs import noise
from kaleido.measures.dynamics import APART, distinct
from kaleido.measures.features import features
from kaleido.measures.quality import assess
from kaleido.sampling import sample

JUMPS = range(150, 171)  # runs whose largest step is a chain's jump
PLAINLY = ("plain", "damping 0.5", "kick 0.3", "kick 1, stopped", "kick 1, annealed")  # of the plain network


def remedies(cell, net, whole, seed, history, add):
    """B5: chains of networks that learned in one way (the variant), turned in several (the condition), 200 times.

    With `points`, networks have learned from the first training points, are judged on the other ones, and are turned in
    all ways: the search. Else they are judged on the held-out points; one that learned plainly is turned as `PLAINLY`
    and as the recipe says, others plainly and as the recipe says.
    """
    look, arrays = features(whole, seed, cell.judge), {}
    data = whole.validation(cell.points) if cell.points else whole
    ways = (*PLAINLY, RECIPE[1]) if cell.variant == "plain" else ("plain", RECIPE[1])
    real = held_out(data, look)
    for name in SAMPLERS if cell.points else dict.fromkeys(ways):
        last = _turned(net, data, look, real, name, seed, history, add)
        if not cell.points:
            arrays[f"{cell.data}/{cell.variant}/{name}"] = data.as_bytes(last[:PICTURES])
    return arrays


def _turned(net, data, look, real, name: str, seed: int, history, add):
    """Adds the rows of one network's chains, turned in one way; returns their last states."""
    n, runs = len(data.test), RUNS if name == "plain" else (20, LAST)
    unit = data.bounds[1] - data.bounds[0]
    away = unit * data.dim**0.5
    orbit = sample(net, noise(data, n, seed=seed), LAST, {*runs, *JUMPS}, **way(name, data, seed))
    jumps = orbit.steps[[orbit.runs.index(run) for run in JUMPS]].amax(0) / away
    add("B5", "loss", history.losses[-1], len(data.train), name)
    add("B5", "jump", jumps.double().mean(), n, name)
    for run in runs:
        scores = assess(orbit.at(run), data, look, real=real)
        for quantity in SCORES:
            add("B5", quantity, scores[quantity], n, name, run)
    add("B5", "different pictures", len(distinct(orbit.at(LAST), APART * unit).unique()), n, name, LAST)
    return orbit.at(LAST)
