"""The rules of claims B4 and B5, and the choice of settings that they rest on."""

import numpy as np
import pandas as pd

from kaleido.chosen import RECIPE
from kaleido.evidence import Evidence
from kaleido.generators import GENERATORS
from kaleido.remedies import LAST
from kaleido.rules import Verdict, listed, partly
from kaleido.sizes import IMAGES, OF_PART
from kaleido.statistics import Test, contrast, in_words, interval, threshold

__all__ = ["as_good", "best_recipes", "best_settings", "compared", "remedy", "repaired"]

LESS, MORE = 0.05, 0.10  # how far below a rival the kaleidoscope may lie; by how much a remedy must help
COPIES = 0.05  # the largest copy share of a setting that may be chosen


def as_good(found: Evidence, stretch: float = 1.0) -> Verdict:
    """Claim B4: the kaleidoscope's PC is nowhere more than 0.05 below a rival's; partly: below not that of every one.

    Arguments:
        found: Extended evidence of notebook 08.
        stretch: Makes every interval so many times as long.
    """
    tests: dict[str, list[Test]] = {name: [] for name in GENERATORS}
    for data in IMAGES:
        ours, *theirs = (_drawn(found, data, name, "pc") for name in ("kaleidoscope", *GENERATORS))
        for name, values in zip(GENERATORS, theirs, strict=True):
            tests[name].append(contrast(f"{data}: PC less that of {name}", ours, values, -LESS, below=False))
    where = listed(found.means(claim="B4", quantity="pc", architecture="kaleidoscope", condition="drawn"))
    return partly("B4", tests, stretch, "it is as good as {}", **where)


def remedy(found: Evidence, stretch: float = 1.0) -> Verdict:
    """Claim B5: at run 200 the recipe's PC is more than 0.10 above the plain sampler's best; few samples are copies.

    On both data sets; on one of them: partly.

    Arguments:
        found: Extended evidence of notebook 09.
        stretch: Makes every interval so many times as long.
    """
    tests = {}
    for data in IMAGES:
        recipe = {"data": data, "architecture": RECIPE[0], "condition": RECIPE[1], "run": LAST}
        plain = {"data": data, "architecture": "plain", "condition": "plain"}
        run = best_run(found, data)
        ours, best = found.values(quantity="pc", **recipe), found.values(quantity="pc", run=run, **plain)
        copied = found.values(quantity="copy share", **recipe)
        tests[data] = [
            contrast(f"{data}: PC less plain sampling's best (run {run})", ours, best, MORE, below=False),
            threshold(f"{data}: copy share", copied, COPIES, below=True),
        ]
    where = listed(found.means(claim="B5", quantity="pc", architecture=RECIPE[0], condition=RECIPE[1], run=LAST))
    return partly("B5", tests, stretch, "it helps on {}", **where)


def best_run(found: Evidence, data: str, architecture: str = "plain") -> int:
    """Returns the run at which plain sampling has its largest mean PC."""
    rows = found.rows(claim="B5", quantity="pc", data=data, architecture=architecture, condition="plain")
    return int(rows.groupby("run")["value"].mean().idxmax())


def best_settings(found: Evidence, data: str) -> pd.DataFrame:
    """Returns the search of B4 on one data set: each setting's mean PC and copy share, and which one is chosen."""
    rows = found.rows(claim="B4", data=data)
    rows = rows[rows["condition"] != "drawn"]
    table = rows.pivot_table(index=["architecture", "condition"], columns="quantity", values="value", sort=False)
    table = table[["pc", "precision", "coverage", "copy share"]]
    chosen = table["pc"].where(table["copy share"] <= COPIES).groupby(level=0, sort=False).idxmax()
    return table.assign(chosen=table.index.isin(list(chosen)))


def best_recipes(found: Evidence) -> pd.DataFrame:
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
    return (
        table.assign(late=table["copies"] > COPIES)
        .sort_values(["late", "pc"], ascending=[True, False])
        .drop(columns="late")
    )


def compared(found: Evidence, data: str) -> pd.DataFrame:
    """Returns every generator's scores on held-out points, the best PC first: means over seeds with 95 % intervals."""
    rows = found.rows(claim="B4", data=data, condition="drawn")
    asked = ["pc", "precision", "coverage", "recall", "frechet", "novelty", "copy share", "class entropy"]
    names = rows.groupby("architecture")["value"].size().index
    means = {name: [interval(_drawn(found, data, name, quantity)) for quantity in asked] for name in names}
    order = sorted(means, key=lambda name: -means[name][0][0])
    table = pd.DataFrame([[in_words(*ends) for ends in means[name]] for name in order], index=order, columns=asked)
    return table.rename(columns={"pc": "PC", "frechet": "Fréchet"})


def repaired(found: Evidence, data: str) -> pd.DataFrame:
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
    return pd.DataFrame(list(lines.values()), index=index, columns=["PC", *asked[1:]])


def _drawn(found: Evidence, data: str, name: str, quantity: str) -> np.ndarray:
    return found.values(claim="B4", quantity=quantity, data=data, architecture=name, condition="drawn")
