"""References of scale from ROS messages, whoever decoded them: rosbags or rclpy."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tr2m_core.camera.model import RayTables, resized
from tr2m_core.camera.rigid import Matrix
from tr2m_core.errors import CameraError, FrameError
from tr2m_core.messages.depth_images import decode_depth
from tr2m_core.messages.point_clouds import read_points
from tr2m_core.scale.samples import (
    NOTHING,
    ReferenceSamples,
    View,
    from_cone,
    from_depth_image,
    from_points,
    scan_points,
)

DEPTH, POINTS, SCAN, RANGE = SOURCES = ("depth", "points", "scan", "range")
SHAPE = 0.02  # relative difference of the shapes of two images up to which one may be the other at another size


@dataclass(frozen=True)
class Reference:
    """What is known of distances when an image was taken."""

    samples: ReferenceSamples = NOTHING
    source: str = ""
    """One of SOURCES, or "height"."""
    problem: str = ""
    """Why there are no samples."""


def read_reference(
    source: str, message: Any, view: View, mounting: Callable[[str], Matrix], depth_info: Any | None = None
) -> Reference:
    """The samples of a message for the depth of a view.

    source: one of SOURCES: sensor_msgs/Image of depth, PointCloud2, LaserScan or Range. mounting: of a frame_id, the
    (4, 4) matrix from it to the camera's optical frame; raises FrameError. depth_info: the camera_info of a depth image
    that another camera has taken; None: it is registered to the image. Raises FrameError, saying why, for a message
    that gives no sample.
    """
    try:
        samples = _samples(source, message, view, mounting, depth_info)
    except CameraError as error:
        raise FrameError(f"camera_info: {error}") from None
    if not len(samples):
        raise FrameError("nothing of it is in the image")
    return Reference(samples, source)


def _samples(
    source: str, message: Any, view: View, mounting: Callable[[str], Matrix], depth_info: Any | None
) -> ReferenceSamples:
    if source == DEPTH and depth_info is None:
        return _registered(decode_depth(message), view)
    if view.info is None:
        raise FrameError("no camera_info of the image")
    matrix = mounting(message.header.frame_id)
    if source == DEPTH:
        measured = decode_depth(message)
        size = measured.shape[0], measured.shape[1]
        rays = RayTables().get(resized(depth_info, size), size, False)
        points = np.stack((rays.x * measured, rays.y * measured, measured), axis=-1).reshape(-1, 3)
        return from_points(_some(points.astype(np.float64)), matrix, view)
    if source == POINTS:
        return from_points(read_points(message), matrix, view)
    if source == SCAN:
        return from_points(_scan(message), matrix, view)
    low, high, distance = float(message.min_range), float(message.max_range), float(message.range)
    if not (math.isfinite(distance) and max(low, 0.0) <= distance <= high and distance > 0):
        raise FrameError(f"a range of {distance:g} m, which is no measurement: {low:g} to {high:g} m are")
    return from_cone(distance, float(message.field_of_view), matrix, view)


def _registered(measured: Any, view: View) -> ReferenceSamples:
    (h, w), (height, width) = measured.shape, view.size
    if abs(h * width / (w * height) - 1) > SHAPE:
        raise FrameError(f"depth of {w}x{h} pixels is not of the shape of the image's {width}x{height}")
    samples = from_depth_image(measured, view.size)
    if not len(samples):
        raise FrameError("no pixel of it is finite and positive")
    return samples


def _scan(message: Any) -> Any:
    start, step = float(message.angle_min), float(message.angle_increment)
    if not (math.isfinite(start) and math.isfinite(step)):
        raise FrameError("a scan with angles that are not finite")
    ranges = np.asarray(message.ranges, np.float64)
    points = scan_points(ranges, start, step, float(message.range_min), float(message.range_max))
    if not len(points):
        limits = f"{message.range_min:g} to {message.range_max:g} m"
        raise FrameError(f"none of {len(ranges)} ranges is a measurement within {limits}")
    return points


def _some(points: Any) -> Any:
    """Evenly, as many as cost little."""
    return points[:: max(1, len(points) // 50_000)]
