"""The paper's figures in the paper's layout, from records alone."""

import io
from itertools import chain, pairwise

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import PlaceHolderLayoutEngine
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch
from PIL import Image

from kaleido.chapters.paper.cells import RUNS
from kaleido.data.sets import TOYS
from kaleido.lab.curves import legend_below
from kaleido.lab.drawing import CONTROL, DATA, MAP, MILLIMETRE, figure, panels
from kaleido.lab.evidence import Evidence
from kaleido.lab.pictures import animation

# read off the pictures in the published notebooks of arXiv 2402.11793: input and loss, input and output
PUBLISHED_LOSS = {0.0: 0.028, 0.18: 0.0, 0.4: 0.0, 0.6: 0.0025, 0.8: 0.0, 1.0: 0.031}
PUBLISHED_OUTPUT = {0.0: 0.17, 0.2: 0.19, 0.77: 0.8, 1.0: 0.83}
START, NOW = sns.color_palette("colorblind")[3], sns.color_palette("colorblind")[2]  # noise and samples, red and green
STILL_1D, STILL_2D = (0, 1, 2, 5, 10, 20), (1, 5, 15)
SHARP = 130  # dots per inch of a moving picture
TIMES = (1200, 400, 2400)  # milliseconds of the first frame, of those between and of the last
LAYERS = (3, 4, 4, 4, 3)  # units that the diagram's network has


@figure("paper/1_loss_manifold", profile="paper")
def loss_manifold(found: Evidence) -> Figure:
    """Loss and output of a network that learned 0.2 and 0.8; crosses mark the paper's curves.

    The loss is 0 at both points, with a hump between them. The output is flat up to 0.2 and close to x around 0.8.
    """
    drawn, axes = panels(72, 1, 2)
    x, learned = _curve(found)
    points = np.ravel(TOYS["points1d"][0])
    for axis, y, at, paper in (
        (axes[0], (learned - x) ** 2, 0 * points, PUBLISHED_LOSS),
        (axes[1], learned, points, PUBLISHED_OUTPUT),
    ):
        axis.plot(x, y, color=MAP, lw=1.8, label="our network, seed 0")
        axis.plot(points, at, "o", color=DATA, ms=6, zorder=3, clip_on=False, label="training points")
        marks = {"color": "0.1", "ms": 6, "mew": 1.4, "ls": "none", "zorder": 4, "clip_on": False}
        axis.plot(list(paper), list(paper.values()), "x", label="paper, read off the picture", **marks)
        axis.set(xlabel="input x", xlim=(0, 1))
    axes[1].plot([0, 1], [0, 1], color=CONTROL, lw=0.8, ls="--", label="identity")
    axes[0].set(title="Loss manifold", ylabel="$(f(x) - x)^2$", ylim=(0, None))
    axes[1].set(title="Output manifold", ylabel="output f(x)", ylim=(0, 1))
    legend_below(drawn, axes[1], columns=4)
    return drawn


@figure("paper/2_sampling_1d", profile="paper")
def sampling_1d(found: Evidence) -> Figure:
    """Eight samples on the loss curve of a network that learned 0.2 and 0.8, at runs 0 to 20, seed 0. They leave the
    noise and gather at the two training points."""
    drawn, axes = panels(96, 2, 3, sharex=True, sharey=True)
    for axis, run in zip(axes.flat, STILL_1D, strict=True):
        _on_the_curve(axis, found, run)
        axis.set_title(f"run {run}")
        axis.label_outer()
    legend_below(drawn, axes[0, 0], columns=4)
    return drawn


@figure("paper/2_turning_1d", kinds=("gif",), profile="paper")
def turning_1d(found: Evidence) -> bytes:
    """Animation: eight samples on the loss curve of a network that learned 0.2 and 0.8, run by run, seed 0. They slide
    along the curve until they rest at the training points."""
    return _moving(found, "points1d", lambda: panels(72, wide=110 * MILLIMETRE), _on_the_curve, columns=4)


@figure("paper/3_sampling_2d", profile="paper")
def sampling_2d(found: Evidence) -> Figure:
    """Eight samples on the loss surface of a network that learned four points, at runs 1, 5 and 15, as a surface and
    from above, seed 0. They go to the four points."""
    drawn = _laid_out(174, 130)
    for column, run in enumerate(STILL_2D):
        surface = drawn.add_axes((column / 3, 0.53, 0.29, 0.43), projection="3d")
        _on_the_surface(surface, found, run)
        surface.set_title(f"run {run}")
        flat = drawn.add_axes((column / 3 + 0.08, 0.14, 0.23, 0.23 * 174 / 130))
        _from_above(flat, found, run)
    legend_below(drawn, flat, columns=3)
    return drawn


@figure("paper/3_turning_2d", kinds=("gif",), profile="paper")
def turning_2d(found: Evidence) -> bytes:
    """Animation: eight samples on the loss surface of a network that learned four points, run by run, seed 0. They move
    until they rest at the four points."""

    def empty() -> tuple[Figure, Axes]:
        drawn = _laid_out(110, 90)
        return drawn, drawn.add_axes((0, 0.12, 0.95, 0.8), projection="3d")

    return _moving(found, "points2d", empty, _on_the_surface, columns=3)


@figure("paper/4_procedure", profile="paper")
def procedure(found: Evidence) -> Figure:
    """Diagram. Left: data trains the weights. Right: noise passes through the frozen weights again and again."""
    drawn, axes = panels(62, 1, 2)
    learning = ("Manifold learning", "data x", "f(x)", "loss $|f(x) - x|^2$\ngradients change the weights", MAP)
    sampling = ("Kaleidoscopic sampling", "noise z", "sample", "the output is the next input,\nrun after run", NOW)
    for axis, (title, left, right, below, colour) in zip(axes, (learning, sampling), strict=True):
        frozen = colour == NOW
        axis.set(title=title, xlim=(-0.2, 10.2), ylim=(-1.9, 5.2), aspect="equal")
        axis.set_axis_off()
        _network(axis, CONTROL if frozen else colour)
        said = "weights frozen" if frozen else "weights learned"
        axis.text(5, 4.85, said, ha="center", color="0.3" if frozen else colour)
        for x, text in ((0.75, left), (9.25, right)):
            look = {"boxstyle": "round,pad=0.1,rounding_size=0.2", "fc": "white", "ec": "0.3"}
            axis.add_patch(FancyBboxPatch((x - 0.75, 1.65), 1.5, 1.3, **look))
            axis.text(x, 2.3, text, ha="center", va="center")
        ahead = {"arrowstyle": "-|>", "mutation_scale": 9, "lw": 1.2}
        for start, end in ((1.65, 2.35), (7.65, 8.35)):
            axis.add_patch(FancyArrowPatch((start, 2.3), (end, 2.3), color="0.3", shrinkA=0, shrinkB=0, **ahead))
        end, bend = ((0.75, 1.5), -0.4) if frozen else ((5.2, 0.1), -0.35)
        back = FancyArrowPatch((9.25, 1.5), end, color=colour, connectionstyle=f"arc3,rad={bend}", **ahead)
        axis.add_patch(back)
        axis.text(5, -1.75, below, ha="center", color=colour)
    return drawn


@figure("paper/5_turning_mnist", kinds=("gif",), profile="paper")
def turning_mnist(found: Evidence) -> bytes:
    """Animation: forty-eight chains of one network with the paper's settings, trained on MNIST, with the paper's kick,
    to run 25. Squares of noise become digits, which go on changing."""
    return animation(found.arrays["mnist/10/kick published"], (28, 28), columns=8)


def losses(chains: np.ndarray) -> np.ndarray:
    """Returns the loss at each state of chains, (runs + 1, chains, D), but the last: the next state is f of it."""
    return (np.diff(chains, axis=0) ** 2).mean(-1)


def _curve(found: Evidence) -> tuple[np.ndarray, np.ndarray]:
    learned = found.arrays["points1d/map"].numpy()[:, 0]
    return np.linspace(*TOYS["points1d"][1], len(learned)), learned


def _surface(found: Evidence) -> tuple[np.ndarray, np.ndarray]:
    """A grid's values along each axis, and the loss on it, its first index that of the first feature."""
    learned = found.arrays["points2d/map"].numpy()
    side = round(len(learned) ** 0.5)
    along = np.linspace(*TOYS["points2d"][1], side)
    inputs = np.stack(np.meshgrid(along, along, indexing="ij"), -1).reshape(-1, 2)
    return along, ((learned - inputs) ** 2).mean(1).reshape(side, side)


def _on_the_curve(axis: Axes, found: Evidence, run: int) -> None:
    x, learned = _curve(found)
    chains = found.arrays["points1d/chains"].numpy()
    loss = losses(chains)
    axis.plot(x, (learned - x) ** 2, color=MAP, lw=1.2, label="loss")
    axis.plot(np.ravel(TOYS["points1d"][0]), [0, 0], "o", color=DATA, ms=8, label="training points", clip_on=False)
    axis.plot(chains[0, :, 0], loss[0], "s", color=START, ms=4, label="noise", clip_on=False, zorder=3)
    look = {"color": NOW, "ms": 5, "mec": "white", "mew": 0.4, "clip_on": False, "zorder": 4}
    axis.plot(chains[run, :, 0], loss[run], "^", label="samples", **look)
    axis.set(xlabel="input x", ylabel="$(f(x) - x)^2$", xlim=(0, 1), ylim=(0, None))


def _laid_out(width: float, height: float) -> Figure:
    """A figure whose axes stay where they are put: constrained layout shrinks those in three dimensions."""
    layout = PlaceHolderLayoutEngine(True, True)  # with "none" it would come back when the figure is saved once
    return Figure((width * MILLIMETRE, height * MILLIMETRE), layout=layout)


def _on_the_surface(axis: Axes, found: Evidence, run: int) -> None:
    along, surface = _surface(found)
    chains = found.arrays["points2d/chains"].numpy()
    loss = losses(chains)
    axis.computed_zorder = False  # points lie on the surface, and would be hidden by halves
    shape = {"rcount": 26, "ccount": 26, "cmap": "Greys", "vmin": -0.02, "edgecolor": "0.45", "lw": 0.2, "alpha": 0.8}
    axis.plot_surface(*np.meshgrid(along, along, indexing="ij"), surface, **shape)
    points = np.array(TOYS["points2d"][0]).T
    axis.plot(*points, 0, "o", color=DATA, ms=6, label="training points", clip_on=False, zorder=2)
    axis.plot(*chains[0].T, loss[0], "s", color=START, ms=3.5, label="noise", clip_on=False, zorder=3)
    look = {"color": NOW, "ms": 5, "mec": "white", "mew": 0.4, "clip_on": False, "zorder": 4}
    axis.plot(*chains[run].T, loss[run], "^", label="samples", **look)
    axis.set(xlabel="feature 1", ylabel="feature 2", xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))
    axis.set(zlabel="loss", zticks=(0, 0.04, 0.08))
    axis.view_init(elev=35, azim=-60)
    axis.set_box_aspect((1, 1, 0.7), zoom=0.9)
    for along_axis in (axis.xaxis, axis.yaxis, axis.zaxis):
        along_axis.set_pane_color("white")
        along_axis.labelpad = -6
    axis.tick_params(pad=-3)


def _from_above(axis: Axes, found: Evidence, run: int) -> None:
    """Draws the loss from above, dark where it is large, and how each chain came here."""
    _, surface = _surface(found)
    chains = found.arrays["points2d/chains"].numpy()
    axis.imshow(surface.T, extent=(0, 1, 0, 1), origin="lower", cmap="Greys", vmin=0)
    axis.plot(*np.array(TOYS["points2d"][0]).T, "o", color=DATA, ms=8, label="training points")
    axis.plot(*chains[: run + 1].transpose(2, 0, 1), color=NOW, lw=0.8)
    axis.plot(*chains[0].T, "s", color=START, ms=4, label="noise", clip_on=False, zorder=3)
    look = {"color": NOW, "ms": 5, "mec": "white", "mew": 0.4, "zorder": 4}
    axis.plot(*chains[run].T, "^", label="samples", **look)
    axis.set(xlabel="feature 1", ylabel="feature 2", xlim=(0, 1), ylim=(0, 1), xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))


def _network(axis: Axes, colour) -> None:
    """Draws layers of units, and the weights between them."""
    across = np.linspace(2.8, 7.2, len(LAYERS))
    units = [[(x, y) for y in 2.3 + 1.15 * (np.arange(n) - (n - 1) / 2)] for x, n in zip(across, LAYERS, strict=True)]
    for before, after in pairwise(units):
        for a in before:
            for b in after:
                axis.plot(*zip(a, b, strict=True), color=colour, lw=0.6, alpha=0.6)
    for unit in chain(*units):
        axis.add_patch(Circle(unit, 0.3, fc="white", ec=colour, zorder=3))


def _moving(found: Evidence, data: str, empty, draw, columns: int) -> bytes:
    """Returns a toy's runs, each drawn on an empty figure, as a looping GIF in the last one's colours: it has all."""
    pictures = []
    for run in range(RUNS[data] + 1):
        drawn, axis = empty()
        draw(axis, found, run)
        axis.set_title(f"run {run}")
        legend_below(drawn, axis, columns=columns)
        drawn.set_dpi(SHARP)
        canvas = FigureCanvasAgg(drawn)
        canvas.draw()
        pictures.append(Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3]))
    colours = pictures[-1].quantize(256, method=Image.Quantize.FASTOCTREE)  # keeps the colours of few pixels
    pictures = [picture.quantize(palette=colours, dither=Image.Dither.NONE) for picture in pictures]
    times = [TIMES[0]] + [TIMES[1]] * (len(pictures) - 2) + [TIMES[2]]
    content = io.BytesIO()
    pictures[0].save(content, "gif", save_all=True, append_images=pictures[1:], duration=times, loop=0)
    return content.getvalue()
