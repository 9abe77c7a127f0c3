"""HyperSim: rendered rooms. Its files hold the distance to the camera's centre, not depth."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from tr2m_core.data.arrays import Depth
from tr2m_core.data.base import DatasetConfig, DepthProtocol
from tr2m_core.data.dataset import FileDataset, Listing, Part, PathPair, Record
from tr2m_core.errors import InputError
from tr2m_core.files.images import MAX_PIXELS

T = TypeVar("T")

FOCAL_SHARE = 886.81 / 1024  # focal length by width; pixels are square


class HyperSim(FileDataset):
    """root holds ai_VVV_NNN/images with, per camera, scene_cam_XX_final_preview and scene_cam_XX_geometry_hdf5."""

    name = "hypersim"
    layout = "the folder of ai_001_001, ai_001_002 and such"
    protocol = DepthProtocol(min_depth=0.001, max_depth=80.0, mean_weight=0.6)
    depth_size = (768, 1024)
    image_size = (480, 640)
    rounded = False

    def records(self, config: DatasetConfig, part: Part = "train", texts: bool = True) -> Listing:
        _h5py()  # missing, it is missed once and not by every record
        return super().records(config, part, texts)

    def pairs(self, root: Path, gt_root: Path, part: Part) -> list[PathPair]:
        found = root.glob("*/images/scene_cam_*_final_preview/frame.*.tonemap.jpg")
        images = [PurePosixPath(frame) for frame in sorted(path.relative_to(root).as_posix() for path in found)]
        return [(image, self.measured(gt_root, image)) for image in images]

    def measured(self, gt_root: Path, image: PurePosixPath) -> PurePosixPath:
        camera = image.parent.name.removesuffix("_final_preview")
        frame = image.name.removesuffix(".tonemap.jpg")
        return image.parent.parent / f"{camera}_geometry_hdf5" / f"{frame}.depth_meters.hdf5"

    def fits(self, size: tuple[int, int]) -> bool:
        return size[0] * self.depth_size[1] == size[1] * self.depth_size[0]  # smaller copies have the same rays

    def measured_size(self, record: Record) -> tuple[int, int]:
        height, width = _with_distance(record.depth, lambda distance: distance.shape)
        return height, width

    def read_depth(self, record: Record) -> Depth:
        return planar_depth(_with_distance(record.depth, lambda distance: distance[()]))


def planar_depth(distance: npt.NDArray[np.number[Any]]) -> Depth:
    """Distance to the camera's centre (H, W), metres -> depth along its axis (H, W) float32, 0 where not finite."""
    height, width = distance.shape
    focal = FOCAL_SHARE * width
    x = np.arange(width) - (width - 1) / 2  # of pixel centres, from that of the image
    y = np.arange(height)[:, None] - (height - 1) / 2
    depth = distance * (focal / np.sqrt(x**2 + y**2 + focal**2))
    return np.where(np.isfinite(depth), depth, 0).astype(np.float32)


def _h5py() -> Any:
    try:
        import h5py
    except ImportError:
        raise InputError("hypersim: its depth files need h5py: pip install 'tr2m_ros[eval]'") from None
    return h5py


def _with_distance(path: Path, take: Callable[[Any], T]) -> T:
    """What `take` makes of the file's distances, an h5py.Dataset (H, W). Raises InputError, naming the file."""
    h5py = _h5py()
    try:
        with h5py.File(path, "r") as file:
            # Links and virtual data may lead to other files.
            own = isinstance(file.get("dataset", getlink=True), h5py.HardLink)
            stored = file["dataset"] if own else None
            if not isinstance(stored, h5py.Dataset) or stored.external or stored.is_virtual:
                raise InputError(f"{path}: no HDF5 data set named 'dataset' in it")
            if stored.ndim != 2 or stored.dtype.kind not in "fiu" or not 0 < stored.size <= MAX_PIXELS:
                shape = "x".join(map(str, stored.shape))
                raise InputError(f"{path}: {shape} {stored.dtype}; one number per pixel of an image is needed")
            return take(stored)
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: not an HDF5 file that can be read ({reason})") from None
