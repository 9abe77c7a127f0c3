"""Depth metrics, as the evaluation code of BTS and AdaBins defines them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt

METRIC_NAMES = ("silog", "abs_rel", "log10", "rmse", "sq_rel", "rmse_log", "delta1", "delta2", "delta3")
LARGER_IS_BETTER = ("delta1", "delta2", "delta3")
DELTA_THRESHOLD = 1.25


def compute_depth_metrics(ground_truth: npt.ArrayLike, prediction: npt.ArrayLike) -> dict[str, float]:
    """The nine metrics of METRIC_NAMES, in that order, over all pixels given.

    ground_truth, prediction: metres, one shape, already masked. rmse is in metres, sq_rel in metres, silog in percent
    of log depth; delta1..3 are shares of pixels whose ratio is strictly under 1.25, 1.25^2, 1.25^3.
    Raises ValueError when they are empty, differ in shape, or hold a value that is not finite and positive.
    """
    gt, pred = np.asarray(ground_truth, np.float64), np.asarray(prediction, np.float64)
    if gt.shape != pred.shape:
        raise ValueError(f"ground truth {gt.shape} and prediction {pred.shape} differ in shape")
    if gt.size == 0:
        raise ValueError("no pixels to compare")
    for name, depth in (("ground truth", gt), ("prediction", pred)):
        if not (np.isfinite(depth).all() and (depth > 0).all()):
            raise ValueError(f"the {name} holds depths that are not finite and positive")
    log_error = np.log(pred) - np.log(gt)
    error = gt - pred
    ratio = np.maximum(gt / pred, pred / gt)
    values = (
        100 * np.sqrt(max(0.0, np.mean(log_error**2) - np.mean(log_error) ** 2)),  # rounding may go below zero
        np.mean(np.abs(error) / gt),
        np.mean(np.abs(log_error)) / np.log(10),
        np.sqrt(np.mean(error**2)),
        np.mean(error**2 / gt),
        np.sqrt(np.mean(log_error**2)),
        *(np.mean(ratio < DELTA_THRESHOLD**power) for power in (1, 2, 3)),
    )
    return {name: float(value) for name, value in zip(METRIC_NAMES, values, strict=True)}


def valid_depth(depth: npt.NDArray[np.floating], min_depth: float, max_depth: float) -> npt.NDArray[np.bool_]:
    """Where a measured depth counts: finite and strictly between the limits, metres."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.isfinite(depth) & (depth > min_depth) & (depth < max_depth))


def clamp_depth(depth: npt.NDArray[np.floating], min_depth: float, max_depth: float) -> npt.NDArray[np.floating]:
    """A prediction brought into the limits: NaN becomes the lower, infinity the upper one."""
    finite = np.nan_to_num(depth, nan=min_depth, posinf=max_depth, neginf=min_depth)
    return np.asarray(np.clip(finite, min_depth, max_depth))


def mean_metrics(results: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """The mean of every metric over frames. Raises ValueError when there are none."""
    rows = list(results)
    if not rows:
        raise ValueError("no frames to average")
    return {name: float(np.mean([row[name] for row in rows])) for name in METRIC_NAMES}


def best_constant_depth(depths: npt.NDArray[np.floating]) -> float:
    """The one depth that minimises the mean of |constant - depth| / depth over valid depths, metres.

    That is the median of the depths weighted by 1 / depth. Raises ValueError when there are none.
    """
    ordered = np.sort(np.asarray(depths, np.float64), axis=None)
    if ordered.size == 0:
        raise ValueError("no depths to choose a constant for")
    weight = np.cumsum(1 / ordered)
    return float(ordered[np.searchsorted(weight, weight[-1] / 2)])
