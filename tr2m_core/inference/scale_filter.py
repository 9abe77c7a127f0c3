"""Keeps the size of the whole scene steady from frame to frame, without lagging behind a robot that moves."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tr2m_core.likeness import SAMPLED, grid, likeness, thumbnail

LARGEST_FACTOR = 1.25  # either way; what differs by more is no jitter
BELIEVED = 3  # frames in a row that differ to one side by more than jitter are a change and no outliers
JITTER = 0.01  # relative size that is no difference, however well frames agreed before

ENOUGH = SAMPLED * SAMPLED // 16  # pixels with depth that make a frame usable
ALIKE = 0.6  # correlation of thumbnails below which the scene is another one
SPREAD = 0.2  # median absolute deviation of the log ratio of depths above which it is, too
LARGEST_CHANGE = math.log(2.5)  # of the log size between two frames, above which it is, too
SAMPLES = 64  # frames that a window remembers; in longer windows they lie apart


@dataclass(frozen=True)
class _Frame:
    """What is kept of a frame."""

    stamp: int
    description: str
    shapes: tuple[tuple[int, ...], tuple[int, ...]]
    """Shapes of depth and image."""
    log_depth: npt.NDArray[np.float32]
    """(SAMPLED * SAMPLED,) logarithms of metres, NaN where there is no depth."""
    thumbnail: npt.NDArray[np.float32]
    """See `likeness.thumbnail`."""


class ScaleFilter:
    """One camera's factor per frame that takes the jitter out of the size of its depth.

    The change of size between two frames is the median log ratio of their depths, pixel by pixel: what enters or leaves
    the view counts little. A robust line through the sizes of the last `seconds` says what size this frame should have.
    The line is straight in metres, so it follows a drive at constant speed without lag; a change of speed, or of the
    model's mind, is taken for jitter until BELIEVED frames differ by more than that, or the line has bent to them.

    Then the filter starts anew, as it does at another description, frame size or scene, and where stamps do not go
    forward or leave a gap longer than the window. A factor beyond LARGEST_FACTOR either way is never given, but 1.0.
    """

    def __init__(self, seconds: float) -> None:
        """seconds: length of the window, in time of the stamps. Raises ValueError when not positive and finite."""
        if not 0 < seconds < math.inf:
            raise ValueError(f"the window is {seconds:g} s; it must be positive and finite")
        self._window = seconds * 1e9
        self._last: _Frame | None = None
        self._size = 0.0  # log size of the last frame, relative to where the filter started
        self._sizes: deque[tuple[int, float]] = deque()  # stamp and log size, within the window
        self._run = 0  # frames in a row that differ; the sign is the side

    def reset(self) -> None:
        """Forgets all frames; the next one gets 1.0."""
        self._last = None

    def factor(
        self, depth: npt.NDArray[np.floating[Any]], rgb: npt.NDArray[np.uint8], stamp: int, description: str
    ) -> float:
        """What to multiply a frame's depth by. Frames come in the order of their stamps.

        depth: (H, W) metres as predicted, NaN, infinite or not positive where there is none. rgb: (H, W, 3), may be of
        another size than depth. stamp: ns. A frame with hardly any depth gets 1.0 and changes nothing.
        """
        frame = _look_at(depth, rgb, stamp, description)
        if np.count_nonzero(np.isfinite(frame.log_depth)) < ENOUGH:
            return 1.0
        change = None if self._last is None else _change(self._last, frame)
        while self._sizes and stamp - self._sizes[0][0] > self._window:
            self._sizes.popleft()
        if change is None or not self._sizes:
            return self._start(frame)
        self._last = frame
        self._size += change
        factor, usual = self._expect(stamp)
        if stamp - self._sizes[-1][0] >= self._window / SAMPLES:
            self._sizes.append((stamp, self._size))
        side = 0 if abs(factor - 1) <= usual else 1 if factor > 1 else -1
        self._run = self._run + side if self._run * side > 0 else side
        if abs(self._run) == BELIEVED:
            return self._start(frame)
        return factor if 1 / LARGEST_FACTOR <= factor <= LARGEST_FACTOR else 1.0

    def _start(self, frame: _Frame) -> float:
        self._last, self._size, self._run = frame, 0.0, 0
        self._sizes.clear()
        self._sizes.append((frame.stamp, 0.0))
        return 1.0

    def _expect(self, stamp: int) -> tuple[float, float]:
        """The size that the last frame should have, as a factor of the one it has, and how far from 1 is jitter."""
        past = [*self._sizes, (stamp, self._size)]
        if len(past) < 3:
            return 1.0, JITTER  # any two sizes lie on a line
        times, sizes = np.array([(when - stamp, math.exp(size - self._size)) for when, size in past]).T
        factor, noise = _line_at_end(times * 1e-9, sizes)
        return factor, JITTER + 3 * noise


def _look_at(depth: npt.NDArray[np.floating[Any]], rgb: npt.NDArray[np.uint8], stamp: int, description: str) -> _Frame:
    chosen = depth[grid(depth.shape)].astype(np.float32).ravel()
    known = np.isfinite(chosen) & (chosen > 0)
    log_depth = np.log(chosen, where=known, out=np.full(chosen.shape, np.nan, np.float32))
    return _Frame(stamp, description, (depth.shape, rgb.shape), log_depth, thumbnail(rgb))


def _change(last: _Frame, frame: _Frame) -> float | None:
    """By how much the log size has changed, or None where the frames have nothing to do with each other."""
    if (frame.description, frame.shapes) != (last.description, last.shapes) or frame.stamp <= last.stamp:
        return None
    if likeness(last.thumbnail, frame.thumbnail) < ALIKE:
        return None
    ratios = frame.log_depth - last.log_depth
    ratios = ratios[np.isfinite(ratios)]
    if ratios.size < ENOUGH:
        return None
    change = float(np.median(ratios))
    alike = abs(change) <= LARGEST_CHANGE and np.median(np.abs(ratios - change)) <= SPREAD
    return change if alike else None


def _line_at_end(times: npt.NDArray[np.float64], sizes: npt.NDArray[np.float64]) -> tuple[float, float]:
    """The value at time 0 of a line through (times, sizes), and the standard deviation around it.

    Outliers hardly move the line (Theil-Sen). A slope is made less steep by its own uncertainty: standing still, the
    line is as calm as a median.
    """
    first, second = np.triu_indices(len(times), 1)
    slope = float(np.median((sizes[second] - sizes[first]) / (times[second] - times[first])))
    rest = sizes - slope * times
    noise = 1.4826 * float(np.median(np.abs(rest - np.median(rest))))
    variance = noise**2 / float(np.sum((times - times.mean()) ** 2))
    if slope:
        slope *= max(0.0, 1 - variance / slope**2)
    return float(np.median(sizes - slope * times)), noise
