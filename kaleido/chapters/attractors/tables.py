"""Notebook 07: its table."""

import pandas as pd

from kaleido.chapters.depth.cells import FEW
from kaleido.lab.evidence import Evidence
from kaleido.lab.statistics import in_words, interval


def ends_found(found: Evidence, data: str) -> pd.DataFrame:
    """Where chains end, by depth, on one data set: means over seeds with 95 % intervals.

    Returns:
        One column per depth; a quantity that some seed lacks, since none of its chains came to an end, is left out.
    """
    asked = {
        "in a fixed point": ("share fixed", "noise"),
        "in a cycle": ("share cycle", "noise"),
        "in neither": ("share neither", "noise"),
        "different ends": ("ends", "noise"),
        "ends, seen or not, at least": ("ends at least", "noise"),
        "share of the largest basin": ("largest basin", "noise"),
        "share of ends at training points": ("ends at training points", "noise"),
        "spectral radius at ends": ("radius", "ends"),
        "spectral radius at training points": ("radius", "training points"),
        "training points with a radius below 1": ("radius below 1", "training points"),
        "training points recalled": ("recalled", "training points"),
        "Lyapunov exponent per run": ("exponent", "noise"),
    }
    columns = {}
    for depth in FEW:
        rows = found.rows(claim="B3", data=data, depth=depth)
        said = {}
        for name, (quantity, condition) in asked.items():
            values = rows[(rows["quantity"] == quantity) & (rows["condition"] == condition)]["value"]
            if len(values) == rows["seeds"].nunique() and len(values):
                said[name] = in_words(*interval(values))
        if said:
            columns[f"depth {depth}"] = said
    return pd.DataFrame(columns).reindex(asked).fillna("")
