"""Notebook 08: what its figures show, from evidence alone."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kaleido.chapters.common import IMAGES
from kaleido.chapters.generators.cells import BESIDE
from kaleido.lab.curves import dots
from kaleido.lab.drawing import CONTROL, DATA, MAP, figure, panels
from kaleido.lab.evidence import IN_WORDS, Evidence
from kaleido.lab.pictures import samples_in_rows


@figure("08_generators", profile="extended")
def generators(found: Evidence) -> Figure:
    """PC, recall and novelty of the kaleidoscope (orange), six other generators (blue) and training points (grey): dots
    are seeds, ten on digits and five on 4,000 MNIST digits, bars their means, the dotted line held-out points. On both
    data sets four generators have a higher PC than the kaleidoscope."""
    drawn, axes = panels(100, 2, 3, sharex="col")
    asked = {"pc": "PC", "recall": "recall", "novelty": "novelty"}
    for row, data in zip(axes, IMAGES, strict=True):
        _scores(row, found, data, asked)
        row[2].axvline(1, color=CONTROL, lw=0.8, ls=":")
        row[2].set_xlim(-0.05, None)
    for axis in axes[1]:
        axis.set_title("")
    return drawn


@figure("08_published", profile="paper")
def published(found: Evidence) -> Figure:
    """Scores at the paper's scale of the kaleidoscope (orange), of two rivals that need no network (blue), and of
    training images and blends of two (mixup; grey): dots are ten seeds (grey: one), bars their means. Kernel density
    covers more than the kaleidoscope, mixup far more."""
    drawn, axes = panels(42, 1, 4)
    asked = {"pc": "PC", "precision": "precision", "coverage": "coverage", "recall": "recall"}
    _scores(axes, found, "mnist", asked)
    for axis in axes:
        axis.set_xlim(0, 1)
    return drawn


def _scores(axes: Sequence[Axes], found: Evidence, data: str, asked: dict[str, str]) -> None:
    rows = found.rows(claim="B4", data=data, condition="drawn")
    means = rows[rows["quantity"] == "pc"].groupby("architecture")["value"].mean().sort_values(ascending=False)
    for axis, (quantity, title) in zip(axes, asked.items(), strict=True):
        for place, name in enumerate(means.index):
            values = rows[(rows["quantity"] == quantity) & (rows["architecture"] == name)]["value"]
            dots(axis, values, -place, DATA if name == "kaleidoscope" else CONTROL if name in BESIDE else MAP)
        axis.set_yticks(-np.arange(len(means)), list(means.index) if axis is axes[0] else [""] * len(means))
        axis.set_xlim(0, None)
        axis.set_title(title)
    axes[0].set_ylabel(f"{IN_WORDS.get(data, data)}, {rows['seeds'].nunique()} seeds")


@figure("08_published_samples", profile="paper")
def published_samples(found: Evidence) -> Figure:
    """Twenty samples at the paper's scale of the kaleidoscope, at run 20, and of each rival, one seed. Nearly half
    of the kaleidoscope's are ones; the mixture's have faint stains, and kernel density's grey noise."""
    return _samples(found, "mnist")


@figure("08_samples")
def samples(found: Evidence) -> Figure:
    """Twenty samples of each generator on digits, one seed, and twenty training points. The kaleidoscope's look like
    digits, but of few kinds; the idempotent network gives nearly one picture."""
    return _samples(found, "digits")


@figure("08_samples_mnist", profile="extended")
def samples_mnist(found: Evidence) -> Figure:
    """Twenty samples of each generator trained on 4,000 MNIST digits, one seed, and twenty training points. Many of the
    kaleidoscope's resemble one another, those of the kernel density are grey with noise, and the idempotent network
    gives one picture."""
    return _samples(found, "mnist5k")


def _samples(found: Evidence, data: str) -> Figure:
    names = [name.partition("/")[2] for name in found.arrays if name.startswith(f"{data}/")]
    names = sorted(names, key=lambda name: (name == "training points", name != "kaleidoscope"))
    samples = {name: found.arrays[f"{data}/{name}"] for name in names}
    return samples_in_rows(samples, f"{IN_WORDS.get(data, data)}, 1 seed")
