"""Chains as pictures: one function per figure, from evidence alone to a figure or a GIF."""

import io

import numpy as np
import seaborn as sns
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from kaleido.evidence import Evidence
from kaleido.studies import FIVES, KEPT
from kaleido.style import COLUMN, MILLIMETRE, PAGE

__all__ = [
    "animation", "at_a_glance", "chains_by_runs", "grid", "kicks", "kicks_turning", "noise_to_digits", "published",
    "sheet",
    "turning",
]  # fmt: skip

KICKS = {"noise": "no kick", "centred kick": "centred kick", "published kick": "published kick"}


def noise_to_digits(found: Evidence) -> Figure:
    """Chains by runs on MNIST, few of them: what the paper calls a dataset kaleidoscope."""
    return grid(_images(found, "mnist5k/10/pictures")[:, :8], _runs(found, "mnist5k/10/pictures"))


def chains_by_runs(found: Evidence) -> Figure:
    """Chains by runs on both data sets: every row starts from noise of its own and stays one chain."""
    figure = Figure((PAGE, 88 * MILLIMETRE))
    for axis, data in zip(figure.subplots(1, 2), ("mnist5k", "digits"), strict=True):
        name = f"{data}/10/noise"
        _draw_grid(axis, _images(found, name)[:, :10], _runs(found, name))
        axis.set_title(data)
    return figure


def at_a_glance(found: Evidence) -> Figure:
    """What over-generalization is: whatever goes in, something like a training digit comes out."""
    pictures = found.arrays["mnist5k/glance"].numpy().reshape(3, 9, 28, 28) / 255
    figure = Figure((PAGE, 54 * MILLIMETRE))
    axes = figure.subplots(3, 9, gridspec_kw={"wspace": 0.05, "hspace": 0.05})
    for row, name in zip(range(3), ("unseen input", "output of\nthe network", "nearest\ntraining digit"), strict=True):
        for column in range(9):
            axis = axes[row, column]
            axis.imshow(pictures[row, column], cmap="gray", vmin=0, vmax=1)
            axis.set(xticks=[], yticks=[])
            sns.despine(ax=axis, left=True, bottom=True)
        axes[row, 0].set_ylabel(name, rotation=0, ha="right", va="center")
    for column, title in ((1, "uniform noise"), (4, "clipped normal noise"), (7, "pieces of photographs")):
        axes[0, column].set_title(title, loc="center")
    return figure


def kicks(found: Evidence) -> Figure:
    """The same five chains without a kick, with the centred one and with the published one."""
    figure = Figure((PAGE, 52 * MILLIMETRE))
    for axis, (condition, title) in zip(figure.subplots(1, 3), KICKS.items(), strict=True):
        name = f"mnist5k/10/{condition}"
        runs = _runs(found, name)
        chosen = [i for i, run in enumerate(runs) if run in (0, 1, 5, 20, 50, 100, 200)]
        _draw_grid(axis, _images(found, name)[chosen, :5], [runs[i] for i in chosen])
        axis.set_title(title)
    return figure


def kicks_turning(found: Evidence) -> bytes:
    """Twelve chains without a kick (left), with the centred (middle) and the published one (right), frame by frame."""
    sheets = [found.arrays[f"mnist5k/10/{condition}"].unflatten(1, (3, 4)) for condition in KICKS]  # three rows of four
    return animation(torch.cat(sheets, dim=2).flatten(1, 2), (28, 28), columns=12, times=(600, 500, 2500))


def published(found: Evidence) -> Figure:
    """The published settings to the letter: 48 chains at runs 0, 5, ... 25, as in the published pictures."""
    images = _images(found, "mnist5k/10/published kick by fives")
    figure = Figure((PAGE, 100 * MILLIMETRE))
    for axis, run, chains in zip(figure.subplots(2, 3).flat, FIVES, images, strict=False):
        _draw(axis, sheet(chains, 8))
        axis.set(title=f"run {run}", xticks=[], yticks=[])
    return figure


def turning(found: Evidence) -> bytes:
    """The kaleidoscope turning: chains of one MNIST network side by side, one frame per run."""
    return animation(found.arrays["mnist5k/10/turning"], (28, 28))


def animation(
    pictures: Tensor, image_shape: tuple[int, ...], columns: int = 10, scale: int = 2, times=(600, 180, 1800)
) -> bytes:
    """Returns an orbit as a looping GIF: chains side by side, one frame per run, the first and last ones held.

    Arguments:
        pictures: Pixels as bytes, with shape (runs, chains, D).
        image_shape: (height, width), grey, or (height, width, 3).
        columns: Chains in a row.
        scale: Screen pixels per pixel.
        times: Milliseconds of the first frame, of those between and of the last.
    """
    frames = []
    for run in pictures.numpy():
        frame = sheet(run.reshape(-1, *image_shape), columns) // 8 * 8  # 32 greys: half the bytes, the same picture
        frames.append(Image.fromarray(frame.repeat(scale, 0).repeat(scale, 1)))
    content = io.BytesIO()
    times = [times[0]] + [times[1]] * (len(frames) - 2) + [times[2]]
    frames[0].save(content, "gif", save_all=True, append_images=frames[1:], duration=times, loop=0, optimize=True)
    return content.getvalue()


def grid(pictures: np.ndarray, runs) -> Figure:
    """One row per chain, one column per run; pictures in [0, 1] with shape (runs, chains, height, width[, 3])."""
    kept, chains = pictures.shape[:2]
    figure = Figure((COLUMN, COLUMN * chains / kept + 0.3))
    _draw_grid(figure.subplots(), pictures, runs)
    return figure


def _draw_grid(axis: Axes, pictures: np.ndarray, runs) -> None:
    height, width = pictures.shape[2:4]
    framed = np.ones((*pictures.shape[:2], height + 2, width + 2, *pictures.shape[4:]))
    framed[:, :, 1:-1, 1:-1] = pictures
    _draw(axis, np.concatenate([np.concatenate(chain, axis=1) for chain in framed.swapaxes(0, 1)]))
    axis.set_xticks([(i + 0.5) * (width + 2) - 0.5 for i in range(len(runs))], [str(run) for run in runs])
    axis.set(yticks=[], xlabel="sampling run", ylabel="chains")
    axis.tick_params(length=0)


def _draw(axis: Axes, picture: np.ndarray) -> None:
    axis.imshow(picture, cmap="gray", vmin=0, vmax=1)
    sns.despine(ax=axis, left=True, bottom=True)


def _images(found: Evidence, name: str) -> np.ndarray:
    """Recorded pictures in [0, 1], with shape (runs, chains, side, side)."""
    bytes_ = found.arrays[name].numpy()
    side = round(bytes_.shape[-1] ** 0.5)
    images = bytes_.reshape(*bytes_.shape[:2], side, side) / 255
    return images.repeat(3, -2).repeat(3, -1) if side < 16 else images  # so that the frames around them stay thin


def _runs(found: Evidence, name: str) -> tuple[int, ...]:
    return KEPT[: len(found.arrays[name])]


def sheet(images: np.ndarray, columns: int) -> np.ndarray:
    """Returns images in rows of `columns`, with a black border of one pixel."""
    images = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0))[: images.ndim])
    rows = [np.concatenate(images[i : i + columns], axis=1) for i in range(0, len(images), columns)]
    return np.concatenate(rows)
