"""Notebook 06: its tables."""

import pandas as pd

from kaleido.chapters.common import DEEP, LAST, LATE, SAMPLED
from kaleido.chapters.data_sets.cells import absent
from kaleido.lab.evidence import Evidence, Table, recorded
from kaleido.lab.statistics import in_words, interval

_LEARNED = {"architecture": "mlp", "depth": DEEP, "condition": "equal steps"}
_TURNED = {"architecture": "mlp", "condition": "noise"}
BOTH = {  # what was measured on MNIST and on Fashion-MNIST alike: the notebook in whose record it stands, and where
    "training loss": ("04", {"quantity": "loss", **_LEARNED}),
    "contraction": ("04", {"quantity": "rho", **_LEARNED}),
    "contraction of a black picture": ("01", {"quantity": "rho", "architecture": "black", "condition": "noise"}),
    "spread": ("04", {"quantity": "spread", **_LEARNED}),
    "precision": ("04", {"quantity": "precision", **_LEARNED}),
    "coverage": ("04", {"quantity": "coverage", **_LEARNED}),
    "PC": ("04", {"quantity": "pc", **_LEARNED}),
    "class entropy": ("04", {"quantity": "class entropy", **_LEARNED}),
    "two-sample": ("04", {"quantity": "two-sample", **_LEARNED}),
    "copy share": ("07", {"quantity": "copy share", "run": SAMPLED, **_TURNED}),
    "copy share of f of training points": ("07", {"quantity": "copy share", "architecture": "f of training points"}),
    f"precision at run {LATE}": ("07", {"quantity": "precision", "run": LATE, **_TURNED}),
    f"coverage at run {LATE}": ("07", {"quantity": "coverage", "run": LATE, **_TURNED}),
    "share that keeps its class": ("03", {"quantity": "share that keeps its class", **_TURNED}),
    f"share neither fixed nor in a cycle at run {LAST}": ("07", {"quantity": "share neither", **_TURNED}),
}


def beside_mnist() -> Table:
    """Returns what the deciding networks of MNIST and of Fashion-MNIST have in common: means over seeds with intervals.

    Where nothing else is said, scores are of run 20.
    """
    return Table({
        data: {
            said: in_words(*interval(recorded(notebook, "paper").values(data=data, **where)))
            for said, (notebook, where) in BOTH.items()
        }
        for data in ("mnist", "fashion")
    })  # fmt: skip


def loaded(found: Evidence) -> pd.DataFrame:
    """Returns the data sets of notebook 06: how many seeds were run, or why none was."""
    seeds = found.rows(claim="C9", quantity="loss").groupby("data")["seeds"].nunique()
    rows = [(name, f"run, {n} seeds" if n > 1 else "run, one seed") for name, n in seeds.items()]
    rows += [(name, f"not run; {why}") for name, why in absent().items()]
    return pd.DataFrame(rows, columns=["data", "status"]).set_index("data")
