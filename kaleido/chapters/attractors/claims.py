"""Notebook 07: questions B1 to B3."""

from collections.abc import Callable

import numpy as np

from kaleido.chapters.attractors import figures
from kaleido.chapters.common import DEEP, LAST, LATE, SAMPLED
from kaleido.lab.endpoint import Endpoint, values
from kaleido.lab.evidence import Evidence


def turned(claim: str, quantity: str, run: int, before: int | None = None) -> Callable[[Evidence, str], np.ndarray]:
    """B1 to B3: a number of the chains at a run, or its change since an earlier one."""

    def number(found: Evidence, data: str) -> np.ndarray:
        about = {"claim": claim, "quantity": quantity, "data": data, "architecture": "mlp", "depth": DEEP}
        ends = [values(found, **about, condition="noise", run=at) for at in (run, before) if at]
        return ends[0] - ends[1] if before else ends[0]

    return number


CLAIMS = {
    "B1": Endpoint(
        "The kaleidoscope collapses if it is turned too long", "coverage at run 200 minus that at run 20",
        turned("B1", "coverage", LATE, SAMPLED), 0, "<", figures.collapse, family="ours",
    ),
    "B2": Endpoint(
        "The kaleidoscope copies its training set", "copy share at run 20",
        turned("B2", "copy share", SAMPLED), 0.05, "≥", figures.bestiary, family="ours",
    ),
    "B3": Endpoint(
        "Chains come to rest", "share of chains in neither a fixed point nor a cycle at run 500",
        turned("B3", "share neither", LAST), 0.1, "<", figures.ends, family="ours",
    ),
}  # fmt: skip
