"""Notebook 02: its tables."""

import pandas as pd

from kaleido.lab.evidence import Evidence, tabulate


def by_points(found: Evidence, quantity: str = "largest corner loss") -> pd.DataFrame:
    """Returns a quantity by number of points and dimension d: means over seeds with 95 % intervals."""
    rows = found.means(quantity=quantity)
    names = rows["data"].str.split("-", expand=True).astype({1: int, 2: int})
    return tabulate(rows.assign(d=names[1], points=names[2]), index=["points"], columns="d")


def losses(found: Evidence) -> pd.DataFrame:
    """Returns the training loss by number of points and dimension d: means over seeds."""
    rows = found.means(quantity="loss")
    names = rows["data"].str.split("-", expand=True).astype({1: int, 2: int})
    table = rows.assign(d=names[1], points=names[2]).pivot(index="points", columns="d", values="value")
    return table.map("{:.1e}".format)
