"""Quality along the runs and beside samples of known worth: one function per figure, from evidence alone."""

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kaleido.claims import SAMPLED
from kaleido.evidence import Evidence
from kaleido.measures.baselines import MUST_NOT_PASS
from kaleido.sizes import IMAGES
from kaleido.style import CONTROL, DATA, MAP, MILLIMETRE, PAGE

__all__ = ["along_runs", "hidden", "noise_and_kicks", "runs_axis", "seeds_and_mean", "settling", "what_passes"]

CONDITIONS = {
    "noise": "uniform noise",
    "gaussian": "normal noise",
    "binary": "binary noise",
    "centred kick": "uniform, centred kick",
    "published kick": "uniform, published kick",
}
ASKED = {"precision": 0.8, "coverage": 0.5, "recall": None, "density": None}  # thresholds of C3a and C3b
FOUR = dict(zip(ASKED, sns.color_palette("colorblind"), strict=False))


def along_runs(found: Evidence) -> Figure:
    """Precision, coverage, recall and PC along the runs, all seeds, with the burn-in: the run where PC is best."""
    figure = Figure((PAGE, 70 * MILLIMETRE))
    axes = figure.subplots(1, 2, sharey=True)
    colours = FOUR | {"pc": "0.1"}
    for axis, data in zip(axes, IMAGES, strict=True):
        for quantity in ("precision", "coverage", "recall", "pc"):
            rows = found.rows(claim="C3", quantity=quantity, data=data, architecture="mlp", condition="noise")
            label = "PC" if quantity == "pc" else quantity
            mean = seeds_and_mean(axis, rows, colours[quantity], label)
        axis.axvline(mean.idxmax(), color=CONTROL, lw=0.8, ls="--")
        axis.annotate(f"PC is best\nat run {mean.idxmax()}", (mean.idxmax() * 1.1, 1.03), fontsize="small", va="bottom")
        ceiling = found.values(quantity="pc", data=data, architecture="training points").mean()
        axis.axhline(ceiling, color="0.1", lw=0.8, ls=":")
        axis.set(title=f"{data}, {len(set(rows['seeds']))} seeds", ylim=(0, 1.2), yticks=np.arange(0, 1.1, 0.2))
        runs_axis(axis)
    axes[0].set_ylabel("share (no unit)")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right center", fontsize="small")
    return figure


def what_passes(found: Evidence) -> Figure:
    """C3's four quantities for the kaleidoscope at run 20 and for samples of known worth, all seeds."""
    names = ("training points", *MUST_NOT_PASS, "noise")
    figure = Figure((PAGE, 92 * MILLIMETRE))
    axes = figure.subplots(2, 4, sharex="col", sharey=True)
    for row, data in zip(axes, IMAGES, strict=True):
        for axis, (quantity, bound) in zip(row, ASKED.items(), strict=True):
            about = {"claim": "C3", "quantity": quantity, "data": data}
            ceiling = 1.0
            if quantity == "density":
                ceiling = found.values(**about, architecture="training points", condition="baseline")
            if bound is not None:
                axis.axvspan(bound, 3, color=MAP, alpha=0.1, lw=0)
            for place, name in enumerate(("kaleidoscope", *names)):
                if name == "kaleidoscope":
                    values = found.values(**about, architecture="mlp", condition="noise", run=SAMPLED)
                else:
                    values = found.values(**about, architecture=name, condition="baseline")
                colour = MAP if name == "kaleidoscope" else DATA if name == names[0] else "0.35"
                axis.plot(values / ceiling, np.full(len(values), -place), "o", color=colour, ms=3, alpha=0.6, mew=0)
            axis.set_xlim(0, 2.3 if quantity == "density" else 1.03)
        row[0].set_yticks(-np.arange(len(names) + 1), ["kaleidoscope, run 20", *names])
        row[0].set_title(data)
    for axis, quantity in zip(axes[1], ASKED, strict=True):
        axis.set_xlabel("density over\nthe ceiling's" if quantity == "density" else quantity)
    return figure


def hidden(found: Evidence) -> Figure:
    """What a grid of pictures does not show: classes, novelty, and a two-sample test along the runs."""
    figure = Figure((PAGE, 66 * MILLIMETRE))
    axes = figure.subplots(1, 3)
    panels = {
        "class entropy": ("Classes filled", "entropy (nats)"),
        "novelty": ("Distance to training points", "over that of held-out data"),
        "two-sample": ("Told from real digits", "nearest neighbour's accuracy"),
    }
    for axis, (quantity, (title, label)) in zip(axes, panels.items(), strict=True):
        for data, colour in zip(IMAGES, (MAP, DATA), strict=True):
            rows = found.rows(claim="C3", quantity=quantity, data=data, architecture="mlp", condition="noise")
            seeds_and_mean(axis, rows, colour, data)
        reference = {"class entropy": np.log(10), "novelty": 1.0, "two-sample": 0.5}[quantity]
        axis.axhline(reference, color=CONTROL, lw=0.8, ls=":", label="held-out data")
        axis.set(title=title, ylabel=label, ylim=(0.45 if quantity == "two-sample" else 0, None))
        runs_axis(axis)
    axes[0].legend(fontsize="small")
    return figure


def noise_and_kicks(found: Evidence) -> Figure:
    """PC and brightness along the runs on MNIST, by noise and by kick."""
    figure = Figure((PAGE, 70 * MILLIMETRE))
    axes = figure.subplots(1, 2)
    for (condition, label), colour in zip(CONDITIONS.items(), sns.color_palette("colorblind"), strict=False):
        for axis, quantity in zip(axes, ("pc", "brightness"), strict=True):
            about = {"claim": "C3", "quantity": quantity, "data": "mnist5k", "architecture": "mlp"}
            seeds_and_mean(axis, found.rows(**about, condition=condition), colour, label)
    data = found.values(claim="C3", quantity="brightness", data="mnist5k", architecture="data").mean()
    axes[1].axhline(data, color=CONTROL, lw=0.8, ls=":")
    axes[1].annotate("held-out digits", (0.02, data), va="bottom", fontsize="x-small", color="0.3")
    axes[0].set(title="Quality", ylabel="PC (no unit)", ylim=(0, None))
    axes[1].set(title="Brightness", ylabel="mean pixel, from -1 (black) to 1")
    for axis in axes:
        runs_axis(axis)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right center", fontsize="small")
    return figure


def settling(found: Evidence) -> Figure:
    """How far chains move in a run, and which share of them is at rest, without and with the centred kick."""
    figure = Figure((PAGE, 62 * MILLIMETRE))
    axes = figure.subplots(1, 2)
    for data, colour in zip(IMAGES, (MAP, DATA), strict=True):
        about = {"claim": "C8", "data": data, "architecture": "mlp", "condition": "noise"}
        seeds_and_mean(axes[0], found.rows(**about, quantity="step"), colour, data)
        seeds_and_mean(axes[1], found.rows(**about, quantity="share at rest"), colour, data)
    axes[0].set(title="Step of a run, median", ylabel="root mean square of pixels", yscale="log")
    axes[1].set(title="Chains at rest", ylabel="share (no unit)", ylim=(0, 1.02))
    for axis in axes:
        runs_axis(axis)
    axes[0].legend(fontsize="small")
    return figure


def seeds_and_mean(axis: Axes, rows, colour, label: str):
    """Draws one thin line per seed and their mean; returns the mean by run."""
    for _, seed in rows.groupby("seeds"):
        axis.plot(seed["run"].astype(int), seed["value"], color=colour, lw=0.6, alpha=0.35)
    mean = rows.groupby("run")["value"].mean()
    axis.plot(mean.index.astype(int), mean, color=colour, lw=1.6, marker="o", ms=2.5, label=label)
    return mean


def runs_axis(axis: Axes) -> None:
    """Makes the horizontal axis that of sampling runs, from 0."""
    axis.set_xscale("symlog", linthresh=1)
    axis.set(xlabel="sampling run", xlim=(0, None))
    axis.set_xticks([0, 1, 5, 20, 100], ["0", "1", "5", "20", "100"])
    axis.minorticks_off()
