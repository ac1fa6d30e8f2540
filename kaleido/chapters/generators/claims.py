"""Notebook 08: question B4."""

import numpy as np

from kaleido.chapters.generators import figures
from kaleido.lab.endpoint import Endpoint, NotMeasured, values
from kaleido.lab.evidence import Evidence

# the best on the seeds of the search, or of the pilot
RIVALS = {"digits": "Gaussian mixture", "mnist5k": "kernel density", "mnist": "kernel density"}


def beside_rivals(found: Evidence, data: str) -> np.ndarray:
    """B4: PC minus that of the rival that was the best on the seeds of the search."""

    def drawn(name: str) -> np.ndarray:
        return values(found, claim="B4", quantity="pc", data=data, architecture=name, condition="drawn")

    if data not in RIVALS:
        raise NotMeasured("the best rival has not been chosen")
    return drawn("kaleidoscope") - drawn(RIVALS[data])


CLAIMS = {
    "B4": Endpoint(
        "It is as good a generator as the usual ones", "PC minus that of the best rival",
        beside_rivals, -0.05, "≥", figures.published, extended=True, family="ours",
    ),
}  # fmt: skip
