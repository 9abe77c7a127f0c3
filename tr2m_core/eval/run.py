"""Run: what a model made of the frames of a recording or of a live camera, frame by frame and in sum."""

from __future__ import annotations

import bisect
import copy
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tr2m_core.eval.frame_result import FrameResult, View
from tr2m_core.eval.totals import Totals
from tr2m_core.metrics.measurement import ALIGNMENTS, METRIC
from tr2m_core.processes import Processes

SHOWN = 5  # frames that a report shows
NANOSECONDS = 1_000_000_000


@dataclass
class Run:
    """All frames in order, and views of a few.

    Counts, means and ranges are over all frames; lists, sentences, times and the drift of scale are over those that are
    held.
    """

    source: Mapping[str, Any]
    """What was read and how, the head of report.json."""
    frames: list[FrameResult] = field(default_factory=list)
    """The frames that are held, by index."""
    skipped_sentences: dict[str, int] = field(default_factory=dict)
    """Number of descriptions that could not be used, by reason."""
    damage: str | None = None
    """Where a recording ended before its time, None if it did not."""
    notes: Counter[str] = field(default_factory=Counter)
    """What else is worth knowing, and how often it was so."""
    baselines: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What was compared with, as `replay.baselines.Baselines.report` gives it."""
    scale_reference: Mapping[str, Any] | None = None
    """What a reference of scale would make of it, as `replay.scale_trial.ScaleTrial.report` gives it."""
    keep: int | None = None
    """Largest number of frames that are held, None for all."""
    older: Totals = field(default_factory=Totals)
    """Sums over the frames before those that are held."""
    _worst: list[tuple[float, FrameResult, View]] = field(default_factory=list, repr=False)
    _samples: list[tuple[FrameResult, View]] = field(default_factory=list, repr=False)

    def add(self, result: FrameResult, view: View | None = None, sample: bool = False) -> None:
        """Takes a frame. Its view is kept while it is among the worst measured ones, or as a sample for a run in which
        nothing is measured."""
        bisect.insort(self.frames, result, key=lambda frame: frame.index)
        self.trim()
        if view is None:
            return
        if sample and len(self._samples) < SHOWN:
            self._samples.append((result, view))
        if result.metrics is not None and result.variant == 0:
            self._worst.append((result.metrics["abs_rel"], result, view))
            self._worst.sort(key=_worst_first)
            del self._worst[SHOWN:]

    def trim(self) -> None:
        """Lets go of the first frames where more are held than `keep`."""
        excess = 0 if self.keep is None else len(self.frames) - self.keep
        if excess > 0:
            self.older.add([frame for frame in self.frames[:excess] if frame.variant == 0])
            del self.frames[:excess]

    def snapshot(self, source: Mapping[str, Any], further: Sequence[FrameResult], notes: Counter[str]) -> Run:
        """A run of its own with these frames and `further` ones."""
        frames = sorted([*self.frames, *further], key=lambda frame: frame.index)
        run = replace(self, source=source, frames=frames, notes=Counter(notes), older=copy.deepcopy(self.older))
        run._worst, run._samples = list(self._worst), list(self._samples)
        run.trim()
        return run

    def gather(self, processes: Processes) -> None:
        """Takes in what the other processes added; afterwards all hold the same as one alone would."""
        self.frames = processes.gather(self.frames)
        self._worst = sorted(processes.gather(self._worst), key=_worst_first)[:SHOWN]
        self._samples = sorted(processes.gather(self._samples), key=lambda entry: entry[0].index)[:SHOWN]

    def shown(self) -> list[tuple[FrameResult, View]]:
        """The frames with the largest abs_rel, worst first; samples where nothing was measured."""
        return [(result, view) for _, result, view in self._worst] or self._samples

    def primary(self) -> list[FrameResult]:
        """The frames under the first sentence, by stamp: those that sums and thresholds are about."""
        return sorted((frame for frame in self.frames if frame.variant == 0), key=lambda f: (f.stamp, f.index))

    def totals(self) -> Totals:
        """Over the primary frames, also those that are no longer held."""
        totals = copy.deepcopy(self.older)
        totals.add(self.primary())
        return totals

    def metrics(self) -> dict[str, float] | None:
        """The mean over the measured primary frames; None when there are none."""
        return self.totals().mean()

    def problems(self) -> dict[str, int]:
        """How many primary frames each reason kept from being measured."""
        return dict(self.totals().problems.most_common())

    def report(self) -> dict[str, Any]:
        """The content of report.json. All but `timing` is the same each time."""
        frames, totals = self.primary(), self.totals()
        return {
            **self.source,
            "damage": self.damage,
            "notes": dict(self.notes),
            "frames": totals.count(),
            "problems": dict(totals.problems.most_common()),
            "skipped_sentences": self.skipped_sentences,
            "metrics": totals.mean(),
            "aligned": {alignment: totals.mean(alignment) for alignment in ALIGNMENTS if alignment != METRIC},
            "baselines": self.baselines,
            "scale_reference": self.scale_reference,
            "scale_factor": scale_drift(frames),
            "ranges": totals.by_range(),
            "sentences": self.sentences(),
            "worst_frames": [{"index": r.index, "stamp": r.stamp, "abs_rel": error} for error, r, _ in self._worst],
            "timing": timing(frames),
        }

    def sentences(self) -> list[dict[str, Any]]:
        """What each sentence did, in order of first use."""
        groups: dict[tuple[int, str], list[FrameResult]] = {}
        for frame in sorted(self.frames, key=lambda f: (f.variant, f.stamp, f.index)):
            groups.setdefault((frame.variant, frame.description), []).append(frame)
        return [
            {
                "description": description,
                "frames": len(frames),
                "median_m": _median([frame.median_m for frame in frames]),
                "metrics": mean(frames),
                "scale_factor": scale_drift(frames),
            }
            for (_, description), frames in groups.items()
        ]


def _worst_first(entry: tuple[float, FrameResult, View]) -> tuple[float, int, int]:
    return -entry[0], entry[1].stamp, entry[1].index


def mean(frames: Sequence[FrameResult]) -> dict[str, float] | None:
    """The nine metrics, mean over the frames that have them; None when none has."""
    totals = Totals()
    totals.add(frames)
    return totals.mean()


def scale_drift(frames: Sequence[FrameResult]) -> dict[str, float] | None:
    """How steady the size of the predictions is in time: median truth / median prediction, frame by frame.

    frames: by stamp. std: standard deviation; largest_jump: the largest change from one measured frame to the next,
    and the index of the frame after it. None when nothing was measured.
    """
    factors = [(f.index, f.measurement.scale_factor) for f in frames if f.measurement is not None]
    measured = [(index, factor) for index, factor in factors if factor is not None]
    if not measured:
        return None
    values = np.array([factor for _, factor in measured])
    jumps = np.abs(np.diff(values))
    largest = int(jumps.argmax()) if jumps.size else 0
    return {
        "mean": float(values.mean()),
        "median": float(np.median(values)),
        "std": float(values.std()),
        "largest_jump": float(jumps[largest]) if jumps.size else 0.0,
        "largest_jump_frame": measured[largest + 1 if jumps.size else 0][0],
    }


def timing(frames: Sequence[FrameResult]) -> dict[str, float] | None:
    """Milliseconds per frame; None when none was timed."""
    taken = [1000 * frame.seconds for frame in frames if frame.seconds is not None]
    if not taken:
        return None
    p50, p95 = (float(v) for v in np.percentile(taken, (50, 95)))
    return {"p50_ms": p50, "p95_ms": p95, "max_ms": max(taken), "mean_ms": float(np.mean(taken))}


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.median(known)) if known else None
