"""Depth and camera model to an organised, coloured point cloud."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from sensor_msgs.msg import CameraInfo, Image, PointCloud2, PointField
from std_msgs.msg import Header

from tr2m_ros.conversions import Memory, MessageError, depth_from_image

POINT_STEP = 16  # bytes: x, y, z, rgb
FIELDS = tuple(
    PointField(name=name, offset=offset, datatype=PointField.FLOAT32, count=1)
    for name, offset in (("x", 0), ("y", 4), ("z", 8), ("rgb", 12))
)
# Distortion model -> OpenCV's (pixels, K, D) -> rays.
_UNDISTORT: dict[str, Callable[..., Any]] = {
    "plumb_bob": cv2.undistortPoints,
    "rational_polynomial": cv2.undistortPoints,
    "equidistant": cv2.fisheye.undistortPoints,
}
_FARTHEST_RAY = 1e4  # OpenCV answers -1e6 for pixels that no ray reaches


@dataclass(frozen=True)
class RayTable:
    """Where each pixel looks: the point at depth z is (x * z, y * z, z) in the optical frame.

    x and y broadcast to (height, width) float32: (1, W) and (H, 1) for a pinhole, full tables with distortion.
    """

    x: npt.NDArray[np.float32]
    y: npt.NDArray[np.float32]


class CameraError(Exception):
    """A camera_info from which no cloud can be built; the text says why in one line."""


def check_camera_info(info: CameraInfo) -> None:
    """Raises MessageError when the intrinsics are not finite. An uncalibrated camera (K all zero) passes."""
    if not np.isfinite(np.concatenate((info.k, info.p, info.d))).all():
        raise MessageError("camera_info not finite", "camera_info with NaN or infinite values in K, D or P")


class RayTables:
    """Ray tables by the content of camera_info: the last one is kept, so that a steady camera computes it once."""

    def __init__(self) -> None:
        self._key: tuple[object, ...] | None = None
        self._table: RayTable | CameraError | None = None

    def get(self, info: CameraInfo, image: Image, rectified: bool) -> RayTable:
        """The table for a picture of this camera. Raises CameraError when size, K or model do not allow one."""
        if (info.width, info.height) != (image.width, image.height):
            sizes = f"camera_info is for {info.width}x{info.height} pixels, the image has {image.width}x{image.height}"
            raise CameraError(f"{sizes}: no point cloud")
        key = (info.width, info.height, info.distortion_model, rectified, *info.k, *info.p, *info.d)
        if key != self._key:
            self._key, self._table = key, _table_or_error(info, rectified)
        if isinstance(self._table, RayTable):
            return self._table
        raise CameraError(str(self._table))


def ray_table(info: CameraInfo, rectified: bool) -> RayTable:
    """Computes the rays: from P for rectified or undistorted pictures, else from K and D.

    Raises CameraError for an uncalibrated camera or an unknown distortion model.
    """
    if info.k[0] == 0 or info.k[4] == 0:
        raise CameraError("camera_info is not calibrated (K[0] is 0): no point cloud")
    distorted = any(info.d)
    if info.p[0] != 0 and (rectified or not distorted):
        return _pinhole(info, info.p[0], info.p[5], info.p[2], info.p[6])
    if rectified or not distorted:
        return _pinhole(info, info.k[0], info.k[4], info.k[2], info.k[5])
    return _undistorted(info)


def build_cloud(
    depth: Image,
    rgb: npt.NDArray[np.uint8],
    rays: RayTable,
    header: Header,
    stride: int = 1,
    memory: Memory | None = None,
) -> PointCloud2:
    """Every `stride`-th row and column as a point (x, y, z, rgb), in metres; NaN where `depth` is not finite.

    depth: 32FC1 of the same size as `rgb`. Colour is 0x00RRGGBB in the rgb field, as PCL packs it.
    """
    memory = memory or Memory()
    seen, rgb = depth_from_image(depth)[::stride, ::stride], rgb[::stride, ::stride]
    height, width = seen.shape
    msg, data = memory.message(PointCloud2, height * width * POINT_STEP)
    points = data.view(np.float32).reshape(height, width, POINT_STEP // 4)
    z = memory.array("z", height, width, 4).view(np.float32)[..., 0]
    with np.errstate(invalid="ignore"):
        np.subtract(seen, seen, out=z)  # 0, or NaN where not finite
        np.add(z, seen, out=z)
    np.multiply(rays.x[::stride, ::stride], z, out=points[..., 0])
    np.multiply(rays.y[::stride, ::stride], z, out=points[..., 1])
    points[..., 2] = z
    bgra = memory.array("bgra", height, width, 4)
    cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2BGRA, dst=bgra)
    # Bytes B, G, R, 0 are the field as a little-endian number; a fourth byte of 255 would make many colours NaN.
    np.bitwise_and(bgra.view(np.uint32)[..., 0], np.uint32(0x00FFFFFF), out=points.view(np.uint32)[..., 3])
    msg.header, msg.height, msg.width, msg.fields = header, height, width, list(FIELDS)
    msg.point_step, msg.row_step = POINT_STEP, POINT_STEP * width
    msg.is_bigendian = msg.is_dense = False
    return msg


def _table_or_error(info: CameraInfo, rectified: bool) -> RayTable | CameraError:
    try:
        return ray_table(info, rectified)
    except CameraError as error:
        return error


def _pinhole(info: CameraInfo, fx: float, fy: float, cx: float, cy: float) -> RayTable:
    if fx == 0 or fy == 0:
        raise CameraError("camera_info with a focal length of 0: no point cloud")
    x = (np.arange(info.width) - cx) / fx
    y = (np.arange(info.height) - cy) / fy
    return RayTable(x[np.newaxis, :].astype(np.float32), y[:, np.newaxis].astype(np.float32))


def _undistorted(info: CameraInfo) -> RayTable:
    """Rays of a raw picture, from K and the distortion coefficients."""
    undistort = _UNDISTORT.get(info.distortion_model)
    if undistort is None:
        models = ", ".join(_UNDISTORT)
        raise CameraError(f"distortion model {info.distortion_model!r} is not one of {models}: no point cloud")
    grid = np.meshgrid(np.arange(info.width, dtype=np.float64), np.arange(info.height, dtype=np.float64))
    pixels = np.stack(grid, axis=-1).reshape(-1, 1, 2)
    try:
        rays = undistort(pixels, np.reshape(info.k, (3, 3)), np.asarray(info.d, np.float64))
    except cv2.error as error:
        problem = str(error).replace("\n", " ").strip()
        raise CameraError(f"camera_info with {len(info.d)} distortion coefficients: {problem}") from None
    rays = np.asarray(rays, np.float32).reshape(info.height, info.width, 2)
    rays[np.abs(rays).max(axis=-1) > _FARTHEST_RAY] = np.nan
    return RayTable(np.ascontiguousarray(rays[..., 0]), np.ascontiguousarray(rays[..., 1]))
