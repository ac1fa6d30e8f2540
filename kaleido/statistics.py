"""The tests of the claims: seeds are the units, one-sided p-values, two-sided 95 % intervals."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

__all__ = ["Test", "contrast", "holm", "in_words", "interval", "threshold", "trend", "trending"]

TREND = 0.01  # p of a trend must lie below it


@dataclass(frozen=True)
class Test:
    """What was asked of an effect, and the answer.

    `passes`: the whole interval lies on the asked side; or, where there is a `level`, p lies below it and the effect on
    the asked side. `straddles`: the bound lies inside the interval of a test that does not pass, or there are too few
    seeds for one. Neither: it fails.
    """

    __test__ = False  # not a test case of pytest

    asked: str
    effect: float
    low: float
    high: float
    p: float
    bound: float
    below: bool
    n: int
    level: float | None = None

    def stretched(self, factor: float) -> "Test":
        """Returns the test with its interval longer, or shorter, by a factor about the effect."""
        low, high = (self.effect + factor * (end - self.effect) for end in (self.low, self.high))
        return replace(self, low=low, high=high)

    @property
    def passes(self) -> bool:
        right = self.effect < self.bound if self.below else self.effect >= self.bound
        return right and (not self._open if self.level is None else self.p < self.level)

    @property
    def straddles(self) -> bool:
        return not self.passes and self._open

    @property
    def _open(self) -> bool:
        return not np.isfinite(self.p) or self.low <= self.bound <= self.high


def interval(values: Sequence[float], level: float = 0.95) -> tuple[float, float, float]:
    r"""Returns the mean and its t-interval, m -/+ t_{n-1} s / sqrt(n).

    Where all values are equal, or there is only one, there is no interval: its ends are NaN.
    """
    values = np.asarray(values, float)
    mean = float(values.mean())
    if len(values) < 2 or np.ptp(values) == 0:
        return mean, np.nan, np.nan
    half = stats.t.ppf((1 + level) / 2, len(values) - 1) * stats.sem(values)
    return mean, float(mean - half), float(mean + half)


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


def threshold(asked: str, values: Sequence[float], bound: float, below: bool) -> Test:
    """Tests whether the mean over seeds lies below (or above) a bound: one-sided t-test.

    Equal values have no interval; p is then 0 or 1, as they lie on the asked side or not.
    """
    values = np.asarray(values, float)
    mean, low, high = interval(values)
    if len(values) < 2:
        p = np.nan
    elif np.isnan(low):
        p = 0.0 if (mean < bound if below else mean >= bound) else 1.0
    else:
        p = float(stats.ttest_1samp(values, bound, alternative="less" if below else "greater").pvalue)
    return Test(asked, mean, low, high, p, bound, below, len(values))


def contrast(asked: str, values: Sequence[float], control: Sequence[float], bound: float, below: bool) -> Test:
    """Tests the mean of the seeds' differences, values minus control, against a bound: paired t-test."""
    if len(values) != len(control):
        raise ValueError(f"{len(values)} values and {len(control)} controls cannot be paired by seed")
    return threshold(asked, np.asarray(values, float) - np.asarray(control, float), bound, below)


def trend(values: np.ndarray, rising: bool, permutations: int = 10_000, seed: int = 0) -> tuple[float, float]:
    r"""Tests whether values rise (or fall) with the columns: Page's L, p by permutation within rows.

    .. math:: L = \sum_j j R_j

    with R_j the sum over rows of the ranks in column j (ties share their mean rank); the values are negated where a
    fall is asked for. p counts the arrangement itself: (1 + #{L' >= L}) / (1 + permutations).
    Source: Page (1963), Journal of the American Statistical Association 58, 216-230.

    Arguments:
        values: One row per seed, one column per depth, with shape (n, k).
        rising: Which way.
        permutations: How many.
        seed: Draws them.

    Returns:
        L and p.
    """
    values = np.asarray(values, float)
    if values.ndim != 2 or min(values.shape) < 2 or not np.isfinite(values).all():
        raise ValueError(f"values have shape {values.shape}, expected finite (seeds, depths), at least 2 of each")
    ranks = stats.rankdata(values if rising else -values, axis=1)
    weights = np.arange(1, values.shape[1] + 1)
    found = float((ranks @ weights).sum())
    random = np.random.default_rng(seed)
    at_least = 0
    for start in range(0, permutations, 1000):
        many = np.broadcast_to(ranks, (min(1000, permutations - start), *ranks.shape))
        at_least += int(((random.permuted(many, axis=2) @ weights).sum(1) >= found - 1e-9).sum())
    return found, float((1 + at_least) / (1 + permutations))


def trending(asked: str, values: np.ndarray, rising: bool, first: int = 0, last: int = -1) -> Test:
    """Tests whether values rise (or fall) with the columns: `trend` with p below 0.01, and the effect's sign.

    The effect is the mean over seeds of one column less another, with its paired interval.

    Arguments:
        asked: What is asked, in words.
        values: One row per seed, with shape (n, k).
        rising: Which way.
        first: The column that is taken off,
        last: this one.
    """
    values = np.asarray(values, float)
    effect, low, high = interval(values[:, last] - values[:, first])
    return Test(asked, effect, low, high, trend(values, rising)[1], 0.0, not rising, len(values), TREND)


def holm(p: Sequence[float]) -> np.ndarray:
    """Returns p-values corrected for the family by Holm's step-down method (1979); NaN counts as 1."""
    p = np.nan_to_num(np.asarray(p, float), nan=1.0)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(stepped, 1.0)
    return corrected
