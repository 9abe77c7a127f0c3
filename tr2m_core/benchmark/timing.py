"""Timing cases against each other, so that what disturbs the machine disturbs all of them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch


@dataclass(frozen=True)
class Timing:
    """Of one call, in milliseconds."""

    median: float
    low: float
    """The tenth percentile."""
    high: float
    """The ninetieth percentile."""


class Effort(NamedTuple):
    """How often a case is called."""

    rounds: int
    warm_up: int = 3


@dataclass(frozen=True)
class Row:
    """One line of the benchmark."""

    group: str
    name: str
    timing: Timing
    ratio: float | None = None
    """How many times as fast as the group's first row; None where they do not do the same work."""
    note: str = ""


def time_cases(cases: Mapping[str, Callable[[int], object]], effort: Effort) -> dict[str, Timing]:
    """Calls each case with the number of the round, in turn, after the calls of each that warm it up."""
    seconds: dict[str, list[float]] = {name: [] for name in cases}
    for case in cases.values():
        for number in range(effort.warm_up):
            case(number)
    for number in range(effort.rounds):
        for name, case in cases.items():
            case(number)  # whatever ran before has left its own data in the caches
            _finish()
            start = time.perf_counter()
            case(number)
            _finish()
            seconds[name].append(time.perf_counter() - start)
    return {name: summarize(taken) for name, taken in seconds.items()}


def summarize(seconds: list[float]) -> Timing:
    """Median and spread of some durations."""
    if len(seconds) < 2:
        return Timing(*(1e3 * seconds[0],) * 3)
    tenths = statistics.quantiles(seconds, n=10, method="inclusive")
    return Timing(1e3 * statistics.median(seconds), 1e3 * tenths[0], 1e3 * tenths[-1])


def compared(group: str, timings: Mapping[str, Timing], notes: Mapping[str, str] | None = None) -> list[Row]:
    """Rows whose ratios are those to the first."""
    first = next(iter(timings.values())).median
    return [
        Row(group, name, timing, first / timing.median, (notes or {}).get(name, "")) for name, timing in timings.items()
    ]


def _finish() -> None:
    """Waits for what a GPU still computes."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
