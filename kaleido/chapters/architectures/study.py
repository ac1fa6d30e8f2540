"""Notebook 05: what is asked of one architecture: untrained, learned, and at a level of the loss."""

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from kaleido.chapters.common import DRAWS, held_out, kept_until, start_of, states
from kaleido.data.sets import Dataset
from kaleido.measures.features import features
from kaleido.measures.over_generalization import gain, landing
from kaleido.measures.quality import prdc, predicted
from kaleido.networks.build import rebuild
from kaleido.sampling import sample
from kaleido.tools.roots import root

RUNS = (1, 2, 5, 10, 20)  # at which the samples of an architecture are judged
SCORES = ("pc", "precision", "coverage", "recall")  # of the search `pc` alone
PICTURES = 8  # chains whose pictures are kept
GAINS = 100  # probes whose gain is taken


def architecture(cell, net, whole, seed, history, add):
    """Claim C5: over-generalization and samples of one architecture in several states.

    `noise kept` is the correlation between outputs and noise after one run, a mean over features: 1 for the identity.
    `teraflop` counts the additions and multiplications of the training.
    """
    data = whole.first(cell.points) if cell.points else whole
    look, z, arrays = features(whole, seed, cell.judge), start_of(data, cell, seed), {}
    learned = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    add("C5", "parameters", sum(p.numel() for p in net.parameters()), 1, "learned")
    add("C5", "teraflop", _flop(net, data, cell) / 1e12, 1, "learned")
    conditions = {"untrained": (rebuild(net.config).state_dict(), None), "learned": (learned, history.losses[-1])}
    for condition, (weights, loss) in (conditions | states(net, history)).items():
        net.load_state_dict(weights)
        if loss is not None:
            add("C5", "loss", loss, len(data.train), condition)
        once = condition == "untrained" or (condition != "learned" and cell.pictured)  # one run, and no scores
        runs = kept_until(cell.runs, RUNS[:1] if once else RUNS)
        orbit = sample(net, z, runs[-1], runs)
        _over_generalization(add, net, orbit.at(1), z, data, condition, seed)
        if once:
            continue
        real = held_out(data, look)
        with torch.no_grad():
            for run in runs:
                fake = look(orbit.at(run)[: len(data.test)])
                scores = prdc(real, fake)
                scores = {name: scores[name] for name in (SCORES if cell.pictured else SCORES[:1])}
                scores |= predicted(look.classes(fake)) if cell.pictured else {}
                for quantity, value in scores.items():
                    add("C5", quantity, value, len(data.test), condition, run)
        if cell.pictured:
            shown = torch.cat([z[None, :PICTURES], orbit.states[:, :PICTURES]])
            arrays[f"{cell.data}/{cell.variant}/{condition}"] = data.as_bytes(shown)
    net.load_state_dict(learned)
    return arrays


def _over_generalization(add, net: nn.Module, outputs: Tensor, z: Tensor, data: Dataset, condition: str, seed: int):
    for quantity, value in landing(lambda _: outputs, z, data).items():
        add("C5", quantity, value, len(z), condition, 1)
    if condition != "untrained":
        g = gain(net, z[:GAINS], DRAWS, seed)[0]
        add("C5", "gain", g.median(), len(g), condition, 1)
        add("C5", "noise kept", _correlation(z, outputs), len(z), condition, 1)


def _correlation(x: Tensor, y: Tensor) -> float:
    """The mean over features of the correlation over chains; a feature that never changes counts as 0."""
    x, y = (part.double() - part.double().mean(0) for part in (x, y))
    size = root(x.square().sum(0)) * root(y.square().sum(0))
    return float(torch.where(size > 0, (x * y).sum(0) / size.clamp(min=1e-30), 0.0).mean())


def _flop(net: nn.Module, data: Dataset, cell) -> float:
    """Additions and multiplications of a cell's training steps, without the looks at the loss."""
    batch = min(cell.batch or len(data.train), len(data.train))
    with FlopCounterMode(display=False) as counter:
        net(data.train[:batch]).sum().backward()
    net.zero_grad(set_to_none=True)
    return float(counter.get_total_flops()) * cell.steps
