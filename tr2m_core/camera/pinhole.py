"""Pinhole geometry: rays of pixels and points from depth, in the optical frame (x right, y down, z forward)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from tr2m_core.errors import InputError
from tr2m_core.types import Intrinsics


def pixel_rays(intrinsics: Intrinsics, size: tuple[int, int]) -> npt.NDArray[np.float32]:
    """Rays through the pixel centres, scaled to z = 1: (H, W, 3) float32 for size = (H, W)."""
    height, width = size
    rays = np.ones((height, width, 3), np.float32)
    rays[..., 0] = (np.arange(width) - intrinsics.cx) / intrinsics.fx
    rays[..., 1] = ((np.arange(height) - intrinsics.cy) / intrinsics.fy)[:, None]
    return rays


def unproject(depth: npt.NDArray[np.floating[Any]], intrinsics: Intrinsics) -> npt.NDArray[np.float32]:
    """Depth along the optical axis (H, W), metres -> points (H, W, 3) float32, metres; NaN depth gives NaN points."""
    if depth.ndim != 2:
        raise ValueError(f"depth must be (H, W), not {depth.shape}")
    return pixel_rays(intrinsics, (depth.shape[0], depth.shape[1])) * np.asarray(depth, np.float32)[..., None]


def parse_intrinsics(text: str) -> Intrinsics:
    """Reads "fx,fy,cx,cy" in pixels. Raises InputError unless these are four finite numbers with fx, fy > 0."""
    try:
        fx, fy, cx, cy = (float(part) for part in text.split(","))
    except ValueError:
        raise InputError(f"intrinsics '{text}': give fx,fy,cx,cy in pixels, such as 525,525,319.5,239.5") from None
    if not all(map(math.isfinite, (fx, fy, cx, cy))) or fx <= 0 or fy <= 0:
        raise InputError(f"intrinsics '{text}': the focal lengths must be positive and all four numbers finite")
    return Intrinsics(fx, fy, cx, cy)
