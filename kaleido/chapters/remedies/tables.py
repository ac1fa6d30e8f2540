"""Notebook 09: its tables, and what its figures take from evidence too."""

import pandas as pd

from kaleido.chapters.common import IMAGES, OF_PART
from kaleido.chapters.common import LATE as LAST
from kaleido.lab.evidence import Evidence, Table
from kaleido.lab.statistics import in_words, interval

COPIES = 0.05  # the largest copy share of a recipe that may be chosen


def best_run(found: Evidence, data: str, architecture: str = "plain") -> int:
    """Returns the run at which plain sampling has its largest mean PC."""
    rows = found.rows(claim="B5", quantity="pc", data=data, architecture=architecture, condition="plain")
    return int(rows.groupby("run")["value"].mean().idxmax())


def best_recipes(found: Evidence) -> Table:
    """Returns the search of B5, the best first: mean PC at run 200 by way to learn and way to turn.

    Returns:
        Columns: one per data set, their mean `pc`, and the larger of the data sets' mean copy shares, `copies`. Rows
        with more copies than may be chosen come last.
    """
    rows = found.rows(claim="B5", run=LAST)
    rows = rows[rows["architecture"].str.endswith(OF_PART)]
    rows = rows.assign(learned=rows["architecture"].str.removesuffix(OF_PART), turned=rows["condition"])
    mean = rows.groupby(["learned", "turned", "data", "quantity"], sort=False)["value"].mean().unstack("data")
    scores, copied = mean.xs("pc", level="quantity"), mean.xs("copy share", level="quantity").max(axis=1)
    table = scores[list(IMAGES)].assign(pc=scores[list(IMAGES)].mean(axis=1), copies=copied)
    return Table(
        table.assign(late=table["copies"] > COPIES)
        .sort_values(["late", "pc"], ascending=[True, False])
        .drop(columns="late")
    )


def repaired(found: Evidence, data: str) -> Table:
    """Returns what each remedy does at run 200 on held-out points: means over seeds with 95 % intervals.

    The plain sampler is there at its best run, too.
    """
    rows = found.rows(claim="B5", data=data)
    rows = rows[~rows["architecture"].str.endswith(OF_PART)]
    asked = ["pc", "coverage", "recall", "copy share", "jump", "different pictures"]
    lines = {}
    for (learned, turned), group in rows.groupby(["architecture", "condition"], sort=False):
        runs = [best_run(found, data, learned), LAST] if turned == "plain" else [LAST]
        for run in runs:
            some = group[group["run"].isna() | (group["run"] == run)].groupby("quantity")["value"]
            values = {name: in_words(*interval(each)) for name, each in some}
            if run != LAST:
                values |= {"jump": "", "different pictures": ""}
            lines[learned, turned, run] = [values[name] for name in asked]
    index = pd.MultiIndex.from_tuples(lines, names=["learned", "turned", "run"])
    return Table(list(lines.values()), index=index, columns=asked)
