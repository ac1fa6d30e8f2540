"""Depth, and what is not depth: one function per figure of notebook 04, from evidence alone."""

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from kaleido.claims import SAMPLED, SHALLOW, WITHIN
from kaleido.evidence import Evidence
from kaleido.pictures import sheet
from kaleido.sizes import DEEP, DEPTHS, IMAGES
from kaleido.statistics import interval
from kaleido.style import CONTROL, DATA, MAP, MILLIMETRE, PAGE

__all__ = ["along_runs", "by_depth", "effect_of_depth", "levels_of", "loss_maps", "not_depth", "samples", "toys"]

COLOURS = dict(zip(DEPTHS["digits"], sns.color_palette("viridis_r", len(DEPTHS["digits"])), strict=True))
LABELS = {
    "rho": r"contraction $\rho$",
    "kappa": r"covered fraction $\kappa$",
    "spread": "spread",
    "gain": "median gain",
    "pc": "PC at run 20",
}


def by_depth(found: Evidence) -> Figure:
    """Contraction, covered fraction, spread and gain by depth, after equal steps and at equal loss, all seeds."""
    figure = Figure((PAGE, 96 * MILLIMETRE))
    axes = figure.subplots(2, 4, sharex=True)
    for row, data in zip(axes, IMAGES, strict=True):
        level = levels_of(found, data)[-1:]
        for axis, quantity in zip(row, ("rho", "kappa", "spread", "gain"), strict=True):
            for condition, colour in zip(("equal steps", *level), (MAP, DATA), strict=False):
                label = "after equal steps" if condition == "equal steps" else "at equal loss"
                _by_depth(axis, found, quantity, data, condition, colour, label)
            axis.set_ylim(0, None)
            if data == IMAGES[0]:
                axis.set_title(LABELS[quantity])
        row[0].set_ylabel(f"{data}\n{level[0] if level else 'no common loss'}")
    for axis in axes[1]:
        axis.set_xlabel("depth")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize="small")
    return figure


def samples(found: Evidence) -> Figure:
    """MNIST samples at run 20 by depth, from the same noise, after equal steps and at equal loss."""
    level = levels_of(found, "mnist5k")[-1:] or ["equal steps"]
    depths = _depths(found, "mnist5k")
    figure = Figure((PAGE, 66 * MILLIMETRE))
    for axis, condition, title in zip(
        figure.subplots(1, 2), ("equal steps", level[0]), ("After equal steps", f"At equal {level[0]}"), strict=True
    ):
        rows = np.stack([found.arrays[f"mnist5k/{depth}/{condition}"].numpy() for depth in depths])
        chains = rows.shape[1]
        axis.imshow(sheet(rows.reshape(-1, 28, 28), chains), cmap="gray", vmin=0, vmax=255)
        axis.set_yticks([30 * i + 15 for i in range(len(depths))], [str(depth) for depth in depths])
        axis.set(xticks=[], ylabel="depth", title=title)
        axis.tick_params(length=0)
        sns.despine(ax=axis, left=True, bottom=True)
    return figure


def along_runs(found: Evidence) -> Figure:
    """PC along the runs after equal steps, one line per depth, all seeds thin."""
    figure = Figure((PAGE, 70 * MILLIMETRE))
    axes = figure.subplots(1, 2, sharey=True)
    for axis, data in zip(axes, IMAGES, strict=True):
        depths = _depths(found, data)
        for depth in depths:
            colour = COLOURS[depth]
            about = {"claim": "C4", "quantity": "pc", "data": data, "architecture": "mlp", "condition": "equal steps"}
            rows = found.rows(**about, depth=depth)
            for _, seed in rows.groupby("seeds"):
                axis.plot(seed["run"].astype(int), seed["value"], color=colour, lw=0.4, alpha=0.25)
            mean = rows.groupby("run")["value"].mean()
            axis.plot(mean.index.astype(int), mean, color=colour, lw=1.6, marker="o", ms=2.5, label=f"{depth}")
        axis.set_xscale("symlog", linthresh=1)
        axis.set(
            title=f"{data}, {rows['seeds'].nunique()} seeds", xlabel="sampling run", xlim=(0, None), ylim=(0, None)
        )
        axis.set_xticks([0, 1, 5, 20, 100], ["0", "1", "5", "20", "100"])
        axis.minorticks_off()
    axes[0].set_ylabel("PC (no unit)")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right center", fontsize="small", title="depth")
    return figure


def loss_maps(found: Evidence) -> Figure:
    """Contraction and PC by depth and training loss: what the paper's sentence treats as one axis are two."""
    figure = Figure((PAGE, 100 * MILLIMETRE))
    axes = figure.subplots(2, 2)
    for row, quantity in zip(axes, ("rho", "pc"), strict=True):
        for axis, data in zip(row, IMAGES, strict=True):
            about = {"quantity": quantity, "data": data, "architecture": "mlp"}
            means = found.means(**about, run=SAMPLED if quantity == "pc" else 1)
            means = means[means["condition"].str.startswith("loss")]
            counts = found.means(claim="C2", quantity="loss over level", data=data, architecture="mlp")
            whole = counts["n"].max()
            reached = counts[counts["n"] == whole].set_index(["condition", "depth"]).index
            means = means[[key in reached for key in zip(means["condition"], means["depth"], strict=True)]]
            table = means.assign(loss=means["condition"].str.split().str[1].astype(float))
            table = table.pivot(index="loss", columns="depth", values="value").sort_index(ascending=False)
            table = table.reindex(columns=_depths(found, data))
            colours = "rocket" if quantity == "rho" else "rocket_r"
            sns.heatmap(
                table, ax=axis, cmap=colours, annot=True, fmt=".2f", annot_kws={"size": 6.5}, cbar=False, linewidths=0.5
            )
            axis.set(title=f"{data}: {LABELS[quantity]}", xlabel="depth", ylabel="training loss")
            axis.tick_params(length=0)
            axis.set_yticks(axis.get_yticks(), [f"{loss:g}" for loss in table.index], rotation=0)
    return figure


def toys(found: Evidence) -> Figure:
    """Contraction and gain of the toys by depth, at a loss near zero, all seeds."""
    figure = Figure((PAGE, 62 * MILLIMETRE))
    axes = figure.subplots(1, 2)
    for axis, quantity in zip(axes, ("rho", "gain"), strict=True):
        for data, colour in (("points1d", MAP), ("points2d", DATA)):
            _by_depth(axis, found, quantity, data, "equal steps", colour, "1-D" if data == "points1d" else "2-D")
        axis.set(title=LABELS[quantity].capitalize(), xlabel="depth", ylim=(0, None))
    axes[0].set_ylabel("no unit")
    axes[0].legend(fontsize="small")
    return figure


def not_depth(found: Evidence) -> Figure:
    """The effect of depth in the extended profile: other seeds, width, rate, parameters, initialisation, points."""
    there = {data: list(found.rows(quantity="rho", data=data)["architecture"].unique()) for data in IMAGES}
    figure = Figure((PAGE, 100 * MILLIMETRE))
    heights = [len(variants) for variants in there.values()]
    axes = figure.subplots(2, 3, sharex="col", sharey="row", height_ratios=heights)
    for row, (data, variants) in zip(axes, there.items(), strict=True):
        for axis, quantity in zip(row, ("rho", "gain", "pc"), strict=True):
            axis.axvline(0, color=CONTROL, lw=0.8)
            axis.axvline(0.1 if quantity == "pc" else -0.1, color=CONTROL, lw=0.8, ls=":")
            for place, variant in enumerate(variants):
                level = levels_of(found, data, variant)[-1:]
                for shift, condition, colour in zip((0.15, -0.15), ("equal steps", *level), (MAP, DATA), strict=False):
                    mean, low, high = effect_of_depth(found, quantity, data, variant, condition)
                    label = "after equal steps" if condition == "equal steps" else "at equal loss"
                    axis.plot([low, high], [-place + shift] * 2, color=colour, lw=1.4)
                    axis.plot(mean, -place + shift, "o", color=colour, ms=3.5, label=label if place == 0 else None)
        row[0].set_yticks(-np.arange(len(variants)), variants)
        row[0].set_title(data)
    for axis, quantity in zip(axes[1], ("rho", "gain", "pc"), strict=True):
        axis.set_xlabel(f"{LABELS[quantity]}:\ndepth 10 minus depth 1")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize="small")
    return figure


def _by_depth(axis: Axes, found: Evidence, quantity: str, data: str, condition: str, colour, label: str) -> None:
    about = {"claim": "C2", "quantity": quantity, "data": data, "architecture": "mlp", "condition": condition}
    rows, means = found.rows(**about), found.means(**about).sort_values("depth")
    for _, seed in rows.groupby("seeds"):
        seed = seed.sort_values("depth")
        axis.plot(seed["depth"], seed["value"], color=colour, lw=0.4, alpha=0.3)
    axis.fill_between(means["depth"], means["low"], means["high"], color=colour, alpha=0.2, lw=0)
    axis.plot(means["depth"], means["value"], color=colour, lw=1.6, marker="o", ms=3, label=label)
    axis.set_xscale("log", base=2)
    axis.xaxis.set_major_locator(FixedLocator([1, 2, 4, 10]))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:.0f}")


def _depths(found: Evidence, data: str) -> list[int]:
    return sorted(found.rows(claim="C2", quantity="rho", data=data, architecture="mlp")["depth"].unique())


def levels_of(found: Evidence, data: str, variant: str = "mlp") -> list[str]:
    """Returns the conditions `loss ...` of a data set at which all depths and seeds have the same loss, within 3 %."""
    rows = found.rows(claim="C2", data=data, architecture=variant)
    expected = len(rows[(rows["quantity"] == "loss") & (rows["condition"] == "equal steps")])
    ratios = rows[rows["quantity"] == "loss over level"]
    kept = [
        condition
        for condition, group in ratios.groupby("condition")
        if len(group) == expected and group["value"].between(1 - WITHIN, 1).all()
    ]
    return sorted(kept, key=lambda condition: -float(condition.split()[1]))


def effect_of_depth(
    found: Evidence, quantity: str, data: str, variant: str, condition: str
) -> tuple[float, float, float]:
    """Returns the mean over seeds of depth 10 minus depth 1, with its 95 % interval; PC is taken at run 20."""
    claim, run = ("C4", SAMPLED) if quantity == "pc" else ("C2", 1)
    about = {"claim": claim, "quantity": quantity, "data": data, "architecture": variant, "condition": condition}
    deep, shallow = (found.values(**about, run=run, depth=depth) for depth in (DEEP, SHALLOW))
    return interval(deep - shallow)
