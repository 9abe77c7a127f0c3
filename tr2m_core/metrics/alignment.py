"""Fits one depth map to another, for looking at the shape of a prediction apart from its size."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating[Any]]
BoolArray = npt.NDArray[np.bool_]


class ScaleShift(NamedTuple):
    """target is about scale * source + shift."""

    scale: float
    shift: float


def median_scale(source: FloatArray, target: FloatArray, mask: BoolArray | None = None) -> float:
    """The factor median(target) / median(source) over the mask and finite values.

    source, target: one shape. Raises ValueError when nothing is left or the median of the source is 0.
    """
    x, y = _selected(source, target, mask)
    centre = float(np.median(x))
    if centre == 0:
        raise ValueError("the median of the source is 0")
    return float(np.median(y)) / centre


def fit_scale_shift(source: FloatArray, target: FloatArray, mask: BoolArray | None = None) -> ScaleShift:
    """The least-squares fit of target by scale * source + shift over the mask and finite values.

    source, target: one shape, any unit. A source without variation cannot tell scale from shift: the scale is then 0
    and the shift the mean of the target. Raises ValueError when nothing is left to fit.
    """
    x, y = _selected(source, target, mask)
    # Centred, so that a large offset costs no digits.
    x_mean, y_mean = float(x.mean()), float(y.mean())
    x = x - x_mean
    spread = float(np.dot(x, x))
    if spread <= x.size * (1e-12 * max(abs(x_mean), np.finfo(np.float64).tiny)) ** 2:
        return ScaleShift(0.0, y_mean)
    scale = float(np.dot(x, y - y_mean)) / spread
    return ScaleShift(scale, y_mean - scale * x_mean)


def _selected(source: FloatArray, target: FloatArray, mask: BoolArray | None) -> tuple[FloatArray, FloatArray]:
    if source.shape != target.shape or (mask is not None and mask.shape != source.shape):
        raise ValueError(f"source {source.shape}, target {target.shape} and mask must have one shape")
    x, y = np.asarray(source, np.float64), np.asarray(target, np.float64)
    keep = np.isfinite(x) & np.isfinite(y)
    if mask is not None:
        keep &= mask
    if not keep.any():
        raise ValueError("no valid values to align")
    return x[keep], y[keep]
