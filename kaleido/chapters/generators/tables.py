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


def apart(found: Evidence, data: str) -> Table:
    """Returns how far the kaleidoscope's PC lies above each rival's, seed by seed: means with 95 % intervals."""
    drawn = found.rows(claim="B4", quantity="pc", data=data, condition="drawn")
    by_seed = drawn.pivot_table("value", "seeds", "architecture").dropna(axis=1)
    rest = by_seed.drop(columns="kaleidoscope")
    said = rest.rsub(by_seed["kaleidoscope"], axis=0).apply(lambda values: in_words(*interval(values)))
    return Table(said.to_frame("PC of the kaleidoscope minus PC").rename_axis(index=None))


def compared(found: Evidence, data: str) -> Table:
    """Returns every generator's scores on held-out points, the best PC first: means over seeds with 95 % intervals."""
    rows = found.rows(claim="B4", data=data, condition="drawn")
    asked = ["pc", "precision", "coverage", "recall", "frechet", "novelty", "copy share", "class entropy"]
    rows = rows.groupby(["architecture", "quantity"])["value"]
    said = rows.apply(lambda values: in_words(*interval(values))).unstack("quantity").fillna("")
    best = rows.mean().xs("pc", level="quantity").sort_values(ascending=False).index
    table = said.loc[best, [quantity for quantity in asked if quantity in said]]
    return Table(table.rename_axis(index=None, columns=None))
