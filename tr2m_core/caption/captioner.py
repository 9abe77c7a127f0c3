"""Captioner: images in, sentences out; embedded, or one of the families of models that transformers has."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from tr2m_core.caption.families import FAMILIES, Family, family_of
from tr2m_core.caption.wording import MOST_SENTENCES, SENTENCE, STYLES, counted
from tr2m_core.description import clean_description
from tr2m_core.errors import InputError
from tr2m_core.weights.hub import expanded, find_cached, is_hub_id

if TYPE_CHECKING:
    from tr2m_core.types import Pixels

EMBEDDED = "embedded"
MOST_WORDS = 50  # text encoders read 77 tokens
MOST_LETTERS = 400  # of a text without a full stop, or blanks
_END = re.compile(r"(?<=[.!?])\s+")


class Source(Protocol):
    """What makes texts of images: `EmbeddedCaptioner` or a `Family`."""

    def generate(self, images: Sequence[Pixels], style: str, count: int) -> list[list[str]]: ...


class Captioner:
    """Describes images. Greedy, so that the same image has the same sentences. Not thread-safe."""

    def __init__(self, source: Source, name: str) -> None:
        self.name = name
        self._source = source

    @classmethod
    def from_pretrained(
        cls, model: str | Path = EMBEDDED, *, device: str = "auto", precision: str = "auto"
    ) -> Captioner:
        """Loads a captioner; downloads nothing.

        model: "embedded" (bundled, offline), a name of `families.FAMILIES` or a Hub id of such a model, which
        `tr2m download captioner NAME` brings, or a directory with one. device: "auto", "cpu", "cuda", "cuda:1"...
        precision: "fp32", "bf16", "fp16", or "auto", which is bf16 where the device has it and fp32 elsewhere; both are
        ignored by "embedded", which runs on the CPU in fp32.

        Raises InputError for anything missing or not understood.
        """
        if str(model) == EMBEDDED:
            from tr2m_core.caption.embedded import EmbeddedCaptioner

            return cls(EmbeddedCaptioner(), EMBEDDED)
        from tr2m_core.devices import select_device, select_precision

        folder, family = find_captioner(str(model))
        chosen = select_device(device)
        return cls(family.load(folder, chosen, select_precision(precision, chosen, large=True)), str(model))

    def describe(self, images: Sequence[Pixels], style: str = SENTENCE, count: int = 1) -> list[list[str]]:
        """Images (H, W, 3) uint8 RGB of any sizes -> `count` sentences about each, cleaned as any description.

        style: "sentence" tells what place it is and what is in it, "objects" lists what is in it: "An image with two
        chairs and a desk.". The first sentence is the best; the others word it differently, where there is a way.
        What a model says beyond 50 words is cut off, and where it says nothing, "An image of a room." stands.

        Raises ValueError for what is no image, InputError for another style or a count that is not 1 to 20.
        """
        if style not in STYLES:
            raise InputError(f"style '{style}' is not one of {', '.join(STYLES)}")
        if not 1 <= count <= MOST_SENTENCES:
            raise InputError(f"{count} sentences of an image; it must be 1 to {MOST_SENTENCES}")
        for rgb in images:
            if rgb.ndim != 3 or rgb.shape[-1] != 3 or rgb.dtype != np.uint8 or not rgb.size:
                raise ValueError(f"images must be (H, W, 3) uint8, not {rgb.shape} {rgb.dtype}")
        texts = self._source.generate(images, style, count)
        return [[shortened(text) or counted([], 1)[0] for text in of_image] for of_image in texts]


def find_captioner(model: str) -> tuple[Path, type[Family]]:
    """The folder of a model and what kind it is. Raises InputError, with what to do, when there is none."""
    hub_id = FAMILIES[model].hub_id if model in FAMILIES else model
    if is_hub_id(hub_id):
        try:
            folder = find_cached(hub_id, ("config.json",))
        except InputError as error:
            raise InputError(f"captioner '{model}': {error}; run `tr2m download captioner {model}`") from None
        return folder, family_of(folder)
    folder = expanded(model)
    if not folder.is_dir():
        names = ", ".join((EMBEDDED, *FAMILIES))
        raise InputError(f"captioner '{model}': not one of {names}, a directory or a Hub id")
    return folder, family_of(folder)


def shortened(text: str) -> str:
    """The first sentences of a text, cleaned, as many as go into MOST_WORDS; at least one, cut if need be. Ends in a
    full stop, "" when the text says nothing."""
    kept: list[str] = []
    for sentence in _END.split(clean_description(text)):
        words = sentence.split()
        if kept and len(kept) + len(words) > MOST_WORDS:
            break
        kept += words[:MOST_WORDS]
    short = " ".join(kept)[:MOST_LETTERS].rstrip(" ,;:-")
    return f"{short}." if short and short[-1] not in ".!?" else short
