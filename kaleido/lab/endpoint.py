"""Endpoints: a claim, one number per seed, a threshold, and the side that is claimed."""

import operator
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kaleido.lab.drawing import Drawing
from kaleido.lab.evidence import Evidence
from kaleido.lab.statistics import interval

__all__ = ["FAMILIES", "Endpoint", "NotMeasured", "values"]

FAMILIES = {  # p-values are corrected within each; what the ledger calls them
    "paper": "the paper's {} claims",
    "ours": "our {} controls and questions",
    "memory": "our {} claims on memory",
}
SIDES = {"<": operator.lt, "≤": operator.le, ">": operator.gt, "≥": operator.ge}


class NotMeasured(Exception):
    """Why an endpoint cannot be computed from evidence, in words."""


@dataclass(frozen=True)
class Endpoint:
    """A claim, the number that decides it, and where it is drawn.

    Arguments:
        text: The claim in a sentence.
        measured: What is measured, in words.
        seeds: From evidence and the name of a data set to one number per seed.
        threshold: What the seeds' mean is compared with.
        side: On which side of it the claim says that they lie: `<`, `≤`, `>` or `≥`.
        figure: Where it is drawn.
        data: The data set that decides.
        small: Data sets of small networks that are shown beside it.
        planned: How many seeds decide.
        first: The first of the seeds that decide; the others follow it.
        family: One of `FAMILIES`.
        extended: Whether small networks were measured once, into the record of the `extended` profile.
        guards: Trivial maps or samples, of which the same number is taken.
        remark: What the word should be read with, if anything.
    """

    text: str
    measured: str
    seeds: Callable[[Evidence, str], np.ndarray]
    threshold: float
    side: str
    figure: Drawing
    data: str = "mnist"
    small: tuple[str, ...] = ("digits", "mnist5k")
    planned: int = 10
    first: int = 200
    family: str = "paper"
    extended: bool = False
    guards: Callable[[Evidence, str], dict[str, np.ndarray]] = lambda found, data: {}
    remark: Callable[[Evidence, str], str] = lambda found, data: ""

    def on_claimed_side(self, value: float) -> bool:
        """Returns whether a number lies on the side that the claim names."""
        return SIDES[self.side](value, self.threshold)

    def side_of(self, seeds: np.ndarray) -> str:
        """Returns in words where numbers of several seeds lie, or one: `undecided` if their interval has both sides."""
        mean, low, high = interval(seeds)
        if low <= self.threshold <= high:
            return "undecided"
        return "claimed side" if self.on_claimed_side(mean) else "other side"

    @property
    def where(self) -> str:
        """The function that takes its number, by its module."""
        return f"{self.seeds.__module__}.{self.seeds.__qualname__.partition('.')[0]}"


def values(found: Evidence, **where) -> np.ndarray:
    """Returns one number per seed, or raises `NotMeasured` if there are none."""
    try:
        return found.values(**where)
    except ValueError as error:
        raise NotMeasured(str(error)) from None
