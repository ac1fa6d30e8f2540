"""Notebook 03: the quality of chains along the sampling runs, by noise and by kick."""

import torch

from kaleido.chapters.common import held_out, kept_until
from kaleido.data.inputs import noise
from kaleido.measures.baselines import baselines
from kaleido.measures.features import features
from kaleido.measures.quality import Reference, assess, prdc, predicted, reference
from kaleido.sampling import Orbit, sample

PICTURES = 12  # chains whose pictures are kept at every kept run
REST = 0.001  # of the range: a chain whose features moved less than this, root mean square, is at rest
FOLLOWED = (
    "noise",
    "centred kick",
    "published kick",
)  # conditions whose chains are turned to the end; others: a quarter
CONDITIONS = {  # what a chain starts from, and how it is kicked; the first one decides
    "noise": ("uniform", "none"),
    "gaussian": ("gaussian", "none"),
    "binary": ("binary", "none"),
    "centred kick": ("uniform", "centred"),
    "published kick": ("uniform", "published"),
}


def kaleidoscope(cell, net, data, seed, history, add):
    """Claims C3 and C8: the chains' quality along the runs, by noise and by kick, beside samples of known worth."""
    look, n = features(data, seed, cell.judge), len(data.test)
    add("C3", "loss", history.losses[-1], len(data.train), "train")
    add("C3", "accuracy", look.accuracy(data), n, "heldout", architecture="features")
    add("C3", "brightness", data.test.mean(), n, "heldout", architecture="data")
    real, pixels = held_out(data, look), reference(data.test)
    for name, samples in baselines(data, n, seed).items():
        for quantity, value in (assess(samples, data, look, real=real) | _in_pixels(samples, pixels)).items():
            add("C3", quantity, value, n, "baseline", architecture=name)
    arrays = {}
    for condition, (kind, kick) in CONDITIONS.items():
        orbit = _turned(cell, net, data, seed, look, real, pixels, condition, kind, kick, add)
        kept = torch.stack([orbit.at(run)[:PICTURES] for run in kept_until(orbit.runs[-1])])
        arrays[f"{cell.data}/{cell.depth}/{condition}"] = data.as_bytes(kept)
    return arrays


def _turned(cell, net, data, seed, look, real, pixels, condition, kind, kick, add) -> Orbit:
    """Adds the rows of the chains from one kind of noise with one kick, and returns the chains."""
    turns = cell.runs if condition in FOLLOWED else cell.runs // 4
    runs, still = kept_until(turns), range(cell.runs // 4, cell.runs // 2 + 1)  # 50 to 100 of 200
    start, unit = noise(data, cell.probes, kind, seed), data.bounds[1] - data.bounds[0]
    kept = {*runs, *still} if condition in FOLLOWED else runs
    orbit = sample(net, start, turns, kept, kick, bounds=data.bounds, seed=seed)
    for run in runs:
        scores = assess(orbit.at(run), data, look, real=real) | {"brightness": float(orbit.at(run).mean())}
        if condition == "noise":
            scores |= _in_pixels(orbit.at(run)[: len(data.test)], pixels)
        for quantity, value in scores.items():
            add("C3", quantity, value, len(data.test), condition, run)
        if run:
            steps = orbit.steps[orbit.runs.index(run)] / data.dim**0.5  # root mean square over features
            add("C8", "step", steps.median(), cell.probes, condition, run)
            add("C8", "share at rest", (steps <= REST * unit).double().mean(), cell.probes, condition, run)
    if condition not in FOLLOWED:
        return orbit
    with torch.no_grad():
        logits = [look.classes(look(orbit.at(run))) for run in still]
    classes = torch.stack([each.argmax(1) for each in logits])
    switches = (classes[1:] != classes[:-1]).sum(0).double()
    add("C8", "share that keeps its class", (switches == 0).double().mean(), cell.probes, condition)
    add("C8", "switches", switches.mean(), cell.probes, condition)
    for quantity, value in predicted(logits[-1]).items():
        add("C8", f"final {quantity}", value, cell.probes, condition)
    return orbit


def _in_pixels(samples: torch.Tensor, pixels: Reference) -> dict[str, float]:
    return {f"{name} in pixels": value for name, value in prdc(pixels, samples).items()}
