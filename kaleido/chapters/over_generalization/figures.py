"""Notebook 01: what its figures show, from evidence alone."""

import numpy as np
import seaborn as sns
import torch
from matplotlib.figure import Figure

from kaleido.chapters.common import CLOSE, IMAGES
from kaleido.data.sets import TOYS
from kaleido.lab.curves import legend_beside
from kaleido.lab.drawing import COLUMN, CONTROL, DATA, MAP, MILLIMETRE, PAGE, figure, panels
from kaleido.lab.evidence import Evidence
from kaleido.lab.pictures import strip

KINDS = {
    "noise": "uniform noise", "gaussian": "normal noise", "fashion": "clothes", "heldout": "held-out digits",
    "mixup": "mixed digits",
}  # fmt: skip


@figure("01_at_a_glance", profile="paper")
def at_a_glance(found: Evidence) -> Figure:
    """Inputs that a network with the paper's settings has not seen (top), its outputs after one pass (middle), and the
    MNIST training images nearest to these (bottom). Noise comes out as a blurred digit, and some of the clothes as
    something like one; mixtures of two digits are blurred, too."""
    drawn, axes = panels(34, 1, 5, wide=PAGE)
    for axis, (kind, title) in zip(axes, KINDS.items(), strict=True):
        pictures = found.arrays[f"mnist/{kind}"].numpy().reshape(9, 28, 28)
        names = ("unseen input", "output of\nthe network", "nearest\ntraining image") if axis is axes[0] else ()
        strip(axis, pictures, 3, names)
        axis.set_title(title, loc="center")
        if axis is not axes[0]:
            axis.set_yticks([])
    return drawn


@figure("01_output_maps")
def output_maps(found: Evidence) -> Figure:
    """Maps of toy networks (top) and their squared error (bottom), for two training points on a line (left) and four
    (right): thin lines are ten seeds, thick lines their median. In the shaded strips the median output is within 0.05
    of a training point. Around the outermost points the maps are flatter than the diagonal."""
    drawn, axes = panels(88, 2, 2, sharex="col", height_ratios=(3, 2))
    for column, (name, depth) in zip(axes.T, (("points1d", "6/10"), ("points1d-tanh", "9/10")), strict=True):
        values, (low, high) = TOYS[name]
        maps = _seeds(found, f"{name}/{depth}/map")[..., 0]
        x = np.linspace(low, high, maps.shape[1])
        column[0].plot(x, maps.T, color=MAP, alpha=0.25, lw=0.8)
        column[0].plot(x, np.median(maps, 0), color=MAP, lw=1.8, label=f"median of {len(maps)} seeds")
        flat = np.abs(np.median(maps, 0)[:, None] - np.ravel(values)).min(1) <= CLOSE
        band = {"color": DATA, "alpha": 0.18, "lw": 0, "transform": column[0].get_xaxis_transform()}
        column[0].fill_between(x, 0, 1, where=flat, label=f"within {CLOSE:g} of a point", **band)
        column[0].plot([low, high], [low, high], color=CONTROL, lw=0.8, ls="--", label="identity")
        points = np.ravel(values)
        column[0].plot(points, points, "o", color=DATA, ms=5, label="training points", zorder=3)
        column[0].set(
            title=f"{len(points)} points, {'tanh' if low < 0 else 'sigmoid'} output, depth {depth.split('/')[0]}",
            ylabel="output f(x)",
        )
        errors = (maps - x) ** 2
        column[1].plot(x, errors.T, color=MAP, alpha=0.25, lw=0.8)
        column[1].plot(x, np.median(errors, 0), color=MAP, lw=1.8)
        column[1].plot(points, 0 * points, "o", color=DATA, ms=5, zorder=3, clip_on=False)
        column[1].set(xlabel="input x", ylabel="squared error", xlim=(low, high), ylim=(0, None))
        column[1].set_xticks(np.linspace(low, high, 5))
    axes[0, 0].legend(loc="upper left", fontsize="small", handlelength=1.2)
    return drawn


@figure("01_square_maps")
def square_maps(found: Evidence) -> Figure:
    """Distance from the output to the nearest training point (left) and squared error (right) for every input of one
    toy network, which was trained on four points in the square (orange). Blue lines enclose the inputs whose output is
    within 0.05 of a training point: a region around each of them."""
    values, (low, high) = TOYS["points2d"]
    outputs = _seeds(found, "points2d/6/50/map")[0]
    side = round(len(outputs) ** 0.5)
    axis_values = np.linspace(low, high, side)
    inputs = np.stack(np.meshgrid(axis_values, axis_values, indexing="ij"), -1).reshape(-1, 2)
    away = ((outputs[:, None] - np.array(values)) ** 2).sum(2).min(1) ** 0.5
    error = ((outputs - inputs) ** 2).mean(1)
    drawn = Figure((PAGE, 70 * MILLIMETRE))
    two = (
        (away, "Output, 1 seed", "distance to a training point"),
        (error, "Error, 1 seed", "squared error per feature"),
    )
    for axis, (shown, title, label) in zip(drawn.subplots(1, 2), two, strict=True):
        edges = (low, high, low, high)
        image = axis.imshow(shown.reshape(side, side).T, extent=edges, origin="lower", cmap="Greys", vmin=0)
        drawn.colorbar(image, ax=axis, label=label, shrink=0.85)
        closeness = away.reshape(side, side).T
        axis.contour(axis_values, axis_values, closeness, [CLOSE], colors=[MAP], linewidths=1.2)
        axis.plot(*np.array(values).T, "o", color=DATA, ms=6, zorder=3)
        axis.set(title=title, xlabel="feature 1", ylabel="feature 2")
    return drawn


@figure("01_orbits")
def orbits(found: Evidence) -> Figure:
    """Chains of three toy networks, one seed each, from uniform noise: on a line with two and with four training points
    (orange bars), and in the square with four (orange dots; grey is the distance from the output to the nearest). Many
    chains come to a training point within ten runs."""
    drawn, axes = panels(62, 1, 3)
    for axis, (name, depth) in zip(
        axes, (("points1d", "6/10"), ("points1d-tanh", "9/10"), ("points2d", "6/50")), strict=True
    ):
        values, (low, high) = TOYS[name]
        paths = _seeds(found, f"{name}/{depth}/orbits")[0]  # [runs, chains, D]
        if name == "points2d":
            outputs = _seeds(found, f"{name}/{depth}/map")[0]
            away = ((outputs[:, None] - np.array(values)) ** 2).sum(2).min(1) ** 0.5
            side = round(len(away) ** 0.5)
            edges = (low, high, low, high)
            image = axis.imshow(
                away.reshape(side, side).T, extent=edges, origin="lower", cmap="Greys", vmin=0, vmax=0.3
            )
            drawn.colorbar(image, ax=axis, label="distance to a training point", shrink=0.8)
            axis.plot(*paths.transpose(2, 0, 1), color=MAP, lw=0.9, marker=".", ms=3)
            axis.plot(*np.array(values).T, "o", color=DATA, ms=6, zorder=3)
            axis.set(
                title="4 points in 2-D, 1 seed",
                xlabel="feature 1",
                ylabel="feature 2",
                xlim=(low, high),
                ylim=(low, high),
            )
        else:
            runs = min(len(paths), 11)
            axis.hlines(np.ravel(values), 0, runs - 1, color=DATA, lw=3, alpha=0.6)
            axis.plot(paths[:runs, :, 0], color=MAP, lw=0.9, marker=".", ms=3)
            axis.set(title=f"{len(values)} points in 1-D, 1 seed", xlabel="sampling run", ylabel="x", ylim=(low, high))
    return drawn


@figure("01_by_depth")
def by_depth(found: Evidence) -> Figure:
    """Share of the space that one pass through a toy network brings within 0.05 of a training point, by depth: thin
    lines are ten seeds, thick lines their mean with its 95 % interval, dashes the share before. It grows with depth; in
    the square it does so mostly after six layers."""
    drawn, axes = panels(62, 1, 2, sharey=True)
    for axis, data in zip(axes, ("points1d", "points2d"), strict=True):
        rows = found.rows(quantity="share at a point", data=data, width=50, run=1)
        shares = rows.pivot(index="seeds", columns="depth", values="value")
        axis.plot(shares.columns, shares.to_numpy().T, color=MAP, lw=0.5, alpha=0.35)
        means = found.means(quantity="share at a point", data=data, width=50, run=1).sort_values("depth")
        axis.fill_between(means["depth"], means["low"], means["high"], color=MAP, alpha=0.2, lw=0)
        axis.plot(means["depth"], means["value"], color=MAP, lw=1.8, marker="o", ms=3, label="mean and 95 % interval")
        before = found.means(quantity="share at a point", data=data, width=50, run=0)["value"].mean()
        axis.axhline(before, color=CONTROL, lw=0.8, ls="--", label="before: uniform noise")
        title = "2 points in 1-D" if data == "points1d" else "4 points in 2-D"
        axis.set(title=f"{title}, {len(shares)} seeds", xlabel="depth (hidden layers)", ylim=(0, 1))
        axis.set_xticks(shares.columns)
    axes[0].set_ylabel("share of space brought\nto a training point")
    axes[0].legend(fontsize="small")
    return drawn


@figure("01_unseen_inputs")
def unseen_inputs(found: Evidence, sets: tuple[str, ...] = IMAGES) -> Figure:
    """Contraction and spread of one pass on uniform noise, on digits and on 4,000 MNIST digits: blue are trained
    networks, other marks the control maps, three seeds each. The networks lie on the claimed side (shaded), and their
    outputs near many images; constants lie there too (black on MNIST alone), but near one image."""
    drawn = Figure((PAGE if len(sets) > 1 else 1.4 * COLUMN, 74 * MILLIMETRE))
    axes = drawn.subplots(1, len(sets), sharey=True, squeeze=False)[0]
    names = {
        "mlp": "trained, depth 10", "untrained": "untrained", "untrained he": "untrained, He", "linear": "linear map",
        "identity": "identity", "mean": "mean image", "medoid": "one training image", "black": "black image",
    }  # fmt: skip
    marks = dict(zip(names, "os^DvXP*", strict=True))
    for axis, data in zip(axes, sets, strict=True):
        axis.axvspan(0, 0.5, color=MAP, alpha=0.1, lw=0)
        axis.annotate("claimed side of C1", (0.02, 1.05), va="top", color=MAP, fontsize="small")
        for name, label in names.items():
            rho, spread = (
                found.values(claim="C1", quantity=q, data=data, architecture=name, condition="noise", run=1)
                for q in ("rho", "spread")
            )
            colour = MAP if name == "mlp" else "0.25" if name in ("mean", "medoid", "black") else CONTROL
            look = {"ms": 7 if name == "black" else 5, "alpha": 0.8, "mec": "white", "mew": 0.4, "clip_on": False}
            axis.plot(rho, spread, marks[name], color=colour, label=label, **look)
        axis.set(
            title=f"{data}, {len(rho)} seeds",
            xlabel="contraction (0: on the data)",
            xlim=(-0.05, max(1.08, 1.04 * axis.dataLim.x1)),  # or constants would lie under the axes
            ylim=(-0.05, max(1.08, 1.04 * axis.dataLim.y1)),
        )
    axes[0].set_ylabel("spread (1: as held-out data)")
    legend_beside(drawn, axes[0])
    return drawn


@figure("01_bounded_outputs")
def bounded_outputs(found: Evidence) -> Figure:
    """Contraction on uniform noise by depth and output, on digits, with all networks of a kind at the same training
    loss: dashes are three seeds, dots their means with 95 % intervals. With two and six layers bounded outputs (tanh
    and sigmoid) contract more than linear ones; with ten the intervals overlap."""
    drawn, axis = panels(70, wide=COLUMN)
    colours = dict(zip(("tanh", "sigmoid", "linear", "linear, clipped"), sns.color_palette("colorblind"), strict=False))
    for shift, (name, colour) in enumerate(colours.items()):
        rows = found.rows(claim="C6", quantity="rho", architecture=name)
        means = found.means(claim="C6", quantity="rho", architecture=name).sort_values("depth")
        x = 0.12 * (shift - 1.5)
        axis.plot(rows["depth"] + x, rows["value"], "_", color=colour, ms=5, alpha=0.6)
        errors = (means[["high", "low"]].to_numpy().T - means["value"].to_numpy()) * [[1], [-1]]
        axis.errorbar(
            means["depth"] + x, means["value"], errors[::-1], color=colour, lw=1.2, marker="o", ms=3, label=name
        )
    title = f"digits, {rows['seeds'].nunique()} seeds, at equal loss"
    axis.set(title=title, xlabel="depth (hidden layers)", ylabel="contraction", ylim=(0, None))
    axis.set_xticks(sorted(rows["depth"].unique()))
    axis.legend(fontsize="small", title="output", title_fontsize="small")
    return drawn


def _seeds(found: Evidence, name: str) -> np.ndarray:
    """An array of each seed, stacked."""
    return torch.stack([array for key, array in found.arrays.items() if key.startswith(f"{name}/")]).numpy()
