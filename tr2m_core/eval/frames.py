"""How good a model is on photographs with measured depth, per source, beside the best constant depth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tr2m_core.data.frames import Frame
from tr2m_core.files import write_png
from tr2m_core.inference import DepthPredictor
from tr2m_core.metrics import (
    best_constant_depth,
    clamp_depth,
    compute_depth_metrics,
    mean_metrics,
    valid_depth,
)
from tr2m_core.types import InputError

FloatArray = npt.NDArray[np.floating[Any]]


@dataclass
class SourceResult:
    """One source. frames: name, sentence and metrics per measured frame; truths: their valid depths, metres (N,)."""

    frames: list[dict[str, Any]] = field(default_factory=list)
    truths: list[FloatArray] = field(default_factory=list)

    def report(self) -> dict[str, Any]:
        """Means over frames of the model and of the one depth with the least mean abs_rel over all valid pixels."""
        constant = best_constant_depth(np.concatenate(self.truths))
        baseline = [compute_depth_metrics(truth, np.full_like(truth, constant)) for truth in self.truths]
        return {
            "frames": len(self.frames),
            "model": mean_metrics(frame["metrics"] for frame in self.frames),
            "best_constant_m": constant,
            "best_constant": mean_metrics(baseline),
        }


@dataclass
class FramesResult:
    """All sources by name, and why frames were left out."""

    sources: dict[str, SourceResult] = field(default_factory=lambda: defaultdict(SourceResult))
    problems: list[str] = field(default_factory=list)

    def report(self) -> dict[str, Any]:
        return {"sources": {name: source.report() for name, source in self.sources.items()}, "problems": self.problems}

    def rows(self) -> list[dict[str, Any]]:
        """A line of frames.csv per measured frame."""
        frames = [(name, frame) for name, source in self.sources.items() for frame in source.frames]
        return [
            {"source": name, "frame": frame["name"], "valid_pixels": frame["valid_pixels"], **frame["metrics"]}
            | {"description": frame["description"]}
            for name, frame in frames
        ]


def evaluate_frames(
    frames: Iterable[Frame],
    predictor: DepthPredictor,
    limits: tuple[float, float],
    output: Path | None = None,
    *,
    save_predictions: bool = False,
) -> FramesResult:
    """Measures every frame with its own sentence. limits: metres that count and that predictions are clamped to.

    output: folder for pictures/ (and predictions/), one per frame. A frame that cannot be read or has no valid depth
    becomes a line in `problems`.
    """
    result = FramesResult()
    for frame in frames:
        try:
            rgb, depth = frame.load()
            valid = valid_depth(depth, *limits)
            if not valid.any():
                raise InputError(f"{frame.depth_path}: no valid depth between {limits[0]:g} and {limits[1]:g} m")
            predicted = predictor.predict(rgb, frame.description, maps=False).metric_depth
        except (InputError, ValueError) as error:
            result.problems.append(f"{frame.source} {frame.name}: {error}")
            continue
        prediction, truth = clamp_depth(predicted, *limits), depth[valid]
        metrics = compute_depth_metrics(truth, prediction[valid])
        source = result.sources[frame.source]
        source.truths.append(truth)
        source.frames.append(
            {"name": frame.name, "description": frame.description, "valid_pixels": truth.size, "metrics": metrics}
        )
        if output is not None:
            truth_map = np.where(valid, depth, np.nan)
            _write(output, frame, rgb, prediction, truth_map, metrics, predicted if save_predictions else None)
    return result


def _write(
    output: Path,
    frame: Frame,
    rgb: npt.NDArray[np.uint8],
    prediction: FloatArray,
    truth: FloatArray,
    metrics: dict[str, float],
    raw: FloatArray | None,
) -> None:
    from tr2m_core.visualization import comparison_panel  # matplotlib takes a second to load

    name = f"{frame.source}_{frame.name}".replace("/", "_")
    (output / "pictures").mkdir(exist_ok=True)
    panel = comparison_panel(rgb, prediction, truth, frame.description, metrics)
    write_png(output / "pictures" / f"{name}.png", panel)
    if raw is not None:
        (output / "predictions").mkdir(exist_ok=True)
        np.save(output / "predictions" / f"{name}.npy", raw, allow_pickle=False)
