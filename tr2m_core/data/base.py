"""What every training set gives: batches of images, measured depth and sentences."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from tr2m_core.errors import InputError
from tr2m_core.model.config import validate_input_size

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from typing_extensions import Self


@dataclass(frozen=True)
class SampleKey:
    """One sample of a data set in one pass over it; together with the seed it decides every random choice."""

    index: int
    epoch: int


@dataclass(frozen=True)
class DepthProtocol:
    """What the losses need to know of a data set's depth."""

    min_depth: float
    max_depth: float
    """Ground truth counts strictly between min_depth and max_depth, in the data set's unit: metres, but millimetres for
    C3VD and SimCol."""
    mean_weight: float
    """See losses/log_loss.py."""


@dataclass
class TrainBatch:
    """B samples of one data set."""

    source: str
    protocol: DepthProtocol
    image: Tensor
    """(B, 3, h, w) float32 RGB in 0..1, at the model's input size."""
    depth: Tensor
    """(B, 1, H, W) float32 in the data set's unit, 0 where there is no ground truth; its size may differ from the
    image's."""
    descriptions: list[str]
    """One description per image."""

    def to(self, device: torch.device) -> Self:
        """The same batch with its tensors on another device."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        moved = {name: value.to(device) for name, value in values.items() if hasattr(value, "to")}
        return replace(self, **moved)


@dataclass(frozen=True)
class DatasetConfig:
    """One entry of `datasets` in a training configuration.

    scenes, domains, scene_seed, ground_truth_share and unit_m are for procedural scenes only.
    """

    name: str = "procedural"
    """Name of the data set in the registry."""
    root: str = ""
    """Folder of the images."""
    gt_root: str = ""
    """Folder of the depth; root if empty."""
    text_root: str = ""
    """Folder of the text files with the descriptions; root if empty."""
    split: str = ""
    """Split file, see data/split.py; for data sets without a layout of their own, or instead of that layout."""
    text_file: str = ""
    """In place of text_root, one file with a description per image, in the order of the split or the layout."""
    input_size: tuple[int, int] | None = None
    """(height, width) of the model's input, in place of the data set's own."""
    mean_weight: float | None = None
    """Weight of the mean in the log loss, 0..1, in place of the data set's own."""
    scenes: int = 4000
    """Number of scenes per epoch."""
    domains: tuple[str, ...] = ()
    """Kinds of scene; all if empty."""
    scene_seed: int = 1
    """Seed of the scenes."""
    ground_truth_share: float = 1.0
    """Share of pixels that keep their depth, as a lidar leaves them."""
    unit_m: float = 1.0
    """Metres per unit of depth."""

    def __post_init__(self) -> None:
        if self.text_root and self.text_file:
            raise InputError(f"{self.name}: text_root and text_file are both set; sentences come from one of them")
        if self.input_size is not None:
            validate_input_size(self.input_size)
        if self.mean_weight is not None and not 0 <= self.mean_weight <= 1:
            raise InputError(f"{self.name}: mean_weight must lie between 0 and 1, not {self.mean_weight}")


class BatchSource(ABC):
    """A training set, in whole batches. Batches depend on the keys and the set's seed alone."""

    name: str
    protocol: DepthProtocol
    input_size: tuple[int, int]

    @abstractmethod
    def __len__(self) -> int:
        """Samples in one pass."""

    @abstractmethod
    def batch(self, keys: Sequence[SampleKey], size: tuple[int, int]) -> TrainBatch:
        """The samples of `keys`, their images resized to (height, width) = size.

        Raises InputError, naming the file, for one that cannot be read.
        """
