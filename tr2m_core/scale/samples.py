"""Reference samples: distances that something other than the model has measured, at pixels of its depth image."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tr2m_core.camera.model import project, resized
from tr2m_core.camera.rigid import Matrix, transformed

Points = npt.NDArray[np.float64]
"""(N, 3) metres."""

MOST = 4096  # samples; more cost time and say nothing new
WINDOW = 7  # pixels; within so many the camera sees the nearest surface only, whatever the sensor sees behind it
BEHIND = 0.1  # relative distance from which a point is behind another one, and no measurement of the same surface
AROUND = 16  # points of the rim of a cone


@dataclass(frozen=True)
class ReferenceSamples:
    """Distances along the optical axis, at pixel coordinates of a depth image; pixel centres are whole numbers."""

    rows: npt.NDArray[np.float64]
    columns: npt.NDArray[np.float64]
    depth: npt.NDArray[np.float64]
    """(N,) metres, finite and positive."""
    radius: float = 0.0
    """Pixels; above 0, a sample is of the nearest surface within a disc, as a range finder's beam measures it."""

    def __len__(self) -> int:
        return len(self.depth)


NOTHING = ReferenceSamples(np.empty(0), np.empty(0), np.empty(0))


@dataclass(frozen=True)
class View:
    """The camera whose depth is checked."""

    info: Any
    """The camera_info of its image."""
    size: tuple[int, int]
    """(height, width) of the depth."""
    rectified: bool = False
    """Whether the image is."""


def from_depth_image(depth: npt.NDArray[np.floating[Any]], size: tuple[int, int]) -> ReferenceSamples:
    """Pixels of a depth image (h, w) in metres of the same camera, which may have another resolution than `size`.

    Where it is not finite and positive nothing was measured. At most MOST pixels are taken, evenly.
    """
    with np.errstate(invalid="ignore"):
        places = np.flatnonzero(np.isfinite(depth) & (depth > 0))  # of a sparse image, all
    places = _evenly(places)
    rows, columns = np.divmod(places, depth.shape[1])
    values = depth.reshape(-1)[places].astype(np.float64)
    scale = size[0] / depth.shape[0], size[1] / depth.shape[1]
    return ReferenceSamples((rows + 0.5) * scale[0] - 0.5, (columns + 0.5) * scale[1] - 0.5, values)


def from_points(points: Points, matrix: Matrix, view: View) -> ReferenceSamples:
    """Points that another sensor has measured, as far as the camera sees them.

    matrix: (4, 4), from the sensor's frame to the camera's optical one. Points that are not finite, behind the camera
    or outside the image are left out, and points that lie behind another one nearby, which hides them from the camera
    but need not hide them from the sensor beside it. Raises CameraError for a camera_info that cannot be used.
    """
    pixels, depth = _seen(transformed(points[np.isfinite(points).all(axis=1)], matrix), view)
    chosen = _evenly(np.arange(len(depth)))
    pixels, depth = pixels[chosen], depth[chosen]
    nearest = np.full((view.size[0] // WINDOW + 3, view.size[1] // WINDOW + 3), np.inf)
    rows, columns = (np.floor(pixels[:, ::-1] / WINDOW).astype(np.intp) + 1).T
    np.minimum.at(nearest, (rows, columns), depth)
    around = np.stack([nearest[rows + i, columns + j] for i in (-1, 0, 1) for j in (-1, 0, 1)]).min(axis=0)
    kept = depth <= around * (1 + BEHIND)
    return ReferenceSamples(pixels[kept, 1], pixels[kept, 0], depth[kept])


def from_cone(distance: float, field_of_view: float, matrix: Matrix, view: View) -> ReferenceSamples:
    """One sample of a range finder, which measures the nearest surface within a cone around its x axis.

    distance: metres; field_of_view: radians, of the whole cone. matrix, errors: as in `from_points`. Nothing where the
    middle of the cone is not in the image.
    """
    if not (math.isfinite(distance) and distance > 0):
        return NOTHING
    half = min(max(field_of_view, 0.0), math.pi / 2) / 2
    turns = np.linspace(0, 2 * math.pi, AROUND, endpoint=False)
    rim = distance * math.tan(half)
    around = np.stack((np.full(AROUND, distance), rim * np.cos(turns), rim * np.sin(turns)), axis=1)
    points = np.vstack(([[distance, 0.0, 0.0]], around))
    inside = transformed(points, matrix)
    if not inside[0, 2] > 0:
        return NOTHING
    pixels = project(inside, resized(view.info, view.size), view.rectified)
    middle, height, width = pixels[0], *view.size
    if not (np.isfinite(middle).all() and -0.5 <= middle[0] < width - 0.5 and -0.5 <= middle[1] < height - 0.5):
        return NOTHING
    radius = np.nanmean(np.hypot(*(pixels[1:] - middle).T)) if np.isfinite(pixels[1:]).any() else 0.0
    return ReferenceSamples(middle[1:2], middle[:1], inside[:1, 2], max(1.0, float(radius)))


def scan_points(ranges: npt.NDArray[np.floating[Any]], start: float, step: float, low: float, high: float) -> Points:
    """The points of a sensor_msgs/LaserScan in its frame, x forward and y to the left.

    ranges: (N,) metres at angles start + i * step. Those not finite or outside of low to high are no measurements
    (REP 117, and the message's definition).
    """
    values = np.asarray(ranges, np.float64)
    with np.errstate(invalid="ignore"):
        kept = np.isfinite(values) & (values >= max(low, 0.0)) & (values <= high) & (values > 0)
    angles = start + step * np.arange(len(values))[kept]
    values = values[kept]
    return np.stack((values * np.cos(angles), values * np.sin(angles), np.zeros(len(values))), axis=1)


def _evenly(places: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """At most MOST of them."""
    return places if len(places) <= MOST else places[np.linspace(0, len(places) - 1, MOST).astype(np.intp)]


def _seen(points: Points, view: View) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Pixels (N, 2) as (column, row) and depths of the points in the image."""
    points = points[points[:, 2] > 0]
    pixels = project(points, resized(view.info, view.size), view.rectified)
    height, width = view.size
    with np.errstate(invalid="ignore"):
        column, row = pixels.T
        inside = (column >= -0.5) & (column < width - 0.5) & (row >= -0.5) & (row < height - 0.5)
    return pixels[inside], points[inside, 2]
