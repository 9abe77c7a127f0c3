"""The scale of a depth from the height of its camera above the ground.

The ground is the plane that most of the level surface below the horizon lies in, and nothing lies below (DNet, arXiv
2004.05560; Zhou et al., arXiv 1903.00912). Its height in the predicted depth against the true one is the factor.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from tr2m_core.camera.model import RayTable
from tr2m_core.scale.estimate import BOUNDS, FLOOR, NoEstimate, ScaleEstimate

Array = npt.NDArray[np.float64]

GRID = 48  # rows, and 4/3 as many columns, of the points that are looked at
STEEPEST = math.radians(45)  # between the camera's y axis and straight down, where the pitch is unknown
LEVEL = math.radians(20)  # by which the normal of a level surface may be off
THICKNESS = 0.08  # relative to its height, within which points are on a plane
BELOW = 0.15  # share of points that may seem to lie below the ground
LEAST_SHARE = 0.08  # of the points below the horizon that must be on the ground
PLANES = 200  # tried
BELIEVED = 0.25  # of the pitch that the plane says: predicted ground is bent, and most cameras look straight ahead


def estimate_from_height(
    depth: npt.NDArray[np.float32], rays: RayTable, height: float, pitch: float | None = None
) -> ScaleEstimate | NoEstimate:
    """What brings a predicted depth (H, W) in metres to a camera's height above the ground.

    rays: of the depth's pixels. height: metres. pitch: radians by which the camera looks down; None: found from the
    plane itself, within STEEPEST. The camera is not rolled by more than LEVEL.
    """
    points, spots = _points(depth, rays)
    if pitch is None:
        found = _free_plane(points, spots)
    else:
        down = np.array([0.0, math.cos(pitch), math.sin(pitch)])
        found = _level_plane(points, spots, down)
    if isinstance(found, NoEstimate):
        return found
    seen, heights = found
    factor = height / seen
    if not BOUNDS[0] <= factor <= BOUNDS[1]:
        return NoEstimate(f"the ground seems {seen:.3g} m below the camera, not {height:g} m")
    near = heights[np.abs(heights / seen - 1) < THICKNESS]
    spread = 1.4826 * float(np.median(np.abs(np.log(near / seen))))
    # The spread is the plane's bend, which no number of points averages out.
    return ScaleEstimate(factor, 0.0, math.hypot(FLOOR, spread), len(heights), len(near) / len(heights))


def _points(depth: npt.NDArray[np.float32], rays: RayTable) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Points (h, w, 3) of a grid over the image, and where there are some."""
    rows, columns = (
        ((np.arange(count) + 0.5) * size / count).astype(np.intp)
        for count, size in zip((GRID, GRID * 4 // 3), depth.shape, strict=True)
    )
    z = depth[np.ix_(rows, columns)].astype(np.float64)
    x, y = (np.broadcast_to(axis, depth.shape)[np.ix_(rows, columns)] for axis in (rays.x, rays.y))
    z[~(np.isfinite(z) & (z > 0))] = np.nan
    points = np.stack((x * z, y * z, z), axis=-1)
    spots: npt.NDArray[np.bool_] = np.isfinite(points[..., 2])
    return points, spots


def _normals(points: Array) -> Array:
    """Unit normals (h, w, 3) of the surface through a point's neighbours, towards +y; NaN at the border."""
    across, along = np.full_like(points, np.nan), np.full_like(points, np.nan)
    across[:, 1:-1] = points[:, 2:] - points[:, :-2]
    along[1:-1] = points[2:] - points[:-2]
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        normals = np.cross(along, across)
        normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
        return normals * np.where(normals[..., 1:2] < 0, -1.0, 1.0)


def _level_plane(points: Array, spots: npt.NDArray[np.bool_], down: Array) -> tuple[float, Array] | NoEstimate:
    """The height of the ground, straight down being known, and those of all points below the horizon."""
    heights = points @ down
    with np.errstate(invalid="ignore"):
        below = spots & (heights > 0)
        level = below & (_normals(points) @ down > math.cos(LEVEL))
    candidates = heights[level]
    if np.count_nonzero(level) <= LEAST_SHARE * float(np.count_nonzero(spots)):
        return NoEstimate("no level surface below the horizon")
    return _lowest(candidates, heights[below])


def _lowest(candidates: Array, heights: Array) -> tuple[float, Array] | NoEstimate:
    """The height that most level points share, the lowest of those that many do; below it lies next to nothing."""
    ladder = np.sort(candidates)
    counts: npt.NDArray[np.intp] = np.searchsorted(ladder, ladder * (1 + THICKNESS)) - np.searchsorted(
        ladder, ladder * (1 - THICKNESS)
    )
    many = counts >= 0.5 * int(np.max(counts))
    for middle in ladder[many][::-1]:
        near = ladder[np.abs(ladder / middle - 1) < THICKNESS]
        seen = float(np.median(near))
        if np.mean(heights > seen * (1 + 2 * THICKNESS)) <= BELOW:
            return seen, heights
    return NoEstimate("no surface below which there is nothing")


def _free_plane(points: Array, spots: npt.NDArray[np.bool_]) -> tuple[float, Array] | NoEstimate:
    """As `_level_plane`, straight down being unknown: the plane with most level points on it (RANSAC)."""
    normals = _normals(points)
    with np.errstate(invalid="ignore"):
        level = spots & (normals[..., 1] > math.cos(STEEPEST)) & (np.abs(normals[..., 0]) < math.sin(LEVEL))
    chosen, directions = points[level], normals[level]
    if len(chosen) <= LEAST_SHARE * float(np.count_nonzero(spots)):
        return NoEstimate("no level surface in sight")
    best: Array | None = None
    count = 0
    for index in np.random.default_rng(0).integers(0, len(chosen), PLANES):
        # A point and the mean normal of those that look alike there: steadier than three points of a bent plane.
        alike = directions @ directions[index] > math.cos(LEVEL / 2)
        normal = directions[alike].mean(axis=0)
        normal /= np.linalg.norm(normal)
        distance = float(chosen[index] @ normal)
        if distance <= 0:
            continue
        on = int(np.count_nonzero(np.abs(chosen @ normal / distance - 1) < THICKNESS))
        with np.errstate(invalid="ignore"):
            lower = np.mean((points[spots] @ normal) > distance * (1 + 2 * THICKNESS))
        if on > count and lower <= BELOW:
            best, count = normal, on
    if best is None:
        return NoEstimate("no plane below which there is nothing")
    refined = _refined(chosen, best)
    pitch = BELIEVED * math.atan2(refined[2], refined[1])
    return _level_plane(points, spots, np.array([0.0, math.cos(pitch), math.sin(pitch)]))


def _refined(points: Array, normal: Array) -> Array:
    """The normal of the plane through the points near the one of `normal`, by least squares on those points."""
    for _ in range(3):
        distances = points @ normal
        middle = float(np.median(distances[distances > 0]))
        near = points[np.abs(distances / middle - 1) < THICKNESS]
        if len(near) < 8:
            return normal
        solved, *_ = np.linalg.lstsq(near, np.ones(len(near)), rcond=None)  # points of a plane: n . p = distance
        length = float(np.linalg.norm(solved))
        if length == 0 or solved @ normal / length < math.cos(LEVEL):
            return normal
        normal = np.asarray(solved / length, np.float64)
    return normal
