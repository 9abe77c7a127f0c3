"""iBims-1: rooms, depth from a laser scanner."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from tr2m_core.data.arrays import Depth
from tr2m_core.data.base import DepthProtocol
from tr2m_core.data.dataset import FileDataset, Part, PathPair, Record
from tr2m_core.data.headers import check_mask_size, image_size
from tr2m_core.errors import InputError
from tr2m_core.files.images import read_image
from tr2m_core.text_files import read_text, split_lines

MASKS = ("mask_invalid", "mask_transp")
LIST = "imagelist.txt"


class IBims(FileDataset):
    """root is ibims1_core_raw: rgb/NAME.png, depth/NAME.png and, beside depth, a folder per kind of mask.

    imagelist.txt, as published, has the names and their order; without it, all images count, by name.
    In both masks, what is not 0 counts: no missing depth in one, no glass in the other.
    """

    name = "ibims"
    layout = "ibims1_core_raw, the folder of rgb/, depth/, mask_invalid/ and mask_transp/"
    protocol = DepthProtocol(min_depth=0.001, max_depth=10.0, mean_weight=0.6)
    crop = "eigen"
    normalisation = (False, True)  # the published figure is without
    unit_per_count = 50 / 65535

    def pairs(self, root: Path, gt_root: Path, part: Part) -> list[PathPair]:
        if (root / LIST).is_file():
            names = _listed(root / LIST)
        else:
            names = sorted(path.name for path in (root / "rgb").glob("[!.]*.png"))
        images = [PurePosixPath("rgb", name) for name in names]
        return [(image, self.measured(gt_root, image)) for image in images]

    def measured(self, gt_root: Path, image: PurePosixPath) -> PurePosixPath:
        return PurePosixPath("depth", image.name)

    def masks(self, record: Record) -> tuple[Path, ...]:
        return tuple(record.depth.parent.parent / folder / record.depth.name for folder in MASKS)

    def measured_size(self, record: Record) -> tuple[int, int]:
        size = super().measured_size(record)
        for path in self.masks(record):
            check_mask_size(path, image_size(path), size)
        return size

    def read_depth(self, record: Record) -> Depth:
        depth = super().read_depth(record)
        for path in self.masks(record):
            mask = read_image(path).any(axis=2)
            check_mask_size(path, mask.shape, depth.shape)
            depth[~mask] = 0
        return depth


def _listed(path: Path) -> list[str]:
    """The images' names in the list, which has them without their suffix. Raises InputError."""
    names = [line.strip() for line in split_lines(read_text(path, "list of images", "a name per line"))]
    if bad := next((name for name in names if "/" in name), None):
        raise InputError(f"{path}: '{bad}' is not the name of an image in rgb/")
    return [f"{name.removesuffix('.png')}.png" for name in names if name]
