"""Notebook 02: its tables."""

import pandas as pd

from kaleido.chapters.dimension.claims import by_dimension, by_points
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
    """Returns the two endpoints, of networks and of maps that need none: means over seeds with 95 % intervals."""
    maps = {"networks": "mlp", "nearest training point": "nearest point", "mean of the points": "mean point"}
    ends = {"C7a: per doubling of points": by_points, "C7b: per doubling of dimension": by_dimension}
    return pd.DataFrame(
        {said: [in_words(*interval(end(found, "points", f))) for f in maps.values()] for said, end in ends.items()},
        index=list(maps),
    )
