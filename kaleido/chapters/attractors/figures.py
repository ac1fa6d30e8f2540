"""Notebook 07: what its figures show, from evidence alone."""

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kaleido.chapters.common import DEEP, IMAGES, LAST
from kaleido.chapters.depth.cells import FEW
from kaleido.lab.curves import legend_below, runs_axis, seeds_and_mean
from kaleido.lab.drawing import CONTROL, DATA, MAP, MILLIMETRE, PAGE, figure, panels
from kaleido.lab.evidence import Evidence

COLOURS = dict(zip(FEW, sns.color_palette("viridis_r", len(FEW)), strict=True))
BEASTS = 24


@figure("07_collapse")
def collapse(found: Evidence) -> Figure:
    """Coverage, precision and number of different pictures among 1,000 chains (dotted line) along the runs, by depth:
    thin lines are three seeds, thick lines their means. With ten layers few different pictures are left and coverage
    falls, while precision stays high."""
    drawn, axes = panels(92, 2, 3, sharex=True)
    for row, data in zip(axes, IMAGES, strict=True):
        for axis, quantity in zip(row, ("coverage", "precision", "different pictures"), strict=True):
            for depth in FEW:
                rows = found.rows(claim="B1", quantity=quantity, data=data, depth=depth)
                seeds_and_mean(axis, rows, COLOURS[depth], f"depth {depth}")
            if quantity == "different pictures":
                axis.set(yscale="log", ylim=(0.8, 1500), ylabel="of 1,000 chains")
                axis.axhline(rows["n"].max(), color=CONTROL, lw=0.8, ls=":")
            else:
                axis.set_ylim(0, 1.04)
            runs_axis(axis, (5, 20, 50, 200, 500))
            if data == IMAGES[0]:
                axis.set_title(quantity)
        row[0].set_ylabel(f"{data}, {rows['seeds'].nunique()} seeds\nshare")
    for axis in axes[0]:
        axis.set_xlabel("")
    legend_below(drawn, axes[1, 0], 4)
    return drawn


@figure("07_ends")
def ends(found: Evidence) -> Figure:
    """Chains after 500 runs by depth: shares in a fixed point, a cycle or neither (left), number of different ends
    (middle), spectral radius at ends and at training points (right); small marks are three seeds, bars and open marks
    their means. Nearly all chains end in fixed points, and the deeper the network, the fewer these are. At the
    ends that draw most chains the median radius is below 1 (dotted line), so they attract; at training points it is
    above."""
    drawn, axes = panels(96, 2, 3)
    kinds = {"share fixed": ("fixed point", MAP), "share cycle": ("cycle", DATA), "share neither": ("neither", "0.8")}
    for row, data in zip(axes, IMAGES, strict=True):
        places, floor = np.arange(len(FEW)), np.zeros(len(FEW))
        for quantity, (label, colour) in kinds.items():
            seeds = [found.rows(claim="B3", quantity=quantity, run=LAST, data=data, depth=depth) for depth in FEW]
            heights = np.array([rows["value"].mean() for rows in seeds])
            row[0].bar(places, heights, 0.6, floor, color=colour, label=label, lw=0)
            floor += heights
        row[0].set(ylim=(0, 1), ylabel=f"{data}, {seeds[0]['seeds'].nunique()} seeds\nshare of chains")
        for quantity, label, colour, marker in (
            ("ends", "seen", MAP, "o"),
            ("ends at least", "at least (Chao1)", DATA, "^"),
        ):
            _dots(row[1], found, data, quantity, "noise", colour, label, marker)
        row[1].set(yscale="log", ylim=(1, 100_000), ylabel="different ends")
        for condition, label, colour in (("ends", "at ends", MAP), ("training points", "at training points", DATA)):
            _dots(row[2], found, data, "radius", condition, colour, label)
        row[2].axhline(1, color=CONTROL, lw=0.8, ls=":")
        row[2].set(ylim=(0, 1.1 * row[2].dataLim.y1), ylabel="spectral radius")
        for axis in row:
            axis.set(xticks=places, xticklabels=FEW, xlabel="depth")
            axis.set_xlim(-0.6, len(FEW) - 0.4)
    for axis, title in zip(axes[0], ("how chains end", "in how many places", "what attracts"), strict=True):
        axis.set_title(title)
    for axis in axes[1]:
        axis.set_xlabel("depth")
        axis.legend(
            *axis.get_legend_handles_labels(), fontsize="small", loc="upper center", bbox_to_anchor=(0.5, -0.45),
            ncols=3, columnspacing=0.8, handletextpad=0.3, handlelength=1,
        )  # fmt: skip
    return drawn


@figure("07_bestiary")
def bestiary(found: Evidence) -> Figure:
    """The pictures in which most chains end, in one ten-layer network trained on digits and in one trained on 4,000
    MNIST digits: above each its share of the chains, below it the training image nearest to it, and its spectral
    radius. Most look like digits. None lies within 0.05 of the range of a training image, but several look like blurred
    ones."""
    names = {f"{data}, depth {DEEP}, 1 seed": f"{data}/{DEEP}/mlp" for data in IMAGES}
    drawn, columns = Figure((PAGE, 168 * MILLIMETRE)), BEASTS // 2
    axis = drawn.subplots()
    top = 0.0
    for title, name in names.items():
        axis.text(0.05, top, title, va="bottom", fontweight="bold")
        if f"{name}/ends" not in found.arrays:
            axis.text(0.05, top - 0.5, "no chain came to an end")
            top -= 1.5
            continue
        points, near = (found.arrays[f"{name}/{part}"].numpy() for part in ("ends", "nearest"))
        shares, periods, radii = (found.arrays[f"{name}/{part}"].numpy() for part in ("shares", "periods", "radii"))
        side = round(points.shape[1] ** 0.5)
        for i in range(len(points)):
            x, y = i % columns, top - 0.35 - 2.5 * (i // columns)
            for picture, lower in ((points[i], 0.0), (near[i], 0.95)):
                place = (x + 0.05, x + 0.95, y - lower - 0.9, y - lower)
                axis.imshow(picture.reshape(side, side), cmap="gray", vmin=0, vmax=255, extent=place)
            period = "" if periods[i] == 1 else f", {periods[i]} runs"
            axis.text(x + 0.5, y + 0.03, f"{100 * shares[i]:.1f} %{period}", ha="center", va="bottom", fontsize=7)
            axis.text(x + 0.5, y - 1.9, f"{radii[i]:.2f}", ha="center", va="top", fontsize=7, color="0.4")
        top -= 2.5 * (1 + (len(points) - 1) // columns) + 0.7
    axis.set(xlim=(0, columns), ylim=(top + 0.5, 0.4), aspect="equal", xticks=[], yticks=[])
    sns.despine(ax=axis, left=True, bottom=True)
    return drawn


@figure("07_basins")
def basins(found: Evidence) -> Figure:
    """The square coloured by the end that a chain from there comes to within 500 runs, for one toy network of each
    depth trained on four points. Nearly all ends (dots) lie at training points (squares), and the network with ten
    layers divides the square unevenly."""
    drawn, axes = panels(62, 1, len(FEW), sharey=True)
    for axis, depth in zip(axes, FEW, strict=True):
        which, points, data = (
            found.arrays[f"points2d/{depth}/{part}"].numpy() for part in ("basins", "ends", "points")
        )
        side = round(len(which) ** 0.5)
        palette = sns.husl_palette(max(which.max() + 1, 2), s=0.5, l=0.75)
        image = np.array(palette)[which].reshape(side, side, 3).transpose(1, 0, 2)
        axis.imshow(image, origin="lower", extent=(0, 1, 0, 1))
        axis.plot(*data.T, "s", color="0.1", ms=7, mfc="none", label="training points")
        axis.plot(*points.T, "o", color="0.1", ms=2.5, label="ends")
        axis.set(title=f"depth {depth}, 1 seed", xlabel="feature 1", xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
    axes[0].set_ylabel("feature 2")
    legend_below(drawn, axes[0])
    return drawn


def _dots(axis: Axes, found: Evidence, data: str, quantity: str, condition: str, colour, label: str, marker="o"):
    for place, depth in enumerate(FEW):
        rows = found.rows(claim="B3", quantity=quantity, condition=condition, data=data, depth=depth)
        shown = label if place == 0 else None
        axis.plot([place] * len(rows), rows["value"], marker, color=colour, ms=2.5, alpha=0.5, mew=0)
        axis.plot(place, rows["value"].mean(), marker, color=colour, ms=5, mfc="none", mew=1.2, label=shown)
