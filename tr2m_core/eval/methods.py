"""What is evaluated: a model that reads a description, its relative depth, a ramp, or a public depth network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from tr2m_core.eval.baselines import RELATIVE_DEPTH, VERTICAL_RAMP, vertical_ramp
from tr2m_core.eval.samples import Sample
from tr2m_core.scale.estimate import ScaleEstimate, apply_scale, estimate_scale
from tr2m_core.scale.samples import NOTHING
from tr2m_core.types import DepthBatch

if TYPE_CHECKING:
    from tr2m_core.types import Pixels

FloatArray = npt.NDArray[np.floating[Any]]


class Method(ABC):
    """relative: predicts affine-invariant inverse depth, not depth. reads_description: whether a description counts."""

    name: str
    relative: bool = False
    reads_description: bool = True

    @abstractmethod
    def predict(self, samples: Sequence[Sample], sentences: Sequence[str]) -> list[FloatArray]:
        """A map of each sample at the size of its ground truth, in the unit of the ground truth."""


class Predictor(Protocol):
    """What an evaluation needs of a `DepthPredictor`."""

    def predict_batch(
        self,
        batch: Pixels,
        description: Sequence[str],
        *,
        maps: bool,
        size: tuple[int, int],
        allow_empty: bool,
    ) -> DepthBatch: ...


class TextModel(Method):
    """A TR2M model. Its prediction is resized bilinearly with corners aligned."""

    def __init__(self, name: str, predictor: Predictor) -> None:
        self.name, self.predictor = name, predictor

    def predict(self, samples: Sequence[Sample], sentences: Sequence[str]) -> list[FloatArray]:
        found = _predicted(self.predictor, samples, sentences, maps=False)
        return [depth for batch in found for depth in batch.metric_depth]


class CorrectedModel(TextModel):
    """The same, corrected by the references of its samples, frame by frame."""

    def predict(self, samples: Sequence[Sample], sentences: Sequence[str]) -> list[FloatArray]:
        corrected = super().predict(samples, sentences)
        for sample, depth in zip(samples, corrected, strict=True):
            estimate = estimate_scale(depth, sample.reference or NOTHING)
            if isinstance(estimate, ScaleEstimate):
                apply_scale(depth, estimate.factor, estimate.shift)
        return corrected


class RelativeDepth(Method):
    """The relative depth that a TR2M model starts from, resized as its metric depth is; no sentence changes it."""

    relative, reads_description = True, False

    def __init__(self, model: str, predictor: Predictor) -> None:
        self.name, self.predictor = relative_depth_name(model), predictor

    def predict(self, samples: Sequence[Sample], sentences: Sequence[str]) -> list[FloatArray]:
        maps: list[FloatArray] = []
        for batch in _predicted(self.predictor, samples, sentences, maps=True):
            assert batch.relative_depth is not None
            maps += list(batch.relative_depth)
        return maps


class VerticalRamp(Method):
    """See `vertical_ramp`."""

    name, relative, reads_description = VERTICAL_RAMP, True, False

    def predict(self, samples: Sequence[Sample], sentences: Sequence[str]) -> list[FloatArray]:
        return [vertical_ramp(*sample.depth.shape) for sample in samples]


def relative_depth_name(model: str) -> str:
    """What a report calls a model's relative depth."""
    return f"{model}, {RELATIVE_DEPTH}"


def _predicted(
    predictor: Predictor, samples: Sequence[Sample], sentences: Sequence[str], maps: bool
) -> Iterator[DepthBatch]:
    """Predictions of consecutive samples of one size, batch by batch, at the size of their ground truth."""
    for group in same_sizes(samples):
        frames: Any = np.stack([samples[place].rgb for place in group])
        told = [sentences[place] for place in group]
        height, width = samples[group[0]].depth.shape
        yield predictor.predict_batch(frames, told, maps=maps, size=(height, width), allow_empty=True)


def same_sizes(samples: Sequence[Sample]) -> Iterator[list[int]]:
    """Places of consecutive samples whose frames and ground truths are of one size, so that they make a batch."""
    places = groupby(range(len(samples)), lambda place: (samples[place].rgb.shape, samples[place].depth.shape))
    return (list(group) for _, group in places)
