"""The camera of a sensor_msgs/CameraInfo: rays of its pixels and pixels of points.

Every function takes the message by its field names, whoever decoded it, or a CameraModel. A message describes the
image at full resolution; pixels are those of the image as it is sent, after roi and binning (`as_seen`). Points and
rays are in the optical frame of the image (x right, y down, z forward): for a rectified image that is the rectified
one, so R has no part in it, and neither has P's fourth column, which places a second camera in the frame of the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tr2m_core.camera.distortion import Distortion, distortion
from tr2m_core.errors import CameraError
from tr2m_core.types import Intrinsics

_TRANSPORTS = ("compressed", "compressedDepth")


class ImageError(CameraError):
    """A camera_info that is not one of this image: of another size, with a roi or binning that cannot be."""


class CameraModel(NamedTuple):
    """The fields of a CameraInfo that describe the camera, for an image without roi and binning."""

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
        self._table: RayTable | CameraError

    def get(
        self, info: Any, size: tuple[int, int], rectified: bool, output_size: tuple[int, int] | None = None
    ) -> RayTable:
        """The table for an image of this size, or for its depth where that has another one (`resized`).

        Sizes are (height, width). Raises ImageError for another image's camera_info, and CameraError where K or the
        model do not allow a table.
        """
        camera = (info.width, info.height, info.distortion_model, *_window(info), *info.k, *info.p, *info.d)
        key = (rectified, size, output_size, camera)
        if key != self._key:
            self._key, self._table = key, _table_or_error(info, size, rectified, output_size)
        if isinstance(self._table, RayTable):
            return self._table
        raise type(self._table)(str(self._table))


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


def as_seen(info: Any) -> CameraModel:
    """The camera of the image's own pixels: the full one's cut to roi, then binned, as image_geometry does it.

    A roi without width and height is all of the image; messages without these fields have neither, and a CameraModel
    is returned as it is. Raises ImageError for a roi that is not in the image and binning that leaves no pixel.
    """
    if isinstance(info, CameraModel):
        return info
    model = CameraModel(int(info.width), int(info.height), str(info.distortion_model), info.d, info.k, info.p)
    x, y, width, height, binning_x, binning_y = _window(info)
    if width == height == 0:
        width, height = model.width, model.height
    elif min(width, height) < 1:
        raise ImageError(f"camera_info with a roi of {width}x{height} pixels: both are 0 for the whole image")
    if min(x, y) < 0 or x + width > model.width or y + height > model.height:
        image = f"its {model.width}x{model.height} pixels"
        raise ImageError(f"camera_info with a roi of {width}x{height} pixels at ({x}, {y}), not inside {image}")
    if (width, height, binning_x, binning_y) == (model.width, model.height, 1, 1):
        return model
    size = height // binning_y, width // binning_x
    if min(size) < 1:
        image = f"{width}x{height}"
        raise ImageError(f"camera_info with binning {binning_x}x{binning_y}, which leaves nothing of {image}")
    return _mapped(model, size, (1 / binning_x, 1 / binning_y), (-x / binning_x, -y / binning_y))


def resized(info: Any, size: tuple[int, int]) -> CameraModel:
    """The camera of the same image (`as_seen`) at another size (height, width).

    Raises ImageError when the shapes differ by more than the rounding of both sides: a cropped image needs a
    camera_info of its own.
    """
    height, width = size
    model = as_seen(info)
    # Sides that are rounded to the nearest, up or down are off by 1 at most, and this by the longer side.
    off = abs(model.width * height - model.height * width)
    if min(model.width, model.height, width, height) < 1 or off > max(model.width, model.height):
        raise ImageError(_mismatch(model, size))
    if (model.height, model.width) == size:
        return model
    across, down = width / model.width, height / model.height
    # Pixel centres are whole numbers: the image begins at -0.5.
    return _mapped(model, size, (across, down), (across / 2 - 0.5, down / 2 - 0.5))


def pinhole(info: Any | None, rectified: bool = False) -> Intrinsics | None:
    """Focal lengths and principal point, the distortion left out; None without a message or a calibration."""
    try:
        lens = None if info is None else _lens(as_seen(info), rectified)
    except CameraError:
        return None
    return None if lens is None else Intrinsics(*(float(value) for value in (*lens.focal, *lens.centre)))


def ray_table(info: Any, rectified: bool) -> RayTable:
    """Computes the rays: from P for rectified images, else from K and D.

    Raises CameraError for an uncalibrated camera, an unknown distortion model, and as `as_seen` does.
    """
    camera = as_seen(info)
    lens = _lens(camera, rectified)
    with np.errstate(over="ignore"):
        x = (np.arange(camera.width) - lens.centre[0]) / lens.focal[0]
        y = (np.arange(camera.height) - lens.centre[1]) / lens.focal[1]
    if lens.distortion is None:
        return RayTable(_single(x[np.newaxis, :]), _single(y[:, np.newaxis]))
    seen = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    rays = _single(lens.distortion.undistort(seen).T)
    return RayTable(*rays.reshape(2, camera.height, camera.width))


def project(points: npt.NDArray[np.floating[Any]], info: Any, rectified: bool) -> npt.NDArray[np.float64]:
    """Pixels (N, 2), x and y with the first pixel's centre at 0, of points (N, 3) in metres.

    NaN for points that are not in front of the camera, or outside the field of view of its lens; the others may lie
    outside the image. Raises CameraError as `ray_table` does.
    """
    lens = _lens(as_seen(info), rectified)
    points = np.asarray(points, np.float64)
    z = np.where(points[:, 2:] > 0, points[:, 2:], np.nan)
    with np.errstate(over="ignore"):
        rays = points[:, :2] / z
        seen = rays if lens.distortion is None else lens.distortion.distort(rays)
        return seen * lens.focal + lens.centre


def _window(info: Any) -> tuple[int, int, int, int, int, int]:
    """The roi's x_offset, y_offset, width and height, then binning_x and binning_y, 1 for none."""
    binning = max(1, int(getattr(info, "binning_x", 1))), max(1, int(getattr(info, "binning_y", 1)))
    roi = getattr(info, "roi", None)
    if roi is None:
        return 0, 0, 0, 0, *binning
    return int(roi.x_offset), int(roi.y_offset), int(roi.width), int(roi.height), *binning


def _mapped(
    model: CameraModel, size: tuple[int, int], scale: tuple[float, float], shift: tuple[float, float]
) -> CameraModel:
    """The camera of an image (height, width) in which the pixel (x, y) has moved to (x, y) * scale + shift."""
    k, p = np.array(model.k, np.float64).reshape(3, 3), np.array(model.p, np.float64).reshape(3, 4)
    for matrix in (k, p):
        if matrix[0, 0] != 0:  # all zero says that there is none
            with np.errstate(over="ignore"):  # what is not finite afterwards is rejected by `_lens`
                matrix[:2] *= np.reshape(scale, (2, 1))
                matrix[:2, 2] += shift
    return model._replace(height=size[0], width=size[1], k=k.ravel().tolist(), p=p.ravel().tolist())


def _mismatch(camera: CameraModel, size: tuple[int, int]) -> str:
    return f"camera_info is for {camera.width}x{camera.height} pixels, the image has {size[1]}x{size[0]}"


def _single(rays: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Single precision; NaN for rays beyond it, which only a damaged K or P can give."""
    with np.errstate(over="ignore"):
        single = rays.astype(np.float32, order="C")
    single[np.isinf(single)] = np.nan
    return single


def _lens(info: CameraModel, rectified: bool) -> _Lens:
    """P without distortion for a rectified image, and K where P is all zero; else K and D, whatever P says."""
    if not is_finite(info):
        raise CameraError("camera_info with NaN or infinite values in K, D or P")
    if info.k[0] == 0 or info.k[4] == 0:
        raise CameraError("camera_info is not calibrated (K[0] is 0)")
    matrix = np.reshape(info.p, (3, 4)) if rectified and info.p[0] != 0 else np.reshape(info.k, (3, 3))
    focal, centre = matrix[[0, 1], [0, 1]].astype(np.float64), matrix[:2, 2].astype(np.float64)
    if focal.min() <= 0:
        raise CameraError(f"camera_info with a focal length of {focal.min():g}")
    return _Lens(focal, centre, None if rectified else distortion(info.distortion_model, list(map(float, info.d))))


def _table_or_error(
    info: Any, size: tuple[int, int], rectified: bool, output_size: tuple[int, int] | None
) -> RayTable | CameraError:
    try:
        camera = as_seen(info)
        if (camera.height, camera.width) != size:
            return ImageError(f"image and camera_info sizes differ: {_mismatch(camera, size)}")
        return ray_table(camera if output_size is None else resized(camera, output_size), rectified)
    except CameraError as error:
        return error
