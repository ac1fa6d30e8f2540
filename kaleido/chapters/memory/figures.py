"""Notebook 11: what its figures show, from evidence alone."""

import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kaleido.chapters.common import CLOSE, LAST, SAMPLED
from kaleido.chapters.memory.cells import FEW, MANY, SETS, images
from kaleido.lab.curves import dots
from kaleido.lab.drawing import COLUMN, CONTROL, DATA, MAP, PAGE, figure, panels
from kaleido.lab.evidence import Evidence

ROWS = ("noise", "sample of\nnetwork A", "sample of\nnetwork B", "its nearest\nimage in A", "its nearest\nimage in B")
THIRD, FOURTH = sns.color_palette("colorblind")[2], sns.color_palette("colorblind")[4]


@figure("11_two_halves")
def two_halves(found: Evidence) -> Figure:
    """Three noises (top), what two networks that share no image make of each in 20 runs (middle), and the nearest image
    that either has learned (bottom), by number N of images, on digits, one seed. The two networks answer the same noise
    with different digits at every N, and with few images each answers with its own."""
    return _answers(found, "digits")


@figure("11_two_halves_mnist", profile="paper")
def two_halves_mnist(found: Evidence) -> Figure:
    """Three noises (top), what two networks that share no image make of each in 20 runs (middle), and the nearest image
    that either has learned (bottom), of 100 images of MNIST, published settings, one seed. Each network answers with
    pictures like images of its own: B with nearly one and the same, A with distorted ones."""
    return _answers(found, "mnist")


@figure("11_remembered", profile="paper")
def remembered(found: Evidence) -> Figure:
    """How near chains of networks that learned 100 MNIST images come to images, published settings; dots are seeds,
    bars their means: the share within 0.05 of the range of an image of the own set, dashed what M1 asks for (left),
    and the median distance to each set in parts of the range, dashed that 0.05 (right). Few chains come so near,
    but they lie nearer to their own set than to the other."""
    drawn, (left, right) = panels(46, 1, 2)
    about = {"data": "mnist", "condition": images(FEW)}
    shares = {"held-out images": found.rows(**about, quantity="share near own set", architecture="held-out images")}
    distances = {}
    for run in (LAST, SAMPLED):
        at = about | {"architecture": "mlp", "run": run}
        shares[f"chains at run {run}"] = found.rows(**at, quantity="share near own set")
        for who in ("other", "own"):
            distances[f"{who} set, run {run}"] = found.rows(**at, quantity=f"distance to {who} set")
    for axis, seeds, asked in ((left, shares, 0.5), (right, distances, CLOSE)):
        for at, (name, rows) in enumerate(seeds.items()):
            dots(axis, rows["value"], at, CONTROL if name.startswith(("held", "other")) else MAP)
        axis.axvline(asked, color=CONTROL, lw=0.8, ls="--")
        axis.set_yticks(range(len(seeds)), list(seeds))
        axis.set(xlim=(-0.02 * asked, None), ylim=(-0.6, len(seeds) - 0.4))
    left.set(title="remembered", xlabel="share near an image of the own set", xlim=(-0.03, 1.03))
    right.set(title="distance", xlabel="distance to the nearest image")
    return drawn


def _answers(found: Evidence, data: str) -> Figure:
    sizes = [n for n in SETS[data] if f"{data}/{n}" in found.arrays]
    pictures = [found.arrays[f"{data}/{n}"].numpy() for n in sizes]
    chains, side = pictures[0].shape[1], round(pictures[0].shape[2] ** 0.5)
    drawn, axis = panels(66, wide=PAGE if len(sizes) > 1 else COLUMN)
    for block, (n, rows) in enumerate(zip(sizes, pictures, strict=True)):
        left = block * (chains + 0.6)
        axis.text(left + chains / 2, 0.15, f"N = {n:,}", ha="center", va="bottom", fontweight="bold")
        for i, row in enumerate(rows):
            for j, picture in enumerate(row):
                x, y = left + j, -i - (0.25 if i else 0) - (0.25 if i > 2 else 0)
                place = (x + 0.04, x + 0.96, y - 0.96, y - 0.04)
                axis.imshow(picture.reshape(side, side), cmap="gray", vmin=0, vmax=255, extent=place)
    for i, name in enumerate(ROWS):
        y = -i - 0.5 - (0.25 if i else 0) - (0.25 if i > 2 else 0)
        axis.text(-0.25, y, name, ha="right", va="center", fontsize="small")
    axis.set(xlim=(-2.2, len(sizes) * (chains + 0.6)), ylim=(-5.6, 0.8), aspect="equal", xticks=[], yticks=[])
    sns.despine(ax=axis, left=True, bottom=True)
    return drawn


@figure("11_memory")
def memory(found: Evidence, data: str = "digits") -> Figure:
    """Remembering, agreeing and copying by number N of images in a set, on digits: dots are three seeds, lines their
    means, dashed lines thresholds, shading the claimed sides, dotted lines the N that a claim is about. Chains end near
    images of their own with 10 images and not with 100, and two networks agree at no N, not even if the order of their
    batches is all that differs."""
    drawn, (left, middle, right) = panels(72, 1, 3)
    for run, colour, width in ((SAMPLED, DATA, 4), (LAST, MAP, 1.6)):  # nearly one line
        about = {"quantity": "share near own set", "architecture": "mlp", "run": run}
        _curve(left, found, data, f"run {run}", colour, width, **about)
    for name, label, colour in (
        ("other images, other weights", "other images, other weights", MAP),
        ("same images, other weights", "same images, other weights", DATA),
        ("other images, same weights", "other images, same weights", THIRD),
        ("same images, same weights, other batches", "other batches alone", FOURTH),
        ("nearest images", "nearest images", CONTROL),
    ):
        _curve(middle, found, data, label, colour, quantity="ratio", architecture=name, run=SAMPLED)
    quantity = "share nearer to own set"
    _curve(right, found, data, f"run {SAMPLED}", MAP, quantity=quantity, architecture="mlp", run=SAMPLED)
    _claimed(left, FEW, 0.5, 1.5, "M1")
    _claimed(middle, MANY[data], -0.5, 0.5, "M2")
    _claimed(right, MANY[data], -0.5, 0.55, "M3")
    left.set(title="remembering", ylabel="share of chains near\nan image of the own set", ylim=(-0.03, 1.03))
    middle.set(title="agreeing", ylabel="distance, same noise\n(1: as from others)", ylim=(0, 1.25))
    right.set(title="copying", ylabel="share of samples nearer\nto the own set", ylim=(-0.03, 1.03))
    for axis in (left, middle, right):
        axis.set(xscale="log", xlabel="images in a set, N")
        axis.set_xticks(SETS[data], [f"{n:,}" for n in SETS[data]])
        axis.minorticks_off()
        axis.legend(fontsize="small", loc="upper center", bbox_to_anchor=(0.5, -0.3))
    return drawn


def _curve(axis: Axes, found: Evidence, data: str, label: str, colour, width: float = 1.6, **where) -> None:
    """One curve against N: a dot for each seed, and the mean."""
    sizes, means = [], []
    for n in SETS[data]:
        about = {"data": data, "condition": images(n)} | where
        rows, mean = found.rows(**about), found.means(**about)
        axis.plot([n] * len(rows), rows["value"], "o", color=colour, ms=2.5, alpha=0.5, mew=0)
        if len(mean):
            sizes.append(n)
            means.append(mean["value"].item())
    axis.plot(sizes, means, color=colour, lw=width, marker="o", ms=2 + width, label=label)


def _claimed(axis: Axes, n: int, low: float, high: float, name: str) -> None:
    """Marks the threshold of a claim, its side, and the N that it is about."""
    axis.axhspan(low, high, color=CONTROL, alpha=0.15, lw=0)
    axis.axhline(low if low > 0 else high, color=CONTROL, lw=0.8, ls="--")
    axis.axvline(n, color=CONTROL, lw=0.8, ls=":")
    axis.annotate(f"{name} ", (n, 1), xycoords=("data", "axes fraction"), ha="right", va="top", color="0.35")
