"""The embedded captioner: what an image classifier sees, in a sentence; offline, by what the embedded model has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np
import torch
import yaml

from tr2m_core.caption.wording import OBJECTS, counted, sentences
from tr2m_core.model.config import ModelConfig
from tr2m_core.model.efficientnet_lite import LiteClassifier
from tr2m_core.model.normalizer import Normalizer
from tr2m_core.model.presets import PYRAMIDS
from tr2m_core.model.sources import backbone_file

if TYPE_CHECKING:
    from tr2m_core.types import Pixels

VARIANT, SIZE = 0, 224
SURE = 0.25  # probability from which on a thing is named; below it is noise
DISTINCT = 0.6  # probability from which on what fits in a hand is named; below it is some small object
PLACE = 0.35  # sum of the probabilities of a place's things from which on it is named
WITNESS = 0.1  # probability from which on a thing supports its place
MOST = 4  # things of a sentence
HAND_HELD, TABLE, SMALL_OBJECT = "hand-held", "table", "small object"
# Where the crops begin and end, as shares of height and width: the whole image and six overlapping parts.
ROWS, COLUMNS = ((0.0, 0.6), (0.4, 1.0)), ((0.0, 0.5), (0.25, 0.75), (0.5, 1.0))


class Thing(NamedTuple):
    """Something that is seen."""

    name: str
    place: str
    probability: float


class EmbeddedCaptioner:
    """Names what EfficientNet-Lite's classifier sees in an image and in six crops of it, and the place it belongs to.

    It knows no people, and counts nothing.
    """

    def __init__(self) -> None:
        """Raises InputError when the package with the weights is not installed."""
        self._network = LiteClassifier.from_file(VARIANT, backbone_file(PYRAMIDS[VARIANT]))
        self._normalize = Normalizer(ModelConfig(), torch.device("cpu"), white=255.0)  # ImageNet's by default

    def generate(self, images: Sequence[Pixels], style: str, count: int) -> list[list[str]]:
        """`count` sentences about each image (H, W, 3) uint8 RGB; see `Captioner.describe`."""
        return [worded(self.things(rgb), style, count) for rgb in images]

    @torch.inference_mode()
    def things(self, rgb: Pixels) -> list[Thing]:
        """Everything in the catalogue with the largest probability over the crops, the most probable first."""
        crops = np.stack([cv2.resize(crop, (SIZE, SIZE), interpolation=cv2.INTER_AREA) for crop in _crops(rgb)])
        pixels = torch.from_numpy(crops).permute(0, 3, 1, 2).float()
        probabilities = self._network(self._normalize(pixels)).softmax(-1)

        def largest(classes: list[int]) -> float:
            return float(probabilities[:, classes].sum(-1).max())

        found = [
            Thing(name, place, largest(classes))
            for place, things in catalogue().items()
            if place != HAND_HELD
            for name, classes in things.items()
        ]
        return sorted([*found, *_hand_held(largest)], key=lambda thing: -thing.probability)


def _hand_held(largest: Callable[[list[int]], float]) -> Iterator[Thing]:
    """What is told apart from others of its kind, and the rest as one."""
    rest = []
    for name, classes in catalogue()[HAND_HELD].items():
        if (probability := largest(classes)) >= DISTINCT:
            yield Thing(name, TABLE, probability)
        else:
            rest += classes
    yield Thing(SMALL_OBJECT, TABLE, largest(rest))


@cache
def catalogue() -> dict[str, dict[str, list[int]]]:
    """Place -> thing -> classes."""
    text = resources.files("tr2m_core.caption").joinpath("classes.yaml").read_text(encoding="utf-8")
    loaded: dict[str, dict[str, list[int]]] = yaml.safe_load(text)
    return loaded


def worded(things: Sequence[Thing], style: str, count: int = 1) -> list[str]:
    """`count` sentences about things, the most probable first."""
    place = None if style == OBJECTS else _place(things)
    names = [thing.name for thing in things if thing.probability >= SURE]
    if place is not None:
        names = [name for name in names if not name.endswith(place)]  # no table with a dining table
    names = names[:MOST]
    return counted(names, count) if style == OBJECTS else sentences(place, names, count)


def _place(things: Sequence[Thing]) -> str | None:
    """The place that most tells of; None where nothing does.

    A single thing does not, for a moped makes no street, unless it is of a table's, which nobody sees from afar.
    """
    evidence: dict[str, list[float]] = {}
    for thing in things:
        evidence.setdefault(thing.place, []).append(thing.probability)
    place = max(evidence, key=lambda name: sum(evidence[name]))
    witnesses = sum(probability >= WITNESS for probability in evidence[place])
    return place if sum(evidence[place]) >= PLACE and (witnesses > 1 or place == TABLE) else None


def _crops(rgb: Pixels) -> list[Pixels]:
    height, width = rgb.shape[:2]
    parts = [
        rgb[round(top * height) : max(1, round(bottom * height)), round(left * width) : max(1, round(right * width))]
        for top, bottom in ROWS
        for left, right in COLUMNS
    ]
    return [rgb, *(part for part in parts if part.size)]
