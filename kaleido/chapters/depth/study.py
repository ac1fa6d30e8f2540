"""Notebook 04: what is asked of networks of several depths, after equal steps and at equal training loss."""

import torch
from torch import nn

from kaleido.chapters.common import GAINS, held_out, kept_until, middle_gain, start_of, states
from kaleido.data.inputs import noise
from kaleido.data.sets import Dataset
from kaleido.measures.features import features
from kaleido.measures.over_generalization import landing
from kaleido.measures.quality import assess, prdc
from kaleido.sampling import sample

JUDGED = (5, 10, 20)  # runs at which claim C4 looks at equal loss
KEPT_SCORES = ("pc", "precision", "coverage", "recall")  # of a network at equal loss; of variants `pc` alone
PICTURES = 8  # chains whose pictures are kept


def by_depth(cell, net, whole, seed, history, add):
    """Claims C2 and C4 and their controls: over-generalization and sample quality of a network in several states.

    The condition `equal steps` is the network after its last step; `loss 0.1` is the same network where its loss on all
    training points was first seen at or below 0.1. A level that was not reached has no rows.
    """
    data = whole.first(cell.points) if cell.points else whole
    look, n, arrays = features(whole, seed, cell.judge), len(data.test), {}
    real = held_out(data, look)
    last = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    for condition, (weights, loss) in ({"equal steps": (last, history.losses[-1])} | states(net, history)).items():
        net.load_state_dict(weights)
        matched = condition != "equal steps"
        in_full = cell.pictured and not matched
        add("C2", "loss", loss, len(data.train), condition)
        if matched:
            add("C2", "loss over level", loss / float(condition.split()[1]), len(data.train), condition)
        _over_generalization(add, net, data, cell.probes, seed, condition)
        runs = kept_until(cell.runs) if in_full else kept_until(cell.runs, JUDGED)
        orbit = sample(net, start_of(data, cell, seed), runs[-1], runs)
        for run in runs:
            samples = orbit.at(run)[:n]
            if in_full:
                scores = assess(samples, data, look, real=real)
            else:
                with torch.no_grad():
                    scores = prdc(real, look(samples))
                scores = {name: scores[name] for name in (KEPT_SCORES if cell.pictured else ("pc",))}
            for quantity, value in scores.items():
                add("C4", quantity, value, n, condition, run)
        if cell.pictured:
            at = min(20, cell.runs)
            arrays[f"{cell.data}/{cell.depth}/{condition}"] = data.as_bytes(orbit.at(at)[:PICTURES])
    net.load_state_dict(last)
    return arrays


def depth_of_toys(cell, net, data, seed, history, add):
    """Claim C2 on toy points, where every depth reaches a loss of zero: contraction and gain."""
    add("C2", "loss", history.losses[-1], len(data.train), "equal steps")
    _over_generalization(add, net, data, cell.probes, seed, "equal steps")


def _over_generalization(add, net: nn.Module, data: Dataset, count: int, seed: int, condition: str) -> None:
    """Adds contraction and gain on noise, and, where there are held-out points, covered fraction and spread."""
    z = noise(data, count, seed=seed)
    add("C2", "gain", middle_gain(net, z[:GAINS], data, seed), len(z[:GAINS]), condition, 1)
    for quantity, value in landing(net, z, data).items():
        add("C2", quantity, value, count, condition, 1)
