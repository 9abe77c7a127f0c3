"""Rigid transforms: how a sensor is mounted to a camera."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]
"""(4, 4)."""


def rigid_matrix(translation: Sequence[float], quaternion: Sequence[float]) -> Matrix:
    """The (4, 4) matrix of a rotation (x, y, z, w), of any length, and then a translation (x, y, z) in metres.

    Raises ValueError for values that are not finite and a quaternion of length zero.
    """
    position, rotation = np.array(translation, np.float64), np.array(quaternion, np.float64)
    length = np.linalg.norm(rotation)
    if not (np.isfinite(position).all() and np.isfinite(length) and length > 0):
        raise ValueError("not a rotation and a translation")
    x, y, z, w = rotation / length
    matrix = np.eye(4)
    matrix[:3, :3] = (
        (1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)),
        (2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)),
        (2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)),
    )
    matrix[:3, 3] = position
    return matrix


def transformed(points: npt.NDArray[np.float64], matrix: Matrix) -> npt.NDArray[np.float64]:
    """Points (N, 3) through a matrix (4, 4)."""
    with np.errstate(over="ignore", invalid="ignore"):
        moved: npt.NDArray[np.float64] = points @ matrix[:3, :3].T + matrix[:3, 3]
    return moved
