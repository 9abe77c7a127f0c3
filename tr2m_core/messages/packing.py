"""The bytes of ROS depth images (REP 118, REP 117) and point clouds, written into memory that the caller keeps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from tr2m_core.camera.model import RayTable

_FIELDS = (("x", 0), ("y", 4), ("z", 8), ("rgb", 12))  # float32 at these offsets
_ENCODINGS = {("float32", 2): "32FC1", ("uint16", 2): "16UC1", ("uint8", 3): "rgb8"}  # by type and dimensions of pixels
_NEAREST_MM, _FARTHEST_MM = 0.0005, 65.535  # metres that a 16UC1 image holds as 1 and as 65535
_SMALLEST = np.finfo(np.float32).tiny  # zero and below are not depths


@dataclass(frozen=True)
class CloudOptions:
    """Which pixels become points, and what a point holds."""

    stride: int = 1
    """Only every stride-th row and column is used."""
    min_range: float = 0.0
    max_range: float = math.inf
    """Metres along Z, as in metric depth; points lie between min_range and max_range, both included."""
    colour: bool = True
    """Whether points hold rgb."""
    organised: bool = True
    """Whether points that are not valid keep their place, as NaN."""


def pack_depth(
    depth: npt.NDArray[np.float32], min_depth: float, max_depth: float, out: npt.NDArray[np.float32]
) -> None:
    """(H, W) metres -> `out` (H, W), the pixels of a 32FC1 image.

    NaN where there is no depth (NaN, zero or negative), -Inf nearer than `min_depth`, +Inf beyond `max_depth`.
    """
    np.copyto(out, depth)
    if not (depth.min() >= max(min_depth, _SMALLEST) and depth.max() <= max_depth):  # also when either is NaN
        np.copyto(out, np.inf, where=depth > max_depth)
        np.copyto(out, -np.inf, where=depth < min_depth)
        np.copyto(out, np.nan, where=depth <= 0)


def pack_millimetres(depth: npt.NDArray[np.float32], out: npt.NDArray[np.uint16]) -> None:
    """(H, W) metres, packed or not -> `out` (H, W), the pixels of a 16UC1 image: whole millimetres.

    0 where there is no depth (not finite, zero or negative), under 0.5 mm, and beyond 65.535 m.
    """
    with np.errstate(over="ignore"):
        millimetres = depth * np.float32(1000) + np.float32(0.5)  # and cut off: to the nearest
    millimetres[~((depth >= _NEAREST_MM) & (depth <= _FARTHEST_MM))] = 0  # also for NaN
    np.copyto(out, millimetres, casting="unsafe")


def image_fields(pixels: npt.NDArray[Any]) -> dict[str, Any]:
    """What a sensor_msgs/Image says of its pixels: (H, W) float32 or uint16, or (H, W, 3) uint8 RGB."""
    encoding = _ENCODINGS[pixels.dtype.name, pixels.ndim]
    height, width = pixels.shape[:2]
    return {
        "height": height,
        "width": width,
        "encoding": encoding,
        "is_bigendian": 0,
        "step": pixels[0].nbytes,
    }


def cloud_fields(points: npt.NDArray[np.float32]) -> dict[str, Any]:
    """What a sensor_msgs/PointCloud2 says of its points, but for their fields: (h, w, C), or (N, C) not organised."""
    height, width = points.shape[:2] if points.ndim == 3 else (1, len(points))
    step = 4 * points.shape[-1]
    return {
        "height": height,
        "width": width,
        "is_bigendian": False,
        "point_step": step,
        "row_step": step * width,
        "is_dense": points.ndim == 2,
    }


def cloud_shape(size: tuple[int, int], stride: int) -> tuple[int, int]:
    """Rows and columns of the cloud of an image (height, width)."""
    return -(-size[0] // stride), -(-size[1] // stride)


def point_fields(colour: bool) -> tuple[tuple[str, int], ...]:
    """Names and offsets (bytes) of a point's fields, all float32."""
    return _FIELDS if colour else _FIELDS[:3]


def point_step(colour: bool) -> int:
    """Bytes of a point."""
    return 4 * len(point_fields(colour))


def pack_cloud(
    depth: npt.NDArray[np.float32],
    rgb: npt.NDArray[np.uint8] | None,
    rays: RayTable,
    options: CloudOptions,
    out: npt.NDArray[np.float32],
    scratch: npt.NDArray[np.uint8],
    edges: npt.NDArray[np.bool_] | None = None,
) -> None:
    """Every `stride`-th row and column of an image -> `out` (h, w, 4) as x, y, z in metres and rgb; (h, w, 3) without.

    depth: (H, W), packed or not. x, y and z are NaN where it is not finite or out of range, where the lens sees nothing
    and where `edges` (H, W) is true: pixels that hang in the air between surfaces. rgb: (H, W, 3), not needed without
    colour. out is contiguous, (h, w) is `cloud_shape`; scratch: (h, w, 4). Colour is 0x00RRGGBB in the rgb field, as
    PCL packs it. Points are always organised here: `finite_points` picks those of a cloud that is not.
    Raises ValueError for colour without an rgb of the size of depth.
    """
    thin = np.s_[:: options.stride, :: options.stride]
    seen, x, y = depth[thin], rays.x[thin], rays.y[thin]
    z = scratch.view(np.float32)[..., 0]
    with np.errstate(invalid="ignore"):
        np.subtract(seen, seen, out=z)  # 0, or NaN where not finite
        np.add(z, seen, out=z)
    if options.min_range > 0:
        np.copyto(z, np.nan, where=seen < options.min_range)
    if options.max_range < math.inf:
        np.copyto(z, np.nan, where=seen > options.max_range)
    if edges is not None:
        np.copyto(z, np.nan, where=edges[thin])
    if np.isnan(rays.x.min()) or np.isnan(rays.y.min()):  # the lens does not reach every pixel
        np.copyto(z, np.nan, where=np.isnan(x) | np.isnan(y))
    np.multiply(x, z, out=out[..., 0])
    np.multiply(y, z, out=out[..., 1])
    out[..., 2] = z
    if options.colour:
        if rgb is None or rgb.shape[:2] != depth.shape:
            raise ValueError(f"a coloured cloud of {depth.shape} pixels needs an rgb of that size")
        _pack_colour(rgb[thin], out, scratch)


def finite_points(points: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The points (N, 4 or 3) of an organised cloud (h, w, 4 or 3) whose x, y and z are finite, row by row: a copy."""
    finite = np.isfinite(points[..., 0]) & np.isfinite(points[..., 1]) & np.isfinite(points[..., 2])
    # Many times faster here than points[finite].
    return np.compress(finite.ravel(), points.reshape(-1, points.shape[-1]), axis=0)


def _pack_colour(rgb: npt.NDArray[np.uint8], out: npt.NDArray[np.float32], scratch: npt.NDArray[np.uint8]) -> None:
    cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2BGRA, dst=scratch)
    # Bytes B, G, R, 0 are the field as a little-endian number; a fourth byte of 255 would make many colours NaN.
    np.bitwise_and(scratch.view(np.uint32)[..., 0], np.uint32(0x00FFFFFF), out=out.view(np.uint32)[..., 3])
