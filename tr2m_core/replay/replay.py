"""Runs a model over every frame of a bag and measures it against the bag's depth topic."""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from tr2m_core.description import check_description
from tr2m_core.files import write_csv, write_json, write_png
from tr2m_core.metrics import METRIC_NAMES, clamp_depth, compute_depth_metrics, mean_metrics, valid_depth
from tr2m_core.replay.bag_reader import (
    IMAGE_TYPE,
    Bag,
    BagFrame,
    FrameError,
    Topics,
    decode_colour,
    decode_depth,
    plan_pairs,
    read_frames,
    read_intrinsics,
    read_sentences,
)
from tr2m_core.types import DepthPrediction, InputError

NANOSECONDS = 1_000_000_000
NO_PARTNER = "no ground truth within the tolerance"


class Predictor(Protocol):
    """What a replay needs of a `DepthPredictor`."""

    def predict(self, rgb: npt.NDArray[np.uint8], description: str, *, maps: bool = True) -> DepthPrediction: ...


@dataclass(frozen=True)
class ReplayOptions:
    """text: the sentence for all frames; None takes the bag's own. min_depth, max_depth: metres that count and that
    predictions are clamped to. tolerance: seconds between image and depth stamps. pictures: how many frames, evenly
    spaced, to draw. save_predictions: write every metric depth map as npy.
    """

    text: str | None = None
    min_depth: float = 0.001
    max_depth: float = 80.0
    tolerance: float = 0.02
    pictures: int = 6
    save_predictions: bool = False


@dataclass
class FrameResult:
    """One frame. problem: why it was not processed or not measured, None when it was."""

    index: int
    stamp: int
    description: str
    processed: bool = False
    gap_s: float | None = None
    valid_pixels: int = 0
    metrics: dict[str, float] | None = None
    problem: str | None = None

    def row(self) -> dict[str, Any]:
        """The frame as a line of frames.csv."""
        row = asdict(self)
        metrics = row.pop("metrics") or {}
        problem = row.pop("problem")
        return row | {name: metrics.get(name) for name in METRIC_NAMES} | {"problem": problem}


@dataclass
class ReplayResult:
    """All frames in the order of their stamps, and where they came from."""

    bag: str
    topics: Topics
    options: ReplayOptions
    frames: list[FrameResult]
    intrinsics: dict[str, float] | None
    skipped_sentences: dict[str, int] = field(default_factory=dict)

    def metrics(self) -> dict[str, float] | None:
        """The mean over the frames that were measured; None when there are none."""
        measured = [frame.metrics for frame in self.frames if frame.metrics is not None]
        return mean_metrics(measured) if measured else None

    def described_by(self) -> str:
        """Where the sentences came from, in words."""
        return "sentence given" if self.options.text is not None else f"sentences {self.topics.description}"

    def problems(self) -> dict[str, int]:
        """How many frames each reason kept from being measured."""
        return dict(Counter(frame.problem for frame in self.frames if frame.problem is not None).most_common())

    def report(self) -> dict[str, Any]:
        """The content of report.json; the same bag and model give the same report."""
        gaps = [frame.gap_s for frame in self.frames if frame.gap_s is not None]
        return {
            "bag": self.bag,
            "topics": self.topics._asdict(),
            "intrinsics": self.intrinsics,
            "options": asdict(self.options),
            "frames": {
                "total": len(self.frames),
                "processed": sum(frame.processed for frame in self.frames),
                "measured": sum(frame.metrics is not None for frame in self.frames),
                "without_ground_truth": len(self.frames) - len(gaps),
                "paired_by_equal_stamps": sum(gap == 0 for gap in gaps),
                "paired_by_nearest_stamp": sum(gap > 0 for gap in gaps),
                "largest_gap_s": max(gaps, default=None),
            },
            "problems": self.problems(),
            "skipped_sentences": self.skipped_sentences,
            "descriptions": list(dict.fromkeys(frame.description for frame in self.frames)),
            "metrics": self.metrics(),
        }


class Sentences:
    """The sentence in force at a time, from the bag's String topic or one fixed text.

    Frames recorded before the first sentence get the first: recorders often write a latched topic late.
    Raises InputError when there is no usable sentence.
    """

    def __init__(self, bag: Bag, topic: str | None, text: str | None) -> None:
        self.skipped: Counter[str] = Counter()
        self._times: list[int] = []
        self._texts: list[str] = []
        found = [(0, text)] if text is not None else read_sentences(bag, topic) if topic is not None else []
        for recorded, sentence in found:
            try:
                self._texts.append(check_description(sentence))
                self._times.append(recorded)
            except InputError as error:
                if text is not None:
                    raise
                self.skipped[str(error)] += 1
        if not self._texts:
            why = "no String topic to take it from" if topic is None else f"no usable sentence on {topic}"
            raise InputError(f"{bag.path}: no scene description: --text is not given and the bag has {why}")

    def at(self, time: int) -> str:
        """The sentence in force at a recording time (ns)."""
        return self._texts[max(0, bisect.bisect_right(self._times, time) - 1)]


def replay_bag(
    bag: Bag,
    topics: Topics,
    load_predictor: Callable[[], Predictor],
    output: Path,
    options: ReplayOptions,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> ReplayResult:
    """Every frame of the bag, in stamp order, through the predictor; no frame is dropped and the result is repeatable.

    Writes report.json, frames.csv and pictures/ (and predictions/) into `output`. A frame that cannot be used is
    counted with the reason. load_predictor: called once the bag proved usable. on_progress: called with the
    frames done and in all. Raises InputError when the bag has no frames or no sentence.
    """
    sentences = Sentences(bag, topics.description, options.text)
    pairs = plan_pairs(bag, topics, round(options.tolerance * NANOSECONDS))
    if not pairs:
        raise InputError(f"{bag.path}: no messages on {topics.image}; the bag has {bag.describe_topics()}")
    predictor = load_predictor()
    drawn = set(np.linspace(0, len(pairs) - 1, min(options.pictures, len(pairs))).round().astype(int).tolist())
    folders = {name: output / name for name in ("pictures", "predictions")}
    folders["pictures"].mkdir(parents=True, exist_ok=True)
    if options.save_predictions:
        folders["predictions"].mkdir(exist_ok=True)
    results = []
    for index, frame in enumerate(read_frames(bag, topics, pairs)):
        gap = frame.pair.gap
        result = FrameResult(index, frame.pair.image.stamp, sentences.at(frame.pair.image.recorded))
        result.gap_s = None if gap is None else gap / NANOSECONDS
        try:
            _process(bag, frame, predictor, options, folders, index in drawn, result)
        except FrameError as error:
            result.problem = str(error)
        results.append(result)
        on_progress(index + 1, len(pairs))
    intrinsics = read_intrinsics(bag, topics.info)
    summary = ReplayResult(
        str(bag.path), topics, options, results, asdict(intrinsics) if intrinsics else None, dict(sentences.skipped)
    )
    write_json(output / "report.json", summary.report())
    write_csv(output / "frames.csv", [result.row() for result in results])
    return summary


def _process(
    bag: Bag,
    frame: BagFrame,
    predictor: Predictor,
    options: ReplayOptions,
    folders: dict[str, Path],
    draw: bool,
    result: FrameResult,
) -> None:
    """Predicts and measures one frame; fills `result`. Raises FrameError when the frame cannot be used."""
    rgb = decode_colour(bag.decode(frame.image, IMAGE_TYPE))
    try:
        depth = predictor.predict(rgb, result.description, maps=False).metric_depth
    except ValueError as error:
        raise FrameError(str(error)) from None
    result.processed = True
    prediction = clamp_depth(depth, options.min_depth, options.max_depth)
    name = f"frame_{result.index:06d}"
    if options.save_predictions:
        np.save(folders["predictions"] / f"{name}.npy", depth, allow_pickle=False)
    ground_truth = None
    try:
        ground_truth = _ground_truth(bag, frame, rgb.shape[:2], options)
        valid = np.isfinite(ground_truth)
        result.valid_pixels = int(valid.sum())
        result.metrics = compute_depth_metrics(ground_truth[valid], prediction[valid])
    finally:
        if draw:
            panel = _panel(rgb, prediction, ground_truth, result)
            write_png(folders["pictures"] / f"{name}.png", panel)


def _ground_truth(
    bag: Bag, frame: BagFrame, size: tuple[int, ...], options: ReplayOptions
) -> npt.NDArray[np.floating[Any]]:
    """Measured depth (H, W) in metres, NaN where it does not count. Raises FrameError when there is none to compare."""
    if frame.depth is None:
        raise FrameError(NO_PARTNER)
    depth = decode_depth(bag.decode(frame.depth, IMAGE_TYPE))
    if depth.shape != size:
        raise FrameError(
            f"the ground truth is {depth.shape[1]}x{depth.shape[0]}, the image {size[1]}x{size[0]}: align the depth "
            "with the colour camera before recording"
        )
    valid = valid_depth(depth, options.min_depth, options.max_depth)
    if not valid.any():
        raise FrameError("no valid ground truth in range")
    return np.where(valid, depth, np.nan)


def _panel(
    rgb: npt.NDArray[np.uint8],
    prediction: npt.NDArray[np.floating[Any]],
    ground_truth: npt.NDArray[np.floating[Any]] | None,
    result: FrameResult,
) -> npt.NDArray[np.uint8]:
    from tr2m_core.visualization import comparison_panel  # matplotlib takes a second to load

    return comparison_panel(rgb, prediction, ground_truth, result.description, result.metrics)
