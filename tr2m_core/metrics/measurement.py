"""One prediction against one ground truth: the nine metrics, as predicted and aligned, and error by range."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tr2m_core.metrics.alignment import fit_scale_shift, median_scale
from tr2m_core.metrics.depth import clamp_depth, compute_depth_metrics, valid_depth

FloatArray = npt.NDArray[np.floating[Any]]
Metrics = dict[str, float]

# What is done to a prediction before it is measured: nothing; one factor per image, the ratio of medians; scale and
# shift of its inverse depth per image, by least squares. The last two take their numbers from the ground truth.
METRIC, SCALE, AFFINE = ALIGNMENTS = ("metric", "scale", "affine")
RANGE_EDGES = (0.0, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 40.0, 80.0, np.inf)  # metres


class RangeErrors(NamedTuple):
    """Per range of RANGE_EDGES, (10,) each: pixels, and the sums of |error| / truth and of error / truth over them."""

    pixels: npt.NDArray[np.int64]
    absolute: npt.NDArray[np.float64]
    signed: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Measurement:
    """How well one prediction matches its ground truth."""

    valid_pixels: int
    metrics: dict[str, Metrics | None]
    """The nine metrics by alignment; None for an alignment that cannot be made.

    A relative prediction has affine metrics only. A prediction without finite values can be neither scaled nor fitted.
    """
    scale_factor: float | None
    """Median truth / median prediction over valid pixels.

    None for relative predictions, and where there is no such factor above 0.
    """
    ranges: RangeErrors | None
    """Errors by range of the prediction without alignment; None for relative predictions."""


def measure_depth(
    ground_truth: FloatArray,
    prediction: FloatArray,
    limits: tuple[float, float],
    crop: npt.NDArray[np.bool_] | None = None,
    *,
    relative: bool = False,
    alignments: Collection[str] = ALIGNMENTS,
) -> Measurement | None:
    """Measures a prediction (H, W) where ground truth (H, W) counts; None where none does.

    Both in one unit, metres but for the endoscopic sets. limits: ground truth strictly between them counts, and
    predictions are clamped to them after alignment. crop: (H, W) bool, what else must hold. relative: the prediction is
    affine-invariant inverse depth and has only an affine row.
    """
    valid = valid_depth(ground_truth, *limits)
    if crop is not None:
        valid &= crop
    if not valid.any():
        return None
    truth, seen = ground_truth[valid].astype(np.float64), prediction[valid].astype(np.float64)
    factor = None if relative else _scale_factor(seen, truth)
    metrics: dict[str, Metrics | None] = {}
    for alignment in alignments:
        aligned = _aligned(alignment, seen, truth, factor, relative)
        metrics[alignment] = None if aligned is None else compute_depth_metrics(truth, clamp_depth(aligned, *limits))
    ranges = None if relative else range_errors(truth, clamp_depth(seen, *limits))
    return Measurement(truth.size, metrics, factor, ranges)


def range_errors(truth: FloatArray, prediction: FloatArray) -> RangeErrors:
    """Error by measured distance. truth, prediction: (N,) metres, finite and positive."""
    count = len(RANGE_EDGES) - 1
    place = np.digitize(truth, RANGE_EDGES[1:-1])
    error = (prediction - truth) / truth
    return RangeErrors(
        np.bincount(place, minlength=count).astype(np.int64),
        np.bincount(place, np.abs(error), count).astype(np.float64),
        np.bincount(place, error, count).astype(np.float64),
    )


def _scale_factor(seen: FloatArray, truth: FloatArray) -> float | None:
    try:
        factor = median_scale(seen, truth)
    except ValueError:  # nothing finite, or a median of 0
        return None
    return factor if factor > 0 else None


def _aligned(
    alignment: str, seen: FloatArray, truth: FloatArray, factor: float | None, relative: bool
) -> FloatArray | None:
    if alignment == AFFINE:
        return _affine(seen if relative else _inverse(seen), truth)
    if relative:
        return None
    if alignment == METRIC:
        return seen
    return None if factor is None else seen * factor


def _affine(inverse: FloatArray, truth: FloatArray) -> FloatArray | None:
    """Depth of scale * inverse + shift, fitted to 1 / truth; without end where that is not positive."""
    try:
        scale, shift = fit_scale_shift(inverse, 1 / truth)
    except ValueError:
        return None
    return _inverse(scale * inverse + shift)


def _inverse(values: FloatArray) -> FloatArray:
    """1 / values, infinite where they are not positive, NaN where they are."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(values <= 0, np.inf, 1 / values)
