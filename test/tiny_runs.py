"""Runs of a few small frames whose errors are known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tr2m_core.eval.frame_result import FrameResult, View
from tr2m_core.eval.run import NANOSECONDS, Run
from tr2m_core.metrics.measurement import measure_depth
from tr2m_core.types import Intrinsics

START = 1_600_000_000 * NANOSECONDS
LIMITS = (0.001, 80.0)
TEXT = "A desk."
HOSTILE = "A </script><script>hacked = 1</script> <img src=x onerror=hacked=1> <b>desk</b> & {{ 7 * 7 }} %{x} $y$"
INTRINSICS = Intrinsics(20.0, 20.0, 16.0, 12.0)
SOURCE = {"bag": "recordings/desk", "model": "embedded", "precision": "fp32", "topics": {"image": "/i", "depth": "/d"}}


def ground_truth() -> np.ndarray:
    """(24, 32) metres: 1.5 m on the left half, 4 m on the right."""
    truth = np.full((24, 32), 1.5)
    truth[:, 16:] = 4.0
    return truth


def measured(
    index: int, times: float, text: str = TEXT, variant: int = 0, stamp: int | None = None
) -> tuple[FrameResult, View]:
    """A frame predicted `times` too far: abs_rel is |times - 1|, the factor truth / prediction 1 / times."""
    truth = ground_truth()
    prediction = times * truth
    rgb = np.full((24, 32, 3), (40, 90, 160), np.uint8)
    result = FrameResult(index, START + index * NANOSECONDS // 2 if stamp is None else stamp, text, variant)
    result.processed, result.gap_s, result.seconds = True, 0.0, 0.01 * (index + 1)
    result.median_m = float(np.median(prediction))
    result.measurement = measure_depth(truth, prediction, LIMITS)
    return result, View(rgb, prediction, truth, INTRINSICS)


def measured_run(factors: Sequence[float] = (1.25, 2.0, 0.5), text: str = TEXT) -> Run:
    """Half a second between frames; 10 ms for the first, 20 ms for the second..."""
    run = Run(SOURCE)
    for index, times in enumerate(factors):
        run.add(*measured(index, times, text))
    return run


def unmeasured_run(text: str = TEXT, problem: str | None = None) -> Run:
    """Three frames without ground truth."""
    run = Run(SOURCE | {"topics": {"image": "/i", "depth": None}})
    for index in range(3):
        result, view = measured(index, 1.0 + index, text)
        result.measurement, result.gap_s, result.problem = None, None, problem
        run.add(result, View(view.rgb, view.prediction, None, view.intrinsics), sample=True)
    return run
