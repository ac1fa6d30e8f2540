"""What is asked of networks of several depths: the same after equal steps, and at equal training loss."""

import torch
from torch import Tensor, nn

from kaleido.data.inputs import noise
from kaleido.data.sets import Dataset
from kaleido.measures.features import features
from kaleido.measures.over_generalization import gain, landing
from kaleido.measures.quality import assess, prdc
from kaleido.sampling import sample
from kaleido.studies import DRAWS, EXACT, KEPT, as_bytes, row

__all__ = ["by_depth", "depth_of_toys"]

JUDGED = (5, 10, 20, 50)  # runs at which claim C4 looks
KEPT_SCORES = ("pc", "precision", "coverage", "recall")  # of a network at equal loss; of variants `pc` alone
PICTURES = 8  # chains whose pictures are kept
GAINS = 250  # probes whose gain is taken


def by_depth(cell, nets, sets, histories) -> tuple[list[dict], dict[str, Tensor]]:
    """Claims C2 and C4 and their controls: over-generalization and sample quality of a network in several states.

    The condition `equal steps` is the network after its last step; `loss 0.1` is the same network where its loss on all
    training points was first seen at or below 0.1. A level that was not reached has no rows.
    """
    rows, arrays = [], {}
    for net, whole, seed, history in zip(nets, sets, cell.seeds, histories, strict=True):
        data = whole.first(cell.points) if cell.points else whole
        look = features(whole, seed, cell.judge)
        with torch.no_grad():
            real = look(data.test)
        last = {name: tensor.clone() for name, tensor in net.state_dict().items()}
        states = {"equal steps": (last, history.losses[-1])}
        states |= {f"loss {mark.level:g}": (mark.weights, mark.loss) for mark in history.snapshots}
        for condition, (weights, loss) in states.items():
            net.load_state_dict(weights)
            matched = condition != "equal steps"

            def add(claim, quantity, run, value, n, condition=condition, seed=seed):
                rows.append(row(claim, quantity, cell.variant, condition, run, seed, value, n))

            add("C2", "loss", None, loss, len(data.train))
            if matched:
                add("C2", "loss over level", None, loss / float(condition.split()[1]), len(data.train))
            _over_generalization(add, net, data, cell.probes, seed)
            runs = [run for run in (JUDGED if matched or not cell.pictured else KEPT) if run <= cell.runs]
            orbit = sample(net, noise(data, max(cell.probes, len(data.test)), seed=seed), runs[-1], runs)
            for run in runs:
                samples = orbit.at(run)[: len(data.test)]
                if matched or not cell.pictured:
                    with torch.no_grad():
                        scores = prdc(real, look(samples))
                    scores = {name: scores[name] for name in (KEPT_SCORES if cell.pictured else ("pc",))}
                else:
                    scores = assess(samples, data, look)
                for quantity, value in scores.items():
                    add("C4", quantity, run, value, len(data.test))
            if seed == cell.seeds[0] and cell.pictured:
                at = min(20, cell.runs)
                arrays[f"{cell.data}/{cell.depth}/{condition}"] = as_bytes(orbit.at(at)[:PICTURES], data)
        net.load_state_dict(last)
    return rows, arrays


def depth_of_toys(cell, nets, sets, histories) -> tuple[list[dict], dict[str, Tensor]]:
    """Claim C2 on toy points, where every depth reaches a loss of zero: contraction and gain."""
    rows = []
    for net, data, seed, history in zip(nets, sets, cell.seeds, histories, strict=True):

        def add(claim, quantity, run, value, n, seed=seed):
            rows.append(row(claim, quantity, cell.variant, "equal steps", run, seed, value, n))

        add("C2", "loss", None, history.losses[-1], len(data.train))
        _over_generalization(add, net, data, cell.probes, seed)
    return rows, {}


def _over_generalization(add, net: nn.Module, data: Dataset, count: int, seed: int) -> None:
    """Adds contraction and gain on noise, and, where there are held-out points, covered fraction and spread."""
    z = noise(data, count, seed=seed)
    g = gain(net, z[:GAINS], None if data.dim <= EXACT else DRAWS, seed)[0]
    add("C2", "gain", 1, float(g.median()), len(g))
    for quantity, value in landing(net, z, data).items():
        add("C2", quantity, 1, value, count)
