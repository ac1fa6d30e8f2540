"""Notebook 03: claims C3 and C8."""

import numpy as np

from kaleido.chapters.common import DEEP
from kaleido.chapters.kaleidoscope import figures
from kaleido.chapters.scores import sampled, trivial
from kaleido.lab.endpoint import Endpoint, values
from kaleido.lab.evidence import Evidence


def keeps(found: Evidence, data: str) -> np.ndarray:
    """C8: the share of chains whose class is the same at all runs 50 to 100."""
    about = {"claim": "C8", "quantity": "share that keeps its class", "data": data, "depth": DEEP}
    return values(found, **about, condition="noise")


CLAIMS = {
    "C3a": Endpoint(
        "After a burn-in, samples look like the data", "precision at run 20",
        sampled("precision"), 0.8, "≥", figures.quality, guards=trivial("precision"),
    ),
    "C3b": Endpoint(
        "After a burn-in, samples cover the data", "coverage at run 20",
        sampled("coverage"), 0.5, "≥", figures.quality, guards=trivial("coverage"),
    ),
    "C8": Endpoint(
        "After burn-in a chain keeps its digit", "share of chains of one class at all runs 50 to 100",
        keeps, 0.9, "≥", figures.stability,
    ),
}  # fmt: skip
