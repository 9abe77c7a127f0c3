"""One prediction against one ground truth, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tr2m_core.metrics.measurement import RANGE_EDGES, measure_depth

LIMITS = (0.5, 10.0)
TRUTH = np.array([[1.0, 2.0, 4.0, 8.0]])


def test_one_factor_is_all_that_was_wrong():
    found = measure_depth(TRUTH, TRUTH * 2, LIMITS)
    assert found.valid_pixels == 4
    assert found.scale_factor == pytest.approx(0.5)
    # 16 m is brought to 10 m before it is measured, after alignment only
    assert found.metrics["metric"]["abs_rel"] == pytest.approx((1 + 1 + 1 + 0.25) / 4)
    assert found.metrics["scale"]["abs_rel"] == pytest.approx(0)
    assert found.metrics["affine"]["abs_rel"] == pytest.approx(0)


def test_affine_alignment_is_of_inverse_depth():
    bent = 1 / (3 / TRUTH + 0.2)
    found = measure_depth(TRUTH, bent, LIMITS)
    assert found.metrics["affine"]["abs_rel"] == pytest.approx(0)
    assert found.metrics["scale"]["abs_rel"] > 0.1


def test_relative_depth_has_an_affine_row_only():
    found = measure_depth(TRUTH, 5 / TRUTH + 7, LIMITS, relative=True)
    assert found.metrics["metric"] is found.metrics["scale"] is None
    assert found.metrics["affine"]["abs_rel"] == pytest.approx(0)
    assert found.scale_factor is found.ranges is None


def test_inverse_depth_that_is_not_positive_is_farthest_away():
    relative = np.array([[1.0, 0.5, 0.25, -1.0]])  # the fit passes below zero at the last
    truth = np.array([[1.0, 2.0, 4.0, 9.9]])
    found = measure_depth(truth, relative, LIMITS, relative=True)
    assert np.isfinite(found.metrics["affine"]["abs_rel"])
    below_zero = measure_depth(truth, np.array([[1.0, 0.5, 0.25, -np.inf]]), LIMITS, relative=True)
    assert below_zero.metrics["affine"]["abs_rel"] == pytest.approx(0.1 / 9.9 / 4)  # 10 m instead of 9.9 m


def test_what_does_not_count():
    truth = np.array([[1.0, 2.0, 0.5, 10.0, np.nan, np.inf, 0.0, -1.0]])
    prediction = np.full_like(truth, 1.0)
    found = measure_depth(truth, prediction, LIMITS)
    assert found.valid_pixels == 2
    assert found.metrics["metric"]["abs_rel"] == pytest.approx(0.25)
    crop = np.arange(8)[None] < 1
    assert measure_depth(truth, prediction, LIMITS, crop).metrics["metric"]["abs_rel"] == 0
    assert measure_depth(truth, prediction, LIMITS, np.zeros_like(crop)) is None


def test_predictions_that_are_no_numbers_take_the_limits():
    prediction = np.array([[np.nan, np.inf, -np.inf, 8.0]])
    found = measure_depth(TRUTH, prediction, LIMITS)
    errors = [0.5 / 1, 8 / 2, 3.5 / 4, 0]
    assert found.metrics["metric"]["abs_rel"] == pytest.approx(np.mean(errors))
    assert found.scale_factor == pytest.approx(1.0)  # of the one finite prediction
    empty = measure_depth(TRUTH, np.full_like(TRUTH, np.nan), LIMITS)
    assert empty.scale_factor is None
    assert empty.metrics["scale"] is empty.metrics["affine"] is None


def test_error_by_range():
    ranges = measure_depth(np.array([[0.6, 1.0, 1.5, 9.0]]), np.array([[0.3, 1.5, 1.5, 4.5]]), (0.1, 10.0)).ranges
    assert list(RANGE_EDGES[:4]) == [0.0, 0.5, 1.0, 2.0]
    assert ranges.pixels.tolist() == [0, 1, 2, 0, 0, 1, 0, 0, 0, 0]
    assert ranges.absolute.tolist() == pytest.approx([0, 0.5, 0.5, 0, 0, 0.5, 0, 0, 0, 0])
    assert ranges.signed.tolist() == pytest.approx([0, -0.5, 0.5, 0, 0, -0.5, 0, 0, 0, 0])
