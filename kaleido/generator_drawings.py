"""Generators side by side, and remedies: one function per figure of notebooks 08 and 09, from evidence alone."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from kaleido.chosen import RECIPE
from kaleido.evidence import Evidence
from kaleido.pictures import sheet
from kaleido.remedies import LAST
from kaleido.sizes import IMAGES, OF_PART, WAYS
from kaleido.statistics import in_words, interval
from kaleido.style import CONTROL, DATA, MAP, MILLIMETRE, PAGE

__all__ = [
    "best_recipes", "best_run", "best_settings", "compared", "generators", "remedied", "remedies", "repaired",
    "samples", "search",
]  # fmt: skip

SHOWN = 20  # samples of each generator
COPIES = 0.05  # the largest copy share of a setting that may be chosen
SIDES = {"digits": 8, "mnist5k": 28}


def generators(found: Evidence) -> Figure:
    """PC, recall and novelty of every generator on held-out points, all seeds, the best first."""
    figure = Figure((PAGE, 100 * MILLIMETRE))
    axes = figure.subplots(2, 3, sharex="col")
    asked = {"pc": "PC", "recall": "recall", "novelty": "novelty"}
    for row, data in zip(axes, IMAGES, strict=True):
        rows = found.rows(claim="B4", data=data, condition="drawn")
        means = rows[rows["quantity"] == "pc"].groupby("architecture")["value"].mean().sort_values(ascending=False)
        for axis, (quantity, title) in zip(row, asked.items(), strict=True):
            for place, name in enumerate(means.index):
                values = rows[(rows["quantity"] == quantity) & (rows["architecture"] == name)]["value"]
                colour = DATA if name == "kaleidoscope" else CONTROL if name == "training points" else MAP
                axis.plot(values, [-place] * len(values), "o", color=colour, ms=2.5, alpha=0.5, mew=0)
                axis.plot(values.mean(), -place, "|", color=colour, ms=9, mew=2)
            axis.set_yticks(-np.arange(len(means)), list(means.index) if axis is row[0] else [""] * len(means))
            if quantity == "novelty":
                axis.axvline(1, color=CONTROL, lw=0.8, ls=":")
            axis.set_xlim(0 if quantity != "novelty" else -0.05, None)
            if data == IMAGES[0]:
                axis.set_title(title)
        row[0].set_ylabel(f"{data}, {rows['seeds'].nunique()} seeds")
    for axis in axes[1]:
        axis.set_xlabel("no unit")
    return figure


def samples(found: Evidence, data: str) -> Figure:
    """Samples of every generator, one row each."""
    names = [name.partition("/")[2] for name in found.arrays if name.startswith(f"{data}/")]
    names = sorted(names, key=lambda name: (name == "training points", name != "kaleidoscope"))
    return _rows(found, {name: f"{data}/{name}" for name in names}, data, 68)


def remedied(found: Evidence, data: str) -> Figure:
    """Samples at run 200: networks that learned plainly and as the recipe says, turned plainly and as it says."""
    names = {
        f"{learned}; {turned}": f"{data}/{learned}/{turned}"
        for learned in ("plain", RECIPE[0])
        for turned in ("plain", RECIPE[1])
    }
    return _rows(found, {said: name for said, name in names.items() if name in found.arrays}, data, 38)


def remedies(found: Evidence) -> Figure:
    """PC and largest jump at run 200 on held-out points, all seeds, beside the plain sampler's best run."""
    figure = Figure((PAGE, 96 * MILLIMETRE))
    axes = figure.subplots(2, 3, sharex="col", sharey=True)
    asked = {"pc": f"PC at run {LAST}", "coverage": f"coverage at run {LAST}", "jump": "largest jump"}
    for row, data in zip(axes, IMAGES, strict=True):
        rows = found.rows(claim="B5", data=data)
        rows = rows[~rows["architecture"].str.endswith(OF_PART)]
        ways = list(rows.groupby(["architecture", "condition"], sort=False).groups)
        for axis, (quantity, title) in zip(row, asked.items(), strict=True):
            for place, (learned, turned) in enumerate(ways):
                some = rows[(rows["architecture"] == learned) & (rows["condition"] == turned)]
                some = some[(some["quantity"] == quantity) & (some["run"].isna() | (some["run"] == LAST))]["value"]
                colour = DATA if (learned, turned) == RECIPE else MAP
                axis.plot(some, [-place] * len(some), "o", color=colour, ms=2.5, alpha=0.5, mew=0)
                axis.plot(some.mean(), -place, "|", color=colour, ms=9, mew=2)
            if quantity != "jump":
                run = best_run(found, data)
                about = {"claim": "B5", "data": data, "architecture": "plain", "condition": "plain"}
                best = found.values(**about, quantity=quantity, run=run).mean()
                axis.axvline(best, color=CONTROL, lw=0.8, ls=":", label="plain learning and turning, at the best run")
            axis.set_xlim(0, None)
            if data == IMAGES[0]:
                axis.set_title(title)
        row[0].set_yticks(-np.arange(len(ways)), [f"{learned}; {turned}" for learned, turned in ways], fontsize=6.5)
        row[0].set_ylabel(f"{data}, {rows['seeds'].nunique()} seeds")
    for axis, unit in zip(axes[1], ("no unit", "no unit", "of the range (RMS)"), strict=True):
        axis.set_xlabel(unit)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", fontsize="small")
    return figure


def search(found: Evidence) -> Figure:
    """The search for the recipe: PC at run 200 by way to learn and way to turn, mean of three seeds."""
    rows = found.rows(claim="B5", quantity="pc", run=LAST)
    rows = rows[rows["architecture"].str.endswith(OF_PART)]
    rows = rows.assign(learned=rows["architecture"].str.removesuffix(OF_PART))
    figure = Figure((PAGE, 92 * MILLIMETRE))
    axes = figure.subplots(1, 2, sharey=True)
    for axis, data in zip(axes, IMAGES, strict=True):
        some = rows[rows["data"] == data]
        table = some.pivot_table(index="learned", columns="condition", values="value", sort=False)
        table = table.reindex(index=[way for way in WAYS if way in table.index])
        said = table.map(lambda v: f"{v:.2f}".replace("0.", "."))
        sns.heatmap(
            table, ax=axis, cmap="rocket_r", vmin=0, vmax=1, annot=said, fmt="", annot_kws={"size": 6}, cbar=False,
            linewidths=0.5,
        )  # fmt: skip
        axis.set(title=data, xlabel="way to turn", ylabel="way to learn" if data == IMAGES[0] else "")
        axis.tick_params(length=0, labelsize=6.5)
        axis.set_xticks(axis.get_xticks(), list(table.columns), rotation=40, ha="right")
    return figure


def _rows(found: Evidence, names: dict[str, str], data: str, height: float) -> Figure:
    side = SIDES[data]
    pictures = np.concatenate([found.arrays[name].numpy()[:SHOWN].reshape(-1, side, side) for name in names.values()])
    pictures = pictures.repeat(3, 1).repeat(3, 2) if side < 16 else pictures  # so that frames stay thin
    figure = Figure((PAGE, height * MILLIMETRE))
    axis = figure.subplots()
    axis.imshow(sheet(pictures, SHOWN), cmap="gray", vmin=0, vmax=255)
    pitch = pictures.shape[1] + 2
    axis.set_yticks([pitch * (i + 0.5) for i in range(len(names))], list(names), fontsize=6.5)
    axis.set(xticks=[], title=data)
    axis.tick_params(length=0)
    sns.despine(ax=axis, left=True, bottom=True)
    return figure


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
