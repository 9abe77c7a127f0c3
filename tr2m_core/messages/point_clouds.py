"""The points of a sensor_msgs/PointCloud2, whoever decoded it: rosbags or rclpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tr2m_core.errors import FrameError

CLOUD_TYPE = "sensor_msgs/msg/PointCloud2"
_FLOATS = {7: "f4", 8: "f8"}  # PointField.FLOAT32, FLOAT64


def read_points(message: Any) -> npt.NDArray[np.float64]:
    """The finite points (N, 3) in metres, in the cloud's frame.

    Raises FrameError when x, y, z are not float fields or the sizes do not agree with the data.
    """
    height, width, step = int(message.height), int(message.width), int(message.point_step)
    order = ">" if message.is_bigendian else "<"
    offsets, kinds = zip(*(_float_field(message, name) for name in "xyz"), strict=True)
    formats = [order + kind for kind in kinds]
    ends = [offset + np.dtype(kind).itemsize for offset, kind in zip(offsets, formats, strict=True)]
    if step < max(ends):
        raise FrameError(f"point_step {step} is less than the {max(ends)} bytes that x, y, z take")
    if height == 0 or width == 0:
        return np.empty((0, 3))
    row = int(message.row_step) if height > 1 else width * step
    if row < width * step:
        raise FrameError(f"row_step {row} is less than {width} points of {step} bytes")
    data = np.frombuffer(message.data, np.uint8)
    if len(data) < (height - 1) * row + width * step:
        raise FrameError(f"{len(data)} bytes of data for {height} rows of {width} points of {step} bytes")
    layout = np.dtype({"names": ["x", "y", "z"], "formats": formats, "offsets": offsets, "itemsize": step})
    cloud: npt.NDArray[Any] = np.ndarray((height, width), layout, data, strides=(row, step))
    points = np.stack([cloud[name].ravel() for name in "xyz"], axis=1).astype(np.float64)
    finite: npt.NDArray[np.float64] = points[np.isfinite(points).all(axis=1)]
    return finite


def _float_field(message: Any, name: str) -> tuple[int, str]:
    """Offset and numpy type of a field."""
    field = next((field for field in message.fields if field.name == name), None)
    if field is None or field.datatype not in _FLOATS:
        fields = ", ".join(str(field.name) for field in message.fields) or "none"
        raise FrameError(f"point cloud without a float field '{name}'; its fields are {fields}")
    return int(field.offset), _FLOATS[field.datatype]
