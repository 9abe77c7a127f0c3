"""SUN RGB-D: rooms, seen by four kinds of depth camera."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from tr2m_core.data.base import DepthProtocol
from tr2m_core.data.dataset import FileDataset, Part, PathPair

SUFFIXES = (".jpg", ".png")


class SUNRGBD(FileDataset):
    """root holds rgb/NAME.jpg and gt/NAME.png, each possibly in a further folder of the same name: rgb/rgb, gt/gt.

    Pictures are of several sizes, 427x561 to 1080x1920 among them, and each is evaluated at its own.
    """

    name = "sunrgbd"
    layout = "the folder of rgb/ and gt/"
    protocol = DepthProtocol(min_depth=0.001, max_depth=8.0, variance_focus=0.6)
    input_size = (518, 728)
    crop = "eigen"
    unit_per_count = 1 / 10000

    def pairs(self, root: Path, gt_root: Path, part: Part) -> list[PathPair]:
        images, depths = _nested(root, "rgb"), _nested(gt_root, "gt")
        pictures = sorted(path for path in (root / images).glob("[!.]*") if path.suffix.lower() in SUFFIXES)
        return [(images / path.name, depths / f"{path.stem}.png") for path in pictures]

    def fits(self, size: tuple[int, int]) -> bool:
        return True


def _nested(root: Path, name: str) -> PurePosixPath:
    """name/name where there is such a folder, else name."""
    return PurePosixPath(name, name) if (root / name / name).is_dir() else PurePosixPath(name)
