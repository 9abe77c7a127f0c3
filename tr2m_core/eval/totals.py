"""Totals: what is known of frames that need not be kept."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tr2m_core.eval.frame_result import FrameResult
from tr2m_core.metrics.depth import METRIC_NAMES
from tr2m_core.metrics.measurement import ALIGNMENTS, METRIC, RANGE_EDGES, RangeErrors

MOST_REASONS = 1000  # that are told apart; a text may hold numbers
OTHER_REASONS = "other reasons"

Row = npt.NDArray[np.float64]


@dataclass
class MetricSums:
    """Of the nine metrics over `count` frames, (9,) each."""

    count: int = 0
    total: Row = field(default_factory=lambda: np.zeros(len(METRIC_NAMES)))
    lowest: Row = field(default_factory=lambda: np.full(len(METRIC_NAMES), np.inf))
    highest: Row = field(default_factory=lambda: np.full(len(METRIC_NAMES), -np.inf))

    def add(self, rows: Sequence[Sequence[float]]) -> None:
        if rows:
            values = np.array(rows, np.float64)
            self.count += len(values)
            self.total = self.total + values.sum(axis=0)
            self.lowest = np.minimum(self.lowest, values.min(axis=0))
            self.highest = np.maximum(self.highest, values.max(axis=0))


@dataclass
class Totals:
    """Counts, reasons, sums of the metrics by alignment and of errors by range. They do not grow with the frames."""

    frames: int = 0
    processed: int = 0
    measured: int = 0
    equal_stamps: int = 0
    nearest_stamps: int = 0
    largest_gap_s: float | None = None
    problems: Counter[str] = field(default_factory=Counter)
    sums: dict[str, MetricSums] = field(default_factory=lambda: {name: MetricSums() for name in ALIGNMENTS})
    ranges: RangeErrors | None = None

    def add(self, frames: Sequence[FrameResult]) -> None:
        """Takes frames in; what they hold is not kept."""
        if not frames:
            return
        gaps = [frame.gap_s for frame in frames if frame.gap_s is not None]
        self.frames += len(frames)
        self.processed += sum(frame.processed for frame in frames)
        self.measured += sum(frame.metrics is not None for frame in frames)
        self.equal_stamps += sum(gap == 0 for gap in gaps)
        self.nearest_stamps += sum(gap > 0 for gap in gaps)
        self.largest_gap_s = max([*gaps, *([] if self.largest_gap_s is None else [self.largest_gap_s])], default=None)
        for frame in frames:
            if frame.problem is not None:
                known = frame.problem in self.problems or len(self.problems) < MOST_REASONS
                self.problems[frame.problem if known else OTHER_REASONS] += 1
        self._add_measurements(frames)

    def _add_measurements(self, frames: Sequence[FrameResult]) -> None:
        found = [frame.measurement for frame in frames if frame.measurement is not None]
        for alignment, sums in self.sums.items():
            rows = [measurement.metrics.get(alignment) for measurement in found]
            sums.add([[row[name] for name in METRIC_NAMES] for row in rows if row is not None])
        ranges = [measurement.ranges for measurement in found if measurement.ranges is not None]
        if self.ranges is not None:
            ranges.insert(0, self.ranges)
        if ranges:
            self.ranges = RangeErrors(*(np.sum(parts, axis=0) for parts in zip(*ranges, strict=True)))

    def count(self) -> dict[str, Any]:
        """How many frames there are, were processed, measured and paired, and how."""
        return {
            "total": self.frames,
            "processed": self.processed,
            "measured": self.measured,
            "without_ground_truth": self.frames - self.equal_stamps - self.nearest_stamps,
            "paired_by_equal_stamps": self.equal_stamps,
            "paired_by_nearest_stamp": self.nearest_stamps,
            "largest_gap_s": self.largest_gap_s,
        }

    def mean(self, alignment: str = METRIC) -> dict[str, float] | None:
        """The nine metrics, mean over the frames that have them; None when none has."""
        sums = self.sums[alignment]
        return _named(sums.total / sums.count) if sums.count else None

    def extremes(self) -> tuple[dict[str, float], dict[str, float]] | None:
        """The lowest and the highest of each metric; None when nothing was measured."""
        sums = self.sums[METRIC]
        return (_named(sums.lowest), _named(sums.highest)) if sums.count else None

    def by_range(self) -> list[dict[str, float | None]]:
        """Error by measured distance over all pixels; only ranges with pixels. bias: mean signed error."""
        if self.ranges is None:
            return []
        pixels, absolute, signed = self.ranges
        return [
            {
                "from_m": low,
                "to_m": high if np.isfinite(high) else None,
                "pixels": int(pixels[i]),
                "abs_rel": float(absolute[i] / pixels[i]),
                "bias": float(signed[i] / pixels[i]),
            }
            for i, (low, high) in enumerate(itertools.pairwise(RANGE_EDGES))
            if pixels[i]
        ]


def _named(row: Row) -> dict[str, float]:
    return dict(zip(METRIC_NAMES, row.tolist(), strict=True))
