import numpy as np
import pytest
from scipy import stats

from kaleido.statistics import contrast, holm, interval, threshold, trend, trending


def test_the_interval_is_students():
    values = [1.0, 2.0, 4.0, 7.0]
    low, high = stats.t.interval(0.95, 3, np.mean(values), stats.sem(values))
    assert interval(values) == pytest.approx((3.5, low, high))
    assert np.isnan(interval([2.0, 2.0])[1])
    assert np.isnan(interval([2.0])[1])


def test_a_threshold_passes_straddles_or_fails():
    values = [0.30, 0.35, 0.40]
    below = threshold("x", values, 0.9, below=True)
    assert below.passes
    assert below.p == pytest.approx(stats.ttest_1samp(values, 0.9, alternative="less").pvalue)
    assert threshold("x", values, 0.36, below=True).straddles
    above = threshold("x", values, 0.9, below=False)
    assert not above.passes
    assert not above.straddles


def test_without_variance_the_value_decides():
    assert threshold("x", [0.2, 0.2], 0.5, below=True).p == 0
    assert threshold("x", [0.2, 0.2], 0.5, below=False).p == 1
    assert threshold("x", [0.2], 0.5, below=True).straddles  # one seed decides nothing


def test_a_contrast_is_paired_by_seed():
    a, b = [1.0, 5.0, 9.0], [1.4, 5.5, 9.6]
    found = contrast("x", a, b, 0, below=True)
    assert found.p == pytest.approx(stats.ttest_rel(a, b, alternative="less").pvalue)
    assert found.passes
    with pytest.raises(ValueError, match="paired by seed"):
        contrast("x", a, b[:2], 0, below=True)


def test_a_stretched_interval_keeps_its_middle():
    test = threshold("x", [0.30, 0.35, 0.40], 0.9, below=True)
    longer = test.stretched(2)
    assert longer.high - longer.low == pytest.approx(2 * (test.high - test.low))
    assert longer.effect == test.effect


def test_a_trend_has_pages_statistic_and_about_its_p():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(6, 4)) + np.array([0, 0.5, 1, 1.5])
    found, p = trend(values, rising=True)
    theirs = stats.page_trend_test(values)
    assert found == theirs.statistic
    assert p == pytest.approx(theirs.pvalue, abs=0.01)
    falling = trend(-values, rising=False)
    assert falling[0] == found
    assert trend(values, rising=False)[1] > 0.9


def test_a_trend_is_found_by_chance_as_often_as_it_should_be():
    rng = np.random.default_rng(1)
    p = [trend(rng.normal(size=(5, 4)), rising=True, permutations=400, seed=i)[1] for i in range(200)]
    assert 0.02 < np.mean(np.array(p) < 0.05) < 0.10


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, float("nan"), 0.9]).tolist() == [1, 1, 1]
    assert holm([0.001, 0.2, 0.2, 0.2])[0] == pytest.approx(0.004)


def test_trends_need_seeds_and_depths():
    with pytest.raises(ValueError, match="at least 2 of each"):
        trend(np.zeros((1, 4)), rising=True)


def test_a_trend_needs_its_p_and_its_effect():
    rng = np.random.default_rng(2)
    rising = rng.normal(size=(6, 4)) * 0.1 + np.arange(4)
    assert trending("x", rising, rising=True).passes
    assert trending("x", rising, rising=True).effect == pytest.approx((rising[:, -1] - rising[:, 0]).mean())
    falling = trending("x", rising, rising=False)
    assert not falling.passes
    assert not falling.straddles  # its interval lies on the other side: it fails
    assert trending("x", -rising, rising=False).passes
    assert trending("x", rising, True, first=1, last=2).effect == pytest.approx((rising[:, 2] - rising[:, 1]).mean())
    flat = trending("x", rng.normal(size=(5, 4)), rising=True)
    assert not flat.passes
    assert flat.straddles


def test_a_clear_effect_without_a_small_p_is_no_trend():
    few = np.array([[0, 1.0], [0, 1.1], [0, 0.9]])  # three seeds, two columns: p is at least 1 in 8
    found = trending("x", few, rising=True)
    assert found.low > 0
    assert found.p > 0.1
    assert not found.passes
    assert not found.straddles
