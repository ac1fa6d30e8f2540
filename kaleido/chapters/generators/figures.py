"""Notebook 08: what its figures show, from evidence alone."""

import numpy as np
from matplotlib.figure import Figure

from kaleido.chapters.common import IMAGES
from kaleido.lab.curves import dots
from kaleido.lab.drawing import CONTROL, DATA, MAP, figure, panels
from kaleido.lab.evidence import Evidence
from kaleido.lab.pictures import samples_in_rows


@figure("08_generators", profile="extended")
def generators(found: Evidence) -> Figure:
    """PC, recall and novelty of the kaleidoscope (orange), six other generators (blue) and training points (grey): dots
    are seeds, ten on digits and five on 4,000 MNIST digits, bars their means, the dotted line held-out points. On both
    data sets four generators have a higher PC than the kaleidoscope."""
    drawn, axes = panels(100, 2, 3, sharex="col")
    asked = {"pc": "PC", "recall": "recall", "novelty": "novelty"}
    for row, data in zip(axes, IMAGES, strict=True):
        rows = found.rows(claim="B4", data=data, condition="drawn")
        means = rows[rows["quantity"] == "pc"].groupby("architecture")["value"].mean().sort_values(ascending=False)
        for axis, (quantity, title) in zip(row, asked.items(), strict=True):
            for place, name in enumerate(means.index):
                values = rows[(rows["quantity"] == quantity) & (rows["architecture"] == name)]["value"]
                colour = DATA if name == "kaleidoscope" else CONTROL if name == "training points" else MAP
                dots(axis, values, -place, colour)
            axis.set_yticks(-np.arange(len(means)), list(means.index) if axis is row[0] else [""] * len(means))
            if quantity == "novelty":
                axis.axvline(1, color=CONTROL, lw=0.8, ls=":")
            axis.set_xlim(0 if quantity != "novelty" else -0.05, None)
            if data == IMAGES[0]:
                axis.set_title(title)
        row[0].set_ylabel(f"{data}, {rows['seeds'].nunique()} seeds")
    return drawn


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
    return samples_in_rows({name: found.arrays[f"{data}/{name}"] for name in names}, f"{data}, 1 seed")
