"""The camera of a sensor_msgs/CameraInfo: rays of its pixels and pixels of points.

Every function takes the message by its field names, whoever decoded it. Points and rays are in the optical frame of
the picture (x right, y down, z forward): for a rectified picture that is the rectified one, so R has no part in it, and
neither has P's fourth column, which places a second camera in the frame of the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tr2m_core.distortion import CameraError as CameraError
from tr2m_core.distortion import Distortion, distortion
from tr2m_core.types import Intrinsics

_TRANSPORTS = ("compressed", "compressedDepth")


class CameraModel(NamedTuple):
    """The fields of a CameraInfo that describe the camera."""

    width: int
    height: int
    distortion_model: str
    d: Sequence[float]
    k: Sequence[float]
    p: Sequence[float]


@dataclass(frozen=True)
class RayTable:
    """Where each pixel looks: the point at depth z is (x * z, y * z, z) in the optical frame.

    x and y broadcast to (height, width) float32: (1, W) and (H, 1) for a pinhole, full tables with distortion, NaN
    for pixels that the lens does not reach.
    """

    x: npt.NDArray[np.float32]
    y: npt.NDArray[np.float32]


class RayTables:
    """Ray tables by the content of camera_info: the last one is kept, so that a steady camera computes it once."""

    def __init__(self) -> None:
        self._key: tuple[object, ...] | None = None
        self._table: RayTable | CameraError | None = None

    def get(self, info: Any, size: tuple[int, int], rectified: bool) -> RayTable:
        """The table for a picture (height, width). Raises CameraError when its size, K or model do not allow one."""
        if (info.height, info.width) != size:
            picture = f"the image has {size[1]}x{size[0]}"
            raise CameraError(f"camera_info is for {info.width}x{info.height} pixels, {picture}")
        key = (info.width, info.height, info.distortion_model, rectified, *info.k, *info.p, *info.d)
        if key != self._key:
            self._key, self._table = key, _table_or_error(info, rectified)
        if isinstance(self._table, RayTable):
            return self._table
        raise CameraError(str(self._table))


class _Lens(NamedTuple):
    """What turns rays into pixels; focal and centre are (x, y) in pixels."""

    focal: npt.NDArray[np.float64]
    centre: npt.NDArray[np.float64]
    distortion: Distortion | None


def is_finite(info: Any) -> bool:
    """False when K, D or P hold NaN or infinite values. An uncalibrated camera (K all zero) is finite."""
    return bool(np.isfinite(np.concatenate((info.k, info.p, info.d))).all())


def is_rectified(topic: str) -> bool:
    """True when an image topic says so: a last name of image_rect, image_rect_color, image_rectified and the like."""
    names = [name for name in topic.split("/") if name not in _TRANSPORTS]
    return not {"rect", "rectified"}.isdisjoint(names[-1].split("_")) if names else False


def resized(info: Any, size: tuple[int, int]) -> CameraModel:
    """The camera of the same picture at another size (height, width).

    Raises CameraError when the shapes differ by more than a pixel of rounding: a cropped picture needs a camera_info
    of its own.
    """
    height, width = size
    model = CameraModel(int(info.width), int(info.height), str(info.distortion_model), info.d, info.k, info.p)
    if min(model.width, model.height) < 1 or abs(model.width * height - model.height * width) > max(
        model.width, model.height
    ):
        picture = f"the image has {width}x{height}"
        raise CameraError(f"camera_info is for {model.width}x{model.height} pixels, {picture}")
    if (model.height, model.width) == size:
        return model
    across, down = width / model.width, height / model.height
    # Pixel centres are whole numbers: the picture begins at -0.5.
    matrix = np.array([[across, 0, across / 2 - 0.5], [0, down, down / 2 - 0.5], [0, 0, 1]])
    k, p = matrix @ np.reshape(model.k, (3, 3)), matrix @ np.reshape(model.p, (3, 4))
    return model._replace(width=width, height=height, k=k.ravel().tolist(), p=p.ravel().tolist())


def pinhole(info: Any | None, rectified: bool = False) -> Intrinsics | None:
    """Focal lengths and principal point, the distortion left out; None without a message or a calibration."""
    try:
        lens = None if info is None else _lens(info, rectified)
    except CameraError:
        return None
    return None if lens is None else Intrinsics(*(float(value) for value in (*lens.focal, *lens.centre)))


def ray_table(info: Any, rectified: bool) -> RayTable:
    """Computes the rays: from P for rectified or undistorted pictures, else from K and D.

    Raises CameraError for an uncalibrated camera or an unknown distortion model.
    """
    lens = _lens(info, rectified)
    x = (np.arange(info.width) - lens.centre[0]) / lens.focal[0]
    y = (np.arange(info.height) - lens.centre[1]) / lens.focal[1]
    if lens.distortion is None:
        return RayTable(x[np.newaxis, :].astype(np.float32), y[:, np.newaxis].astype(np.float32))
    seen = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    rays = lens.distortion.undistort(seen).astype(np.float32).T.reshape(2, info.height, info.width)
    return RayTable(rays[0], rays[1])


def project(points: npt.NDArray[np.floating[Any]], info: Any, rectified: bool) -> npt.NDArray[np.float64]:
    """Pixels (N, 2), x and y with the first pixel's centre at 0, of points (N, 3) in metres.

    NaN for points that are not in front of the camera, or outside the field of view of its lens; the others may lie
    outside the picture. Raises CameraError as `ray_table` does.
    """
    lens = _lens(info, rectified)
    points = np.asarray(points, np.float64)
    z = np.where(points[:, 2:] > 0, points[:, 2:], np.nan)
    with np.errstate(over="ignore"):
        rays = points[:, :2] / z
    seen = rays if lens.distortion is None else lens.distortion.distort(rays)
    return seen * lens.focal + lens.centre


def _lens(info: Any, rectified: bool) -> _Lens:
    if not is_finite(info):
        raise CameraError("camera_info with NaN or infinite values in K, D or P")
    if info.k[0] == 0 or info.k[4] == 0:
        raise CameraError("camera_info is not calibrated (K[0] is 0)")
    pinhole = rectified or not any(info.d)
    matrix = np.reshape(info.p, (3, 4)) if pinhole and info.p[0] != 0 else np.reshape(info.k, (3, 3))
    focal, centre = matrix[[0, 1], [0, 1]].astype(np.float64), matrix[:2, 2].astype(np.float64)
    if not focal.all():
        raise CameraError("camera_info with a focal length of 0")
    return _Lens(focal, centre, None if pinhole else distortion(info.distortion_model, list(info.d)))


def _table_or_error(info: Any, rectified: bool) -> RayTable | CameraError:
    try:
        return ray_table(info, rectified)
    except CameraError as error:
        return error
