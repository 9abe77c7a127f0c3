"""Lens distortion of a camera_info: rays to where the lens puts them, and back."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numpy.polynomial import Polynomial

from tr2m_core.errors import CameraError

Points = npt.NDArray[np.float64]  # (N, 2)

_LARGEST = 1e6  # coefficients beyond it are damage, and would overflow below
_STEEPEST = 1.57  # rad from the axis; a ray is not finite at a right angle to it
_STEPS = 10  # Newton's method starts close and doubles its digits with every step
_EXACT = 1e-9  # focal lengths

POLYNOMIAL = ("plumb_bob", "rational_polynomial", "thin_prism", "brown_conrady", "radtan", "radial_tangential")
EQUIDISTANT = ("equidistant", "fisheye", "kannala_brandt", "kannala_brandt4")
NAMELESS = ("", "none", "pinhole", "perspective", "no_distortion", "undistorted", "rectified")
COUNTS = (4, 5, 8, 12, 14)  # of a polynomial's coefficients


class _Slopes(NamedTuple):
    """The derivative [[xx, xy], [yx, yy]] of a distortion at N rays."""

    xx: npt.NDArray[np.float64]
    xy: npt.NDArray[np.float64]
    yx: npt.NDArray[np.float64]
    yy: npt.NDArray[np.float64]

    @property
    def area(self) -> npt.NDArray[np.float64]:
        """The determinant: not positive where the image folds over."""
        return self.xx * self.yy - self.xy * self.yx


class Distortion:
    """A point (x, y) at r from the axis moves to (x, y) * numerator(r^2) / denominator(r^2), plus a tangential shift,
    plus a shift by r^2 and r^4 (thin prism); then the sensor's tilt projects it.

    Rays and what the lens makes of them are (N, 2), in focal lengths from the principal point. The points of an
    equidistant lens are the angles to the axis, those of the others the rays themselves. Past some r every such
    polynomial turns round and sends rays from outside the field of view back into the image: those are NaN here.
    """

    def __init__(
        self,
        numerator: Sequence[float],
        denominator: Sequence[float] = (),
        tangential: tuple[float, float] = (0.0, 0.0),
        prism: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0),
        tilt: tuple[float, float] = (0.0, 0.0),
        angles: bool = False,
    ) -> None:
        self._numerator, self._denominator = Polynomial([1.0, *numerator]), Polynomial([1.0, *denominator])
        self._slope, self._denominator_slope = self._numerator.deriv(), self._denominator.deriv()
        self._tangential, self._prism, self._angles = tangential, prism, angles
        self._tilt = _tilt(*tilt) if any(tilt) else None
        self._reach = self._first_fold()  # radius

    def distort(self, rays: Points) -> Points:
        """Where the lens puts the rays (x / z, y / z); NaN outside its field of view."""
        with np.errstate(all="ignore"):
            points = self._to_points(rays)
            seen, slopes = self._move(points)
            seen[~self._within(points, slopes)] = np.nan
            return seen if self._tilt is None else _projected(seen, self._tilt)

    def undistort(self, seen: Points) -> Points:
        """The rays that the lens puts there; NaN where it puts none."""
        with np.errstate(all="ignore"):
            if self._tilt is not None:
                seen = _projected(seen, np.linalg.inv(self._tilt).astype(np.float64))
            points = self._nearby(seen)
            for _ in range(_STEPS):
                moved, slopes = self._move(points)
                error = moved - seen
                close = np.abs(error).max(axis=1) < _EXACT
                if close.all():
                    break
                dx = (slopes.yy * error[:, 0] - slopes.xy * error[:, 1]) / slopes.area
                dy = (slopes.xx * error[:, 1] - slopes.yx * error[:, 0]) / slopes.area
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
        s1, s2, s3, s4 = self._prism
        seen_x = x * factor + 2 * p1 * x * y + p2 * (square + 2 * x * x) + square * (s1 + s2 * square)
        seen_y = y * factor + p1 * (square + 2 * y * y) + 2 * p2 * x * y + square * (s3 + s4 * square)
        across, down = 2 * (s1 + 2 * s2 * square), 2 * (s3 + 2 * s4 * square)  # the prism's slopes, by x or y
        shear = 2 * x * y * slope + 2 * p1 * x + 2 * p2 * y
        xx = factor + 2 * x * x * slope + 2 * p1 * y + 6 * p2 * x + across * x
        yy = factor + 2 * y * y * slope + 6 * p1 * y + 2 * p2 * x + down * y
        return np.stack((seen_x, seen_y), axis=1), _Slopes(xx, shear + across * y, shear + down * x, yy)

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


def distortion(model: str, coefficients: Sequence[float]) -> Distortion | None:
    """The distortion by its name and coefficients in a camera_info, None for none.

    The number of coefficients counts, and the name where it leaves a choice: 4, 5, 8, 12 or 14 are OpenCV's k1, k2, p1,
    p2, k3, k4 to k6, s1 to s4, tau_x, tau_y; 4 are k1 to k4 of its fisheye where the name is one of EQUIDISTANT. Zeros
    at the end may be missing or too many. None are needed for one of POLYNOMIAL or NAMELESS, but four others without a
    name could be of either kind.
    Raises CameraError for those, and for a name or a number of another model.
    """
    name, number = "_".join(model.lower().replace("-", " ").split()), len(coefficients)
    shown = repr(model[:40])
    if name not in (*POLYNOMIAL, *NAMELESS, *EQUIDISTANT):
        known = ", ".join((*POLYNOMIAL[:2], EQUIDISTANT[0]))
        raise CameraError(f"distortion model {shown} is not one of {known} ({number} coefficients)")
    if max(map(abs, coefficients), default=0.0) > _LARGEST:
        raise CameraError(f"camera_info with distortion coefficients beyond {_LARGEST:.0e}")
    if name in EQUIDISTANT:
        if number < 4 or any(coefficients[4:]):
            raise CameraError(f"camera_info with {number} distortion coefficients: {shown[1:-1]} has 4")
        return Distortion(coefficients[:4], angles=True)
    if not any(coefficients):
        return None
    if name in NAMELESS and number == 4:
        raise CameraError(f"camera_info with 4 distortion coefficients of {shown}: name plumb_bob or equidistant")
    used = number - next(place for place, value in enumerate(reversed(coefficients)) if value)
    count = next((count for count in COUNTS if used <= count <= number), None)
    if count is None:
        counts = ", ".join(map(str, COUNTS[:-1]))
        model = shown[1:-1] or "it"
        raise CameraError(f"camera_info with {number} distortion coefficients: {model} has {counts} or {COUNTS[-1]}")
    return _polynomial(coefficients[:count])


def _polynomial(coefficients: Sequence[float]) -> Distortion:
    k1, k2, p1, p2, k3, k4, k5, k6, s1, s2, s3, s4, tau_x, tau_y = [*coefficients, *[0.0] * 14][:14]
    return Distortion((k1, k2, k3), (k4, k5, k6), (p1, p2), (s1, s2, s3, s4), (tau_x, tau_y))


def _tilt(tau_x: float, tau_y: float) -> npt.NDArray[np.float64]:
    """The projection (3, 3) onto a sensor turned about x and y, radians, as OpenCV has it."""
    about_x = np.array([[1, 0, 0], [0, math.cos(tau_x), math.sin(tau_x)], [0, -math.sin(tau_x), math.cos(tau_x)]])
    about_y = np.array([[math.cos(tau_y), 0, -math.sin(tau_y)], [0, 1, 0], [math.sin(tau_y), 0, math.cos(tau_y)]])
    turn = about_y @ about_x
    onto = np.array([[turn[2, 2], 0, -turn[0, 2]], [0, turn[2, 2], -turn[1, 2]], [0, 0, 1]])
    tilt: npt.NDArray[np.float64] = onto @ turn
    return tilt


def _projected(points: Points, matrix: npt.NDArray[np.float64]) -> Points:
    """The points through a projection (3, 3); NaN for those behind it."""
    x, y, z = matrix @ np.vstack((points.T, np.ones(len(points))))
    projected: Points = np.stack((x, y), axis=1) / np.where(z > 0, z, np.nan)[:, np.newaxis]
    return projected


def _scaled(points: Points, function: Callable[[Points], Points]) -> Points:
    """The points with their distance from the axis put through a function."""
    distance = np.hypot(*points.T)
    factor = np.divide(function(distance), distance, out=np.ones_like(distance), where=distance > 0)
    scaled: Points = points * factor[:, np.newaxis]
    return scaled
