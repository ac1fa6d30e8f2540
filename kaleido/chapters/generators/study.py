"""Notebook 08: samples of the kaleidoscope and of other generators, and the search for the settings of each."""

from kaleido.chapters.common import held_out
from kaleido.chapters.generators.cells import CHOSEN, PICTURES, RUNS, SCORES
from kaleido.chapters.generators.generators import GENERATORS, Setting
from kaleido.data.inputs import noise
from kaleido.measures.features import features
from kaleido.measures.quality import assess
from kaleido.sampling import sample


def generators(cell, net, data, seed, history, add):
    """B4: samples of every generator with its chosen setting, judged on the held-out points.

    Beside them stand as many training points, the ceiling.
    """
    look, n, chosen = features(data, seed, cell.judge), len(data.test), CHOSEN[data.name]
    run, size = chosen["kaleidoscope"], Setting(cell.depth, cell.width, cell.steps)
    drawn = {"kaleidoscope": sample(net, noise(data, n, seed=seed), run, [run]).at(run)}
    for name, (draw, key, _) in GENERATORS.items():
        drawn[name] = draw(data, n, seed, size, **{key: chosen[name]})
    drawn["training points"] = data.train[:n]
    real = held_out(data, look)
    for name, samples in drawn.items():
        for quantity, value in assess(samples, data, look, real=real).items():
            add("B4", quantity, value, n, "drawn", architecture=name)
    return {f"{cell.data}/{name}": data.as_bytes(samples[:PICTURES]) for name, samples in drawn.items()}


def tuned_generators(cell, net, whole, seed, history, add):
    """The search of B4: every generator with every setting, learned from a part of X and judged on the rest of it."""
    data, look = whole.validation(cell.points), features(whole, seed, cell.judge)
    n, size = len(data.test), Setting(cell.depth, cell.width, cell.steps)
    orbit = sample(net, noise(data, n, seed=seed), RUNS[-1], RUNS)
    drawn = {("kaleidoscope", f"run {run}"): orbit.at(run) for run in RUNS}
    for name, (draw, key, grid) in GENERATORS.items():
        for value in grid:
            drawn[name, f"{key} {value}"] = draw(data, n, seed, size, **{key: value})
    real = held_out(data, look)
    for (name, setting), samples in drawn.items():
        scores = assess(samples, data, look, real=real)
        for quantity in SCORES:
            add("B4", quantity, scores[quantity], n, setting, architecture=name)
