"""Notebook 02: its tables."""

import pandas as pd

from kaleido.chapters.dimension.cells import DIMENSIONS
from kaleido.chapters.dimension.claims import by_dimension, by_points, by_points_of_each
from kaleido.lab.evidence import Evidence, tabulate
from kaleido.lab.statistics import in_words, interval


def grid(found: Evidence, quantity: str = "largest corner loss") -> pd.DataFrame:
    """Returns a quantity by number of points and dimension d: means over seeds with 95 % intervals."""
    rows = found.means(quantity=quantity, architecture="mlp")
    names = rows["data"].str.split("-", expand=True).astype({1: int, 2: int})
    return tabulate(rows.assign(d=names[1], points=names[2]), index=["points"], columns="d")


def losses(found: Evidence) -> pd.DataFrame:
    """Returns the training loss by number of points and dimension d: means over seeds."""
    rows = found.means(quantity="loss")
    names = rows["data"].str.split("-", expand=True).astype({1: int, 2: int})
    table = rows.assign(d=names[1], points=names[2]).pivot(index="points", columns="d", values="value")
    return table.map("{:.1e}".format)


def slopes(found: Evidence) -> pd.DataFrame:
    """Returns the two endpoints, of networks and of maps that need none, and C7a's slope of each dimension alone.

    They are means over seeds with 95 % intervals.
    """
    maps = {"networks": "mlp", "nearest training point": "nearest point", "mean of the points": "mean point"}
    said = {}
    for name, f in maps.items():
        each = dict(zip((f"the same, d = {d}" for d in DIMENSIONS), by_points_of_each(found, f).T, strict=True))
        ends = {"C7a: per doubling of points": by_points(found, "points", f)} | each
        ends |= {"C7b: per doubling of dimension": by_dimension(found, "points", f)}
        said[name] = {end: in_words(*interval(values)) for end, values in ends.items()}
    return pd.DataFrame(said)
