"""Notebook 09: question B5."""

import numpy as np

from kaleido.chapters.common import LATE
from kaleido.chapters.generators.cells import CHOSEN
from kaleido.chapters.remedies import figures
from kaleido.chapters.remedies.cells import RECIPE
from kaleido.lab.endpoint import Endpoint, NotMeasured, values
from kaleido.lab.evidence import Evidence


def repaired(found: Evidence, data: str) -> np.ndarray:
    """B5: PC of the remedy at run 200 minus PC of plain sampling at its best run, which was chosen on other seeds."""
    if data not in CHOSEN:
        raise NotMeasured("the plain sampler's best run has not been chosen")
    about = {"claim": "B5", "quantity": "pc", "data": data}
    late = values(found, **about, architecture=RECIPE[0], condition=RECIPE[1], run=LATE)
    best = CHOSEN[data]["kaleidoscope"]
    return late - values(found, **about, architecture="plain", condition="plain", run=best)


CLAIMS = {
    "B5": Endpoint(
        "There is a remedy for the collapse", "PC of the remedy at run 200 minus PC of plain sampling at its best run",
        repaired, 0.1, "≥", figures.remedies, extended=True, family="ours",
    ),
}  # fmt: skip
