"""C3VD: colonoscopy of silicone phantoms, rendered depth. Its unit of depth is the millimetre."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

import numpy as np

from tr2m_core.data.arrays import Depth, ImageArray
from tr2m_core.data.base import DepthProtocol
from tr2m_core.data.colours import ColourJitter
from tr2m_core.data.dataset import FileDataset, Part, PathPair
from tr2m_core.errors import InputError

# Those with depth and pose, as published; whatever else a folder holds or lacks, the same ones are for testing.
TEST_VIDEOS = (
    *("cecum_t1_a", "cecum_t2_a", "cecum_t3_a", "sigmoid_t1_a"),
    *("sigmoid_t3_b", "trans_t2_b", "trans_t3_b", "trans_t4_b"),
)
TRAINING_VIDEOS = (
    *("cecum_t1_b", "cecum_t2_b", "cecum_t2_c", "cecum_t4_a", "cecum_t4_b", "desc_t4_a", "sigmoid_t2_a"),
    *("sigmoid_t3_a", "trans_t1_a", "trans_t1_b", "trans_t2_a", "trans_t2_c", "trans_t3_a", "trans_t4_a"),
)

_VIDEO = re.compile(r"(cecum|desc|sigmoid|trans)_t([1-4])_\w+")
_FRAME = re.compile(r"(\d+)_(color\.png|depth\.tiff)")
_PARTS = {"cecum": "cecum", "desc": "descending colon", "sigmoid": "sigmoid colon", "trans": "transcending colon"}
_TEXTURES = {"1": "one", "2": "two", "3": "three", "4": "four"}


class C3VD(FileDataset):
    """root holds a folder per video, such as cecum_t1_a, with NNNN_color.png and NNNN_depth.tiff.

    The sentence comes from the video's name, so text_root has no use.
    """

    name = "c3vd"
    layout = "the folder of cecum_t1_a, desc_t4_a and such"
    protocol = DepthProtocol(min_depth=0.1, max_depth=100.0, mean_weight=1.0)
    image_size = (480, 640)
    unit_per_count = 100 / 65535
    colours = ColourJitter()

    def pairs(self, root: Path, gt_root: Path, part: Part) -> list[PathPair]:
        videos = TEST_VIDEOS if part == "test" else TRAINING_VIDEOS
        return [pair for name in videos for pair in _frames(root, gt_root, name)]

    def unassigned(self, root: Path) -> list[Path]:
        videos = sorted(path for path in root.iterdir() if path.is_dir() and _VIDEO.fullmatch(path.name))
        return [path for path in videos if path.name not in (*TEST_VIDEOS, *TRAINING_VIDEOS)]

    def description(self, image: PurePosixPath) -> str:
        video = next((part for part in image.parts if _VIDEO.fullmatch(part)), None)
        if video is None:
            raise InputError(f"{image} names no video such as cecum_t1_a")
        return video_description(video)

    def fits(self, size: tuple[int, int]) -> bool:
        return True  # 1350x1080 as published; depth of any size is brought to one

    def frame(self, image: ImageArray, depth: Depth) -> tuple[ImageArray, Depth]:
        """The depth is resized to `depth_size`, nearest neighbour to the upper left."""
        height, width = self.depth_size
        rows = np.arange(height) * depth.shape[0] // height
        columns = np.arange(width) * depth.shape[1] // width
        return image, depth[rows[:, None], columns]


def video_description(video: str) -> str:
    """The description that a video's name, such as cecum_t1_a, stands for. Raises InputError for another name."""
    match = _VIDEO.fullmatch(video)
    if match is None:
        raise InputError(f"'{video}': not the name of a C3VD video, such as cecum_t1_a")
    part, texture = _PARTS[match[1]], _TEXTURES[match[2]]
    return f"The image shows a medical scene of {part} with texture type {texture}."


def _frames(root: Path, gt_root: Path, video: str) -> list[PathPair]:
    """A pair per image in order; numbers may be padded differently in the names of images and depth."""
    images = _numbered(root / video, "color.png")
    measured = _numbered(gt_root / video, "depth.tiff")
    place = PurePosixPath(video)
    return [
        (place / images[number], place / measured.get(number, f"{number:04d}_depth.tiff")) for number in sorted(images)
    ]


def _numbered(folder: Path, kind: str) -> dict[int, str]:
    """Names of the folder's frames of a kind by number; none when there is no such folder."""
    if not folder.is_dir():
        return {}
    matches = (_FRAME.fullmatch(path.name) for path in folder.iterdir())
    return {int(match[1]): match[0] for match in matches if match and match[2] == kind}
