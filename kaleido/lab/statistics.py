"""Seeds are the units: means with 95 % t-intervals, two-sided t-tests, Holm's correction."""

from collections.abc import Sequence
from functools import cache

import numpy as np
from scipy import stats

__all__ = ["holm", "in_words", "interval", "p_value"]


def interval(values: Sequence[float], level: float = 0.95) -> tuple[float, float, float]:
    r"""Returns the mean and its t-interval, m -/+ t_{n-1} s / sqrt(n).

    Where all values are equal, or there is only one, there is no interval: its ends are NaN.
    """
    values = np.asarray(values, float)
    mean = float(values.mean())
    if len(values) < 2 or np.ptp(values) == 0:
        return mean, np.nan, np.nan
    half = _quantile((1 + level) / 2, len(values) - 1) * (values.std(ddof=1) / len(values) ** 0.5)
    return mean, float(mean - half), float(mean + half)


@cache  # a table asks for thousands of intervals, of a few numbers of seeds
def _quantile(share: float, freedom: int) -> float:
    return float(stats.t.ppf(share, freedom))


def in_words(mean: float, low: float, high: float, digits: int | None = None) -> str:
    """Returns a mean with its interval as `mean [low, high]`, the mean alone where there is none.

    Arguments:
        mean: The mean.
        low: The interval's lower end, or NaN.
        high: Its upper end.
        digits: After the point; by default 2, 1 from 10 up, none from 100 up.
    """
    if digits is None:
        digits = 0 if abs(mean) >= 100 else 1 if abs(mean) >= 10 else 2
    return f"{mean:.{digits}f}" + (f" [{low:.{digits}f}, {high:.{digits}f}]" if low == low else "")


def p_value(values: Sequence[float], threshold: float) -> float:
    """Returns the p of a two-sided t-test of the seeds' mean against a threshold.

    Where all values are equal there is nothing to test: 0, the value decides. Of one value it is 1.
    """
    values = np.asarray(values, float)
    if len(values) < 2:
        return 1.0
    return 0.0 if np.ptp(values) == 0 else float(stats.ttest_1samp(values, threshold).pvalue)


def holm(p: Sequence[float]) -> np.ndarray:
    """Returns p-values corrected for the family by Holm's step-down method (1979); NaN counts as 1."""
    p = np.nan_to_num(np.asarray(p, float), nan=1.0)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(stepped, 1.0)
    return corrected
