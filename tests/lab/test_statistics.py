import numpy as np
import pytest
from scipy import stats

from kaleido.lab.statistics import holm, in_words, interval, p_value


def test_the_interval_is_students():
    values = [1.0, 2.0, 4.0, 7.0]
    low, high = stats.t.interval(0.95, 3, np.mean(values), stats.sem(values))
    assert interval(values) == pytest.approx((3.5, low, high))
    low, high = stats.t.interval(0.8, 3, np.mean(values), stats.sem(values))
    assert interval(values, 0.8) == pytest.approx((3.5, low, high))
    assert np.isnan(interval([2.0, 2.0])[1:]).all()
    assert np.isnan(interval([2.0])[1:]).all()


def test_a_mean_is_told_with_its_interval_and_fewer_digits_the_larger_it_is():
    assert in_words(0.5, 0.25, 0.75) == "0.50 [0.25, 0.75]"
    assert in_words(-12.34, -20.0, -4.68) == "-12.3 [-20.0, -4.7]"
    assert in_words(123.4, 100.0, 146.8) == "123 [100, 147]"
    assert in_words(0.5, 0.25, 0.75, digits=3) == "0.500 [0.250, 0.750]"
    assert in_words(0.5, np.nan, np.nan) == "0.50"


def test_p_is_students_on_both_sides_of_the_threshold():
    values = [0.30, 0.35, 0.40]
    for threshold in (0.2, 0.36, 0.9):
        assert p_value(values, threshold) == pytest.approx(stats.ttest_1samp(values, threshold).pvalue)
    assert p_value(values, 0.35 - 0.1) == pytest.approx(p_value(values, 0.35 + 0.1))


def test_an_interval_ends_where_p_is_five_percent():
    values = [0.30, 0.35, 0.42, 0.37]
    assert [p_value(values, end) for end in interval(values)[1:]] == pytest.approx([0.05, 0.05])


def test_without_variance_the_value_decides_and_one_value_decides_nothing():
    assert p_value([0.2, 0.2, 0.2], 0.5) == p_value([0.2, 0.2], 0.1) == 0
    assert p_value([0.2, 0.2], 0.2) == 0  # at the threshold itself, too: it belongs to a side
    assert p_value([0.2], 0.5) == 1


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, float("nan"), 0.9]).tolist() == [1, 1, 1]
    assert holm([0.001, 0.2, 0.2, 0.2])[0] == pytest.approx(0.004)
    assert holm([0.02, 0.02]) == pytest.approx([0.04, 0.04])
