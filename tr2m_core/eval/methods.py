"""What is evaluated: a model that hears a sentence, or a public depth network that does not."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from tr2m_core.eval.samples import Sample
from tr2m_core.types import DepthPrediction

if TYPE_CHECKING:
    from tr2m_core.types import Pixels

FloatArray = npt.NDArray[np.floating[Any]]


class Method(ABC):
    """relative: predicts affine-invariant inverse depth, not depth. hears_sentence: whether sentences change it."""

    name: str
    relative: bool = False
    hears_sentence: bool = True

    @abstractmethod
    def predict(self, samples: Sequence[Sample], sentences: Sequence[str]) -> list[FloatArray]:
        """A map of each sample at the size of its ground truth, in the unit of the ground truth."""


class Predictor(Protocol):
    """What an evaluation needs of a `DepthPredictor`."""

    def predict(
        self,
        rgb: Pixels,
        description: Sequence[str],
        *,
        maps: bool,
        size: tuple[int, int],
        allow_empty: bool,
    ) -> DepthPrediction: ...


class TextModel(Method):
    """A TR2M model. Its prediction is resized bilinearly with corners aligned."""

    def __init__(self, name: str, predictor: Predictor) -> None:
        self.name, self.predictor = name, predictor

    def predict(self, samples: Sequence[Sample], sentences: Sequence[str]) -> list[FloatArray]:
        predictions: list[FloatArray] = []
        for group in same_sizes(samples):
            frames: Any = np.stack([samples[place].rgb for place in group])
            told = [sentences[place] for place in group]
            height, width = samples[group[0]].depth.shape
            found = self.predictor.predict(frames, told, maps=False, size=(height, width), allow_empty=True)
            predictions += list(found.metric_depth)
        return predictions


def same_sizes(samples: Sequence[Sample]) -> Iterator[list[int]]:
    """Places of consecutive samples whose frames and ground truths are of one size, so that they make a batch."""
    places = groupby(range(len(samples)), lambda place: (samples[place].rgb.shape, samples[place].depth.shape))
    return (list(group) for _, group in places)
