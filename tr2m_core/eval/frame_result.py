"""What became of one frame of a run, and what it looks like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tr2m_core.metrics.depth import METRIC_NAMES, valid_depth
from tr2m_core.metrics.measurement import ALIGNMENTS, METRIC, Measurement, measure_depth
from tr2m_core.types import Intrinsics

NO_PARTNER = "no ground truth within the tolerance"
NOTHING_IN_RANGE = "no valid ground truth in range"


@dataclass
class FrameResult:
    """One frame under one description."""

    index: int
    """Place among the frames; in a live graph, by arrival."""
    stamp: int
    """Nanoseconds, from the header."""
    description: str
    variant: int = 0
    """Which of several descriptions given for all frames."""
    processed: bool = False
    gap_s: float | None = None
    """Seconds between the stamps of image and ground truth."""
    median_m: float | None = None
    """Median of the prediction in metres."""
    measurement: Measurement | None = None
    reference_factor: float | None = None
    """What a reference of scale multiplies the prediction by."""
    seconds: float | None = None
    """Time that the model took; in a live graph, time from stamp to arrival, in simulated time from the image's
    arrival."""
    problem: str | None = None
    """Why the frame was not processed or not measured; None if it was, or if it was processed and the recording
    has no ground truth."""

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
            "reference_factor": self.reference_factor,
        }
        for alignment in ALIGNMENTS:
            prefix = "" if alignment == METRIC else f"{alignment}_"
            metrics = (None if measurement is None else measurement.metrics.get(alignment)) or {}
            row |= {f"{prefix}{name}": metrics.get(name) for name in METRIC_NAMES}
        return row | {"problem": self.problem}


def measure_frame(
    result: FrameResult,
    prediction: npt.NDArray[np.floating[Any]],
    ground_truth: npt.NDArray[np.floating[Any]] | None,
    limits: tuple[float, float],
) -> npt.NDArray[np.floating[Any]] | None:
    """Fills what `result` says of a prediction (H, W), metres, not finite where there is none.

    ground_truth: (H, W) metres, None without one. limits: metres strictly between which it counts. Returns it with NaN
    where it does not count, None where it counts nowhere.
    """
    finite = prediction[np.isfinite(prediction)]
    # In double precision: the mean of the middle two of huge depths would have no end.
    result.median_m = float(np.float32(np.median(finite.astype(np.float64)))) if finite.size else None
    if ground_truth is None:
        return None
    valid = valid_depth(ground_truth, *limits)
    if not valid.any():
        result.problem = NOTHING_IN_RANGE
        return None
    truth = np.where(valid, ground_truth, np.nan)
    result.measurement = measure_depth(truth, prediction, limits)
    return truth


@dataclass(frozen=True)
class View:
    """What a frame looks like: image (H, W, 3) uint8 RGB, prediction and ground truth (H, W) metres."""

    rgb: npt.NDArray[np.uint8]
    prediction: npt.NDArray[np.floating[Any]]
    ground_truth: npt.NDArray[np.floating[Any]] | None = None
    intrinsics: Intrinsics | None = None
