"""Notebook 02: what its figure shows, from evidence alone."""

import numpy as np
import seaborn as sns
from matplotlib.figure import Figure

from kaleido.chapters.dimension.cells import DIMENSIONS, SIZES
from kaleido.lab.drawing import figure, panels
from kaleido.lab.evidence import Evidence

# the largest loss at a corner by number of points (SIZES), one seed, read off the picture in the published notebook of
# arXiv 2402.11793 to about 0.01
PUBLISHED_CORNERS = {
    2: (0.53, 0.43, 0.24, 0.17, 0.01, 0.01, 0.00, 0.00, 0.00, 0.00, 0.00),
    4: (0.44, 0.57, 0.44, 0.28, 0.06, 0.04, 0.04, 0.01, 0.01, 0.01, 0.01),
}


@figure("02_corner_losses")
def corner_losses(found: Evidence) -> Figure:
    """Squared error at the corners of a unit cube by number of training points in it: colours are its dimension d, thin
    lines three seeds, thick lines their means, bands 95 % intervals, crosses values read off the paper's picture. With
    many points the error is smaller than with few, and in 16 dimensions it stays far from zero."""
    return _by_points(found)


@figure("02_published", profile="paper")
def published(found: Evidence) -> Figure:
    """Squared error at the corners of a unit cube by number of training points in it, after 10,000 full-batch
    steps: colours are its dimension d, thin lines ten seeds, thick lines their means, bands 95 % intervals,
    crosses values read off the paper's picture, dashed lines a memory that answers with the nearest training point.
    With many points the error is small, and the more dimensions, the more points that takes. In 16 dimensions the
    networks' largest error is above the memory's with 8 to 128 points, and below it from 512 on."""
    return _by_points(found, memory=True)


def _by_points(found: Evidence, memory: bool = False) -> Figure:
    drawn, axes = panels(80, 1, 2, sharex=True, sharey=True)
    for axis, quantity in zip(axes, ("largest corner loss", "mean corner loss"), strict=True):
        for d, colour in zip(DIMENSIONS, sns.color_palette("viridis_r", len(DIMENSIONS) + 1)[1:], strict=True):
            every = [{"quantity": quantity, "data": f"points-{d}-{n}", "architecture": "mlp"} for n in SIZES]
            seeds = np.stack([found.values(**where) for where in every], axis=1)
            means = [found.means(**where).iloc[0] for where in every]
            mean = np.array([row["value"] for row in means])
            ends = [(row["low"], row["high"]) for row in means]
            low, high = np.where(np.isnan(ends), mean[:, None], ends).T
            axis.fill_between(SIZES, low, high, color=colour, alpha=0.2, lw=0)
            axis.plot(SIZES, seeds.T, color=colour, lw=0.5, alpha=0.5)
            axis.plot(SIZES, mean, color=colour, lw=1.8, label=f"d = {d}")
            if memory and quantity.startswith("largest"):
                nearest = [found.values(**where | {"architecture": "nearest point"}).mean() for where in every]
                axis.plot(SIZES, nearest, "--", color=colour, lw=0.9, label="memory" if d == DIMENSIONS[-1] else None)
            if d in PUBLISHED_CORNERS and quantity.startswith("largest"):
                paper = f"d = {d}, paper"
                axis.plot(SIZES, PUBLISHED_CORNERS[d], "x", color=colour, ms=5, mew=1.4, label=paper, zorder=3)
        axis.set_xscale("log", base=2)
        axis.set_xticks([1, 8, 64, 512, 2048], ["1", "8", "64", "512", "2,048"])
        axis.minorticks_off()
        title = f"{quantity.split()[0].capitalize()} over the corners, {len(seeds)} seeds"
        axis.set(title=title, xlabel="training points", ylim=(0, None))
    axes[0].set_ylabel("squared error per feature")
    axes[1].legend(*axes[0].get_legend_handles_labels(), fontsize="small", ncols=2, loc="upper right")
    return drawn
