from __future__ import annotations

import math

import numpy as np
import pytest

from tr2m_core.metrics.depth import (
    METRIC_NAMES,
    best_constant_depth,
    clamp_depth,
    compute_depth_metrics,
    mean_metrics,
    valid_depth,
)


def test_names_and_order():
    assert METRIC_NAMES == (
        "silog", "abs_rel", "log10", "rmse", "sq_rel", "rmse_log", "delta1", "delta2", "delta3"
    )  # fmt: skip
    assert tuple(compute_depth_metrics([1.0], [1.0])) == METRIC_NAMES


def test_values_worked_out_by_hand():
    result = compute_depth_metrics([1.0, 2.0, 4.0], [2.0, 2.0, 2.0])
    log2 = math.log(2)
    assert result["abs_rel"] == pytest.approx((1 + 0 + 0.5) / 3)
    assert result["sq_rel"] == pytest.approx((1 + 0 + 4 / 4) / 3)
    assert result["rmse"] == pytest.approx(math.sqrt((1 + 0 + 4) / 3))
    assert result["rmse_log"] == pytest.approx(log2 * math.sqrt(2 / 3))
    assert result["log10"] == pytest.approx(2 * math.log10(2) / 3)
    assert result["silog"] == pytest.approx(100 * log2 * math.sqrt(2 / 3))  # the mean log error is 0
    assert result["delta1"] == pytest.approx(1 / 3)


def test_perfect_prediction_and_pure_scale():
    depth = np.linspace(0.5, 20, 1000).reshape(20, 50)
    perfect = compute_depth_metrics(depth, depth)
    assert [perfect[name] for name in METRIC_NAMES] == [0] * 6 + [1] * 3
    doubled = compute_depth_metrics(depth, 2 * depth)
    assert doubled["silog"] == pytest.approx(0, abs=1e-4)
    assert doubled["abs_rel"] == pytest.approx(1)


def test_delta_thresholds_are_strict():
    at = compute_depth_metrics([1.0, 1.0, 1.0], [1.25, 1.25**2, 1.25**3])
    assert (at["delta1"], at["delta2"], at["delta3"]) == (0, pytest.approx(1 / 3), pytest.approx(2 / 3))


def test_float32_input_is_accumulated_in_double():
    truth = np.full(1_000_000, 10.0, np.float32)
    prediction = truth + np.float32(0.001)
    assert compute_depth_metrics(truth, prediction)["abs_rel"] == pytest.approx(1e-4, rel=1e-3)


@pytest.mark.parametrize(
    ("truth", "prediction", "words"),
    [
        ([], [], "no pixels"),
        ([1.0, 2.0], [1.0], "shape"),
        ([0.0], [1.0], "ground truth"),
        ([1.0], [-1.0], "prediction"),
        ([1.0], [np.nan], "prediction"),
        ([np.inf], [1.0], "ground truth"),
    ],
)
def test_unusable_input_raises(truth, prediction, words):
    with pytest.raises(ValueError, match=words):
        compute_depth_metrics(truth, prediction)


def test_valid_depth_is_strict_and_clamping_fills_gaps():
    depth = np.array([np.nan, np.inf, 0, 0.001, 1, 80, 90])
    assert valid_depth(depth, 0.001, 80).tolist() == [False, False, False, False, True, False, False]
    assert clamp_depth(depth, 0.001, 80).tolist() == [0.001, 80, 0.001, 0.001, 1, 80, 80]


def test_mean_is_over_frames():
    one, three = compute_depth_metrics([1.0], [2.0]), compute_depth_metrics([1.0] * 3, [4.0] * 3)
    assert mean_metrics([one, three])["abs_rel"] == pytest.approx(2)
    with pytest.raises(ValueError, match="no frames"):
        mean_metrics([])


def test_best_constant_beats_every_other_constant():
    depths = np.random.default_rng(0).lognormal(1, 0.8, 2001)
    best = best_constant_depth(depths)

    def error(constant):
        return np.mean(np.abs(depths - constant) / depths)

    assert all(error(best) <= error(other) + 1e-12 for other in np.geomspace(0.1, 50, 2000))
