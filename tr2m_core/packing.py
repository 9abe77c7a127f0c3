"""The bytes of ROS depth images (REP 118, REP 117) and point clouds, written into memory that the caller keeps."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from tr2m_core.camera import RayTable

POINT_STEP = 16  # bytes: x, y, z, rgb
POINT_FIELDS = (("x", 0), ("y", 4), ("z", 8), ("rgb", 12))  # float32 at these offsets
_SMALLEST = np.finfo(np.float32).tiny  # zero and below are not depths


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


def cloud_shape(size: tuple[int, int], stride: int) -> tuple[int, int]:
    """Rows and columns of the cloud of a picture (height, width)."""
    return -(-size[0] // stride), -(-size[1] // stride)


def pack_cloud(
    depth: npt.NDArray[np.float32],
    rgb: npt.NDArray[np.uint8],
    rays: RayTable,
    out: npt.NDArray[np.float32],
    scratch: npt.NDArray[np.uint8],
    stride: int = 1,
) -> None:
    """Every `stride`-th row and column of a picture -> `out` (h, w, 4) as x, y, z in metres and rgb.

    depth: (H, W), packed or not; points are NaN where it is not finite. rgb: (H, W, 3). out is contiguous, (h, w) is
    `cloud_shape`; scratch: (h, w, 4). Colour is 0x00RRGGBB in the rgb field, as PCL packs it.
    """
    seen, rgb = depth[::stride, ::stride], rgb[::stride, ::stride]
    z = scratch.view(np.float32)[..., 0]
    with np.errstate(invalid="ignore"):
        np.subtract(seen, seen, out=z)  # 0, or NaN where not finite
        np.add(z, seen, out=z)
    np.multiply(rays.x[::stride, ::stride], z, out=out[..., 0])
    np.multiply(rays.y[::stride, ::stride], z, out=out[..., 1])
    out[..., 2] = z
    cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2BGRA, dst=scratch)
    # Bytes B, G, R, 0 are the field as a little-endian number; a fourth byte of 255 would make many colours NaN.
    np.bitwise_and(scratch.view(np.uint32)[..., 0], np.uint32(0x00FFFFFF), out=out.view(np.uint32)[..., 3])
