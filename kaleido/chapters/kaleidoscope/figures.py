"""Notebook 03: what its figures show, from evidence alone."""

import numpy as np
import seaborn as sns
import torch
from matplotlib.figure import Figure

from kaleido.chapters.common import IMAGES, KEPT, SAMPLED
from kaleido.lab.curves import legend_beside, runs_axis, seeds_and_mean
from kaleido.lab.drawing import CONTROL, DATA, MAP, figure, panels
from kaleido.lab.evidence import Evidence
from kaleido.lab.pictures import animation, framed, sheets
from kaleido.lab.pictures import chains_by_runs as draw_chains
from kaleido.measures.baselines import MUST_NOT_PASS

FIVES = (0, 5, 10, 15, 20, 25)  # runs that the published pictures show
KICKS = {"noise": "no kick", "centred kick": "centred kick", "published kick": "published kick"}
CONDITIONS = {
    "noise": "uniform noise",
    "gaussian": "normal noise",
    "binary": "binary noise",
    "centred kick": "uniform, centred kick",
    "published kick": "uniform, published kick",
}
ASKED = {"precision": 0.8, "coverage": 0.5, "recall": None, "density": None}  # thresholds of C3a and C3b
FOUR = dict(zip(ASKED, sns.color_palette("colorblind"), strict=False))


@figure("03_chains_by_runs")
def chains_by_runs(found: Evidence) -> Figure:
    """Ten chains in rows by sampling run, from uniform noise, of one ten-layer network trained on 4,000 MNIST digits
    (left) and of one trained on digits (right). One run makes blurred digits, more runs make sharper ones, and in the
    end several chains show the same picture."""
    drawn, axes = panels(88, 1, 2)
    for axis, data in zip(axes, ("mnist5k", "digits"), strict=True):
        name = f"{data}/10/noise"
        draw_chains(axis, _images(found, name)[:, :10], _runs(found, name))
        axis.set_title(f"{data}, 1 seed")
    return drawn


@figure("03_kicks_turning", kinds=("gif",))
def kicks_turning(found: Evidence) -> bytes:
    """Animation: the same twelve chains without a kick (left), with the centred kick (middle) and with the published
    one (right), to run 200, of one network trained on 4,000 MNIST digits. All become digits at first; with the
    published kick more of them end as bright blobs."""
    sheets = [found.arrays[f"mnist5k/10/{condition}"].unflatten(1, (3, 4)) for condition in KICKS]  # three rows of four
    return animation(torch.cat(sheets, dim=2).flatten(1, 2), (28, 28), columns=12, times=(600, 500, 2500))


@figure("03_quality")
def quality(found: Evidence) -> Figure:
    """Precision, coverage, recall and PC of samples along the runs, on digits and on 4,000 MNIST digits: thin lines are
    three seeds, thick lines their means, the dotted line the PC of training points. PC is best within the first 20 runs
    (dashed line) and then falls with coverage, while precision stays high."""
    drawn, axes = panels(70, 1, 2, sharey=True)
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
    axes[0].set_ylabel("score")
    legend_beside(drawn, axes[0])
    return drawn


@figure("03_what_passes")
def what_passes(found: Evidence) -> Figure:
    """Scores of the kaleidoscope at run 20 (blue), of training points (orange) and of samples that need no network
    (grey), three seeds each; shading begins at the thresholds of claims C3a and C3b. On both data sets mixup reaches
    both thresholds, and the kaleidoscope does not reach that of coverage."""
    names = ("training points", *MUST_NOT_PASS, "noise")
    drawn, axes = panels(92, 2, 4, sharex="col", sharey=True)
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
        row[0].set_title(f"{data}, {len(values)} seeds")
    for axis, quantity in zip(axes[1], ASKED, strict=True):
        axis.set_xlabel("density, over that\nof training points" if quantity == "density" else quantity)
    return drawn


@figure("03_hidden")
def hidden(found: Evidence) -> Figure:
    """Class entropy, novelty and the accuracy of a two-sample test along the runs: thin lines are three seeds, thick
    lines their means, dotted lines the values of held-out data. After some runs samples lie about as near to the
    training points as held-out digits, but they fill fewer classes and are easily told from real digits."""
    drawn, axes = panels(66, 1, 3)
    said = {
        "class entropy": ("Class entropy", "nats"),
        "novelty": ("Novelty", "distance to training points,\nover that of held-out data"),
        "two-sample": ("Two-sample test", "accuracy of a\nnearest neighbour"),
    }
    for axis, (quantity, (title, label)) in zip(axes, said.items(), strict=True):
        for data, colour in zip(IMAGES, (MAP, DATA), strict=True):
            rows = found.rows(claim="C3", quantity=quantity, data=data, architecture="mlp", condition="noise")
            seeds_and_mean(axis, rows, colour, f"{data}, {rows['seeds'].nunique()} seeds")
        reference = {"class entropy": np.log(10), "novelty": 1.0, "two-sample": 0.5}[quantity]
        axis.axhline(reference, color=CONTROL, lw=0.8, ls=":", label="held-out data")
        axis.set(title=title, ylabel=label, ylim=(0.45 if quantity == "two-sample" else 0, None))
        runs_axis(axis)
    axes[0].legend(fontsize="small")
    return drawn


@figure("03_noise_and_kicks")
def noise_and_kicks(found: Evidence) -> Figure:
    """PC and mean brightness along the runs on 4,000 MNIST digits, for three kinds of noise without a kick and for two
    kicks: thin lines are three seeds, thick lines their means. After run 20 PC falls whatever the noise or kick. The
    centred kick changes little, and the published one makes pictures brighter."""
    drawn, axes = panels(70, 1, 2)
    colours = dict(zip(CONDITIONS, ["0.1", *sns.color_palette("colorblind")[1:]], strict=False))
    for condition in reversed(CONDITIONS):  # the usual chains on top
        for axis, quantity in zip(axes, ("pc", "brightness"), strict=True):
            about = {"claim": "C3", "quantity": quantity, "data": "mnist5k", "architecture": "mlp"}
            rows = found.rows(**about, condition=condition)
            seeds_and_mean(axis, rows, colours[condition], CONDITIONS[condition])
        if condition == "centred kick":  # nearly the line of the chains without a kick, which hides it
            for axis in axes:
                axis.lines[-1].set_linewidth(4)
    data = found.values(claim="C3", quantity="brightness", data="mnist5k", architecture="data").mean()
    axes[1].axhline(data, color=CONTROL, lw=0.8, ls=":")
    axes[1].annotate("held-out digits", (200, data - 0.01), va="top", ha="right", fontsize="small", color="0.3")
    seeds = rows["seeds"].nunique()
    axes[0].set(title=f"mnist5k, {seeds} seeds: quality", ylabel="PC", ylim=(0, None))
    axes[1].set(
        title=f"mnist5k, {seeds} seeds: brightness", ylabel="mean pixel, from -1 (black) to 1", ylim=(-0.8, None)
    )
    for axis in axes:
        runs_axis(axis)
    legend_beside(drawn, axes[0])
    return drawn


@figure("03_kicks")
def kicks(found: Evidence) -> Figure:
    """Five chains in rows by sampling run, of one network trained on 4,000 MNIST digits and from the same noise:
    without a kick, with the centred and with the published one. The centred kick leaves most of them as they were, and
    with the published one some end as bright blobs."""
    drawn, axes = panels(52, 1, 3)
    for axis, (condition, title) in zip(axes, KICKS.items(), strict=True):
        name = f"mnist5k/10/{condition}"
        runs = _runs(found, name)
        chosen = [i for i, run in enumerate(runs) if run in (0, 1, 5, 20, 50, 100, 200)]
        draw_chains(axis, _images(found, name)[chosen, :5], [runs[i] for i in chosen])
        axis.set_title(f"mnist5k, {title}")
    return drawn


@figure("03_stability")
def stability(found: Evidence) -> Figure:
    """Median step of a chain (left) and share of chains at rest (right) along the runs, without a kick: thin lines are
    three seeds, thick lines their means. Steps shrink to almost nothing, and by run 100 most chains are at rest."""
    drawn, axes = panels(62, 1, 2)
    for data, colour in zip(IMAGES, (MAP, DATA), strict=True):
        about = {"claim": "C8", "data": data, "architecture": "mlp", "condition": "noise"}
        steps = found.rows(**about, quantity="step")
        seeds_and_mean(axes[0], steps, colour, f"{data}, {steps['seeds'].nunique()} seeds")
        seeds_and_mean(axes[1], found.rows(**about, quantity="share at rest"), colour, data)
    axes[0].set(title="Median step", ylabel="root mean square of pixels", yscale="log")
    axes[1].set(title="Chains at rest", ylabel="share of chains", ylim=(0, 1.02))
    for axis in axes:
        runs_axis(axis, (1, 5, 20, 100))
    axes[0].legend(fontsize="small")
    return drawn


@figure("03_published", profile="paper")
def published(found: Evidence) -> Figure:
    """Forty-eight chains of one network with the paper's settings, trained on MNIST, with the paper's kick, at runs 0,
    5, 10, 15, 20 and 25. Noise becomes digits within five runs; at run 25 most are still digits, and a few are
    shapeless."""
    images = _images(found, "mnist/10/kick published")
    return sheets(images[list(FIVES)], [f"MNIST, run {run}" for run in FIVES])


@figure("03_turning", kinds=("gif",), profile="paper")
def turning(found: Evidence) -> bytes:
    """Animation: forty-eight chains of one network with the paper's settings, trained on MNIST, without a kick, to run
    25. Squares of grey noise become handwritten digits within a few runs, and some go on changing."""
    return animation(found.arrays["mnist/10/kick none"], (28, 28), columns=12)


def _images(found: Evidence, name: str) -> np.ndarray:
    """Recorded pictures in [0, 1], with shape (runs, chains, side, side)."""
    pixels = found.arrays[name].numpy()
    side = round(pixels.shape[-1] ** 0.5)
    return framed(pixels.reshape(*pixels.shape[:2], side, side) / 255)


def _runs(found: Evidence, name: str) -> tuple[int, ...]:
    return KEPT[: len(found.arrays[name])]
