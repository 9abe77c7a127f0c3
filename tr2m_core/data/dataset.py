"""FileDataset: a published data set on disk, as its protocol reads it; the same for training and evaluation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from tr2m_core.data.base import DatasetConfig, DepthProtocol
from tr2m_core.data.split import read_split
from tr2m_core.data.texts import read_texts
from tr2m_core.files import read_depth_png, read_image
from tr2m_core.types import InputError

Picture = npt.NDArray[np.uint8]
Depth = npt.NDArray[np.float32]
Part = Literal["train", "test"]


@dataclass(frozen=True)
class Record:
    """Where one sample lies. text: file of its sentences; None: `sentence` is the only one."""

    image: Path
    depth: Path
    text: Path | None
    sentence: str = ""


@dataclass(frozen=True)
class Listing:
    """The records of a data set, whether usable or not, and the pictures of its split that have no ground truth."""

    records: list[Record]
    unmeasured: list[Path]


class Sample(NamedTuple):
    """image (h, w, 3) uint8 RGB; depth (H, W) float32 in the set's unit, 0 where not measured; sentences, the first for
    evaluation."""

    image: Picture
    depth: Depth
    descriptions: list[str]


class FileDataset:
    """What one data set's protocol says; subclasses override what is special about theirs.

    input_size: (height, width) of the model's input. depth_size: of the ground truth as `read` returns it.
    unit_per_count: of the depth files' integers. brightness: limits of the factor in training.
    """

    name: ClassVar[str]
    protocol: ClassVar[DepthProtocol]
    input_size: ClassVar[tuple[int, int]] = (434, 560)
    depth_size: ClassVar[tuple[int, int]] = (480, 640)
    unit_per_count: ClassVar[float]
    brightness: ClassVar[tuple[float, float]] = (0.9, 1.1)

    def records(self, config: DatasetConfig, part: Part = "train") -> Listing:
        """All records of the split file; it decides the part. Raises InputError for roots and split files."""
        root, gt_root, text_root = self.roots(config)
        if not config.split:
            raise InputError(f"{self.name}: split is not set; give a file with an image and a depth path per line")
        lines = read_split(Path(config.split).expanduser())
        records = [
            Record(root / line.image, gt_root / line.depth, (text_root / line.image).with_suffix(".txt"))
            for line in lines
            if line.depth is not None
        ]
        return Listing(records, [root / line.image for line in lines if line.depth is None])

    def roots(self, config: DatasetConfig) -> tuple[Path, Path, Path]:
        """The folders of images, depth and texts. Raises InputError, naming the setting, for one that is not there."""
        if not config.root:
            raise InputError(f"{self.name}: root is not set; give the folder that holds the pictures")
        keys = ("root", "gt_root", "text_root")
        named = {key: Path(getattr(config, key) or config.root).expanduser() for key in keys}
        missing = [f"{key} {named[key]}" for key in named if getattr(config, key) and not named[key].is_dir()]
        if missing:
            raise InputError(f"{self.name}: no such folder: {', '.join(missing)}; set them to where the data set lies")
        return named["root"], named["gt_root"], named["text_root"]

    def fits(self, size: tuple[int, int]) -> bool:
        """Whether the protocol takes pictures of this (height, width)."""
        return size == self.depth_size

    def check_sizes(self, record: Record, image: tuple[int, int], depth: tuple[int, int]) -> None:
        """Raises InputError, naming the file, unless both sizes (height, width) are one that the protocol takes."""
        if image != depth:
            sizes = f"{depth[1]}x{depth[0]} pixels, its picture has {image[1]}x{image[0]}"
            raise InputError(f"{record.depth}: the depth has {sizes}")
        if not self.fits(image):
            height, width = self.depth_size
            raise InputError(f"{record.image}: {image[1]}x{image[0]} pixels; {self.name} needs {width}x{height}")

    def read(self, record: Record) -> Sample:
        """The sample as the protocol frames it. Raises InputError, naming the file, when a part of it is not usable."""
        image = read_image(record.image)
        depth = self.read_depth(record)
        self.check_sizes(record, image.shape[:2], depth.shape)
        image, depth = self.frame(image, depth)
        return Sample(image, depth, [record.sentence] if record.text is None else read_texts(record.text))

    def read_depth(self, record: Record) -> Depth:
        """(H, W) float32 in the set's unit, 0 where not measured."""
        return np.nan_to_num(read_depth_png(record.depth, self.unit_per_count), copy=False, nan=0.0)

    def frame(self, image: Picture, depth: Depth) -> tuple[Picture, Depth]:
        """The part of a sample that the protocol uses, its depth brought to `depth_size`."""
        return image, depth

    def training_depth(self, depth: Depth) -> Depth:
        """The depth that training may use, 0 elsewhere."""
        return depth

    def chosen_protocol(self, config: DatasetConfig) -> DepthProtocol:
        """The protocol with the variance focus of the configuration, where that has one."""
        if config.variance_focus is None:
            return self.protocol
        return replace(self.protocol, variance_focus=config.variance_focus)
