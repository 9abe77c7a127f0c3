"""Builds the messages that tell where cameras and lidars are and what they measured, without ROS."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from rosbags.typesys import Stores, get_typestore

STORE = get_typestore(Stores.ROS2_HUMBLE)
FLOAT32, FLOAT64 = 7, 8  # PointField
HALF = 0.5**0.5


def build(kind: str, **fields: Any) -> Any:
    return STORE.types[kind](**fields)


def header(frame: str, stamp: int = 0) -> Any:
    time = build("builtin_interfaces/msg/Time", sec=stamp // 10**9, nanosec=stamp % 10**9)
    return build("std_msgs/msg/Header", stamp=time, frame_id=frame)


def transform(
    parent: str,
    child: str,
    position: Sequence[float] = (0, 0, 0),
    quaternion: Sequence[float] = (0, 0, 0, 1),
) -> Any:
    """A tf2_msgs/TFMessage of one transform, which takes points from the child to the parent."""
    vector = build("geometry_msgs/msg/Vector3", **dict(zip("xyz", map(float, position), strict=True)))
    rotation = build("geometry_msgs/msg/Quaternion", **dict(zip("xyzw", map(float, quaternion), strict=True)))
    pose = build("geometry_msgs/msg/Transform", translation=vector, rotation=rotation)
    stamped = build("geometry_msgs/msg/TransformStamped", header=header(parent), child_frame_id=child, transform=pose)
    return build("tf2_msgs/msg/TFMessage", transforms=[stamped])


def camera_info(
    size: tuple[int, int], focal: float, centre: tuple[float, float], frame: str = "camera", **changes: Any
) -> Any:
    """The CameraInfo of a pinhole camera, size as (height, width); `changes` override fields."""
    k = np.array([focal, 0, centre[0], 0, focal, centre[1], 0, 0, 1], np.float64)
    fields = {
        "header": header(frame),
        "height": size[0],
        "width": size[1],
        "distortion_model": "plumb_bob",
        "d": np.zeros(5),
        "k": k,
        "r": np.eye(3).ravel(),
        "p": np.zeros(12),
        "binning_x": 0,
        "binning_y": 0,
        "roi": build("sensor_msgs/msg/RegionOfInterest", x_offset=0, y_offset=0, height=0, width=0, do_rectify=False),
    }
    return build("sensor_msgs/msg/CameraInfo", **fields | changes)


def image(pixels: np.ndarray, encoding: str, frame: str = "camera", stamp: int = 0) -> Any:
    return build(
        "sensor_msgs/msg/Image",
        header=header(frame, stamp),
        height=pixels.shape[0],
        width=pixels.shape[1],
        encoding=encoding,
        is_bigendian=0,
        step=pixels[0].nbytes,
        data=np.frombuffer(pixels.tobytes(), np.uint8),
    )


def cloud(points: np.ndarray, frame: str = "lidar", kind: str = "<f4", **changes: Any) -> Any:
    """A PointCloud2 of points (..., W, 3); x, y, z lie at 4 and after, between other bytes. `changes` override."""
    grid = np.atleast_2d(points) if points.ndim == 2 else points
    height, width = (1, len(grid)) if grid.ndim == 2 else grid.shape[:2]
    size = np.dtype(kind).itemsize
    layout = np.dtype(
        {
            "names": ["x", "y", "z"],
            "formats": [kind] * 3,
            "offsets": [4, 4 + size, 4 + 2 * size],
            "itemsize": 6 + 3 * size,
        }
    )
    stored = np.zeros((height, width), layout)
    for axis, name in enumerate("xyz"):
        stored[name] = grid.reshape(height, width, 3)[..., axis]
    names = (("x", 4), ("y", 4 + size), ("z", 4 + 2 * size))
    datatype = FLOAT32 if size == 4 else FLOAT64
    fields = {
        "header": header(frame),
        "height": height,
        "width": width,
        "fields": [build("sensor_msgs/msg/PointField", name=n, offset=o, datatype=datatype, count=1) for n, o in names],
        "is_bigendian": kind.startswith(">"),
        "point_step": layout.itemsize,
        "row_step": width * layout.itemsize,
        "data": np.frombuffer(stored.tobytes(), np.uint8),
        "is_dense": False,
    }
    return build("sensor_msgs/msg/PointCloud2", **fields | changes)
