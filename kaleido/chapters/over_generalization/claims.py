"""Notebook 01: claims C1 and C6."""

import numpy as np

from kaleido.chapters.common import DEEP
from kaleido.chapters.over_generalization import figures
from kaleido.chapters.scores import at_the_level
from kaleido.lab.endpoint import Endpoint, values
from kaleido.lab.evidence import Evidence


def unseen(found: Evidence, data: str, architecture: str = "mlp") -> np.ndarray:
    """C1: contraction on uniform noise."""
    return values(
        found, claim="C1", quantity="rho", data=data, architecture=architecture, condition="noise", run=1, depth=DEEP
    )


def constants(found: Evidence, data: str) -> dict[str, np.ndarray]:
    """C1's guards: maps that have learned nothing."""
    names = ("untrained", "untrained he", "linear", "identity", "mean", "medoid", "black")
    there = set(found.table[(found.table["claim"] == "C1") & (found.table["data"] == data)]["architecture"])
    return {name: unseen(found, data, name) for name in names if name in there}


def bounded(found: Evidence, data: str) -> np.ndarray:
    """C6: contraction with a tanh output minus contraction with a linear one, at equal training loss."""
    ends = []
    for output in ("tanh", "linear"):
        about = {"claim": "C6", "data": data, "architecture": output, "depth": DEEP}
        at_the_level(values(found, quantity="loss over level", **about))
        ends.append(values(found, quantity="rho", **about))
    return ends[0] - ends[1]


CLAIMS = {
    "C1": Endpoint(
        "Outputs for unseen inputs land near the training outputs", "contraction on uniform noise",
        unseen, 0.5, "<", figures.unseen_inputs, guards=constants,
    ),
    "C6": Endpoint(
        "Bounded outputs contribute to over-generalization",
        "contraction with a tanh output minus that with a linear one, at equal loss",
        bounded, 0, "<", figures.bounded_outputs, data="digits", small=("digits",), planned=40,
    ),
}  # fmt: skip
