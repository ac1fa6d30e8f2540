"""Notebook 06: what its figures show, from evidence alone."""

import numpy as np
import seaborn as sns
from matplotlib.figure import Figure

from kaleido.chapters.common import KEPT, SAMPLED
from kaleido.lab.curves import legend_below, runs_axis, seeds_and_mean
from kaleido.lab.drawing import COLUMN, CONTROL, MILLIMETRE, PAGE, Drawing, figure, panels
from kaleido.lab.evidence import Evidence
from kaleido.lab.pictures import animation, sheets, strip

SHOWN = (0, 1, 5, 10, 20)  # runs of the published settings' pictures
BRIGHTER = 6  # times, the last of these again
PIXELS = {"fashion5k": (28, 28), "fashion": (28, 28), "faces": (25, 25)}  # others are 32 x 32 in colour


@figure("06_data_sets")
def data_sets(found: Evidence) -> Figure:
    """Six chains by sampling run, from noise, on small faces, clothes (4,000 pictures of Fashion-MNIST) and colour
    patches of photographs, one seed each; set apart is the training image nearest to run 20. Some faces come close to
    training images, clothes become tops, and all patches become the same picture."""
    names = [key.rpartition("/")[0] for key in sorted(found.arrays) if key.endswith("/pictures")]
    drawn = Figure((PAGE, 62 * MILLIMETRE * -(-len(names) // 3)))
    axes = drawn.subplots(-(-len(names) // 3), 3, squeeze=False).ravel()
    for axis, name in zip(axes, names, strict=False):
        data = name.partition("/")[0]
        pictures, near = (_images(found.arrays[f"{name}/{part}"].numpy(), data) for part in ("pictures", "nearest"))
        runs = [run for run in (0, 1, 5, 20, 200) if run in KEPT[: len(pictures)]]
        rows = np.stack([pictures[KEPT.index(run), :6] for run in runs], axis=1).reshape(-1, *near.shape[1:])
        strip(axis, rows, len(runs), heads=[str(run) for run in runs])
        axis.set(title=f"{data}, 1 seed", xlabel="sampling run")
        beside = axis.inset_axes((1 + 0.3 / len(runs), 0, 1 / len(runs), 1))
        strip(beside, near[:6], 1, heads=["nearest\nto run 20"])
    for axis in axes[len(names) :]:
        axis.remove()
    return drawn


@figure("06_quality")
def quality(found: Evidence) -> Figure:
    """Precision, coverage, recall and PC of samples along the runs on clothes (4,000 pictures of Fashion-MNIST): thin
    lines are three seeds, thick lines their means, arrowheads the scores of training points (recall's lies under PC's),
    and the dotted line is run 20. Coverage and recall stay low at every run, so samples leave out most of the data;
    precision differs much between seeds."""
    drawn, axis = panels(80, wide=COLUMN)
    about = {"claim": "C9", "data": "fashion5k"}
    colours = (*sns.color_palette("colorblind")[:3], "0.1")
    for quantity, colour in zip(("precision", "coverage", "recall", "pc"), colours, strict=True):
        rows = found.rows(**about, quantity=quantity, architecture="mlp", condition="noise")
        seeds_and_mean(axis, rows, colour, "PC" if quantity == "pc" else quantity)
        top = found.rows(**about, quantity=quantity, architecture="training points")["value"].mean()
        axis.plot(1, top, "<", color=colour, ms=4, transform=axis.get_yaxis_transform(), clip_on=False)
    axis.axvline(SAMPLED, color=CONTROL, lw=0.8, ls=":")
    runs_axis(axis)
    axis.set(title=f"fashion5k, {rows['seeds'].nunique()} seeds", ylabel="score", ylim=(0, 1.05))
    legend_below(drawn, axis, 4)
    return drawn


@figure("06_published", profile="paper")
def published(found: Evidence) -> Figure:
    """Forty-eight chains of one network with the paper's settings, trained on Fashion-MNIST, without a kick, at runs 0,
    1, 5, 10 and 20, and run 20 six times as bright. Noise becomes faint clothes in one run. By run 20 nearly half of
    the chains show one and the same shoe, so dark that only the last sheet shows it; most others are tops or bright
    blobs."""
    images = _images(found.arrays["fashion/10/kick none"].numpy() / 255, "fashion")[list(SHOWN)]
    brighter = (BRIGHTER * images[-1:]).clip(max=1)
    titles = [f"Fashion-MNIST, run {run}" for run in SHOWN]
    return sheets(np.concatenate([images, brighter]), [*titles, f"run {SHOWN[-1]}, {BRIGHTER} times as bright"])


@figure("06_turning", kinds=("gif",), profile="paper")
def turning(found: Evidence) -> bytes:
    """Animation: forty-eight chains from noise, run by run to run 25, of one network with the paper's settings that was
    trained on Fashion-MNIST, without a kick. They become clothes within a few runs, and many fade to the same dark
    shoe."""
    return animation(found.arrays["fashion/10/kick none"], PIXELS["fashion"], columns=12)


def _turning(data: str, what: str) -> Drawing:
    def turning(found: Evidence) -> bytes:
        name = next(key for key in sorted(found.arrays) if key.startswith(f"{data}/") and key.endswith("/turning"))
        return animation(found.arrays[name], PIXELS.get(data, (32, 32, 3)), columns=6, scale=3)

    turning.__doc__ = f"Animation: twelve chains from noise to run 20, of one network trained on {what}."
    return Drawing(f"06_turning_{data}", turning, kinds=("gif",))


turning_faces = _turning(
    "faces", "small faces. They become faces within a few runs, and several chains show the same one"
)
turning_patches = _turning("patches", "colour patches of photographs. All become one and the same picture")


def _images(pixels: np.ndarray, data: str) -> np.ndarray:
    return pixels.reshape(*pixels.shape[:-1], *PIXELS.get(data, (32, 32, 3)))
