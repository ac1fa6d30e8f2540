"""Notebook 06: the kaleidoscope of another data set."""

from dataclasses import replace

from kaleido.chapters.common import held_out, kept_until
from kaleido.data.inputs import noise
from kaleido.measures.baselines import baselines
from kaleido.measures.features import features
from kaleido.measures.over_generalization import landing, nearest
from kaleido.measures.quality import assess
from kaleido.sampling import Orbit, sample

PICTURES = 8  # chains whose pictures are kept
TURNED = (12, 20)  # chains and runs of the animations
FEW = 300  # held-out points below which samples get no scores


def data_set(cell, net, data, seed, history, add):
    """Claim C9: the kaleidoscope of another data set; with labels and enough held-out images, C3's scores too."""
    return turned(cell, net, data, seed, history, add)[1]


def turned(cell, net, data, seed, history, add) -> tuple[Orbit, dict]:
    """Adds C9's rows of one network; returns its chains, and pictures of them."""
    labels = None if data.test_labels is None else data.test_labels[: cell.probes]
    data = replace(data, test=data.test[: cell.probes], test_labels=labels)
    n, name = len(data.test), f"{cell.data}/{cell.depth}"
    add("C9", "loss", history.losses[-1], len(data.train), "train")
    start = noise(data, max(cell.probes, n), seed=seed)
    orbit = sample(net, start, cell.runs, kept_until(cell.runs))
    for quantity, value in landing(lambda _: orbit.at(1), start, data).items():
        add("C9", quantity, value, len(start), "noise", 1)
    if data.train_labels is not None and n >= FEW:
        look = features(data, seed, cell.judge)
        real = held_out(data, look)
        add("C9", "accuracy", look.accuracy(data), n, "heldout")
        for known, samples in baselines(data, n, seed).items():
            for quantity, value in assess(samples, data, look, real=real).items():
                add("C9", quantity, value, n, "baseline", architecture=known)
        for run in orbit.runs:
            for quantity, value in assess(orbit.at(run), data, look, real=real).items():
                add("C9", quantity, value, n, "noise", run)
    chains, turns = TURNED
    last = orbit.at(min(20, cell.runs))[:PICTURES]
    return orbit, {
        f"{name}/pictures": data.as_bytes(orbit.states[:, :PICTURES]),
        f"{name}/turning": data.as_bytes(sample(net, start[:chains], turns).states),
        f"{name}/nearest": data.as_bytes(data.train[nearest(last, data.train)[1]]),
    }
