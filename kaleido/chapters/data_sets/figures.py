"""Notebook 06: what its figures show, from evidence alone."""

import numpy as np
import seaborn as sns
from matplotlib.figure import Figure

from kaleido.chapters.common import KEPT, SAMPLED
from kaleido.lab.curves import legend_beside, runs_axis, seeds_and_mean
from kaleido.lab.drawing import COLUMN, CONTROL, MILLIMETRE, PAGE, Drawing, figure, panels
from kaleido.lab.evidence import Evidence
from kaleido.lab.pictures import animation, strip

PIXELS = {"fashion5k": (28, 28), "fashion": (28, 28), "faces": (25, 25)}  # others are 32 x 32 in colour


@figure("06_data_sets")
def data_sets(found: Evidence) -> Figure:
    """Chains by runs on Fashion-MNIST, small faces and colour patches, with the nearest training images."""
    names = [key.rpartition("/")[0] for key in sorted(found.arrays) if key.endswith("/pictures")]
    drawn = Figure((PAGE, 62 * MILLIMETRE * -(-len(names) // 3)))
    axes = drawn.subplots(-(-len(names) // 3), 3, squeeze=False).ravel()
    for axis, name in zip(axes, names, strict=False):
        data = name.partition("/")[0]
        pictures, near = (_images(found.arrays[f"{name}/{part}"].numpy(), data) for part in ("pictures", "nearest"))
        runs = [run for run in (0, 1, 5, 20, 200) if run in KEPT[: len(pictures)]]
        chosen = [pictures[KEPT.index(run), :6] for run in runs] + [near[:6]]
        rows = np.stack(chosen, axis=1).reshape(-1, *near.shape[1:])
        strip(axis, rows, len(chosen), heads=[*map(str, runs), "nearest"])
        axis.set(title=data, xlabel="sampling run")
        axis.tick_params(labelsize=7)
    for axis in axes[len(names) :]:
        axis.remove()
    return drawn


@figure("06_quality")
def quality(found: Evidence) -> Figure:
    """Precision, coverage, recall and PC of Fashion-MNIST samples along the runs, one line per seed."""
    drawn, axis = panels(66, wide=COLUMN * 1.4)
    about = {"claim": "C9", "data": "fashion5k"}
    for quantity, colour in zip(
        ("precision", "coverage", "recall", "pc"), sns.color_palette("colorblind"), strict=False
    ):
        rows = found.rows(**about, quantity=quantity, architecture="mlp", condition="noise")
        seeds_and_mean(axis, rows, colour, "PC" if quantity == "pc" else quantity)
        top = found.rows(**about, quantity=quantity, architecture="training points")["value"].mean()
        axis.plot(1.02, top, "<", color=colour, ms=4, transform=axis.get_yaxis_transform(), clip_on=False)
    axis.axvline(SAMPLED, color=CONTROL, lw=0.8, ls=":")
    runs_axis(axis)
    axis.set(xlabel="sampling run (arrowheads: training points)", ylabel="score", xlim=(0, 220), ylim=(0, 1.05))
    axis.set_title(f"fashion5k, {rows['seeds'].nunique()} seeds")
    legend_beside(drawn, axis)
    return drawn


@figure("06_published", profile="extended")
def published(found: Evidence) -> Figure:
    """Forty chains of a network with the published settings on all of Fashion-MNIST, at runs 0, 1, 5 and 20."""
    runs = _images(found.arrays["fashion/10/turning"].numpy(), "fashion")
    drawn, axes = panels(36, 1, 4)
    for axis, run in zip(axes, (0, 1, 5, 20), strict=True):
        strip(axis, runs[run], 8)
        axis.set_title(f"run {run}")
    return drawn


def _turning(data: str, what: str) -> Drawing:
    def turning(found: Evidence) -> bytes:
        name = next(key for key in sorted(found.arrays) if key.startswith(f"{data}/") and key.endswith("/turning"))
        return animation(found.arrays[name], PIXELS.get(data, (32, 32, 3)), columns=6, scale=3)

    turning.__doc__ = f"Animation: twelve squares of noise become {what}."
    return Drawing(f"06_turning_{data}", turning, kinds=("gif",))


turning_fashion5k = _turning("fashion5k", "clothes within a few runs")
turning_faces = _turning("faces", "faces within a few runs")
turning_patches = _turning("patches", "one and the same piece of a photograph by run 20")


def _images(pixels: np.ndarray, data: str) -> np.ndarray:
    return pixels.reshape(*pixels.shape[:-1], *PIXELS.get(data, (32, 32, 3)))
