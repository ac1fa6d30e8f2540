"""Claim B4: the kaleidoscope beside other generators, and the search for the settings of each."""

from dataclasses import replace

from torch import Tensor

from kaleido.chosen import CHOSEN
from kaleido.data.inputs import noise
from kaleido.data.sets import Dataset
from kaleido.generators import GENERATORS, Setting
from kaleido.measures.features import features
from kaleido.measures.quality import assess
from kaleido.sampling import sample
from kaleido.studies import as_bytes, row

__all__ = ["SCORES", "generators", "tuned_generators", "validation"]

RUNS = (1, 2, 5, 10, 20, 50, 200)  # at which the kaleidoscope is judged
PICTURES = 40  # samples that are kept as pictures
SCORES = ("pc", "precision", "coverage", "recall", "class entropy", "novelty", "copy share")  # of a search


def generators(cell, nets, sets, histories) -> tuple[list[dict], dict[str, Tensor]]:
    """B4: samples of every generator with its chosen setting, judged on the held-out points.

    Beside them stand as many training points, the ceiling.
    """
    rows, arrays = [], {}
    for net, data, seed in zip(nets, sets, cell.seeds, strict=True):
        look, n, chosen = features(data, seed, cell.judge), len(data.test), CHOSEN[data.name]
        run = chosen["kaleidoscope"]
        size = Setting(cell.depth, cell.width, cell.steps)
        drawn = {"kaleidoscope": sample(net, noise(data, n, seed=seed), run, [run]).at(run)}
        for name, (draw, key, _) in GENERATORS.items():
            drawn[name] = draw(data, n, seed, size, **{key: chosen[name]})
        drawn["training points"] = data.train[:n]
        for name, samples in drawn.items():
            for quantity, value in assess(samples, data, look).items():
                rows.append(row("B4", quantity, name, "drawn", None, seed, value, n))
            if seed == cell.seeds[0]:
                arrays[f"{cell.data}/{name}"] = as_bytes(samples[:PICTURES], data)
    return rows, arrays


def tuned_generators(cell, nets, sets, histories) -> tuple[list[dict], dict[str, Tensor]]:
    """The search of B4: every generator with every setting, learned from a part of X and judged on the rest of it."""
    rows = []
    for net, whole, seed in zip(nets, sets, cell.seeds, strict=True):
        data, look = validation(whole, cell.points), features(whole, seed, cell.judge)
        n, size = len(data.test), Setting(cell.depth, cell.width, cell.steps)
        orbit = sample(net, noise(data, n, seed=seed), RUNS[-1], RUNS)
        drawn = {("kaleidoscope", f"run {run}"): orbit.at(run) for run in RUNS}
        for name, (draw, key, grid) in GENERATORS.items():
            for value in grid:
                drawn[name, f"{key} {value}"] = draw(data, n, seed, size, **{key: value})
        for (name, setting), samples in drawn.items():
            scores = assess(samples, data, look)
            rows += [row("B4", quantity, name, setting, None, seed, scores[quantity], n) for quantity in SCORES]
    return rows, {}


def validation(data: Dataset, points: int) -> Dataset:
    """Returns the first training points as a data set, with the other training points in the place of the held-out."""
    labels = None if data.train_labels is None else data.train_labels[points:]
    return replace(data.first(points), test=data.train[points:], test_labels=labels)
