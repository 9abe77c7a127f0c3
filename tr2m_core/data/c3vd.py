"""C3VD: colonoscopy of silicone phantoms, rendered depth. Its unit of depth is the millimetre."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from tr2m_core.data.base import DatasetConfig, DepthProtocol
from tr2m_core.data.dataset import Depth, FileDataset, Listing, Part, Picture, Record
from tr2m_core.data.split import read_split
from tr2m_core.types import InputError

TEST_VIDEOS = (0, 2, 5, 9, 12, 16, 19, 21)  # places in the sorted list of the 22 videos

_VIDEO = re.compile(r"(cecum|desc|sigmoid|trans)_t([1-4])_\w+")
_FRAME = re.compile(r"(\d+)_(color\.png|depth\.tiff)")
_PARTS = {"cecum": "cecum", "desc": "descending colon", "sigmoid": "sigmoid colon", "trans": "transcending colon"}
_TEXTURES = {"1": "one", "2": "two", "3": "three", "4": "four"}


class C3VD(FileDataset):
    """root holds a folder per video, such as cecum_t1_a, with NNNN_color.png and NNNN_depth.tiff.

    The sentence comes from the video's name, so text_root has no use.
    """

    name = "c3vd"
    protocol = DepthProtocol(min_depth=0.1, max_depth=100.0, variance_focus=1.0)
    unit_per_count = 100 / 65535

    def records(self, config: DatasetConfig, part: Part = "train") -> Listing:
        """The videos of the part, or what a split file names. Raises InputError for roots, split and unknown names."""
        root, gt_root, _ = self.roots(config)
        if config.split:
            return self._records_of_split(Path(config.split).expanduser(), root, gt_root)
        videos = sorted(path.name for path in root.iterdir() if path.is_dir() and _VIDEO.fullmatch(path.name))
        if not videos:
            raise InputError(
                f"{self.name}: {root}: no videos; set root to the folder of cecum_t1_a, desc_t4_a and such"
            )
        chosen = [name for place, name in enumerate(videos) if (place in TEST_VIDEOS) == (part == "test")]
        return Listing([record for name in chosen for record in _frames(root / name, gt_root / name)], [])

    def _records_of_split(self, split: Path, root: Path, gt_root: Path) -> Listing:
        records, unmeasured = [], []
        for line in read_split(split):
            video = next((part for part in line.image.parts if _VIDEO.fullmatch(part)), None)
            if video is None:
                raise InputError(f"{split}: line {line.number}: {line.image} names no video such as cecum_t1_a")
            if line.depth is None:
                unmeasured.append(root / line.image)
            else:
                records.append(Record(root / line.image, gt_root / line.depth, None, video_sentence(video)))
        return Listing(records, unmeasured)

    def fits(self, size: tuple[int, int]) -> bool:
        return True  # 1350x1080 as published; depth of any size is brought to one

    def frame(self, image: Picture, depth: Depth) -> tuple[Picture, Depth]:
        """The picture as it is; the depth resized to `depth_size`, nearest neighbour to the upper left."""
        height, width = self.depth_size
        rows = np.arange(height) * depth.shape[0] // height
        columns = np.arange(width) * depth.shape[1] // width
        return image, depth[rows[:, None], columns]


def video_sentence(video: str) -> str:
    """The description that a video's name, such as cecum_t1_a, stands for. Raises InputError for another name."""
    match = _VIDEO.fullmatch(video)
    if match is None:
        raise InputError(f"'{video}': not the name of a C3VD video, such as cecum_t1_a")
    part, texture = _PARTS[match[1]], _TEXTURES[match[2]]
    return f"The image shows a medical scene of {part} with texture type {texture}."


def _frames(images: Path, depths: Path) -> list[Record]:
    """A record per picture in order; numbers may be padded differently in the names of pictures and depth."""
    pictures = _numbered(images, "color.png")
    measured = _numbered(depths, "depth.tiff")
    sentence = video_sentence(images.name)
    return [
        Record(pictures[number], measured.get(number, depths / f"{number:04d}_depth.tiff"), None, sentence)
        for number in sorted(pictures)
    ]


def _numbered(folder: Path, kind: str) -> dict[int, Path]:
    """The folder's frames of a kind by number; none when there is no such folder."""
    if not folder.is_dir():
        return {}
    matches = ((path, _FRAME.fullmatch(path.name)) for path in folder.iterdir())
    return {int(match[1]): path for path, match in matches if match and match[2] == kind}
