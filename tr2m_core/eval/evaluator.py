"""Metrics of a predictor on samples with ground truth, by the published protocols' rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tr2m_core.inference import DepthPredictor
from tr2m_core.metrics import clamp_depth, compute_depth_metrics, valid_depth


class Sample(NamedTuple):
    """A frame (H, W, 3) uint8 RGB, its sentence, ground truth (h, w), what of it may count, and the range that does."""

    rgb: npt.NDArray[np.uint8]
    description: str
    depth: npt.NDArray[np.floating[Any]]
    crop: npt.NDArray[np.bool_]
    limits: tuple[float, float]


def measure(predictor: DepthPredictor, samples: Sequence[Sample]) -> list[dict[str, float] | None]:
    """The nine metrics of each sample; None where no ground truth counts. The samples' frames have one size.

    The prediction is brought to the size of the ground truth (bilinear, corners aligned) and clamped to the limits.
    """
    size = samples[0].depth.shape
    frames = np.stack([sample.rgb for sample in samples])
    sentences = [sample.description for sample in samples]
    predicted = predictor.predict(frames, sentences, maps=False, size=(size[0], size[1])).metric_depth
    rows: list[dict[str, float] | None] = []
    for sample, prediction in zip(samples, predicted, strict=True):
        valid = valid_depth(sample.depth, *sample.limits) & sample.crop
        if not valid.any():
            rows.append(None)
            continue
        rows.append(compute_depth_metrics(sample.depth[valid], clamp_depth(prediction, *sample.limits)[valid]))
    return rows
