"""Notebook 05: what its figures show, from evidence alone."""

import numpy as np
import seaborn as sns
from matplotlib.figure import Figure

from kaleido.chapters.architectures.tables import ASKED, FALL, searched
from kaleido.chapters.common import IMAGES
from kaleido.lab.curves import dots, legend_below, legend_beside, runs_axis, seeds_and_mean
from kaleido.lab.drawing import CONTROL, DATA, MAP, figure, panels
from kaleido.lab.evidence import IN_WORDS, Evidence
from kaleido.lab.pictures import strip

NAMES = {name: IN_WORDS[name] for name in ("mlp", "cnn", "autoencoder", "transformer", "unet", "unet without skips")}
COLOURS = dict(zip(NAMES, sns.color_palette("colorblind", len(NAMES)), strict=True))
SHOWN, CHAINS = (0, 1, 2, 5, 20), 4  # runs and chains of the samples


@figure("05_samples")
def samples(found: Evidence) -> Figure:
    """Four chains by sampling run for each architecture, on digits (top) and on 4,000 MNIST digits (bottom), from the
    same noise, one seed. On digits the MLP, the CNN with a bottleneck and the U-Net without skips make pictures like
    digits; on MNIST no network makes good ones, and some turn black."""
    drawn, axes = panels(103, 2, 1, height_ratios=[len(_there(found, data)) for data in IMAGES])
    for axis, data, side in zip(axes, IMAGES, (8, 28), strict=True):
        kept = [0, *_runs(found, data)]
        runs = [run for run in SHOWN if run in kept]
        rows, there = [], _there(found, data)
        for name in there:
            chains = found.arrays[f"{data}/{name}/learned"].numpy().reshape(len(kept), -1, side, side)
            rows += [chains[kept.index(run), chain] for chain in range(CHAINS) for run in runs]
        strip(
            axis,
            np.stack(rows),
            CHAINS * len(runs),
            [NAMES[name] for name in there],
            [str(run) for run in runs] * CHAINS,
        )
        axis.set(title=f"{data}, 1 seed", xlabel="sampling runs of four chains" if data == IMAGES[-1] else None)
    return drawn


@figure("05_degrees")
def degrees(found: Evidence) -> Figure:
    """Fall of contraction below the untrained network's, spread, median gain and noise kept, by architecture, after the
    last step (blue) and at equal training loss (orange): dots are three seeds (the U-Net's two at equal loss on 4,000
    MNIST digits), bars their means. Dotted lines mark a fall of 0.10, a spread of 0.25, a gain of 1 and no noise kept.
    On digits contraction falls most for the three architectures that keep little of the noise."""
    there = {
        data: [name for name in NAMES if len(found.rows(claim="C5", data=data, architecture=name))] for data in IMAGES
    }
    heights = [len(names) for names in there.values()]
    drawn, axes = panels(92, 2, 4, sharey="row", sharex="col", height_ratios=heights)
    titles = {"rho": "fall of contraction", "spread": "spread", "gain": "median gain", "noise kept": "noise kept"}
    for row, data in zip(axes, IMAGES, strict=True):
        level = sorted(c for c in found.rows(claim="C5", data=data)["condition"].unique() if c.startswith("loss"))
        for axis, (quantity, title) in zip(row, titles.items(), strict=True):
            axis.axvline(
                {"rho": FALL, "spread": ASKED, "gain": 1, "noise kept": 0}[quantity], color=CONTROL, lw=0.8, ls=":"
            )
            for shift, condition, colour in zip((0.16, -0.16), ("learned", *level), (MAP, DATA), strict=False):
                for place, name in enumerate(there[data]):
                    about = {"claim": "C5", "quantity": quantity, "data": data, "architecture": name, "run": 1}
                    seeds = found.rows(**about, condition=condition).set_index("seeds")["value"]
                    if quantity == "rho":
                        before = found.rows(**about, condition="untrained").set_index("seeds")["value"]
                        seeds = before.reindex(seeds.index) - seeds
                    if seeds.empty:
                        continue
                    label = None if place else ("after the last step" if condition == "learned" else "at equal loss")
                    dots(axis, seeds, -place + shift, colour, label)
            if data == IMAGES[0]:
                axis.set_title(title)
        row[0].set_yticks(-np.arange(len(there[data])), [NAMES[name] for name in there[data]])
        seeds = found.rows(claim="C5", data=data)["seeds"].nunique()
        row[0].set_ylabel(f"{data}, {seeds} seeds\nequal {level[0]}" if level else f"{data}, {seeds} seeds")
    legend_below(drawn, axes[0, 0])
    return drawn


@figure("05_along_runs")
def along_runs(found: Evidence) -> Figure:
    """PC of samples along the runs by architecture, on digits and on 4,000 MNIST digits: thin lines are three seeds,
    thick lines their means. On digits the MLP, the CNN with a bottleneck and the U-Net without skips are well above the
    others; on MNIST no architecture makes good samples."""
    drawn, axes = panels(66, 1, 2, sharey=True)
    for axis, data in zip(axes, IMAGES, strict=True):
        for name, label in NAMES.items():
            rows = found.rows(claim="C5", quantity="pc", data=data, architecture=name, condition="learned")
            if len(rows):
                seeds_and_mean(axis, rows, COLOURS[name], label)
        runs_axis(axis, (1, 2, 5, 10, 20))
        seeds = found.rows(claim="C5", data=data)["seeds"].nunique()
        axis.set(title=f"{data}, {seeds} seeds", ylim=(0, None))
    axes[0].set_ylabel("PC")
    legend_beside(drawn, axes[0])
    return drawn


@figure("05_search", profile="extended")
def search(found: Evidence) -> Figure:
    """Fall of contraction (top) and PC at run 20 (bottom) by depth and number of training images, for six architectures
    on digits: means over three seeds, with a star where the fall is more than 0.10 and the spread 0.25 or more.
    Architecture and depth change the fall much and the number of images little, but good samples need more than ten
    images."""
    cells = searched(found)
    cells = cells[cells["condition"] == "learned"]
    drawn, axes = panels(84, 2, len(NAMES), sharex=True)
    images = [n for n in ("10", "100", "1000", "all") if n in set(cells["images"])]
    for column, (name, label) in enumerate(NAMES.items()):
        for axis, quantity, most in zip(axes[:, column], ("fall", "pc"), (0.6, 1), strict=True):
            some = cells[cells["kind"] == name]
            table = some.pivot(index="depth", columns="images", values=quantity).reindex(columns=images)
            shows = some.pivot(index="depth", columns="images", values="shows").reindex(columns=images)
            said = table.map(lambda v: f"{v:.2f}".replace("0.", "."))
            said = said.where(~shows.fillna(False).astype(bool), said + "\n*") if quantity == "fall" else said
            sns.heatmap(
                table, ax=axis, cmap="rocket_r", vmin=0, vmax=most, annot=said, fmt="", cbar=False, linewidths=0.5,
                annot_kws={"size": 7, "linespacing": 0.8},
            )  # fmt: skip
            axis.set(xlabel="", ylabel="depth" if column == 0 else "")
            axis.tick_params(length=0, labelsize=7)
            axis.set_yticks(axis.get_yticks(), [str(depth) for depth in table.index], rotation=0)
        axes[0, column].set_title(label, fontsize=7)
    axes[0, 0].set_ylabel("fall of contraction\ndepth")
    axes[1, 0].set_ylabel("PC at run 20\ndepth")
    drawn.supxlabel(f"training images (digits, {found.rows(claim='C5')['seeds'].nunique()} seeds)", fontsize=8)
    return drawn


def _there(found: Evidence, data: str) -> list[str]:
    return [name for name in NAMES if f"{data}/{name}/learned" in found.arrays]


def _runs(found: Evidence, data: str) -> list[int]:
    rows = found.rows(claim="C5", quantity="pc", data=data, architecture="mlp", condition="learned")
    return sorted(rows["run"].astype(int).unique())
