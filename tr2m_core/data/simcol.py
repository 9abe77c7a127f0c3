"""SimCol3D: rendered colonoscopy. Its unit of depth is the millimetre."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from tr2m_core.data.base import DepthProtocol
from tr2m_core.data.dataset import FileDataset, Part, PathPair
from tr2m_core.text_files import read_text, split_lines

TEST_LIST = PurePosixPath("misc/test_file.txt")
DESCRIPTION = "The image shows a medical scene of a cecum with texture type one."  # C3VD's have no article


class SimCol(FileDataset):
    """root holds Frames_*/FrameBuffer_NNNN.png and Depth_NNNN.png, or a folder per scene, such as SyntheticColon_I,
    with them. Where root has misc/test_file.txt, as published, only the folders that it names count.

    One sentence stands for all images, so text_root has no use.
    """

    name = "simcol"
    layout = "the folder of SyntheticColon_I and such, or of Frames_S1 and such"
    protocol = DepthProtocol(min_depth=0.1, max_depth=100.0, mean_weight=1.0)
    image_size = (480, 640)
    unit_per_count = 200 / (255 * 256)

    def pairs(self, root: Path, gt_root: Path, part: Part) -> list[PathPair]:
        found = [*root.glob("Frames_*"), *root.glob("*/Frames_*")]
        folders = sorted(folder.relative_to(root).as_posix() for folder in found if folder.is_dir())
        if (root / TEST_LIST).is_file():
            names = split_lines(read_text(root / TEST_LIST, "list of folders", "a folder per line"))
            listed = {name.strip().strip("/") for name in names}
            folders = [folder for folder in folders if folder in listed]
        return [pair for folder in folders for pair in _frames(root, folder)]

    def description(self, image: PurePosixPath) -> str:
        return DESCRIPTION

    def fits(self, size: tuple[int, int]) -> bool:
        return True  # 475x475 as published


def _frames(root: Path, folder: str) -> list[PathPair]:
    images = sorted(path.name for path in (root / folder).glob("FrameBuffer_*.png"))
    place = PurePosixPath(folder)
    return [(place / name, place / name.replace("FrameBuffer", "Depth")) for name in images]
