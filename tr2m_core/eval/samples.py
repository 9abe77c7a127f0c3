"""What an evaluation measures on: samples with ground truth, wherever they come from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tr2m_core.data.arrays import Mask
from tr2m_core.data.check import DatasetCheck
from tr2m_core.errors import InputError
from tr2m_core.metrics.depth import valid_depth

if TYPE_CHECKING:
    from tr2m_core.types import Pixels

UNITS_PER_METRE = {"m": 1.0, "mm": 1000.0}


class Sample(NamedTuple):
    """A frame (H, W, 3) RGB in 0..255, its sentence, ground truth (h, w), what of it may count, the range that does,
    and, (h, w) where files say so, what of it is valid though the protocol does not ask."""

    rgb: Pixels
    description: str
    depth: npt.NDArray[np.floating[Any]]
    crop: Mask
    limits: tuple[float, float]
    validity: Mask | None = None

    @property
    def valid(self) -> Mask:
        """(h, w), where ground truth counts."""
        return valid_depth(self.depth, *self.limits) & self.crop

    @property
    def image(self) -> npt.NDArray[np.uint8]:
        """The frame in 8 bits, to be shown."""
        return np.asarray(self.rgb if self.rgb.dtype == np.uint8 else np.rint(self.rgb).clip(0, 255), np.uint8)

    def area(self, masked: bool) -> Mask:
        """(h, w), what of the ground truth may count; masked: only what files call valid."""
        return self.crop & self.validity if masked and self.validity is not None else self.crop


class SampleSet(ABC):
    """Samples by number, 0 to len - 1, read when they are asked for and not kept.

    limits: depth that counts. unit: of depth, limits and errors, one of UNITS_PER_METRE. input_size: (height, width)
    that a model sees images at, None for its own. normalisation: whether images are fed with the model's mean and
    deviation, masking: whether `Sample.validity` counts; each choice is evaluated. published: the paper's mean metrics.
    check: which records were left out. truth_pixels: how many valid depths of each sample the best constant depth is
    chosen for and measured on, infinite for all. notes: what a reader of the figures should know, a line each.
    """

    name: str
    limits: tuple[float, float]
    input_size: tuple[int, int] | None = None
    normalisation: tuple[bool, ...] = (True,)
    masking: tuple[bool, ...] = (False,)
    published: Mapping[str, float] | None = None
    check: DatasetCheck | None = None
    unit: str = "m"
    truth_pixels: float = 1000
    notes: Sequence[str] = ()

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def image(self, number: int) -> str:
        """What a report calls the sample, unlike the others: a path or a name."""

    @abstractmethod
    def description(self, number: int) -> str:
        """The sample's own sentence. Raises InputError when there is none to be read."""

    @abstractmethod
    def read(self, numbers: range) -> list[Sample | InputError]:
        """The samples, or why one cannot be used."""

    def about(self) -> dict[str, Any]:
        """The settings that a report tells, beyond those of every set."""
        return {}
