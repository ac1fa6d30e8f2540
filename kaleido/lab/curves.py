"""What figures draw alike: seeds and their mean, along the sampling runs or in rows."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

__all__ = ["dots", "legend_below", "legend_beside", "runs_axis", "seeds_and_mean"]


def seeds_and_mean(axis: Axes, rows: pd.DataFrame, colour, label: str) -> pd.Series:
    """Draws one thin line per seed along the runs, and their mean; returns the mean by run."""
    for _, seed in rows.groupby("seeds"):
        axis.plot(seed["run"].astype(int), seed["value"], color=colour, lw=0.6, alpha=0.35)
    mean = rows.groupby("run")["value"].mean()
    axis.plot(mean.index.astype(int), mean, color=colour, lw=1.6, marker="o", ms=2.5, label=label)
    return mean


def dots(axis: Axes, values: Sequence[float], at: float, colour, label: str | None = None) -> None:
    """Draws the seeds' values as dots in a row, and their mean as a bar."""
    axis.plot(values, [at] * len(values), "o", color=colour, ms=2.5, alpha=0.5, mew=0)
    axis.plot(sum(values) / len(values), at, "|", color=colour, ms=9, mew=2, label=label)


def runs_axis(axis: Axes, ticks: Sequence[int] = (0, 1, 5, 20, 100)) -> None:
    """Makes the horizontal axis that of the sampling runs drawn, logarithmic; from 0, if that is the first tick."""
    axis.set_xlabel("sampling run")
    if ticks[0] == 0:
        axis.set_xscale("symlog", linthresh=1)
        axis.set_xlim(0, 1.12 * axis.dataLim.x1)
    else:
        axis.set_xscale("log")
    axis.set_xticks(ticks, [str(run) for run in ticks])
    axis.minorticks_off()


def legend_beside(drawn: Figure, axis: Axes, **more) -> None:
    """Puts the legend of one of its axes to the right of a figure."""
    drawn.legend(*axis.get_legend_handles_labels(), loc="outside right center", fontsize="small", **more)


def legend_below(drawn: Figure, axis: Axes, columns: int = 2) -> None:
    """Puts the legend of one of its axes below a figure."""
    drawn.legend(*axis.get_legend_handles_labels(), loc="outside lower center", ncols=columns, fontsize="small")
