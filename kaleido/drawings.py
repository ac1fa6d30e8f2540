"""What the figures of notebooks 01 and 02 show: one function per figure, from evidence alone."""

import numpy as np
import seaborn as sns
from matplotlib.figure import Figure

from kaleido.data.sets import TOYS
from kaleido.evidence import Evidence
from kaleido.sizes import DIMENSIONS, IMAGES, SIZES
from kaleido.studies import CLOSE
from kaleido.style import COLUMN, CONTROL, DATA, MAP, MILLIMETRE, PAGE

__all__ = [
    "bounded_outputs",
    "by_depth",
    "corner_losses",
    "orbits",
    "output_maps",
    "square_maps",
    "unseen_inputs",
]

# the largest loss at a corner by number of points (SIZES), one seed, read off the picture in the published notebook of
# arXiv 2402.11793 to about 0.01
PUBLISHED_CORNERS = {
    2: (0.53, 0.43, 0.24, 0.17, 0.01, 0.01, 0.00, 0.00, 0.00, 0.00, 0.00),
    4: (0.44, 0.57, 0.44, 0.28, 0.06, 0.04, 0.04, 0.01, 0.01, 0.01, 0.01),
}


def output_maps(found: Evidence) -> Figure:
    """The maps that the 1-D toys learned, all seeds, and their squared error."""
    figure = Figure((PAGE, 88 * MILLIMETRE))
    axes = figure.subplots(2, 2, sharex="col", height_ratios=(3, 2))
    for column, (name, depth) in zip(axes.T, (("points1d", "6/10"), ("points1d-tanh", "9/10")), strict=True):
        values, (low, high) = TOYS[name]
        maps = found.arrays[f"{name}/{depth}/map"].numpy()[..., 0]
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
            title=f"{len(points)} points, {'tanh' if low < 0 else 'sigmoid'}, depth {depth.split('/')[0]}",
            ylabel="output f(x)",
        )
        errors = (maps - x) ** 2
        column[1].plot(x, errors.T, color=MAP, alpha=0.25, lw=0.8)
        column[1].plot(x, np.median(errors, 0), color=MAP, lw=1.8)
        column[1].plot(points, 0 * points, "o", color=DATA, ms=5, zorder=3, clip_on=False)
        column[1].set(xlabel="input x (no unit)", ylabel="$(f(x) - x)^2$", xlim=(low, high), ylim=(0, None))
        column[1].set_xticks(np.linspace(low, high, 5))
    axes[0, 0].legend(loc="upper left", fontsize="small", handlelength=1.2)
    return figure


def orbits(found: Evidence) -> Figure:
    """Orbits of the toys: 1-D against the runs, 2-D in the plane, one seed each."""
    figure = Figure((PAGE, 62 * MILLIMETRE))
    axes = figure.subplots(1, 3)
    for axis, (name, depth) in zip(
        axes, (("points1d", "6/10"), ("points1d-tanh", "9/10"), ("points2d", "6/50")), strict=True
    ):
        values, (low, high) = TOYS[name]
        paths = found.arrays[f"{name}/{depth}/orbits"].numpy()[0]  # [runs, chains, D]
        if name == "points2d":
            away = ((found.arrays[f"{name}/{depth}/map"].numpy()[0][:, None] - np.array(values)) ** 2).sum(2).min(
                1
            ) ** 0.5
            side = round(len(away) ** 0.5)
            edges = (low, high, low, high)
            image = axis.imshow(
                away.reshape(side, side).T, extent=edges, origin="lower", cmap="Greys", vmin=0, vmax=0.3
            )
            figure.colorbar(image, ax=axis, label="distance of f(x) to a point", shrink=0.8)
            axis.plot(*paths.transpose(2, 0, 1), color=MAP, lw=0.9, marker=".", ms=3)
            axis.plot(*np.array(values).T, "o", color=DATA, ms=6, zorder=3)
            axis.set(title="2-D", xlabel="feature 1", ylabel="feature 2", xlim=(low, high), ylim=(low, high))
        else:
            runs = min(len(paths), 11)
            axis.hlines(np.ravel(values), 0, runs - 1, color=DATA, lw=3, alpha=0.6)
            axis.plot(paths[:runs, :, 0], color=MAP, lw=0.9, marker=".", ms=3)
            axis.set(title=f"{len(values)} points", xlabel="sampling run", ylabel="x (no unit)", ylim=(low, high))
    return figure


def square_maps(found: Evidence) -> Figure:
    """The 2-D toy, one seed: what is brought to a training point, and the squared error of the map."""
    values, (low, high) = TOYS["points2d"]
    outputs = found.arrays["points2d/6/50/map"].numpy()[0]
    side = round(len(outputs) ** 0.5)
    axis_values = np.linspace(low, high, side)
    inputs = np.stack(np.meshgrid(axis_values, axis_values, indexing="ij"), -1).reshape(-1, 2)
    away = ((outputs[:, None] - np.array(values)) ** 2).sum(2).min(1) ** 0.5
    error = ((outputs - inputs) ** 2).mean(1)
    figure = Figure((PAGE, 70 * MILLIMETRE))
    panels = ((away, "Output", "distance of f(x) to a point"), (error, "Loss", "squared error per feature"))
    for axis, (shown, title, label) in zip(figure.subplots(1, 2), panels, strict=True):
        edges = (low, high, low, high)
        image = axis.imshow(shown.reshape(side, side).T, extent=edges, origin="lower", cmap="Greys", vmin=0)
        figure.colorbar(image, ax=axis, label=label, shrink=0.85)
        closeness = away.reshape(side, side).T
        axis.contour(axis_values, axis_values, closeness, [CLOSE], colors=[MAP], linewidths=1.2)
        axis.plot(*np.array(values).T, "o", color=DATA, ms=6, zorder=3)
        axis.set(title=title, xlabel="feature 1", ylabel="feature 2")
    return figure


def unseen_inputs(found: Evidence, sets: tuple[str, ...] = IMAGES) -> Figure:
    """Contraction against spread on noise: the learned map beside its controls, all seeds."""
    figure = Figure((PAGE if len(sets) > 1 else 1.4 * COLUMN, 74 * MILLIMETRE))
    axes = figure.subplots(1, len(sets), sharey=True, squeeze=False)[0]
    names = {
        "mlp": "learned, depth 10", "untrained": "untrained", "untrained he": "untrained (He)", "linear": "linear map",
        "identity": "identity", "mean": "mean of X", "medoid": "one point of X", "black": "all black",
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
            axis.plot(
                rho,
                spread,
                marks[name],
                color=colour,
                ms=5,
                alpha=0.8,
                mec="white",
                mew=0.4,
                label=label,
                clip_on=False,
            )
        axis.set(
            title=f"{data}, {len(rho)} seeds",
            xlabel=r"contraction $\rho$ (0: on the data)",
            xlim=(0, max(1.08, 1.04 * axis.dataLim.x1)),
            ylim=(0, max(1.08, 1.04 * axis.dataLim.y1)),
        )
    axes[0].set_ylabel("spread (1: as held-out data)")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right center", fontsize="small")
    return figure


def by_depth(found: Evidence) -> Figure:
    """The toys by depth: the share of the space that one application brings to a training point, all seeds."""
    figure = Figure((PAGE, 62 * MILLIMETRE))
    axes = figure.subplots(1, 2, sharey=True)
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
    return figure


def bounded_outputs(found: Evidence) -> Figure:
    """Contraction by depth at equal training loss, for bounded and unbounded outputs, all seeds."""
    figure = Figure((COLUMN, 70 * MILLIMETRE))
    axis = figure.subplots()
    colours = dict(zip(("tanh", "sigmoid", "linear", "linear, clipped"), sns.color_palette("colorblind"), strict=False))
    for shift, (name, colour) in enumerate(colours.items()):
        rows = found.rows(claim="C6", quantity="rho", architecture=name)
        means = found.means(claim="C6", quantity="rho", architecture=name).sort_values("depth")
        x = 0.12 * (shift - 1.5)
        axis.plot(rows["depth"] + x, rows["value"], ".", color=colour, ms=3, alpha=0.5, mew=0)
        errors = (means[["high", "low"]].to_numpy().T - means["value"].to_numpy()) * [[1], [-1]]
        axis.errorbar(
            means["depth"] + x, means["value"], errors[::-1], color=colour, lw=1.2, marker="o", ms=3, label=name
        )
    axis.set(xlabel="depth (hidden layers)", ylabel=r"contraction $\rho$ (no unit)", ylim=(0, None))
    axis.set_xticks(sorted(rows["depth"].unique()))
    axis.legend(fontsize="small", title="output", title_fontsize="small")
    return figure


def corner_losses(found: Evidence) -> Figure:
    """Loss at the corners of the cube by the number of training points and dimension, beside the paper's curves."""
    figure = Figure((PAGE, 80 * MILLIMETRE))
    axes = figure.subplots(1, 2, sharex=True, sharey=True)
    for axis, quantity in zip(axes, ("largest corner loss", "mean corner loss"), strict=True):
        for d, colour in zip(DIMENSIONS, sns.color_palette("viridis_r", len(DIMENSIONS) + 1)[1:], strict=True):
            names = [f"points-{d}-{n}" for n in SIZES]
            seeds = np.stack([found.values(quantity=quantity, data=name) for name in names], axis=1)
            mean = np.array([found.means(quantity=quantity, data=name)["value"].item() for name in names])
            ends = [found.means(quantity=quantity, data=name)[["low", "high"]].to_numpy()[0] for name in names]
            low, high = np.where(np.isnan(ends), mean[:, None], ends).T
            axis.fill_between(SIZES, low, high, color=colour, alpha=0.2, lw=0)
            axis.plot(SIZES, seeds.T, color=colour, lw=0.5, alpha=0.5)
            axis.plot(SIZES, mean, color=colour, lw=1.8, label=f"d = {d}")
            if d in PUBLISHED_CORNERS and quantity.startswith("largest"):
                paper = f"d = {d}, paper"
                axis.plot(SIZES, PUBLISHED_CORNERS[d], "x", color=colour, ms=5, mew=1.4, label=paper, zorder=3)
        axis.set_xscale("log", base=2)
        axis.set_xticks([1, 8, 64, 512, 2048], ["1", "8", "64", "512", "2,048"])
        axis.minorticks_off()
        axis.set(title=f"{quantity.split()[0].capitalize()} over the corners", xlabel="training points", ylim=(0, None))
    axes[0].set_ylabel(r"squared error per feature (no unit)")
    axes[1].legend(*axes[0].get_legend_handles_labels(), fontsize="small", ncols=2, loc="upper right")
    return figure
