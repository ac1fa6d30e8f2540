"""What endpoints of several chapters take from evidence."""

from collections.abc import Callable

import numpy as np

from kaleido.chapters.common import DEEP, SAMPLED, WITHIN
from kaleido.lab.endpoint import NotMeasured, values
from kaleido.lab.evidence import Evidence


def sampled(quantity: str, claim: str = "C3", condition: str = "noise") -> Callable[[Evidence, str], np.ndarray]:
    """C3 and C9: a score of samples at run 20."""

    def score(found: Evidence, data: str) -> np.ndarray:
        about = {"claim": claim, "quantity": quantity, "data": data, "condition": condition}
        return values(found, **about, architecture="mlp", depth=DEEP, run=SAMPLED)

    return score


def trivial(quantity: str, claim: str = "C3") -> Callable[[Evidence, str], dict[str, np.ndarray]]:
    """C3's and C9's guards: samples that need no network, but for real images and what a network makes of them."""

    def scores(found: Evidence, data: str) -> dict[str, np.ndarray]:
        rows = found.rows(claim=claim, quantity=quantity, data=data, condition="baseline")
        names = [
            name for name in rows["architecture"].unique() if not name.endswith(("training points", "held-out points"))
        ]
        return {name: rows[rows["architecture"] == name]["value"].to_numpy() for name in names}

    return scores


def at_the_level(over: np.ndarray) -> None:
    """Raises `NotMeasured` unless training losses, over the level that they were to meet, lie within 3 % of it."""
    if not ((over > 1 - WITHIN) & (over <= 1)).all():
        raise NotMeasured(f"training losses are {over.min():.3f} to {over.max():.3f} of the level")
