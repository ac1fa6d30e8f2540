"""Chains as pictures: grids, strips and animations of images."""

import io
from collections.abc import Sequence

import numpy as np
import seaborn as sns
from IPython.display import Image as Shown
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from kaleido.data.sets import Dataset
from kaleido.lab.drawing import COLUMN, MILLIMETRE, PAGE, panels, shown, theme
from kaleido.sampling import Orbit

__all__ = ["animation", "chains_by_runs", "framed", "grid", "samples_in_rows", "sheet", "sheets", "show", "strip"]

SMALL = 8  # pixels of a side
IN_A_ROW = 20


def show(orbit: Orbit, data: Dataset, chains: int = 10) -> Shown:
    """Draws the first chains of an orbit of images: one row per chain, one column per kept run.

    Raises:
        ValueError: If the data set holds no images.
    """
    if data.image_shape is None:
        raise ValueError(f"data set '{data.name}' holds no images to show")
    low, high = data.bounds
    images = (orbit.states[:, :chains] - low) / (high - low)
    theme()
    drawn = grid(images.reshape(len(orbit.runs), -1, *data.image_shape).numpy(), orbit.runs)
    return shown(drawn, f"{chains} chains in rows, sampling runs in columns.")


def grid(pictures: np.ndarray, runs: Sequence) -> Figure:
    """One row per chain, one column per run; pictures in [0, 1] with shape (runs, chains, height, width[, 3])."""
    kept, chains = pictures.shape[:2]
    drawn = Figure((COLUMN, COLUMN * chains / kept + 0.3))
    chains_by_runs(drawn.subplots(), pictures, runs)
    return drawn


def chains_by_runs(axis: Axes, pictures: np.ndarray, runs: Sequence) -> None:
    """Draws chains in rows and runs in columns, framed in white; shapes as in `grid`."""
    height, width = pictures.shape[2:4]
    white = np.ones((*pictures.shape[:2], height + 2, width + 2, *pictures.shape[4:]))
    white[:, :, 1:-1, 1:-1] = pictures
    whole = np.concatenate([np.concatenate(chain, axis=1) for chain in white.swapaxes(0, 1)])
    axis.imshow(whole, cmap="gray", vmin=0, vmax=1)
    sns.despine(ax=axis, left=True, bottom=True)
    axis.set_xticks([(i + 0.5) * (width + 2) - 0.5 for i in range(len(runs))], [str(run) for run in runs])
    axis.set(yticks=[], xlabel="sampling run", ylabel="chains")
    axis.tick_params(length=0)


def strip(axis: Axes, pictures: np.ndarray, columns: int, rows: Sequence[str] = (), heads: Sequence[str] = ()) -> None:
    """Draws pictures of bytes, (pictures, height, width[, 3]), in rows of so many, with their names."""
    pictures = framed(pictures)
    height, width = (side + 2 for side in pictures.shape[1:3])
    axis.imshow(sheet(pictures, columns), cmap="gray", vmin=0, vmax=255)
    axis.set_yticks([height * (i + 0.5) for i in range(len(rows))], list(rows))
    axis.set_xticks([width * (i + 0.5) for i in range(len(heads))], list(heads))
    axis.tick_params(length=0)
    sns.despine(ax=axis, left=True, bottom=True)


def sheets(pictures: np.ndarray, titles: Sequence[str]) -> Figure:
    """Draws chains run by run: under each title a sheet, eight in a row; pictures as in `grid`, for six runs."""
    drawn, axes = panels(100, 2, 3)
    for axis, title, chains in zip(axes.flat, titles, pictures, strict=True):
        axis.imshow(sheet(chains, 8), cmap="gray", vmin=0, vmax=1)
        sns.despine(ax=axis, left=True, bottom=True)
        axis.set(title=title, xticks=[], yticks=[])
    return drawn


def samples_in_rows(samples: dict[str, Tensor], title: str) -> Figure:
    """Draws twenty samples under each name, one row each; samples are square images of bytes, (N, D)."""
    first = np.concatenate([some[:IN_A_ROW].numpy() for some in samples.values()])
    side = round(first.shape[1] ** 0.5)
    drawn = Figure((PAGE, (8 + 7.5 * len(samples)) * MILLIMETRE))
    axis = drawn.subplots()
    strip(axis, first.reshape(-1, side, side), IN_A_ROW, list(samples))
    axis.tick_params(labelsize=7)
    axis.set_title(title)
    return drawn


def framed(images: np.ndarray) -> np.ndarray:
    """Returns images, (..., height, width), of small digits three times as large: frames stay thin."""
    return images.repeat(3, -2).repeat(3, -1) if images.shape[-1] == SMALL else images


def sheet(images: np.ndarray, columns: int) -> np.ndarray:
    """Returns images in rows of `columns`, with a black border of one pixel."""
    images = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0))[: images.ndim])
    rows = [np.concatenate(images[i : i + columns], axis=1) for i in range(0, len(images), columns)]
    return np.concatenate(rows)


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
