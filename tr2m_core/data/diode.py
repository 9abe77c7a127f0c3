"""DIODE outdoor: streets and parks, depth from a laser scanner."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt

from tr2m_core.data.arrays import Depth, Mask
from tr2m_core.data.base import DatasetConfig, DepthProtocol
from tr2m_core.data.dataset import FileDataset, Listing, Part, PathPair, Record
from tr2m_core.data.headers import check_mask_size
from tr2m_core.errors import InputError
from tr2m_core.files.images import MAX_PIXELS

# From the folders val/outdoor, val, and the one that holds val (and train, which is not for evaluation).
SCANS = ("scene_*/scan_*", "*/scene_*/scan_*", "val/*/scene_*/scan_*")


class DIODEOutdoor(FileDataset):
    """scene_*/scan_*/NAME.png, NAME_depth.npy (H, W, 1) metres, and NAME_depth_mask.npy, not 0 where depth is valid.

    The published figures leave the mask aside.
    """

    name = "diode_outdoor"
    layout = "the folder val or val/outdoor, with scene_*/scan_*"
    protocol = DepthProtocol(min_depth=0.001, max_depth=80.0, mean_weight=1.0)
    depth_size = (768, 1024)
    image_size = (480, 640)
    rounded = False
    crop = "garg"
    masking = (False, True)
    in_order = False

    def pairs(self, root: Path, gt_root: Path, part: Part) -> list[PathPair]:
        paths = sorted(path.relative_to(root) for scans in SCANS for path in root.glob(f"{scans}/[!.]*.png"))
        images = [PurePosixPath(path.as_posix()) for path in paths if "indoors" not in path.parts]
        return [(image, self.measured(gt_root, image)) for image in images]

    def measured(self, gt_root: Path, image: PurePosixPath) -> PurePosixPath:
        return image.with_name(f"{image.stem}_depth.npy")

    def notes(self, config: DatasetConfig, listing: Listing) -> list[str]:
        if not config.text_file:
            return []
        return [
            "the published captions follow a directory listing as it came: the pairing is only as good as the split"
        ]

    def fits(self, size: tuple[int, int]) -> bool:
        return True

    def masks(self, record: Record) -> tuple[Path, ...]:
        return (record.depth.with_name(f"{record.depth.stem}_mask.npy"),)

    def measured_size(self, record: Record) -> tuple[int, int]:
        height, width = self._arrays(record)[0].shape
        return height, width

    def read_depth(self, record: Record) -> Depth:
        depth = _open_array(record.depth)
        return np.where(np.isfinite(depth) & (depth > 0), depth, 0).astype(np.float32)

    def validity(self, record: Record) -> Mask:
        return np.asarray(self._arrays(record)[1] > 0)

    def _arrays(self, record: Record) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """Depth and mask, each (H, W) and still on disk."""
        (path,) = self.masks(record)
        depth, mask = _open_array(record.depth), _open_array(path)
        check_mask_size(path, mask.shape, depth.shape)
        return depth, mask


def _open_array(path: Path) -> npt.NDArray[Any]:
    """The numbers (H, W) of an (H, W) or (H, W, 1) npy file, mapped, not read. Raises InputError, naming the file."""
    try:
        array: npt.NDArray[Any] = np.lib.format.open_memmap(path, mode="r")  # rejects pickles and missing bytes
    except Exception as error:  # NumPy raises many kinds for damaged headers
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: not an npy file that can be read ({type(error).__name__}: {reason})") from None
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.ndim != 2 or array.dtype.kind not in "biuf" or not 0 < array.size <= MAX_PIXELS:
        shape = "x".join(map(str, array.shape))
        raise InputError(f"{path}: {shape} {array.dtype}; one number per pixel of an image is needed")
    return array
