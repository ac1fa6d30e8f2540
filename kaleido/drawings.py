"""What the figures show: one function per figure, from evidence alone to a figure or a GIF."""

import io

import numpy as np
import seaborn as sns
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from kaleido.data import TOYS
from kaleido.evidence import Evidence

__all__ = [
    "along_runs",
    "animation",
    "chains_by_runs",
    "grid",
    "noise_to_digits",
    "orbits",
    "output_maps",
    "turning",
    "unseen_inputs",
]

MILLIMETRE = 1 / 25.4  # inch
COLUMN, PAGE = 85 * MILLIMETRE, 174 * MILLIMETRE
DATA, MAP, CONTROL = sns.color_palette("colorblind")[1], sns.color_palette("colorblind")[0], "0.55"


def noise_to_digits(found: Evidence) -> Figure:
    """Chains by runs on MNIST, few of them: what the paper calls a dataset kaleidoscope."""
    return _pictures(found, chains=8)


def chains_by_runs(found: Evidence) -> Figure:
    """Chains by runs on MNIST: every row starts from noise of its own and stays one chain."""
    return _pictures(found, chains=12)


def output_maps(found: Evidence) -> Figure:
    """The maps that the 1-D toys learned, all seeds, and their squared error."""
    figure = Figure((PAGE, 88 * MILLIMETRE))
    axes = figure.subplots(2, 2, sharex="col", height_ratios=(3, 2))
    for column, (name, depth) in zip(axes.T, (("points1d", 6), ("points1d-tanh", 9)), strict=True):
        values, (low, high) = TOYS[name]
        maps = found.arrays[f"{name}/{depth}/map"].numpy()[..., 0]
        x = np.linspace(low, high, maps.shape[1])
        column[0].plot(x, maps.T, color=MAP, alpha=0.25, lw=0.8)
        column[0].plot(x, np.median(maps, 0), color=MAP, lw=1.8, label=f"median of {len(maps)} seeds")
        column[0].plot([low, high], [low, high], color=CONTROL, lw=0.8, ls="--", label="identity")
        points = np.ravel(values)
        column[0].plot(points, points, "o", color=DATA, ms=5, label="training points", zorder=3)
        column[0].set(
            title=f"{len(points)} points, {'tanh' if low < 0 else 'sigmoid'}, depth {depth}", ylabel="output f(x)"
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
    for axis, (name, depth) in zip(axes, (("points1d", 6), ("points1d-tanh", 9), ("points2d", 6)), strict=True):
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


def unseen_inputs(found: Evidence) -> Figure:
    """Contraction against spread on noise: the learned map beside its controls, all seeds."""
    figure = Figure((PAGE, 74 * MILLIMETRE))
    axes = figure.subplots(1, 2, sharey=True)
    names = {
        "mlp": "learned, depth 10", "untrained": "untrained", "untrained he": "untrained (He)", "linear": "linear map",
        "identity": "identity", "mean": "mean of X", "medoid": "one point of X", "black": "all black",
    }  # fmt: skip
    marks = dict(zip(names, "os^DvXP*", strict=True))
    for axis, data in zip(axes, ("digits", "mnist5k"), strict=True):
        axis.fill_between([0, 0.5], 0.25, 1.08, color=MAP, alpha=0.1, lw=0)
        axis.annotate("C1 asks for this", (0.02, 1.05), va="top", color=MAP, fontsize="small")
        for name, label in names.items():
            rho, spread = (
                found.values(quantity=q, data=data, architecture=name, condition="noise", run=1)
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
            xlim=(0, 1.08),
            ylim=(0, 1.08),
        )
    axes[0].set_ylabel("spread (1: as held-out data)")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right center", fontsize="small")
    return figure


def along_runs(found: Evidence) -> Figure:
    """Quality in pixels and novelty along the sampling runs, all seeds, with the training points' own score."""
    figure = Figure((PAGE, 66 * MILLIMETRE))
    axes = figure.subplots(1, 3, sharex=True)
    panels = (("precision", "coverage"), ("recall",), ("novelty",))
    titles = ("On the data, and all of it?", "Diversity", "Distance to training points")
    for axis, quantities, title in zip(axes, panels, titles, strict=True):
        for quantity, colour in zip(quantities, (MAP, DATA), strict=False):
            rows = found.rows(quantity=quantity, architecture="mlp", condition="noise")
            for _, seed in rows.groupby("seeds"):
                axis.plot(seed["run"].astype(float), seed["value"], color=colour, lw=0.7, alpha=0.5)
            mean = rows.groupby("run")["value"].mean()
            axis.plot(mean.index.astype(float), mean, color=colour, lw=1.8, marker="o", ms=3, label=quantity)
            ceiling = found.values(quantity=quantity, condition="ceiling").mean()
            axis.axhline(ceiling, color=colour, lw=0.8, ls=":")
        axis.set_xscale("symlog", linthresh=1)
        axis.set(title=title, xlabel="sampling run", xlim=(0, None), ylim=(0, None))
        axis.set_xticks([0, 1, 5, 20, 100], ["0", "1", "5", "20", "100"])
        axis.minorticks_off()
        axis.legend(fontsize="small")
    axes[0].set_ylabel("share (no unit)")
    axes[2].set_ylabel("times held-out data's distance")
    return figure


def turning(found: Evidence) -> bytes:
    """The kaleidoscope turning: chains of one MNIST network side by side, one frame per run."""
    return animation(found.arrays["mnist5k/10/turning"], (28, 28))


def animation(pictures: Tensor, image_shape: tuple[int, ...], columns: int = 10, scale: int = 2) -> bytes:
    """Returns an orbit as a looping GIF: chains side by side, one frame per run, the first and last ones held.

    Arguments:
        pictures: Pixels as bytes, with shape (runs, chains, D).
        image_shape: (height, width), grey.
        columns: Chains in a row.
        scale: Screen pixels per pixel.
    """
    frames = []
    for run in pictures.numpy():
        sheet = _sheet(run.reshape(-1, *image_shape), columns) // 8 * 8  # 32 greys: half the bytes, the same picture
        frames.append(Image.fromarray(np.kron(sheet, np.ones((scale, scale), np.uint8))))
    content = io.BytesIO()
    times = [600] + [180] * (len(frames) - 2) + [1800]  # milliseconds
    frames[0].save(content, "gif", save_all=True, append_images=frames[1:], duration=times, loop=0, optimize=True)
    return content.getvalue()


def _pictures(found: Evidence, chains: int) -> Figure:
    pictures = found.arrays["mnist5k/10/pictures"][:, :chains].numpy() / 255
    kept = sorted(found.rows(quantity="precision", condition="noise")["run"].unique())
    return grid(pictures.reshape(len(kept), chains, 28, 28), kept)


def grid(pictures: np.ndarray, runs) -> Figure:
    """One row per chain, one column per run; pictures in [0, 1] with shape (runs, chains, height, width[, 3])."""
    kept, chains = pictures.shape[:2]
    figure = Figure((COLUMN, COLUMN * chains / kept + 0.3))
    axis = figure.subplots()
    height, width = pictures.shape[2:4]
    framed = np.ones((kept, chains, height + 2, width + 2, *pictures.shape[4:]))
    framed[:, :, 1:-1, 1:-1] = pictures
    rows = [np.concatenate(framed[:, chain], axis=1) for chain in range(chains)]
    axis.imshow(np.concatenate(rows), cmap="gray", vmin=0, vmax=1)
    axis.set_xticks([(i + 0.5) * (width + 2) - 0.5 for i in range(kept)], [str(run) for run in runs])
    axis.set_yticks([])
    axis.tick_params(length=0)
    axis.set(xlabel="sampling run", ylabel="chains")
    sns.despine(ax=axis, left=True, bottom=True)
    return figure


def _sheet(images: np.ndarray, columns: int) -> np.ndarray:
    """Images in rows of `columns`, with a black border of one pixel."""
    images = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    rows = [np.concatenate(images[i : i + columns], axis=1) for i in range(0, len(images), columns)]
    return np.concatenate(rows)
