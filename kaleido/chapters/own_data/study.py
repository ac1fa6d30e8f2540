"""Notebook 20: what claims C9, B1, B2 and C1 measure, of a reader's images."""

import torch

from kaleido.chapters.common import beside_controls
from kaleido.chapters.data_sets.study import turned
from kaleido.data.inputs import probes
from kaleido.measures.dynamics import APART, distinct
from kaleido.measures.quality import novelty

KINDS = ("noise", "heldout", "mixup")  # unseen inputs that every data set has


def own(cell, net, data, seed, history, add):
    """A reader's images: as `data_set`, and C1's measures of the map and its controls, copies, different pictures."""
    orbit, arrays = turned(cell, net, data, seed, history, add)
    n, mean = len(data.test), data.train.var(0, correction=0).mean()
    add("C9", "held-out images", n, n, "heldout", architecture="data")
    add("C9", "loss of the mean image", mean, n, "heldout", architecture="data")
    if data.test_labels is not None:
        largest = data.test_labels.bincount().max() / n
        add("C9", "largest class", largest, n, "heldout", architecture="data")
    for run in orbit.runs[1:]:
        states = orbit.at(run)[: cell.probes]
        left = len(distinct(states, APART * (data.bounds[1] - data.bounds[0])).unique()) / len(states)
        add("B1", "different pictures to a chain", left, len(states), "noise", run)
        for quantity, value in novelty(states, data).items():
            add("B2", quantity, value, len(states), "noise", run)
    beside_controls(add, cell, net, data, {kind: probes(data, kind, cell.probes, seed) for kind in KINDS})
    return {"image shape": torch.tensor(data.image_shape)} | arrays
