"""What --scale-from says: where an evaluation takes references of scale from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tr2m_core.errors import InputError
from tr2m_core.scale.reference import POINTS, RANGE, SCAN
from tr2m_core.scale.samples import ReferenceSamples

PIXELS, HEIGHT = "depth", "height"
TOPICS = {SCAN: "sensor_msgs/msg/LaserScan", POINTS: "sensor_msgs/msg/PointCloud2", RANGE: "sensor_msgs/msg/Range"}
SYNTAX = "scan, points or range, each also as scan=/TOPIC; depth:N; height=M or height=M,pitch=DEGREES"


@dataclass(frozen=True)
class ScaleFrom:
    """A parsed --scale-from."""

    kind: str
    """PIXELS, HEIGHT, or one of TOPICS."""
    topic: str | None = None
    """None: the only one of the type."""
    count: int = 0
    """Of pixels."""
    height: float = 0.0
    """Metres."""
    pitch: float | None = None
    """Radians."""

    def __str__(self) -> str:
        if self.kind == PIXELS:
            return f"{self.count} measured pixels"
        return f"a camera height of {self.height:g} m" if self.kind == HEIGHT else self.topic or self.kind


def parse_scale_from(text: str) -> ScaleFrom:
    """Reads "depth:50", "scan", "points=/lidar", "height=1.2,pitch=10". Raises InputError."""
    kind, separator, rest = text.partition("=")
    if kind in TOPICS and (rest or not separator):
        return ScaleFrom(kind, rest or None)
    if text.startswith(f"{PIXELS}:"):
        count = text.partition(":")[2]
        if count.isdecimal() and 1 <= int(count) <= 100_000:
            return ScaleFrom(PIXELS, count=int(count))
    if kind == HEIGHT:
        number, comma, turn = rest.partition(",pitch=")
        height, pitch = _number(number), _number(turn) if comma else 0.0
        if 0 < height < math.inf and abs(pitch) <= 90:
            return ScaleFrom(HEIGHT, height=height, pitch=math.radians(pitch) if comma else None)
    raise InputError(f"--scale-from {text}: not understood; give {SYNTAX}")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def random_pixels(
    truth: npt.NDArray[np.floating[Any]], valid: npt.NDArray[np.bool_], count: int, seed: int
) -> tuple[ReferenceSamples, npt.NDArray[np.bool_]]:
    """So many valid pixels of a measured depth (H, W) at random, as samples, and the mask (H, W) of where they are."""
    places = np.flatnonzero(valid)
    chosen = np.random.default_rng(seed).choice(places, min(count, len(places)), replace=False)
    rows, columns = np.divmod(chosen, truth.shape[1])
    mask = np.zeros(truth.shape, bool)
    mask[rows, columns] = True
    values = truth[rows, columns].astype(np.float64)
    return ReferenceSamples(rows.astype(np.float64), columns.astype(np.float64), values), mask
