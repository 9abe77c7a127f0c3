"""What never looks at the image, measured on a recording beside the model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tr2m_core.eval.baselines import (
    BEST_CONSTANT,
    CONSTANT,
    RAMP,
    RELATIVE_DEPTH,
    VERTICAL_RAMP,
    thinned,
    vertical_ramp,
)
from tr2m_core.metrics.depth import best_constant_depth, mean_metrics
from tr2m_core.metrics.measurement import AFFINE, METRIC, Metrics, measure_depth
from tr2m_core.processes import Processes

FloatArray = npt.NDArray[np.floating[Any]]

TRUTH_PIXELS = 1000  # of each frame, that the best constant is chosen for and measured on


class Baselines:
    """Takes the measured frames of a recording in, one by one."""

    def __init__(self, names: Sequence[str], limits: tuple[float, float]) -> None:
        """names: of eval.baselines.BLIND. limits: metres that count and that aligned depth is clamped to."""
        self.names, self.limits = names, limits
        self._truths: list[tuple[int, FloatArray]] = []
        self._aligned: list[tuple[int, str, Metrics]] = []

    @property
    def want_relative_depth(self) -> bool:
        """Whether the model's relative depth is measured, which only the ramp can be compared with."""
        return RAMP in self.names

    def add(self, index: int, truth: FloatArray, relative_depth: FloatArray | None) -> None:
        """truth: (H, W) metres, NaN where it does not count; relative_depth: (H, W), needed where it is wanted."""
        if CONSTANT in self.names:
            self._truths.append((index, thinned(truth[np.isfinite(truth)], TRUTH_PIXELS)))
        if RAMP in self.names:
            for name, inverse in ((RELATIVE_DEPTH, relative_depth), (VERTICAL_RAMP, vertical_ramp(*truth.shape))):
                assert inverse is not None
                found = measure_depth(truth, inverse, self.limits, relative=True, alignments=(AFFINE,))
                metrics = None if found is None else found.metrics[AFFINE]
                if metrics is not None:
                    self._aligned.append((index, name, metrics))

    def gather(self, processes: Processes) -> None:
        """Takes in what the other processes added; afterwards all hold the same as one alone would."""
        self._truths = sorted(processes.gather(self._truths), key=lambda entry: entry[0])
        self._aligned = sorted(processes.gather(self._aligned), key=lambda entry: entry[:2])

    def report(self) -> dict[str, dict[str, Any]]:
        """By name: alignment, frames, the nine metrics, mean over frames; of the constant its depth_m. Only those with
        a measured frame."""
        entries: dict[str, dict[str, Any]] = {}
        for name in (RELATIVE_DEPTH, VERTICAL_RAMP):
            rows = [metrics for _, of, metrics in self._aligned if of == name]
            if rows:
                entries[name] = {"alignment": AFFINE, "frames": len(rows), "metrics": mean_metrics(rows)}
        if self._truths:
            entries[BEST_CONSTANT] = self._constant()
        return entries

    def _constant(self) -> dict[str, Any]:
        constant = best_constant_depth(np.concatenate([truth for _, truth in self._truths]))
        found = [measure_depth(truth, np.full(truth.shape, constant), self.limits) for _, truth in self._truths]
        rows = [each.metrics[METRIC] for each in found if each is not None]
        metrics = mean_metrics([row for row in rows if row is not None])
        return {"alignment": METRIC, "depth_m": constant, "frames": len(rows), "metrics": metrics}
