"""Notebook 04: what its figures show, from evidence alone."""

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from kaleido.chapters.common import DEEP, IMAGES, MATCHED, SAMPLED, SHALLOW
from kaleido.chapters.depth.tables import effect_of_depth, levels_of
from kaleido.lab.curves import legend_below, legend_beside, runs_axis, seeds_and_mean
from kaleido.lab.drawing import CONTROL, DATA, MAP, MILLIMETRE, PAGE, figure, panels
from kaleido.lab.evidence import IN_WORDS, Evidence
from kaleido.lab.pictures import strip

CLAIMED = {"rho": (-1, -0.1), "pc": (0.1, 1)}  # of depth 10 minus depth 1: C2p, C2i; C4p, C4i
SHOWN = {"rho": (-0.42, 0.03), "gain": (-0.45, 1.15), "pc": (-0.2, 0.76)}
LABELS = {
    "rho": "contraction",
    "pair contraction": "pair contraction",
    "kappa": "covered fraction",
    "spread": "spread",
    "gain": "median gain",
    "pc": "PC at run 20",
}


@figure("04_over_generalization")
def over_generalization(found: Evidence) -> Figure:
    """Five measures of one pass on uniform noise by depth, after equal steps (blue) and at equal training loss
    (orange): thin lines are three seeds, thick lines their means, bands 95 % intervals. Contraction falls with depth,
    also at equal loss. Pair contraction and gain do not: with ten layers they are higher than with four."""
    drawn, axes = panels(92, 2, 5, sharex=True)
    for row, data in zip(axes, IMAGES, strict=True):
        level = levels_of(found, data)[-1:]
        for axis, quantity in zip(row, ("rho", "pair contraction", "kappa", "spread", "gain"), strict=True):
            for condition, colour in zip(("equal steps", *level), (MAP, DATA), strict=False):
                label = "after equal steps" if condition == "equal steps" else "at equal loss"
                _by_depth(axis, found, quantity, data, condition, colour, label)
            axis.set_ylim(0, None)
            if data == IMAGES[0]:
                axis.set_title(LABELS[quantity])
        seeds = found.rows(claim="C2", quantity="rho", data=data)["seeds"].nunique()
        row[0].set_ylabel(f"{data}, {seeds} seeds\nequal {level[0]}" if level else f"{data}, {seeds} seeds")
    for axis in axes[1]:
        axis.set_xlabel("depth")
    legend_below(drawn, axes[0, 0])
    return drawn


@figure("04_toys")
def toys(found: Evidence) -> Figure:
    """Contraction and median gain of toy networks by depth, for two points on a line (blue) and four in the square
    (orange): thin lines are ten seeds, thick lines their means, bands 95 % intervals. Contraction falls with depth on
    both; the gain falls on the line, and in the square it is highest with ten layers."""
    drawn, axes = panels(62, 1, 2)
    for axis, quantity in zip(axes, ("rho", "gain"), strict=True):
        for data, colour in (("points1d", MAP), ("points2d", DATA)):
            seeds = found.rows(claim="C2", quantity="rho", data=data)["seeds"].nunique()
            _by_depth(axis, found, quantity, data, "equal steps", colour, f"{IN_WORDS[data]}, {seeds} seeds")
        axis.set(title=LABELS[quantity].capitalize(), xlabel="depth", ylim=(0, None))
    axes[0].legend(fontsize="small")
    return drawn


@figure("04_published", profile="paper")
def published(found: Evidence) -> Figure:
    """Samples after 20 runs of networks with the paper's settings, trained on MNIST, by number of layers, from the same
    noise, one seed; in the last two rows at the same training loss. Ten layers make digits, one and four make blobs; at
    the same loss one layer makes blurs and rings, and ten layers make mostly ones."""
    level = MATCHED["mnist"]
    rows = {f"{depth} layer{'s' * (depth > 1)}": f"mnist/{depth}/equal steps" for depth in (SHALLOW, 4, DEEP)}
    rows |= {f"{name}, loss {level:g}": f"{array.rpartition('/')[0]}/loss {level:g}" for name, array in rows.items()}
    there = {name: found.arrays[array].numpy() for name, array in rows.items() if array in found.arrays}
    pictures = np.stack(list(there.values()))
    drawn, axis = panels(50, 1, 1)
    strip(axis, pictures.reshape(-1, 28, 28), pictures.shape[1], list(there))
    axis.set_title("MNIST, 1 seed")
    return drawn


@figure("04_samples")
def samples(found: Evidence) -> Figure:
    """Samples at run 20 by depth, from the same noise in every row, of networks trained on 4,000 MNIST digits, one
    seed: after equal steps (left) and at equal training loss (right). Only ten layers make digits; at equal loss one
    layer makes faint blurs and four layers make rings."""
    level = levels_of(found, "mnist5k")[-1:] or ["equal steps"]
    depths = _depths(found, "mnist5k")
    drawn = Figure((PAGE, (9 + 9.3 * len(depths)) * MILLIMETRE))
    titles = "after equal steps", f"at equal {level[0]}"
    for axis, condition, title in zip(drawn.subplots(1, 2), ("equal steps", level[0]), titles, strict=True):
        rows = np.stack([found.arrays[f"mnist5k/{depth}/{condition}"].numpy() for depth in depths])
        strip(axis, rows.reshape(-1, 28, 28), rows.shape[1], [str(depth) for depth in depths])
        axis.set(ylabel="depth", title=f"mnist5k, 1 seed, {title}")
    return drawn


@figure("04_quality_along_runs")
def quality_along_runs(found: Evidence) -> Figure:
    """PC of samples along the runs after equal training steps, by depth, on digits and on 4,000 MNIST digits: thin
    lines are three seeds, thick lines their means. From run 5 on ten layers have the highest PC, and past its best run
    it falls."""
    drawn, axes = panels(70, 1, 2, sharey=True)
    every = sorted({depth for data in IMAGES for depth in _depths(found, data)})
    colours = dict(zip(every, sns.color_palette("viridis_r", len(every)), strict=True))
    for axis, data in zip(axes, IMAGES, strict=True):
        for depth in _depths(found, data):
            about = {"claim": "C4", "quantity": "pc", "data": data, "architecture": "mlp", "condition": "equal steps"}
            rows = found.rows(**about, depth=depth)
            seeds_and_mean(axis, rows, colours[depth], f"{depth}")
        axis.set(title=f"{data}, {rows['seeds'].nunique()} seeds", ylim=(0, None))
        runs_axis(axis, (0, 1, 5, 20, 50))
    axes[0].set_ylabel("PC")
    legend_beside(drawn, axes[0], title="depth")
    return drawn


@figure("04_depth_and_loss")
def depth_and_loss(found: Evidence) -> Figure:
    """Contraction, pair contraction and PC at run 20 by depth and training loss, on digits (left) and on 4,000 MNIST
    digits (right): means over three seeds, and no number where not all seeds reached the loss. Where ten
    layers reached it, contraction is lowest with them, and pair contraction is not. PC mostly rises with depth, and
    with a lower loss."""
    drawn, axes = panels(120, 3, 2)
    for row, quantity in zip(axes, ("rho", "pair contraction", "pc"), strict=True):
        for axis, data in zip(row, IMAGES, strict=True):
            about = {"quantity": quantity, "data": data, "architecture": "mlp"}
            means = found.means(**about, run=SAMPLED if quantity == "pc" else 1)
            means = means[means["condition"].str.startswith("loss")]
            counts = found.means(claim="C2", quantity="loss over level", data=data, architecture="mlp")
            whole = counts["n"].max()
            reached = counts[counts["n"] == whole].set_index(["condition", "depth"]).index
            means = means[means.set_index(["condition", "depth"]).index.isin(reached)]
            table = means.assign(loss=means["condition"].str.split().str[1].astype(float))
            table = table.pivot(index="loss", columns="depth", values="value").sort_index(ascending=False)
            table = table.reindex(columns=_depths(found, data))
            colours = "rocket_r" if quantity == "pc" else "rocket"
            if len(table):  # a level of the loss was reached
                numbers = {"annot": True, "fmt": ".2f", "annot_kws": {"size": 7}}
                sns.heatmap(table, ax=axis, cmap=colours, cbar=False, linewidths=0.5, **numbers)
            axis.set(title=f"{data}, {whole} seeds: {LABELS[quantity]}", xlabel="depth", ylabel="training loss")
            axis.tick_params(length=0)
            axis.set_yticks(axis.get_yticks(), [f"{loss:g}" for loss in table.index], rotation=0)
    return drawn


@figure("04_not_depth", profile="extended")
def not_depth(found: Evidence) -> Figure:
    """Depth 10 minus depth 1 in contraction, median gain and PC, with one thing changed in each row: dots are means
    over five seeds, lines 95 % intervals, shading where the claims at equal loss (orange) lie. Contraction falls with
    depth in every row. PC rises with depth in every row on digits, and only in some on 4,000 MNIST digits."""
    there = {data: list(found.rows(quantity="rho", data=data)["architecture"].unique()) for data in IMAGES}
    drawn = Figure((PAGE, 100 * MILLIMETRE))
    heights = [len(variants) for variants in there.values()]
    axes = drawn.subplots(2, 3, sharex="col", sharey="row", height_ratios=heights)
    for row, (data, variants) in zip(axes, there.items(), strict=True):
        for axis, quantity in zip(row, ("rho", "gain", "pc"), strict=True):
            axis.axvline(0, color=CONTROL, lw=0.8)
            if quantity != "gain":
                axis.axvspan(*CLAIMED[quantity], color="0.92", lw=0, label="where the claims ask the mean to lie")
            for place, variant in enumerate(variants):
                level = levels_of(found, data, variant)[-1:]
                for shift, condition, colour in zip((0.15, -0.15), ("equal steps", *level), (MAP, DATA), strict=False):
                    mean, low, high = effect_of_depth(found, quantity, data, variant, condition)
                    label = "after equal steps" if condition == "equal steps" else "at equal loss"
                    axis.plot([low, high], [-place + shift] * 2, color=colour, lw=1.4)
                    axis.plot(mean, -place + shift, "o", color=colour, ms=3.5, label=label if place == 0 else None)
        row[0].set_yticks(-np.arange(len(variants)), [IN_WORDS.get(variant, variant) for variant in variants])
        row[0].set_title(f"{data}, {found.rows(data=data)['seeds'].nunique()} seeds")
        for axis, quantity in zip(row, ("rho", "gain", "pc"), strict=True):
            axis.set_xlim(SHOWN[quantity])
    for axis, quantity in zip(axes[1], ("rho", "gain", "pc"), strict=True):
        axis.set_xlabel(f"{LABELS[quantity]}:\ndepth 10 minus depth 1")
    legend_below(drawn, axes[0, 0])
    return drawn


def _by_depth(axis: Axes, found: Evidence, quantity: str, data: str, condition: str, colour, label: str) -> None:
    about = {"claim": "C2", "quantity": quantity, "data": data, "architecture": "mlp", "condition": condition}
    rows, means = found.rows(**about), found.means(**about).sort_values("depth")
    for _, seed in rows.groupby("seeds"):
        seed = seed.sort_values("depth")
        axis.plot(seed["depth"], seed["value"], color=colour, lw=0.4, alpha=0.3)
    axis.fill_between(means["depth"], means["low"], means["high"], color=colour, alpha=0.2, lw=0)
    axis.plot(means["depth"], means["value"], color=colour, lw=1.6, marker="o", ms=3, label=label)
    axis.set_xscale("log", base=2)
    axis.xaxis.set_major_locator(FixedLocator([1, 2, 4, 6, 10]))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:.0f}")


def _depths(found: Evidence, data: str) -> list[int]:
    return sorted(found.rows(claim="C2", quantity="rho", data=data, architecture="mlp")["depth"].unique())
