"""FileDataset: a published data set on disk, as its protocol reads it; the same for training and evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

import numpy as np

from tr2m_core.data.base import DatasetConfig, DepthProtocol
from tr2m_core.data.colours import ColourChange, GammaAndGain
from tr2m_core.data.headers import depth_image_size
from tr2m_core.data.split import SplitLine, read_split
from tr2m_core.data.texts import read_listed, read_texts
from tr2m_core.errors import InputError
from tr2m_core.files.images import read_depth_png, read_image
from tr2m_core.weights.hub import expanded

if TYPE_CHECKING:
    from tr2m_core.types import Pixels

from tr2m_core.data.arrays import Depth, ImageArray, Mask

Part = Literal["train", "test"]
Crop = Literal["eigen", "garg"]  # see eval/protocols.py
PathPair = tuple[PurePosixPath, PurePosixPath]  # of an image and its depth, relative to their roots


@dataclass(frozen=True)
class Record:
    """Where one sample lies. text: file of its sentences; None: `sentence` is the only one, and none when empty."""

    image: Path
    depth: Path
    text: Path | None
    description: str = ""


@dataclass(frozen=True)
class Listing:
    """The records of a data set, whether usable or not, the images of its split that have no ground truth, and the
    folders with images that belong to no part of it."""

    records: list[Record]
    unmeasured: list[Path]
    unassigned: list[Path] = field(default_factory=list)


class Sample(NamedTuple):
    """image (h, w, 3) RGB in 0..255; depth (H, W) float32 in the set's unit, 0 where not measured; sentences, the first
    for evaluation, none when the record has none; validity (H, W): see `FileDataset.validity`."""

    image: Pixels
    depth: Depth
    descriptions: list[str]
    validity: Mask | None = None


class FileDataset:
    """What one data set's protocol says; subclasses override what is special about theirs."""

    name: ClassVar[str]
    layout: ClassVar[str] = ""
    """What root must be, in a few words; empty if only a split file finds the images."""
    protocol: ClassVar[DepthProtocol]
    input_size: ClassVar[tuple[int, int]] = (434, 560)
    """(height, width) of the model's input."""
    depth_size: ClassVar[tuple[int, int]] = (480, 640)
    """(height, width) of the ground truth as `read` returns it, unless `fits` takes other sizes."""
    image_size: ClassVar[tuple[int, int] | None] = None
    """(height, width) that `read` resizes images to; None if they keep their own."""
    rounded: ClassVar[bool] = True
    """Whether resized images are rounded to 8 bits."""
    crop: ClassVar[Crop | None] = None
    """Part of the ground truth that counts in evaluation; None for all of it."""
    normalisation: ClassVar[tuple[bool, ...]] = (True,)
    """Whether images are normalised with ImageNet's mean and deviation; each choice is evaluated, the first as
    published."""
    masking: ClassVar[tuple[bool, ...]] = (False,)
    """Whether `validity` counts; each choice is evaluated, the first as published."""
    unit_per_count: ClassVar[float]
    """Depth in the data set's unit per count of the integers in the depth files."""
    colours: ClassVar[ColourChange] = GammaAndGain()
    """What training changes about the colours."""
    in_order: ClassVar[bool] = True
    """Whether the images have an order, besides that of a split, that a text file with a line per image can follow."""

    def records(self, config: DatasetConfig, part: Part = "train", texts: bool = True) -> Listing:
        """The records of the split file, which decides the part then, or of the published layout.

        texts: whether sentences will be read; if not, text_root and text_file are not looked at, and no record names a
        file of sentences. Raises InputError for roots, split and text files, and when no images are found.
        """
        root, gt_root, text_root = self.roots(config, texts)
        lines = self._lines(config.split, root, gt_root, part)
        records = []
        for line, description in zip(lines, self._sentences(config, lines, texts), strict=True):
            text = (text_root / line.image).with_suffix(".txt") if texts and description is None else None
            if line.depth is not None:
                records.append(Record(root / line.image, gt_root / line.depth, text, description or ""))
        unmeasured = [root / line.image for line in lines if line.depth is None]
        return Listing(records, unmeasured, [] if config.split else self.unassigned(root))

    def _sentences(self, config: DatasetConfig, lines: list[SplitLine], texts: bool) -> Sequence[str | None]:
        """The sentences of the protocol or of the text file, None where a file for the image alone has them."""
        fixed = []
        for line in lines:
            try:
                fixed.append(self.description(line.image))
            except InputError as error:
                raise InputError(f"{config.split}: line {line.number}: {error}") from None
        if not config.text_file:
            return fixed
        if None not in fixed:
            raise InputError(f"{self.name}: takes no text_file: its protocol has a sentence for every image")
        if not (self.in_order or config.split):
            why = "the published one follows a directory listing as it came, which no other machine repeats"
            raise InputError(f"{self.name}: text_file needs split, the list of the images it was written for: {why}")
        return read_listed(expanded(config.text_file), len(lines)) if texts else fixed

    def _lines(self, split: str, root: Path, gt_root: Path, part: Part) -> list[SplitLine]:
        if split:
            return read_split(expanded(split), lambda image: self.measured(gt_root, image))
        pairs = self.pairs(root, gt_root, part)
        if not pairs:
            raise InputError(f"{self.name}: {root}: no images of its {part} part; set root to {self.layout}")
        return [SplitLine(number, image, depth) for number, (image, depth) in enumerate(pairs, 1)]

    def roots(self, config: DatasetConfig, texts: bool = True) -> tuple[Path, Path, Path]:
        """The folders of images, depth and texts. Raises InputError, naming the setting, for one that is not there."""
        if not config.root:
            raise InputError(f"{self.name}: root is not set; give the folder that holds the images")
        keys = ("root", "gt_root", "text_root")
        named = {key: expanded(getattr(config, key) or config.root) for key in keys}
        needed = [key for key in keys if getattr(config, key) and (texts or key != "text_root")]
        missing = [f"{key} {named[key]}" for key in needed if not named[key].is_dir()]
        if missing:
            raise InputError(f"{self.name}: no such folder: {', '.join(missing)}; set them to where the data set lies")
        return named["root"], named["gt_root"], named["text_root"]

    def pairs(self, root: Path, gt_root: Path, part: Part) -> list[PathPair]:
        """The images of the published layout, in order, each with where its depth must lie."""
        raise InputError(
            f"{self.name}: split is not set; give a file with an image and a depth path per line, "
            "or `tr2m download texts`"
        )

    def measured(self, gt_root: Path, image: PurePosixPath) -> PurePosixPath | None:
        """Where the published layout has the depth of an image; None where a split alone tells."""
        return None

    def notes(self, config: DatasetConfig, listing: Listing) -> list[str]:
        """What a reader of the figures should know of the files they come from, a line each."""
        return []

    def unassigned(self, root: Path) -> list[Path]:
        """Folders with images of which the published division into parts says nothing."""
        return []

    def description(self, image: PurePosixPath) -> str | None:
        """The sentence that the protocol has for an image; None: text files have them. Raises InputError."""
        return None

    def masks(self, record: Record) -> tuple[Path, ...]:
        """Files that say which depth counts."""
        return ()

    def fits(self, size: tuple[int, int]) -> bool:
        """Whether the protocol takes depth of this (height, width)."""
        return size == self.depth_size

    def check_sizes(self, record: Record, image: tuple[int, int], depth: tuple[int, int]) -> None:
        """Raises InputError, naming the file, unless both sizes (height, width) are one that the protocol takes."""
        if image != depth and not (self.image_size and _same_shape(image, depth)):
            sizes = f"{depth[1]}x{depth[0]} pixels, its image has {image[1]}x{image[0]}"
            raise InputError(f"{record.depth}: the depth has {sizes}")
        if not self.fits(depth):
            path = record.depth if self.image_size else record.image
            height, width = self.depth_size
            raise InputError(f"{path}: {depth[1]}x{depth[0]} pixels; {self.name} needs {width}x{height}")

    def read(self, record: Record) -> Sample:
        """The sample as the protocol frames it. Raises InputError, naming the file, when a part of it is not usable."""
        image = read_image(record.image, upright=False)
        depth = self.read_depth(record)
        self.check_sizes(record, image.shape[:2], depth.shape)
        image, depth = self.frame(image, depth)
        own = [record.description] if record.description else []
        sentences = own if record.text is None else read_texts(record.text)
        return Sample(self._resized(image), depth, sentences, self.validity(record))

    def _resized(self, image: ImageArray) -> Pixels:
        if self.image_size is None:
            return image
        from tr2m_core.data.transforms import resize_rounded, resize_unrounded  # torch is not needed to check a set

        return resize_rounded(image, self.image_size) if self.rounded else resize_unrounded(image, self.image_size)

    def measured_size(self, record: Record) -> tuple[int, int]:
        """(height, width) of the depth, from headers. Raises InputError, naming the file, for depth of another kind."""
        return depth_image_size(record.depth)

    def read_depth(self, record: Record) -> Depth:
        """(H, W) float32 in the set's unit, 0 where not measured."""
        return np.nan_to_num(read_depth_png(record.depth, self.unit_per_count), copy=False, nan=0.0)

    def frame(self, image: ImageArray, depth: Depth) -> tuple[ImageArray, Depth]:
        """The part of a sample that the protocol uses, its depth brought to `depth_size`."""
        return image, depth

    def validity(self, record: Record) -> Mask | None:
        """(H, W), where files call the depth valid and the protocol leaves that aside; None: they do not say.

        Raises InputError, naming the file.
        """
        return None

    def training_depth(self, depth: Depth, validity: Mask | None = None) -> Depth:
        """The depth that training may use, 0 elsewhere."""
        return depth if validity is None else np.where(validity, depth, np.float32(0))

    def chosen_protocol(self, config: DatasetConfig) -> DepthProtocol:
        """The protocol with the mean weight of the configuration, where that has one."""
        if config.mean_weight is None:
            return self.protocol
        return replace(self.protocol, mean_weight=config.mean_weight)


def _same_shape(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two sizes (height, width) are of one image, up to a pixel."""
    return abs(one[0] * other[1] - other[0] * one[1]) <= max(*one, *other)
