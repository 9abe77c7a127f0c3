from __future__ import annotations

import numpy as np
import pytest

from tr2m_core.metrics.alignment import fit_scale_shift, median_scale

SOURCE = np.random.default_rng(1).uniform(0.1, 5, (12, 17))


def test_fit_recovers_scale_and_shift():
    assert fit_scale_shift(SOURCE, 3 * SOURCE - 0.5) == pytest.approx((3, -0.5))


def test_fit_is_the_least_squares_solution():
    target = 2 * SOURCE + 1 + np.random.default_rng(2).normal(0, 0.3, SOURCE.shape)
    columns = np.stack((SOURCE.ravel(), np.ones(SOURCE.size)), axis=1)
    expected = np.linalg.lstsq(columns, target.ravel(), rcond=None)[0]
    assert fit_scale_shift(SOURCE, target) == pytest.approx(tuple(expected))


def test_fit_ignores_masked_and_non_finite_values():
    target = 3 * SOURCE - 0.5
    mask = np.ones(SOURCE.shape, bool)
    target[0], mask[0] = 1e9, False
    target[1], target[2] = np.nan, np.inf
    assert fit_scale_shift(SOURCE, target, mask) == pytest.approx((3, -0.5))


def test_fit_keeps_its_digits_with_a_large_offset():
    scale, shift = fit_scale_shift(SOURCE + 1e6, 3 * SOURCE)
    assert (scale, shift) == (pytest.approx(3, rel=1e-6), pytest.approx(-3e6, rel=1e-6))


@pytest.mark.parametrize("value", [0.0, 0.7, 1e-30])
def test_constant_source_gives_the_mean(value):
    target = np.arange(6.0).reshape(2, 3)
    assert fit_scale_shift(np.full((2, 3), value), target) == pytest.approx((0, 2.5))


def test_median_scale():
    assert median_scale(SOURCE, 4 * SOURCE) == pytest.approx(4)
    with pytest.raises(ValueError, match="median"):
        median_scale(np.zeros((2, 2)), np.ones((2, 2)))


def test_nothing_to_align_raises():
    with pytest.raises(ValueError, match="no valid"):
        fit_scale_shift(SOURCE, SOURCE, np.zeros(SOURCE.shape, bool))
    with pytest.raises(ValueError, match="shape"):
        fit_scale_shift(SOURCE, SOURCE[:3])
