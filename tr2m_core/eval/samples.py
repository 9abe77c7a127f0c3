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
from tr2m_core.scale.samples import ReferenceSamples
from tr2m_core.scale.scale_from import random_pixels

if TYPE_CHECKING:
    from tr2m_core.types import Pixels

UNITS_PER_METRE = {"m": 1.0, "mm": 1000.0}


class Sample(NamedTuple):
    """A frame with its description and its ground truth."""

    rgb: Pixels
    """(H, W, 3) RGB in 0..255."""
    description: str
    depth: npt.NDArray[np.floating[Any]]
    """(h, w) ground truth."""
    crop: Mask
    """(h, w) part of the ground truth that may count."""
    limits: tuple[float, float]
    """Range of depth that counts."""
    validity: Mask | None = None
    """(h, w) where files call the ground truth valid, though the protocol does not ask; None if they do not say."""
    reference: ReferenceSamples | None = None
    """Some of the ground truth, that depth may be corrected by; it counts no more."""

    @property
    def valid(self) -> Mask:
        """(h, w), where ground truth counts."""
        return valid_depth(self.depth, *self.limits) & self.crop

    @property
    def image(self) -> npt.NDArray[np.uint8]:
        """The frame in 8 bits, to be shown."""
        return np.asarray(self.rgb if self.rgb.dtype == np.uint8 else np.rint(self.rgb).clip(0, 255), np.uint8)

    def with_reference(self, count: int, seed: int) -> Sample:
        """The same with so many random valid pixels as its reference."""
        reference, taken = random_pixels(self.depth, self.valid, count, seed)
        return self._replace(crop=self.crop & ~taken, reference=reference)

    def area(self, masked: bool) -> Mask:
        """(h, w), what of the ground truth may count; masked: only what files call valid."""
        return self.crop & self.validity if masked and self.validity is not None else self.crop


class SampleSet(ABC):
    """Samples by number, 0 to len - 1, read when they are asked for and not kept."""

    name: str
    limits: tuple[float, float]
    """Range of depth that counts."""
    input_size: tuple[int, int] | None = None
    """(height, width) that a model sees images at, None for the model's own."""
    normalisation: tuple[bool, ...] = (True,)
    """Whether images are normalised with the model's mean and deviation; each choice is evaluated."""
    masking: tuple[bool, ...] = (False,)
    """Whether `Sample.validity` counts; each choice is evaluated."""
    published: Mapping[str, float] | None = None
    """The paper's mean metrics."""
    check: DatasetCheck | None = None
    """Which records were left out."""
    unit: str = "m"
    """Unit of depth, limits and errors, one of UNITS_PER_METRE."""
    truth_pixels: float = 1000
    """Number of valid depths per sample that the best constant depth is chosen for and measured on; infinite for
    all."""
    notes: Sequence[str] = ()
    """What a reader of the figures should know, a line each."""

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
