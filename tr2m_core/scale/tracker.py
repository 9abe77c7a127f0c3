"""What is done about a camera's scale from frame to frame: estimates believed, steadied, held and faded."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from enum import Enum

from tr2m_core.scale.estimate import BOUNDS, NoEstimate, ScaleEstimate, ratio

JUMP = 1.25  # ratio to the factor in force from which on an estimate has to persist
BELIEVED = 3  # estimates in a row that agree on a jump until it is followed
LONGEST_STEP = 30.0  # s between frames, above which nothing is known of the scene any more


class ScaleSource(Enum):
    """Where the factor in force comes from."""

    NONE = "none"
    MEASURED = "measured"
    HELD = "held"
    FADING = "fading"


@dataclass(frozen=True)
class ScaleState:
    """What holds for a frame."""

    factor: float = 1.0
    shift: float = 0.0
    sigma: float = math.inf
    """Standard error of log(factor); infinite while nothing is known."""
    source: ScaleSource = ScaleSource.NONE
    age: float = math.inf
    """Seconds since the last estimate that was used."""
    estimate: ScaleEstimate | None = None
    """This frame's own, if there is one."""
    problem: str = ""
    """Why there is none, or why it is not used yet."""


class ScaleTracker:
    """One camera's. Frames come in the order of their stamps; at another sentence, and where stamps go back or leave a
    gap of LONGEST_STEP, it starts anew.

    The factor is the mean of log factors over `window` seconds, weighted by 1 / sigma². An estimate that is off from it
    by more than JUMP changes nothing until BELIEVED of them in a row agree: what passes through a beam does not move
    the scene. Without estimates the last factor is held for `hold` seconds and then fades to 1, halfway every half of
    that.
    """

    def __init__(self, window: float = 1.0, hold: float = 5.0) -> None:
        """Seconds, both."""
        self._window, self._hold = window, hold
        self.reset()

    def reset(self) -> None:
        """Forgets all estimates."""
        self._recent: deque[tuple[int, ScaleEstimate]] = deque()
        self._other: list[ScaleEstimate] = []
        self._last: tuple[int, str] | None = None
        self._good: tuple[int, ScaleState] | None = None
        self._in_force: float | None = None  # None: anything is believed

    def update(self, stamp: int, description: str, estimate: ScaleEstimate | NoEstimate) -> ScaleState:
        """What to do with a frame. stamp: ns."""
        state = self._next(stamp, description, estimate)
        if state.source is not ScaleSource.NONE:
            self._in_force = state.factor
        return state

    def _next(self, stamp: int, description: str, estimate: ScaleEstimate | NoEstimate) -> ScaleState:
        if self._last is not None:
            before, sentence = self._last
            if sentence != description or not 0 <= stamp - before <= LONGEST_STEP * 1e9:
                self.reset()
        self._last = stamp, description
        if isinstance(estimate, NoEstimate):
            self._other.clear()
            return self._without(stamp, None, estimate.reason)
        if not (math.isfinite(estimate.factor) and BOUNDS[0] <= estimate.factor <= BOUNDS[1]):
            return self._without(stamp, None, f"a factor of {estimate.factor:.3g} is out of bounds")
        if self._in_force is not None and ratio(estimate.factor / self._in_force) > JUMP:
            self._other = [e for e in self._other if ratio(e.factor / estimate.factor) <= JUMP] + [estimate]
            if len(self._other) < BELIEVED:
                return self._without(stamp, estimate, "differs from what was measured so far: not believed yet")
            self._recent.clear()
        self._other.clear()
        self._recent.append((stamp, estimate))
        while stamp - self._recent[0][0] > self._window * 1e9:
            self._recent.popleft()
        state = self._mean(estimate)
        self._good = stamp, state
        return state

    def _mean(self, latest: ScaleEstimate) -> ScaleState:
        weights = [1 / each.sigma**2 for _, each in self._recent]
        total = sum(weights)

        def mean(values: list[float]) -> float:
            return sum(weight * value for weight, value in zip(weights, values, strict=True)) / total

        factor = math.exp(mean([math.log(each.factor) for _, each in self._recent]))
        shift = mean([each.shift for _, each in self._recent])
        sigma = math.sqrt(len(weights) / total)  # estimates of one scene err together
        return ScaleState(factor, shift, sigma, ScaleSource.MEASURED, 0.0, latest)

    def _without(self, stamp: int, estimate: ScaleEstimate | None, problem: str) -> ScaleState:
        if self._good is None:
            return ScaleState(estimate=estimate, problem=problem)
        when, good = self._good
        age = (stamp - when) * 1e-9
        if age <= self._hold:
            return ScaleState(good.factor, good.shift, good.sigma, ScaleSource.HELD, age, estimate, problem)
        left = 0.5 ** ((age - self._hold) / (self._hold / 2)) if self._hold else 0.0
        factor = math.exp(left * math.log(good.factor))
        sigma = good.sigma + abs(math.log(good.factor / factor))
        self._recent.clear()
        return ScaleState(factor, left * good.shift, sigma, ScaleSource.FADING, age, estimate, problem)
