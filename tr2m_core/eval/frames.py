"""Photographs with measured depth, source by source, as samples."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from tr2m_core.data.frames import Frame
from tr2m_core.errors import InputError
from tr2m_core.eval.samples import Sample, SampleSet


class FrameSamples(SampleSet):
    """The frames of one source. limits: metres that count; a frame without any cannot be used."""

    truth_pixels = math.inf

    def __init__(self, name: str, frames: Iterable[Frame], limits: tuple[float, float]) -> None:
        self.name, self.frames, self.limits = name, list(frames), limits

    def __len__(self) -> int:
        return len(self.frames)

    def image(self, number: int) -> str:
        return self.frames[number].name

    def description(self, number: int) -> str:
        return self.frames[number].description

    def read(self, numbers: range) -> list[Sample | InputError]:
        return [self._read(self.frames[number]) for number in numbers]

    def _read(self, frame: Frame) -> Sample | InputError:
        try:
            rgb, depth = frame.load()
        except InputError as error:
            return error
        sample = Sample(rgb, frame.description, depth, np.ones(depth.shape, bool), self.limits)
        if not sample.valid.any():
            low, high = self.limits
            return InputError(f"{frame.depth_path}: no valid depth between {low:g} and {high:g} m")
        return sample


def by_source(frames: Iterable[Frame], limits: tuple[float, float]) -> list[FrameSamples]:
    """A sample set for each source, in the order in which they come first."""
    sources: dict[str, list[Frame]] = {}
    for frame in frames:
        sources.setdefault(frame.source, []).append(frame)
    return [FrameSamples(name, group, limits) for name, group in sources.items()]
