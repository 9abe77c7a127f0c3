"""Lens distortion of a camera_info: rays to where the lens puts them, and back."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numpy.polynomial import Polynomial

Points = npt.NDArray[np.float64]  # (N, 2)

_LARGEST = 1e6  # coefficients beyond it are damage, and would overflow below
_STEEPEST = 1.57  # rad from the axis; a ray is not finite at a right angle to it
_STEPS = 10  # Newton's method starts close and doubles its digits with every step
_EXACT = 1e-9  # focal lengths


class CameraError(Exception):
    """A camera_info that gives no rays; the text says why in one line."""


class _Slopes(NamedTuple):
    """The derivative [[xx, xy], [xy, yy]] of a distortion at N rays; it is symmetric."""

    xx: npt.NDArray[np.float64]
    xy: npt.NDArray[np.float64]
    yy: npt.NDArray[np.float64]

    @property
    def area(self) -> npt.NDArray[np.float64]:
        """The determinant: not positive where the picture folds over."""
        return self.xx * self.yy - self.xy * self.xy


class Distortion:
    """A point (x, y) at r from the axis moves to (x, y) * numerator(r^2) / denominator(r^2) plus a tangential shift.

    Rays and what the lens makes of them are (N, 2), in focal lengths from the principal point. The points of an
    equidistant lens are the angles to the axis, those of the others the rays themselves. Past some r every such
    polynomial turns round and sends rays from outside the field of view back into the picture: those are NaN here.
    """

    def __init__(
        self,
        numerator: Sequence[float],
        denominator: Sequence[float] = (),
        tangential: tuple[float, float] = (0.0, 0.0),
        angles: bool = False,
    ) -> None:
        self._numerator, self._denominator = Polynomial([1.0, *numerator]), Polynomial([1.0, *denominator])
        self._slope, self._denominator_slope = self._numerator.deriv(), self._denominator.deriv()
        self._tangential, self._angles = tangential, angles
        self._reach = self._first_fold()  # radius

    def distort(self, rays: Points) -> Points:
        """Where the lens puts the rays (x / z, y / z); NaN outside its field of view."""
        with np.errstate(all="ignore"):
            points = self._to_points(rays)
            seen, slopes = self._move(points)
            seen[~self._within(points, slopes)] = np.nan
        return seen

    def undistort(self, seen: Points) -> Points:
        """The rays that the lens puts there; NaN where it puts none."""
        with np.errstate(all="ignore"):
            points = self._nearby(seen)
            for _ in range(_STEPS):
                moved, slopes = self._move(points)
                error = moved - seen
                close = np.abs(error).max(axis=1) < _EXACT
                if close.all():
                    break
                dx = (slopes.yy * error[:, 0] - slopes.xy * error[:, 1]) / slopes.area
                dy = (slopes.xx * error[:, 1] - slopes.xy * error[:, 0]) / slopes.area
                points -= np.stack((dx, dy), axis=1)
            points[~(close & self._within(points, slopes))] = np.nan
            return self._to_rays(points)

    def _move(self, points: Points) -> tuple[Points, _Slopes]:
        x, y = points.T
        square = x * x + y * y
        above, below = self._numerator(square), self._denominator(square)
        factor = above / below
        slope = (self._slope(square) - factor * self._denominator_slope(square)) / below
        p1, p2 = self._tangential
        seen_x = x * factor + 2 * p1 * x * y + p2 * (square + 2 * x * x)
        seen_y = y * factor + p1 * (square + 2 * y * y) + 2 * p2 * x * y
        xx = factor + 2 * x * x * slope + 2 * p1 * y + 6 * p2 * x
        xy = 2 * x * y * slope + 2 * p1 * x + 2 * p2 * y
        yy = factor + 2 * y * y * slope + 6 * p1 * y + 2 * p2 * x
        return np.stack((seen_x, seen_y), axis=1), _Slopes(xx, xy, yy)

    def _within(self, points: Points, slopes: _Slopes) -> npt.NDArray[np.bool_]:
        inside: npt.NDArray[np.bool_] = (np.hypot(*points.T) < self._reach) & (slopes.area > 0)
        return inside

    def _nearby(self, seen: Points) -> Points:
        """A first guess by a table of the radii, without the tangential shift."""
        radii = np.tan(np.linspace(0.0, min(_STEEPEST, math.atan(self._reach)), 2048, endpoint=False))
        moved = radii * self._numerator(radii**2) / self._denominator(radii**2)
        return _scaled(seen, lambda distance: np.interp(distance, np.maximum.accumulate(moved), radii))

    def _first_fold(self) -> float:
        """The smallest radius at which the radial part stops growing or is not defined."""
        square = Polynomial([0.0, 2.0])
        above, below = self._numerator, self._denominator
        growth = above * below + square * (self._slope * below - above * self._denominator_slope)
        roots = np.concatenate([p.trim(1e-12).roots() for p in (growth, below)])
        real = roots[np.abs(roots.imag) < 1e-9].real
        reach = math.sqrt(min(real[real > 0], default=math.inf))
        return min(reach, _STEEPEST) if self._angles else reach

    def _to_points(self, rays: Points) -> Points:
        return _scaled(rays, np.arctan) if self._angles else rays

    def _to_rays(self, points: Points) -> Points:
        return _scaled(points, np.tan) if self._angles else points


def distortion(model: str, coefficients: Sequence[float]) -> Distortion:
    """The distortion by its name and coefficients in a camera_info, with OpenCV's meaning of them.

    Raises CameraError for another model, or a number or size of coefficients that the model does not have.
    """
    build = _MODELS.get(model)
    if build is None:
        raise CameraError(f"distortion model {model!r} is not one of {', '.join(_MODELS)}")
    if max(map(abs, coefficients), default=0.0) > _LARGEST:
        raise CameraError(f"camera_info with distortion coefficients beyond {_LARGEST:.0e}")
    return build([float(value) for value in coefficients])


def _polynomial(coefficients: Sequence[float]) -> Distortion:
    """k1, k2, p1, p2[, k3[, k4, k5, k6]]; what OpenCV has beyond these must be zero."""
    if len(coefficients) not in (4, 5, 8, 12, 14) or any(coefficients[8:]):
        raise CameraError(f"camera_info with {len(coefficients)} distortion coefficients: 4, 5 or 8 are supported")
    k1, k2, p1, p2, k3, *below = [*coefficients, 0.0][: max(5, min(8, len(coefficients)))]
    return Distortion((k1, k2, k3), below, (p1, p2))


def _equidistant(coefficients: Sequence[float]) -> Distortion:
    """k1, k2, k3, k4 on the angle to the axis (OpenCV's fisheye)."""
    if len(coefficients) != 4:
        raise CameraError(f"camera_info with {len(coefficients)} distortion coefficients: equidistant has 4")
    return Distortion(coefficients, angles=True)


_MODELS: dict[str, Callable[[Sequence[float]], Distortion]] = {
    "plumb_bob": _polynomial,
    "rational_polynomial": _polynomial,
    "equidistant": _equidistant,
}


def _scaled(points: Points, function: Callable[[Points], Points]) -> Points:
    """The points with their distance from the axis put through a function."""
    distance = np.hypot(*points.T)
    factor = np.divide(function(distance), distance, out=np.ones_like(distance), where=distance > 0)
    scaled: Points = points * factor[:, np.newaxis]
    return scaled
