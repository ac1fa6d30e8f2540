"""Notebook 08: its tables."""

from kaleido.lab.evidence import Evidence, Table
from kaleido.lab.statistics import in_words, interval

COPIES = 0.05  # the largest copy share of a setting that may be chosen


def best_settings(found: Evidence, data: str) -> Table:
    """Returns the search of B4 on one data set: each setting's mean PC and copy share, and which one is chosen."""
    rows = found.rows(claim="B4", data=data)
    rows = rows[rows["condition"] != "drawn"]
    table = rows.pivot_table(index=["architecture", "condition"], columns="quantity", values="value", sort=False)
    table = table[["pc", "precision", "coverage", "copy share"]]
    chosen = table["pc"].where(table["copy share"] <= COPIES).groupby(level=0, sort=False).idxmax()
    return Table(table.assign(chosen=table.index.isin(list(chosen))))


def compared(found: Evidence, data: str) -> Table:
    """Returns every generator's scores on held-out points, the best PC first: means over seeds with 95 % intervals."""
    rows = found.rows(claim="B4", data=data, condition="drawn")
    asked = ["pc", "precision", "coverage", "recall", "frechet", "novelty", "copy share", "class entropy"]
    rows = rows.groupby(["architecture", "quantity"])["value"]
    said = rows.apply(lambda values: in_words(*interval(values))).unstack("quantity").fillna("")
    best = rows.mean().xs("pc", level="quantity").sort_values(ascending=False).index
    table = said.loc[best, [quantity for quantity in asked if quantity in said]]
    return Table(table.rename_axis(index=None, columns=None))
