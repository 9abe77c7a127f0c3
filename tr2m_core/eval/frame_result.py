"""What became of one frame of a run, and what it looks like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tr2m_core.metrics.depth import METRIC_NAMES
from tr2m_core.metrics.measurement import ALIGNMENTS, METRIC, Measurement
from tr2m_core.types import Intrinsics


@dataclass
class FrameResult:
    """One frame under one sentence.

    index: place among the frames, in a live graph by arrival. stamp: of its header, ns. variant: which of several
    sentences given for all frames. gap_s: between the stamps of image and ground truth. median_m: of the prediction.
    seconds: the model took, or from stamp to arrival in a live graph. problem: why it was not processed or not
    measured, None when it was.
    """

    index: int
    stamp: int
    description: str
    variant: int = 0
    processed: bool = False
    gap_s: float | None = None
    median_m: float | None = None
    measurement: Measurement | None = None
    seconds: float | None = None
    problem: str | None = None

    @property
    def metrics(self) -> dict[str, float] | None:
        """The nine of the prediction as it is."""
        return None if self.measurement is None else self.measurement.metrics[METRIC]

    def row(self) -> dict[str, Any]:
        """A line of frames.csv, all but the time it took."""
        measurement = self.measurement
        row: dict[str, Any] = {
            "index": self.index,
            "stamp": self.stamp,
            "description": self.description,
            "processed": self.processed,
            "gap_s": self.gap_s,
            "median_m": self.median_m,
            "valid_pixels": 0 if measurement is None else measurement.valid_pixels,
            "scale_factor": None if measurement is None else measurement.scale_factor,
        }
        for alignment in ALIGNMENTS:
            prefix = "" if alignment == METRIC else f"{alignment}_"
            metrics = (None if measurement is None else measurement.metrics.get(alignment)) or {}
            row |= {f"{prefix}{name}": metrics.get(name) for name in METRIC_NAMES}
        return row | {"problem": self.problem}


@dataclass(frozen=True)
class View:
    """What a frame looks like: picture (H, W, 3) uint8 RGB, prediction and ground truth (H, W) metres."""

    rgb: npt.NDArray[np.uint8]
    prediction: npt.NDArray[np.floating[Any]]
    ground_truth: npt.NDArray[np.floating[Any]] | None = None
    intrinsics: Intrinsics | None = None
