"""By which factor a predicted depth and reference samples differ, robustly."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tr2m_core.scale.samples import ReferenceSamples

Array = npt.NDArray[np.float64]

LEAST_PAIRS = 8  # fewer could all be of one wrong thing; a range finder's one beam is exempt
LEAST_INLIERS = 0.5  # share of pairs that must agree
BOUNDS = 1e-4, 1e4  # a factor outside is no estimate; sentences of other scenes are off by up to 5000
EDGE = 0.15  # relative jump of predicted depth within 3x3 pixels, at which a sample is of either side
TUKEY = 3.0  # spreads from which on a pair is an outlier; the usual 4.685 lets too many of one side in
ITERATIONS = 4
SPREAD = 0.05  # of log ratios: pairs closer than this always agree
INDEPENDENT = 30  # samples next to each other err together: more than this many make nothing surer
FLOOR = 0.08  # of sigma: predictions are bent, and no number of samples in some places tells of the others
NEAREST = 0.1  # share of the predicted depths within a beam that may be nearer than its nearest surface

# A shift too: see `_shifted`.
SHIFT_PAIRS = 40
SHIFT_COVER = 1 / 3  # of the image's height and width, between the samples: a scan says nothing of what is above it
SHIFT_SPREAD = 1.6  # ratio of the 90th to the 10th percentile of depth
SHIFT_GAIN = 0.75  # the held-out error must fall to this share
SHIFT_STRETCH = 2.0  # by which depth anywhere in the image may change on top of the factor
SHIFT_LOOK = 256  # pairs that are looked at


@dataclass(frozen=True)
class ScaleEstimate:
    """True depth is factor * depth where shift is 0, else 1 / (1 / (factor * depth) + shift)."""

    factor: float
    shift: float = 0.0
    """1/m."""
    sigma: float = FLOOR
    """Standard error of log(factor)."""
    pairs: int = 0
    """Samples that could be compared."""
    inlier_share: float = 1.0


@dataclass(frozen=True)
class NoEstimate:
    """Why there is none."""

    reason: str


def estimate_scale(depth: npt.NDArray[np.float32], samples: ReferenceSamples) -> ScaleEstimate | NoEstimate:
    """What brings a predicted depth (H, W) in metres to the samples.

    One factor: Tukey's biweight mean of the log ratios (Beaton and Tukey 1974), from the mean of their shortest half. A
    shift of inverse depth besides it (Theil-Sen), as relative-depth networks are ambiguous by (arXiv 1907.01341), only
    where the samples spread in depth and over the image, and one half of them proves it on the other. Samples outside
    the image, at edges of the predicted depth and where it is not finite and positive are left out.
    """
    predicted, measured, covers = _pairs(depth, samples)
    least = 1 if samples.radius else LEAST_PAIRS
    if len(predicted) < least:
        return NoEstimate(f"{len(predicted)} of {len(samples)} samples can be compared, {least} are needed")
    ratios = np.log(measured / predicted)
    middle, spread, weights = _biweight(ratios)
    inliers = float(np.mean(weights > 0))
    if inliers < LEAST_INLIERS:
        return NoEstimate(f"only {inliers:.0%} of {len(ratios)} samples agree with each other")
    factor = math.exp(middle)
    if not BOUNDS[0] <= factor <= BOUNDS[1]:
        return NoEstimate(f"a factor of {factor:.3g} is outside of {BOUNDS[0]:g} to {BOUNDS[1]:g}")
    sigma = math.hypot(FLOOR, spread / math.sqrt(min(len(ratios), INDEPENDENT)))
    shift = 0.0
    if covers and (found := _shifted(depth, predicted[weights > 0], measured[weights > 0])) is not None:
        factor, shift = found
    return ScaleEstimate(factor, shift, sigma, len(ratios), inliers)


def apply_scale(depth: npt.NDArray[np.float32], factor: float, shift: float = 0.0) -> None:
    """Multiplies depth (H, W) in place, and shifts its inverse; what is not finite and positive stays what it is."""
    np.multiply(depth, np.float32(factor), out=depth)
    if shift:
        with np.errstate(divide="ignore", invalid="ignore"):
            known = np.isfinite(depth) & (depth > 0)
            inverse = 1 / depth + np.float32(shift)
            # A shift is of samples: it may not throw what lies beyond them to infinity.
            np.maximum(inverse, 1 / (depth * np.float32(SHIFT_STRETCH)), out=inverse)
            np.divide(1, inverse, out=depth, where=known)


def _pairs(depth: npt.NDArray[np.float32], samples: ReferenceSamples) -> tuple[Array, Array, bool]:
    """Predicted and measured depths of the samples that can be compared, and whether they cover the image."""
    height, width = depth.shape
    rows, columns = np.floor(samples.rows + 0.5).astype(np.intp), np.floor(samples.columns + 0.5).astype(np.intp)
    rim = 0 if samples.radius else 1  # all around an edge must be seen
    inside = (rows >= rim) & (rows < height - rim) & (columns >= rim) & (columns < width - rim)
    rows, columns, measured = rows[inside], columns[inside], samples.depth[inside]
    if samples.radius:
        predicted, known = _nearest(depth, rows, columns, samples.radius)
        return predicted, measured[known], False
    around = np.add.outer([i * width + j for i in (-1, 0, 1) for j in (-1, 0, 1)], rows * width + columns)
    seen = depth.reshape(-1)[around]
    with np.errstate(invalid="ignore"):
        low, high = seen.min(axis=0), seen.max(axis=0)
        kept = np.isfinite(high) & (low > 0) & (high <= low * (1 + EDGE))
    rows, columns = rows[kept], columns[kept]
    covers = len(rows) > 0 and np.ptp(rows) >= SHIFT_COVER * height and np.ptp(columns) >= SHIFT_COVER * width
    return seen[4][kept].astype(np.float64), measured[kept], bool(covers)


def _nearest(
    depth: npt.NDArray[np.float32], rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp], radius: float
) -> tuple[Array, npt.NDArray[np.bool_]]:
    """The nearest predicted depth within a disc around each pixel, and around which of them anything is predicted."""
    found, known = [], []
    for row, column in zip(rows, columns, strict=True):
        reach = math.ceil(radius)
        top, left = max(0, row - reach), max(0, column - reach)
        part = depth[top : row + reach + 1, left : column + reach + 1]
        y, x = np.ogrid[top - row : top - row + part.shape[0], left - column : left - column + part.shape[1]]
        values = part[y * y + x * x <= radius * radius]
        values = values[np.isfinite(values) & (values > 0)]
        known.append(values.size > 0)
        if values.size:
            found.append(float(np.quantile(values, NEAREST)))
    return np.array(found), np.array(known, np.bool_)


def _biweight(ratios: Array) -> tuple[float, float, Array]:
    """Tukey's robust mean, the spread of those that agree, and each one's weight, 0 for outliers."""
    middle = _shortest_half(ratios)
    spread = max(SPREAD / 3, 1.4826 * _median(np.abs(ratios - middle)))
    weights = np.ones_like(ratios)
    for _ in range(ITERATIONS):
        distance = (ratios - middle) / (TUKEY * spread)
        weights = np.maximum(1 - distance * distance, 0.0) ** 2
        middle = float(weights @ ratios / weights.sum())
    return middle, spread, weights


def _shifted(depth: npt.NDArray[np.float32], predicted: Array, measured: Array) -> tuple[float, float] | None:
    """Factor and shift of inverse depth, where they are better than one factor, and sane all over the image."""
    if len(predicted) < SHIFT_PAIRS:
        return None
    # Sorted, and every other one held out: both halves see all depths.
    order = np.argsort(predicted)[:: max(1, len(predicted) // SHIFT_LOOK)]
    predicted, measured = predicted[order], measured[order]
    if predicted[-len(order) // 10] < predicted[len(order) // 10] * SHIFT_SPREAD:
        return None
    x, y = 1 / predicted, 1 / measured
    with_shift = without = 0.0
    for taught, asked in ((slice(0, None, 2), slice(1, None, 2)), (slice(1, None, 2), slice(0, None, 2))):
        slope, intercept = _line(x[taught], y[taught])
        inverse = np.maximum(slope * x[asked] + intercept, 1e-9)
        with_shift += _median(np.abs(np.log(inverse / y[asked])))
        without += _median(np.abs(np.log(x[asked] / y[asked]) - _median(np.log(x[taught] / y[taught]))))
    slope, shift = _line(x, y)
    if with_shift > SHIFT_GAIN * without or slope <= 0:
        return None
    step = max(1, min(depth.shape) // 32)
    seen = depth[::step, ::step]
    seen = seen[np.isfinite(seen) & (seen > 0)]
    change = 1 + shift * seen / slope  # of inverse depth, on top of the factor
    if change.min() < 1 / SHIFT_STRETCH or change.max() > SHIFT_STRETCH:
        return None
    factor = 1 / slope
    return (factor, shift) if BOUNDS[0] <= factor <= BOUNDS[1] else None


def _line(x: Array, y: Array) -> tuple[float, float]:
    """Slope and intercept by the incomplete Theil method: x is sorted, and each of its first half has a partner in the
    second."""
    half = len(x) // 2
    with np.errstate(divide="ignore", invalid="ignore"):
        slopes = (y[half : 2 * half] - y[:half]) / (x[half : 2 * half] - x[:half])
    slope = _median(slopes[np.isfinite(slopes)]) if np.isfinite(slopes).any() else 0.0
    return slope, _median(y - slope * x)


def _shortest_half(values: Array) -> float:
    """The mean of the half that lies closest together, where outliers of one side draw a median along."""
    ordered = np.sort(values)
    half = len(ordered) // 2 + 1
    start = int(np.argmin(ordered[half - 1 :] - ordered[: len(ordered) - half + 1]))
    return float(ordered[start : start + half].mean())


def _median(values: Array) -> float:
    """The upper one of two."""
    middle = len(values) // 2
    return float(np.partition(values, middle)[middle])


def ratio(factor: float) -> float:
    """How far a factor is from 1, either way."""
    return max(factor, 1 / factor)
