"""Which samples a step learns from: a function of the step alone, so that a run resumes anywhere.

Data sets take turns; shorter ones are repeated, each pass in another order.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from torch.utils.data import Sampler

from tr2m_core.data.base import SampleKey
from tr2m_core.errors import InputError
from tr2m_core.train.config import TrainConfig


class Request(NamedTuple):
    """A batch to load: its source, image size (None: the source's own) and samples."""

    source: int
    size: tuple[int, int] | None
    keys: list[SampleKey]


class Schedule:
    """Steps, phases and epochs of a run over data sets of the given lengths."""

    def __init__(self, config: TrainConfig, lengths: Sequence[int]) -> None:
        self.config, self.lengths = config, lengths
        per_epoch = math.ceil(max(lengths) / config.batch_size) * len(lengths)
        self.steps_per_epoch = max(1, per_epoch)
        if config.phases:
            self.phases: list[tuple[tuple[int, int] | None, int, int]] = [
                (phase.input_size, phase.batch_size, phase.steps) for phase in config.phases
            ]
        else:
            self.phases = [(None, config.batch_size, config.steps or config.epochs * self.steps_per_epoch)]
        if self.steps < 1:
            raise InputError("steps, epochs or phases: at least one step must be made")
        for _, batch, _ in self.phases:
            if batch % config.accumulation:
                raise InputError(f"batch_size {batch} is not divisible by accumulation {config.accumulation}")

    @property
    def steps(self) -> int:
        return sum(phase[2] for phase in self.phases)

    def epoch(self, step: int) -> int:
        return step // self.steps_per_epoch

    def requests(self, step: int) -> list[Request]:
        """The micro-batches of an optimiser step, one per accumulation."""
        size, batch, into, before = self._at(step)
        return [
            self._request(size, batch // self.config.accumulation, into, before, place)
            for place in range(self.config.accumulation)
        ]

    def _at(self, step: int) -> tuple[tuple[int, int] | None, int, int, list[int]]:
        """Image size and batch size of a step, its number within the phase, and samples taken before the phase."""
        before = [0] * len(self.lengths)
        for size, batch, steps in self.phases:
            if step < steps:
                return size, batch, step, before
            taken = batch // self.config.accumulation
            for micro in range(len(self.lengths)):
                turns = steps * self.config.accumulation
                before[micro] += taken * (turns // len(self.lengths) + (micro < turns % len(self.lengths)))
            step -= steps
        raise IndexError("step is past the end of the run")

    def _request(
        self, size: tuple[int, int] | None, batch: int, step: int, before: Sequence[int], place: int
    ) -> Request:
        turn = step * self.config.accumulation + place
        source = turn % len(self.lengths)
        first = before[source] + (turn // len(self.lengths)) * batch
        length = self.lengths[source]
        numbers = range(first, first + batch)
        keys = [
            SampleKey(int(_order(self.config.seed, source, n // length, length)[n % length]), n // length)
            for n in numbers
        ]
        return Request(source, size, keys)


@lru_cache(maxsize=16)
def _order(seed: int, source: int, epoch: int, length: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.random.default_rng((seed, source, epoch)).permutation(length)


class RequestSampler(Sampler[Request]):
    """The share of one process in every micro-batch from a step on."""

    def __init__(self, schedule: Schedule, first_step: int, process: int, processes: int) -> None:
        self.schedule, self.first_step, self.process, self.processes = schedule, first_step, process, processes
        for _, batch, _ in schedule.phases:
            if (batch // schedule.config.accumulation) % processes:
                raise InputError(
                    f"batch_size {batch} is not divisible by {processes} processes times accumulation "
                    f"{schedule.config.accumulation}"
                )

    def __iter__(self) -> Iterator[Request]:
        for step in range(self.first_step, self.schedule.steps):
            for request in self.schedule.requests(step):
                yield request._replace(keys=request.keys[self.process :: self.processes])

    def __len__(self) -> int:
        return (self.schedule.steps - self.first_step) * self.schedule.config.accumulation
