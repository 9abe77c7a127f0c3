"""SUN RGB-D: rooms, seen by four kinds of depth camera."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from tr2m_core.data.base import DatasetConfig, DepthProtocol
from tr2m_core.data.dataset import FileDataset, Listing, Part, PathPair

SUFFIXES = (".jpg", ".jpeg", ".png")
MEASURED = ("depth", "depth_bfx")  # folders of a scene in the official release; holes are filled in the second


class SUNRGBD(FileDataset):
    """root holds rgb/img-NNNNNN.jpg and depth/N.png, as a published copy of the test part has them; or rgb/NAME.jpg and
    gt/NAME.png; or the official release, in which a scene's folder, at any level, has image/ and depth/ or depth_bfx/.

    rgb, depth and gt may lie in a further folder of the same name: rgb/rgb. Without a split the images come in the
    order of their numbers, and of the official release all of them, those for training too.
    Images are of several sizes, 427x561 to 1080x1920 among them, and each is evaluated at its own.

    Published depth is millimetres whose bits are rotated by three: 8000 counts to the metre, and what lies beyond
    8.191 m reads as near. The protocol divides by 10000 all the same, so that its depth is 0.8 of the true one.
    """

    name = "sunrgbd"
    layout = "the folder of rgb/ and depth/ or gt/, or of the official SUNRGBD/"
    protocol = DepthProtocol(min_depth=0.001, max_depth=8.0, mean_weight=0.6)
    input_size = (518, 728)
    crop = "eigen"
    unit_per_count = 1 / 10000

    def pairs(self, root: Path, gt_root: Path, part: Part) -> list[PathPair]:
        folders = [_nested(root, "rgb")] if (root / "rgb").is_dir() else _scenes(root)
        found = [folder / name for folder in folders for name in os.listdir(root / folder) if _is_image(name)]
        return [(image, self.measured(gt_root, image)) for image in sorted(found, key=_by_number)]

    def measured(self, gt_root: Path, image: PurePosixPath) -> PurePosixPath:
        if image.parent.name == "image":
            return _scene_depth(gt_root, image)
        number = re.fullmatch(r"img-0*(\d+)", image.stem)
        named = [_nested(gt_root, "gt") / f"{image.stem}.png", _nested(gt_root, "depth") / f"{image.stem}.png"]
        places = [*named, *([_nested(gt_root, "depth") / f"{number[1]}.png"] if number else [])]
        missing = places[-1] if (gt_root / "depth").is_dir() else places[0]
        return next((place for place in places if (gt_root / place).is_file()), missing)

    def fits(self, size: tuple[int, int]) -> bool:
        return True

    def notes(self, config: DatasetConfig, listing: Listing) -> list[str]:
        if not any(record.depth.parent.name in MEASURED for record in listing.records):
            return []
        return [
            "depth counts are divided by 10000, as the authors do; published files hold 8000 to the metre, so that "
            "errors are against 0.8 of the true depth"
        ]


def _nested(root: Path, name: str) -> PurePosixPath:
    """name/name where there is such a folder, else name."""
    return PurePosixPath(name, name) if (root / name / name).is_dir() else PurePosixPath(name)


def _is_image(name: str) -> bool:
    return not name.startswith(".") and name.lower().endswith(SUFFIXES)


def _scenes(root: Path) -> Iterator[PurePosixPath]:
    """The folders named image below root, which may hang together by links."""
    seen = set()
    for folder, below, _ in os.walk(root, followlinks=True):
        real = os.path.realpath(folder)
        if "image" in below and real not in seen:
            yield PurePosixPath(Path(folder).relative_to(root).as_posix(), "image")
        if "image" in below or real in seen:
            below.clear()
        seen.add(real)


def _scene_depth(gt_root: Path, image: PurePosixPath) -> PurePosixPath:
    """The depth of a scene's image, which has the image's name or, as its only one, a name of its own."""
    scene = image.parent.parent
    for kind in MEASURED:
        folder = gt_root / scene / kind
        names = [name for name in os.listdir(folder) if _is_image(name)] if folder.is_dir() else []
        same = [name for name in names if Path(name).stem == image.stem]
        if same or len(names) == 1:
            return scene / kind / (same or names)[0]
    return scene / MEASURED[0] / f"{image.stem}.png"


def _by_number(path: PurePosixPath) -> list[str | int]:
    """img-2 before img-10."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", str(path))]
