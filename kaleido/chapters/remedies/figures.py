"""Notebook 09: what its figures show, from evidence alone."""

import numpy as np
import seaborn as sns
from matplotlib.figure import Figure

from kaleido.chapters.common import IMAGES, OF_PART
from kaleido.chapters.common import LATE as LAST
from kaleido.chapters.remedies.cells import RECIPE, WAYS
from kaleido.chapters.remedies.tables import best_run
from kaleido.lab.curves import dots
from kaleido.lab.drawing import CONTROL, DATA, MAP, figure, panels
from kaleido.lab.evidence import IN_WORDS, Evidence
from kaleido.lab.pictures import samples_in_rows


@figure("09_search", profile="extended")
def search(found: Evidence) -> Figure:
    """PC at run 200 for ten ways to learn and nine ways to turn, on digits and on 4,000 MNIST digits: means over three
    seeds, the darker the better, with a star for the chosen recipe. On digits many of them are better than plain
    learning and turning (top left), on MNIST mainly those with a damping of 0.9."""
    rows = found.rows(claim="B5", quantity="pc", run=LAST)
    rows = rows[rows["architecture"].str.endswith(OF_PART)]
    rows = rows.assign(learned=rows["architecture"].str.removesuffix(OF_PART))
    drawn, axes = panels(92, 1, 2, sharey=True)
    for axis, data in zip(axes, IMAGES, strict=True):
        some = rows[rows["data"] == data]
        table = some.pivot_table(index="learned", columns="condition", values="value", sort=False)
        table = table.reindex(index=[way for way in WAYS if way in table.index])
        star = [["*" if (learned, turned) == RECIPE else "" for turned in table.columns] for learned in table.index]
        bar = {"label": f"PC at run {LAST}"}
        last = data == IMAGES[-1]
        sns.heatmap(
            table.rename(index=IN_WORDS), ax=axis, cmap="rocket_r", vmin=0, vmax=1, linewidths=0.5,
            annot=np.array(star), fmt="", annot_kws={"size": 12}, cbar=last, cbar_kws=bar if last else None,
        )  # fmt: skip
        axis.set(
            title=f"{data}, {rows['seeds'].nunique()} seeds",
            xlabel="way to turn",
            ylabel="way to learn" if data == IMAGES[0] else "",
        )
        axis.tick_params(length=0, labelsize=7)
        axis.set_xticks(axis.get_xticks(), list(table.columns), rotation=40, ha="right")
    return drawn


@figure("09_remedies", profile="extended")
def remedies(found: Evidence) -> Figure:
    """PC, coverage and largest jump of each remedy at run 200, by way to learn and way to turn: dots are seeds, ten on
    digits and five on 4,000 MNIST digits, bars their means, orange is the recipe. On digits the recipe is better than
    plain sampling at its best run (dotted line), on MNIST it only comes near. Kicks of 1 that stop late bring large
    jumps."""
    drawn, axes = panels(96, 2, 3, sharex="col", sharey=True)
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
                dots(axis, some, -place, colour)
            if quantity != "jump":
                run = best_run(found, data)
                about = {"claim": "B5", "data": data, "architecture": "plain", "condition": "plain"}
                best = found.values(**about, quantity=quantity, run=run).mean()
                axis.axvline(best, color=CONTROL, lw=0.8, ls=":", label="plain learning and turning, at the best run")
            axis.set_xlim(0, None)
            if data == IMAGES[0]:
                axis.set_title(title)
        row[0].set_yticks(-np.arange(len(ways)), [f"{learned}; {turned}" for learned, turned in ways], fontsize=7)
        row[0].set_ylabel(f"{data}, {rows['seeds'].nunique()} seeds")
    axes[1, 2].set_xlabel("share of the range")
    drawn.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", fontsize="small")
    return drawn


@figure("09_samples")
def samples(found: Evidence) -> Figure:
    """Twenty samples at run 200 on digits, one seed, by way to learn and way to turn. Plain samples (top) repeat a few
    pictures, and those of the recipe (bottom) are of many kinds."""
    return _samples(found, "digits")


@figure("09_samples_mnist", profile="extended")
def samples_mnist(found: Evidence) -> Figure:
    """Twenty samples at run 200 of networks trained on 4,000 MNIST digits, one seed, by way to learn and way to turn.
    Plain samples (top) repeat a few pictures, and many of the recipe (bottom) are fragments of digits."""
    return _samples(found, "mnist5k")


def _samples(found: Evidence, data: str) -> Figure:
    names = {
        f"{learned};\n{turned}": f"{data}/{learned}/{turned}"
        for learned in ("plain", RECIPE[0])
        for turned in ("plain", RECIPE[1])
    }
    there = {said: found.arrays[name] for said, name in names.items() if name in found.arrays}
    return samples_in_rows(there, f"{data}, 1 seed")
