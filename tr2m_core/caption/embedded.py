"""The embedded captioner: what an image classifier sees, in a sentence; offline, by what the embedded model has."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np
import torch
import yaml

from tr2m_core.errors import InputError
from tr2m_core.model.config import ModelConfig
from tr2m_core.model.efficientnet_lite import LiteClassifier
from tr2m_core.model.normalizer import Normalizer
from tr2m_core.model.presets import PYRAMIDS
from tr2m_core.model.sources import backbone_file

if TYPE_CHECKING:
    from tr2m_core.types import Pixels

SENTENCE, OBJECTS = STYLES = ("sentence", "objects")
VARIANT, SIZE = 0, 224
SURE = 0.25  # probability from which on a thing is named; below it is noise
PLACE = 0.35  # sum of the probabilities of a place's things from which on it is named
WITNESS = 0.1  # probability from which on a thing supports its place
MOST = 4  # things of a sentence
UNKNOWN = "room"  # what a place is called that nothing tells of
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

    def describe(self, rgb: Pixels, style: str = SENTENCE) -> str:
        """One sentence about an image (H, W, 3) uint8 RGB; the same for the same image.

        style: "sentence" names the place as well, "objects" things alone. Raises InputError for another style.
        """
        if style not in STYLES:
            raise InputError(f"style '{style}' is not one of {', '.join(STYLES)}")
        things = self.things(rgb)
        return worded(things, style)

    @torch.inference_mode()
    def things(self, rgb: Pixels) -> list[Thing]:
        """Everything in the catalogue with the largest probability over the crops, the most probable first."""
        crops = np.stack([cv2.resize(crop, (SIZE, SIZE), interpolation=cv2.INTER_AREA) for crop in _crops(rgb)])
        pixels = torch.from_numpy(crops).permute(0, 3, 1, 2).float()
        probabilities = self._network(self._normalize(pixels)).softmax(-1)
        found = [
            Thing(name, place, float(probabilities[:, classes].sum(-1).max()))
            for place, things in catalogue().items()
            for name, classes in things.items()
        ]
        return sorted(found, key=lambda thing: -thing.probability)


@cache
def catalogue() -> dict[str, dict[str, list[int]]]:
    """Place -> thing -> classes."""
    text = resources.files("tr2m_core.caption").joinpath("classes.yaml").read_text(encoding="utf-8")
    loaded: dict[str, dict[str, list[int]]] = yaml.safe_load(text)
    return loaded


def worded(things: Sequence[Thing], style: str) -> str:
    """The sentence about things, the most probable first."""
    seen = [thing.name for thing in things if thing.probability >= SURE][:MOST]
    listed = _listed([_with_article(name) for name in seen])
    if style == OBJECTS:
        return f"An image with {listed}." if seen else f"An image of a {UNKNOWN}."
    place = _place(things)
    if place is None:
        return worded(things, OBJECTS) if seen else f"A {UNKNOWN}."
    others = _listed([_with_article(name) for name in seen])
    subject = _with_article(place)
    subject = subject[0].upper() + subject[1:]
    return f"{subject} with {others}." if others else f"{subject}."


def _place(things: Sequence[Thing]) -> str | None:
    """The place that most tells of; None where nothing does, or a single thing: a moped makes no street."""
    evidence: dict[str, list[float]] = {}
    for thing in things:
        evidence.setdefault(thing.place, []).append(thing.probability)
    place = max(evidence, key=lambda name: sum(evidence[name]))
    witnesses = sum(probability >= WITNESS for probability in evidence[place])
    return place if sum(evidence[place]) >= PLACE and witnesses > 1 else None


def _with_article(name: str) -> str:
    if name in ("food", "fruit"):
        return name
    return f"{'an' if name[0] in 'aeio' else 'a'} {name}"


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def _crops(rgb: Pixels) -> list[Pixels]:
    height, width = rgb.shape[:2]
    parts = [
        rgb[round(top * height) : max(1, round(bottom * height)), round(left * width) : max(1, round(right * width))]
        for top, bottom in ROWS
        for left, right in COLUMNS
    ]
    return [rgb, *(part for part in parts if part.size)]
