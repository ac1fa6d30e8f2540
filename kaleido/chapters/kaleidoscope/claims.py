"""Notebook 03: claims C3 and C8."""

import numpy as np
import pandas as pd

from kaleido.chapters.common import DEEP
from kaleido.chapters.kaleidoscope import figures
from kaleido.chapters.scores import sampled, trivial
from kaleido.lab.endpoint import Endpoint, values
from kaleido.lab.evidence import Evidence
from kaleido.lab.statistics import in_words, interval


def keeps(found: Evidence, data: str, condition: str = "noise") -> np.ndarray:
    """C8: the share of chains whose class is the same at all runs 50 to 100."""
    about = {"claim": "C8", "quantity": "share that keeps its class", "data": data, "depth": DEEP}
    return values(found, **about, condition=condition)


def by_kick(found: Evidence, data: str = "mnist") -> pd.DataFrame:
    """Returns what C3a, C3b and C8 ask for by kick: means over seeds with 95 % intervals, and where they lie."""
    said = {}
    for condition, kick in figures.KICKS.items():
        seeds = {
            "C3a": sampled("precision", condition=condition)(found, data),
            "C3b": sampled("coverage", condition=condition)(found, data),
            "C8": keeps(found, data, condition),
        }
        said[kick] = {
            f"{name}: {CLAIMS[name].measured}": f"{in_words(*interval(some))}, {CLAIMS[name].side_of(some)}"
            for name, some in seeds.items()
        }
    return pd.DataFrame(said)


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
