"""RVL, the lossless compression of 16-bit depth images (A. Wilson, Fast Lossless Depth Image Compression, ISS 2017)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def decode_rvl(data: npt.NDArray[np.uint8], count: int) -> npt.NDArray[np.uint16]:
    """The `count` pixels that the data hold. Raises ValueError when they hold others.

    A sequence of numbers: how many zeros, how many others, then for each of those the difference to the one before,
    and again. Numbers are written in nibbles from the highest of each 32-bit word down, three bits each, the lowest
    first; the fourth bit says that more follow.
    """
    numbers = _numbers(data)
    depth = np.zeros(count, np.uint16)
    place = value = read = 0
    while place < count:
        if read + 2 > len(numbers):
            raise ValueError("the data end early")
        place += int(numbers[read])
        run = int(numbers[read + 1])
        steps = numbers[read + 2 : read + 2 + run]
        if place + run > count or len(steps) < run:
            raise ValueError("more pixels than the image has")
        if run:
            values = value + np.cumsum((steps >> 1) ^ -(steps & 1))
            value = int(values[-1])
            depth[place : place + run] = values & 0xFFFF
        place += run
        read += 2 + run
    if place > count:
        raise ValueError("more pixels than the image has")
    return depth


def _numbers(data: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    words = np.frombuffer(data[: len(data) // 4 * 4].tobytes(), "<u4")
    nibbles = (words[:, None] >> np.arange(28, -1, -4, dtype=np.uint32) & 15).ravel().astype(np.int64)
    ends = np.flatnonzero(nibbles < 8)
    starts = np.concatenate(([0], ends[:-1] + 1)) if len(ends) else ends
    nibbles = nibbles[: ends[-1] + 1] if len(ends) else nibbles[:0]
    if not len(ends):
        return nibbles
    lengths = ends - starts + 1
    if lengths.max() > 10:
        raise ValueError("a number of more than 30 bits")
    positions = np.arange(len(nibbles)) - np.repeat(starts, lengths)
    return np.add.reduceat((nibbles & 7) << (3 * positions), starts)
