"""What is asked of other architectures, and of other data sets."""

from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from kaleido.data.inputs import noise, probes
from kaleido.data.sets import Dataset
from kaleido.measures.baselines import baselines, controls
from kaleido.measures.dynamics import APART, distinct
from kaleido.measures.features import features
from kaleido.measures.over_generalization import gain, landing, nearest
from kaleido.measures.quality import assess, novelty, prdc, predicted
from kaleido.networks.build import rebuild
from kaleido.sampling import Orbit, sample
from kaleido.studies import DRAWS, KEPT, as_bytes, row
from kaleido.tools.roots import root

__all__ = ["FEW", "architecture", "data_set", "own"]

RUNS = (1, 2, 5, 10, 20)  # at which the samples of an architecture are judged
SCORES = ("pc", "precision", "coverage", "recall")  # of the search `pc` alone
PICTURES = 8  # chains whose pictures are kept
GAINS = 100  # probes whose gain is taken
TURNED = (12, 20)  # chains and runs of the animations
KINDS = ("noise", "heldout", "mixup")  # unseen inputs that every data set has
FEW = 300  # held-out points below which samples get no scores


def architecture(cell, nets, sets, histories) -> tuple[list[dict], dict[str, Tensor]]:
    """Claim C5: over-generalization and samples of one architecture: untrained, learned, and at a level of the loss.

    `noise kept` is the correlation between outputs and noise after one run, a mean over features: 1 for the identity.
    `teraflop` counts the additions and multiplications of the training.
    """
    rows, arrays = [], {}
    for net, whole, seed, history in zip(nets, sets, cell.seeds, histories, strict=True):
        data = whole.first(cell.points) if cell.points else whole
        look = features(whole, seed, cell.judge)
        z = noise(data, max(cell.probes, len(data.test)), seed=seed)
        states = {"untrained": (rebuild(net.config).state_dict(), None)}
        learned = {name: tensor.clone() for name, tensor in net.state_dict().items()}
        states["learned"] = (learned, history.losses[-1])
        states |= {f"loss {mark.level:g}": (mark.weights, mark.loss) for mark in history.snapshots}
        add = _adder(rows, "C5", cell.variant, seed)
        add("parameters", "learned", None, sum(p.numel() for p in net.parameters()), 1)
        add("teraflop", "learned", None, _flop(net, data, cell) / 1e12, 1)
        for condition, (weights, loss) in states.items():
            net.load_state_dict(weights)
            if loss is not None:
                add("loss", condition, None, loss, len(data.train))
            once = condition == "untrained" or (condition != "learned" and cell.pictured)  # one run, and no scores
            runs = [run for run in (RUNS[:1] if once else RUNS) if run <= cell.runs]
            orbit = sample(net, z, runs[-1], runs)
            _over_generalization(add, net, orbit.at(1), z, data, condition, seed)
            if once:
                continue
            with torch.no_grad():
                real = look(data.test)
                for run in runs:
                    fake = look(orbit.at(run)[: len(data.test)])
                    scores = prdc(real, fake)
                    scores = {name: scores[name] for name in (SCORES if cell.pictured else SCORES[:1])}
                    scores |= predicted(look.classes(fake)) if cell.pictured else {}
                    for quantity, value in scores.items():
                        add(quantity, condition, run, value, len(data.test))
            if seed == cell.seeds[0] and cell.pictured:
                shown = torch.cat([z[None, :PICTURES], orbit.states[:, :PICTURES]])
                arrays[f"{cell.data}/{cell.variant}/{condition}"] = as_bytes(shown, data)
        net.load_state_dict(learned)
    return rows, arrays


def data_set(cell, nets, sets, histories) -> tuple[list[dict], dict[str, Tensor]]:
    """Claim C9: the kaleidoscope of another data set; with labels and enough held-out images, C3's scores too."""
    rows, arrays = [], {}
    for net, data, seed, history in zip(nets, sets, cell.seeds, histories, strict=True):
        _turned(rows, arrays, cell, net, data, seed, history)
    return rows, arrays


def own(cell, nets, sets, histories) -> tuple[list[dict], dict[str, Tensor]]:
    """A reader's images: as `data_set`, and C1's measures of the map and its controls, copies, different pictures."""
    rows, arrays = [], {"image shape": torch.tensor(sets[0].image_shape)}
    for net, data, seed, history in zip(nets, sets, cell.seeds, histories, strict=True):
        orbit = _turned(rows, arrays, cell, net, data, seed, history)
        known = {"held-out images": len(data.test), "loss of the mean image": data.train.var(0, correction=0).mean()}
        if data.test_labels is not None:
            known["largest class"] = data.test_labels.bincount().max() / len(data.test)
        for quantity, value in known.items():
            rows.append(row("C9", quantity, "data", "heldout", None, seed, float(value), len(data.test)))
        for run in orbit.runs[1:]:
            states = orbit.at(run)[: cell.probes]
            left = len(distinct(states, APART * (data.bounds[1] - data.bounds[0])).unique()) / len(states)
            rows.append(row("B1", "different pictures to a chain", "mlp", "noise", run, seed, left, len(states)))
            for quantity, value in novelty(states, data).items():
                rows.append(row("B2", quantity, "mlp", "noise", run, seed, value, len(states)))
        maps = {cell.architecture: net} | controls(data, net)
        for kind in KINDS:
            z = probes(data, kind, cell.probes, seed)
            before = nearest(z, data.train)[0]
            for name, f in maps.items():
                for quantity, value in landing(f, z, data, before).items():
                    rows.append(row("C1", quantity, name, kind, 1, seed, value, len(z)))
    return rows, arrays


def _turned(rows: list[dict], arrays: dict, cell, net: nn.Module, data: Dataset, seed: int, history) -> Orbit:
    """Adds C9's rows, and the first seed's pictures, of one network; returns its chains."""
    data = replace(data, test=data.test[: cell.probes], test_labels=_first(data.test_labels, cell.probes))
    n, name = len(data.test), f"{cell.data}/{cell.depth}"
    add = _adder(rows, "C9", cell.architecture, seed)
    add("loss", "train", None, history.losses[-1], len(data.train))
    runs = [run for run in KEPT if run <= cell.runs]
    start = noise(data, max(cell.probes, n), seed=seed)
    orbit = sample(net, start, cell.runs, runs)
    _nearness(add, orbit.at(1), start, data, "noise")
    if data.train_labels is not None and n >= FEW:
        look = features(data, seed, cell.judge)
        add("accuracy", "heldout", None, look.accuracy(data), n)
        for map_, samples in baselines(data, n, seed).items():
            known = _adder(rows, "C9", map_, seed)
            for quantity, value in assess(samples, data, look).items():
                known(quantity, "baseline", None, value, n)
        for run in runs:
            for quantity, value in assess(orbit.at(run), data, look).items():
                add(quantity, "noise", run, value, n)
    if seed == cell.seeds[0]:
        arrays[f"{name}/pictures"] = as_bytes(orbit.states[:, :PICTURES], data)
        chains, turns = TURNED
        arrays[f"{name}/turning"] = as_bytes(sample(net, start[:chains], turns).states, data)
        last = orbit.at(min(20, cell.runs))[:PICTURES]
        arrays[f"{name}/nearest"] = as_bytes(data.train[nearest(last, data.train)[1]], data)
    return orbit


def _adder(rows: list[dict], claim: str, variant: str, seed: int):
    def add(quantity: str, condition: str, run: int | None, value: float, n: int) -> None:
        rows.append(row(claim, quantity, variant, condition, run, seed, value, n))

    return add


def _over_generalization(add, net: nn.Module, outputs: Tensor, z: Tensor, data: Dataset, condition: str, seed: int):
    _nearness(add, outputs, z, data, condition)
    if condition != "untrained":
        g = gain(net, z[:GAINS], DRAWS, seed)[0]
        add("gain", condition, 1, float(g.median()), len(g))
        add("noise kept", condition, 1, _correlation(z, outputs), len(z))


def _nearness(add, outputs: Tensor, z: Tensor, data: Dataset, condition: str) -> None:
    for quantity, value in landing(lambda _: outputs, z, data).items():
        add(quantity, condition, 1, value, len(z))


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


def _first(labels: Tensor | None, n: int) -> Tensor | None:
    return None if labels is None else labels[:n]
