"""Notebook 11: claims M1 to M3."""

import numpy as np

from kaleido.chapters.common import LAST, SAMPLED
from kaleido.chapters.memory import figures
from kaleido.chapters.memory.cells import FEW, MANY, SEEDS, images
from kaleido.lab.endpoint import Endpoint, NotMeasured, values
from kaleido.lab.evidence import Evidence

PAIR, MEMORY = "other images, other weights", "nearest images"
LEAST = 0.1  # of the distance between held-out images: samples from different noises that are nearer are one constant


def remembered(found: Evidence, data: str) -> np.ndarray:
    """M1: the share of chains that end near an image of their network's own set."""
    about = {"claim": "M1", "quantity": "share near own set", "data": data, "architecture": "mlp"}
    return values(found, **about, condition=images(FEW), run=LAST)


def agreed(found: Evidence, data: str) -> np.ndarray:
    """M2: how far samples of two networks from the same noise lie apart, beside those from different noises."""
    about = {"claim": "M2", "data": data, "architecture": PAIR, "condition": images(MANY[data]), "run": SAMPLED}
    apart = values(found, quantity="different noises", **about)
    if (apart < LEAST).any():
        raise NotMeasured(f"samples from different noises are alike: {apart.min():.3f} of the distance between images")
    return values(found, quantity="ratio", **about)


def memories(found: Evidence, data: str) -> dict[str, np.ndarray]:
    """M2's guard: the same ratio of two maps that answer each noise with the nearest image of their own set."""
    about = {"claim": "M2", "quantity": "ratio", "data": data, "architecture": MEMORY, "run": SAMPLED}
    return {MEMORY: found.rows(**about, condition=images(MANY[data]))["value"].to_numpy()}


def copied(found: Evidence, data: str) -> np.ndarray:
    """M3: the share of samples that are nearer to an image of their network's own set than to any of the other."""
    about = {"claim": "M3", "quantity": "share nearer to own set", "data": data, "architecture": "mlp"}
    return values(found, **about, condition=images(MANY[data]), run=SAMPLED)


OF_THIS_FAMILY = {"small": ("digits",), "family": "memory", "first": SEEDS[0]}
CLAIMS = {
    "M1": Endpoint(
        "A kaleidoscope of few images remembers them",
        f"share of chains near an image of the network's own set at run 500, sets of {FEW} images",
        remembered, 0.5, "≥", figure=figures.remembered, **OF_THIS_FAMILY,
    ),
    "M2": Endpoint(
        "Kaleidoscopes of different images turn the same noise into the same picture",
        "distance between two networks' samples at run 20 from the same noise, over that from different noises, "
        "largest sets",
        agreed, 0.5, "<", guards=memories, figure=figures.memory, **OF_THIS_FAMILY,
    ),
    "M3": Endpoint(
        "Samples are hardly nearer to the images that their network learned than to others",
        "share of samples nearer to the network's own set at run 20, largest sets",
        copied, 0.55, "<", figure=figures.memory, **OF_THIS_FAMILY,
    ),
}  # fmt: skip
