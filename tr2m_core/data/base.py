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
    """What the losses need to know of a data set's depth.

    min_depth, max_depth: ground truth strictly between them counts, in the set's unit (metres, but for C3VD).
    mean_weight: see losses/log_loss.py.
    """

    min_depth: float
    max_depth: float
    mean_weight: float


@dataclass
class TrainBatch:
    """B samples of one data set.

    image: (B, 3, h, w) float32 RGB in 0..1 at model input size. depth: (B, 1, H, W) float32 in the set's unit, 0 where
    there is no ground truth; its size may differ from the image's. descriptions: one sentence each.
    """

    source: str
    protocol: DepthProtocol
    image: Tensor
    depth: Tensor
    descriptions: list[str]

    def to(self, device: torch.device) -> Self:
        """The same batch with its tensors on another device."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        moved = {name: value.to(device) for name, value in values.items() if hasattr(value, "to")}
        return replace(self, **moved)


@dataclass(frozen=True)
class DatasetConfig:
    """One entry of `datasets` in a training configuration.

    name: of the registry. root, gt_root, text_root: folders of images, depth (default: root) and texts (default: root).
    split: see data/split.py; for data sets without a layout of their own, or instead of it.
    text_file: in place of text_root, one file with a sentence per image, in the order of the split or the layout.
    input_size: (height, width) of the model's input and mean_weight, 0..1, of the log loss: in place of the data set's
    own.
    Procedural only: scenes: how many make one epoch; domains: of which kinds, all when empty; scene_seed;
    ground_truth_share: share of pixels that keep their depth, as a lidar leaves them; unit_m: metres per unit of depth.
    """

    name: str = "procedural"
    root: str = ""
    gt_root: str = ""
    text_root: str = ""
    split: str = ""
    text_file: str = ""
    input_size: tuple[int, int] | None = None
    mean_weight: float | None = None
    scenes: int = 4000
    domains: tuple[str, ...] = ()
    scene_seed: int = 1
    ground_truth_share: float = 1.0
    unit_m: float = 1.0

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
