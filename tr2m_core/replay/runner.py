"""Runs a model over every frame of a bag and measures it against the bag's ground truth."""

from __future__ import annotations

import bisect
import contextlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tr2m_core.bags.bag import Bag
from tr2m_core.bags.description_topic import find_description
from tr2m_core.bags.topics import Topics, first_info, read_descriptions
from tr2m_core.bags.writer import DepthBagWriter
from tr2m_core.camera.model import is_rectified, pinhole
from tr2m_core.description import check_sentences
from tr2m_core.errors import FrameError, InputError
from tr2m_core.eval.frame_result import NO_PARTNER, FrameResult, View, measure_frame
from tr2m_core.eval.run import NANOSECONDS, Run
from tr2m_core.files.images import write_png
from tr2m_core.messages.images import CheckedImage
from tr2m_core.metrics.depth import clamp_depth
from tr2m_core.pipeline.frame_pipeline import (
    FrameInput,
    FrameOutput,
    FramePipeline,
    PipelineOptions,
    Predictor,
    Product,
)
from tr2m_core.pipeline.memory import Memory
from tr2m_core.processes import ALONE, Processes
from tr2m_core.replay.baselines import Baselines
from tr2m_core.replay.ground_truth import GroundTruth
from tr2m_core.replay.pairing import BagFrame, Pair, plan_pairs, read_frames
from tr2m_core.replay.scale_trial import ScaleTrial
from tr2m_core.scale.scale_from import ScaleFrom

NO_DESCRIPTION = "no scene description found"
REMEDY = "give one with --text, or the topic that has it with --text-topic"


@dataclass(frozen=True)
class ReplayOptions:
    """Which frames of a bag are replayed, and what is measured and written."""

    texts: tuple[str, ...] = ()
    """Descriptions; every frame is predicted with each in turn. If empty, the bag's own descriptions are used."""
    min_depth: float = 0.001
    max_depth: float = 80.0
    """Metres; ground truth between min_depth and max_depth counts, and predictions are clamped to them."""
    tolerance: float = 0.02
    """Largest difference in seconds between the stamps of image and ground truth."""
    every: int = 1
    """Only every n-th frame is replayed."""
    start: float = 0.0
    """Seconds from the first image of the recording to the start of the replay."""
    duration: float = float("inf")
    """Seconds of the recording that are replayed."""
    aligned: bool = False
    """Whether ground truth of the image's size is taken as seen by its camera, whatever frame it names."""
    panels: int = 6
    """Number of frames to draw, evenly spaced."""
    save_predictions: bool = False
    """Whether to write every metric depth map as npy."""
    write_bag: Path | None = None
    """Folder of a new bag with depth and clouds."""
    steady: float = 0.0
    """Seconds over which the size of the scene is kept steady; 0 treats every frame on its own."""
    baselines: tuple[str, ...] = ()
    """Baselines to measure as well, of `eval.baselines.BLIND`."""
    scale_from: ScaleFrom | None = None
    """What depth is corrected by, beside what is predicted."""

    @property
    def limits(self) -> tuple[float, float]:
        return self.min_depth, self.max_depth

    @property
    def pipeline(self) -> PipelineOptions:
        return PipelineOptions(self.min_depth, self.max_depth, steadiness=self.steady)


class Sentences:
    """The sentence in force at a time, from the bag's String topic.

    Frames recorded before the first sentence get the first: recorders often write a latched topic late.
    Raises InputError when there is no usable sentence.
    """

    def __init__(self, bag: Bag, topics: Topics) -> None:
        topic = topics.description
        if topic is None:
            raise InputError(f"{bag.path}: {NO_DESCRIPTION}: {find_description(bag, topics.image).why}; {REMEDY}")
        self.skipped: Counter[str] = Counter()
        self._times: list[int] = []
        self._texts: list[str] = []
        read = read_descriptions(bag, topic)
        for recorded, description in read:
            try:
                self._texts.append(check_sentences(description))
                self._times.append(recorded)
            except InputError as error:
                self.skipped[str(error)] += 1
        if unreadable := bag.topics[topic].count - len(read):
            self.skipped["a scene description that is no text in UTF-8"] += unreadable
        if not self._texts:
            why = "; ".join(f"{count} x {reason}" for reason, count in self.skipped.items()) or "no messages"
            raise InputError(f"{bag.path}: {NO_DESCRIPTION}: no usable sentence on {topic} ({why}); {REMEDY}")

    def at(self, time: int) -> str:
        """The sentence in force at a recording time (ns)."""
        return self._texts[max(0, bisect.bisect_right(self._times, time) - 1)]


def replay_bag(
    bag: Bag,
    topics: Topics,
    load_predictor: Callable[[], Predictor],
    output: Path,
    options: ReplayOptions,
    about: Mapping[str, Any] | None = None,
    processes: Processes = ALONE,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Run:
    """Every frame of the bag, in stamp order, through the predictor; no frame is dropped and the result is repeatable.

    Writes panels/ and what else the options ask for into `output`, but no report. A frame that cannot be used is
    counted with the reason. load_predictor: called once the bag proved usable. about: further entries for the
    head of report.json, such as the model's name. processes: among which the frames are shared out; the result is the
    same. on_progress: called with the frames done and in all.

    Raises InputError when the bag has no frames or no sentence, the new bag's folder is in use, or an option that needs
    all frames in their order meets several processes.
    """
    if options.write_bag and processes.count > 1:
        raise InputError("a new bag is written in the order of the frames: --write-bag needs a single process")
    if options.steady and processes.count > 1:
        raise InputError("the size is kept steady in the order of the frames: --steady needs a single process")
    if options.scale_from and processes.count > 1:
        raise InputError("a scale is followed in the order of the frames: --scale-from needs a single process")
    frames = choose_frames(plan_pairs(bag, topics, round(options.tolerance * NANOSECONDS)), options)
    if not frames:
        where = f"between --start {options.start:g} s and the end" if bag.topics[topics.image].count else "at all"
        ended = f"; {bag.damage}" if bag.damage else ""
        raise InputError(
            f"{bag.path}: no messages on {topics.image} {where}; the bag has {bag.describe_topics()}{ended}"
        )
    with contextlib.ExitStack() as opened:
        replay = _Replay(bag, topics, options, output, opened)
        if options.scale_from:
            replay.trial = ScaleTrial(options.scale_from, bag, topics, frames, options.limits)
        replay.pipeline = FramePipeline(load_predictor())
        drawn = set(np.linspace(0, len(frames) - 1, min(options.panels, len(frames))).round().astype(int).tolist())
        for index, frame in enumerate(read_frames(bag, topics, frames)):
            if index % processes.count == processes.index:
                replay.process(index, frame, draw=index in drawn)
                on_progress(index + 1, len(frames))
    run = replay.run
    run.source, run.damage = replay.source(about or {}), bag.damage
    run.gather(processes)
    replay.baselines.gather(processes)
    run.baselines = replay.baselines.report()
    run.scale_reference = replay.trial.report() if replay.trial else None
    return run


def choose_frames(pairs: list[Pair], options: ReplayOptions) -> list[Pair]:
    """Those within the part of the recording that the options name, and of them each n-th."""
    if not pairs:
        return []
    first = min(pair.image.recorded for pair in pairs)
    after = [(pair, (pair.image.recorded - first) / NANOSECONDS - options.start) for pair in pairs]
    return [pair for pair, seconds in after if 0 <= seconds < options.duration][:: options.every]


class _Replay:
    """What one replay holds open: the way from a frame's messages to its results."""

    pipeline: FramePipeline

    def __init__(
        self, bag: Bag, topics: Topics, options: ReplayOptions, output: Path, opened: contextlib.ExitStack
    ) -> None:
        self.bag, self.topics, self.options = bag, topics, options
        self.sentences = None if options.texts else Sentences(bag, topics)
        self.run = Run({}, skipped_sentences=dict(self.sentences.skipped) if self.sentences else {})
        self.info = first_info(bag, topics.info)
        self.intrinsics = pinhole(self.info, is_rectified(topics.image))
        self.truth = GroundTruth(bag, topics, options.aligned)
        self.baselines = Baselines(options.baselines, options.limits)
        self.trial: ScaleTrial | None = None
        self.memory = Memory()
        self.writer = opened.enter_context(DepthBagWriter(options.write_bag)) if options.write_bag else None
        output.mkdir(parents=True, exist_ok=True)
        self.panels = _subfolder(output, "panels") if options.panels else None
        self.predictions = _subfolder(output, "predictions") if options.save_predictions else None

    def source(self, about: Mapping[str, Any]) -> dict[str, Any]:
        """The head of report.json; the new bag's folder stays out, so that equal runs have equal reports."""
        options = {key: value for key, value in asdict(self.options).items() if key not in ("write_bag", "scale_from")}
        if options["duration"] == float("inf"):
            del options["duration"]
        return {
            "bag": str(self.bag.path),
            **about,
            "topics": self.topics._asdict(),
            "intrinsics": asdict(self.intrinsics) if self.intrinsics else None,
            "options": options,
        }

    def process(self, index: int, frame: BagFrame, draw: bool) -> None:
        """Predicts one frame under each sentence and measures it; problems go into the results."""
        told = (self.sentences.at(frame.pair.image.recorded),) if self.sentences else self.options.texts
        gap = None if frame.pair.gap is None else frame.pair.gap / NANOSECONDS
        results = [
            FrameResult(index, frame.pair.image.stamp, description, variant, gap_s=gap)
            for variant, description in enumerate(told)
        ]
        try:
            message = self.bag.decode(frame.image, self.bag.topics[self.topics.image].type)
            rgb = CheckedImage.parse(message).rgb()
        except FrameError as error:
            for result in results:
                result.problem = str(error)
                self.run.add(result)
            return
        truth, problem = self._truth(message, frame, (rgb.shape[0], rgb.shape[1]))
        for result in results:
            result.problem = problem
            output = self._predict(result, rgb)
            view = None if output is None else self._measure(result, output, truth)
            self.run.add(result, view, sample=draw)
            if output is not None and view is not None and result.variant == 0:
                self._keep(result, view, draw)
                self._write(message.header, frame.pair.image.recorded, output)

    def _truth(
        self, message: Any, frame: BagFrame, size: tuple[int, int]
    ) -> tuple[npt.NDArray[np.floating[Any]] | None, str | None]:
        """Measured depth (H, W) in metres, or why there is none; neither in a bag without."""
        if self.topics.depth is None:
            return None, None
        if frame.depth is None:
            return None, NO_PARTNER
        kind = self.bag.topics[self.topics.depth].type
        try:
            return self.truth.depth_for(message, self.bag.decode(frame.depth, kind), kind, size), None
        except FrameError as error:
            return None, str(error)

    def _predict(self, result: FrameResult, rgb: npt.NDArray[np.uint8]) -> FrameOutput | None:
        """None when the frame cannot be predicted; the result says why."""
        written = self.writer is not None and result.variant == 0
        frame = FrameInput(
            rgb,
            result.description,
            result.stamp,
            camera=str(result.variant),  # each sentence is kept steady on its own
            products=frozenset((Product.DEPTH, Product.CLOUD)) if written else frozenset(),
            info=lambda: self.info if written else None,
            rectified=is_rectified(self.topics.image),
            maps=self.baselines.want_relative_depth,
            memory=self.memory,
        )
        (output,) = self.pipeline.process([frame], self.options.pipeline)
        if isinstance(output, FrameOutput):
            return output
        if not isinstance(output.error, ValueError):
            raise output.error
        result.problem = str(output.error)
        return None

    def _measure(self, result: FrameResult, output: FrameOutput, truth: npt.NDArray[np.floating[Any]] | None) -> View:
        """Fills `result`."""
        result.seconds = output.seconds
        result.processed = True
        depth = output.prediction.metric_depth
        counted = measure_frame(result, depth, truth, self.options.limits)
        if counted is not None and result.variant == 0:
            self.baselines.add(result.index, counted, output.prediction.relative_depth)
        if self.trial is not None:
            result.reference_factor = self.trial.add(result, depth, counted)
        return View(output.frame.rgb, depth, counted, self.intrinsics)

    def _keep(self, result: FrameResult, view: View, draw: bool) -> None:
        """Saves and draws what the options ask for."""
        name = f"frame_{result.index:06d}"
        if self.predictions is not None:
            np.save(self.predictions / f"{name}.npy", view.prediction, allow_pickle=False)
        if draw and self.panels is not None:
            from tr2m_core.visualization import comparison_panel  # matplotlib takes a second to load

            shown = clamp_depth(view.prediction, *self.options.limits)
            panel = comparison_panel(view.rgb, shown, view.ground_truth, result.description, result.metrics)
            write_png(self.panels / f"{name}.png", panel)

    def _write(self, header: Any, recorded: int, output: FrameOutput) -> None:
        """Adds the frame to the new bag, if there is one."""
        if self.writer is None:
            return
        packed, error = output.packed, output.camera_error
        self.writer.write(
            header,
            recorded,
            output.frame.description,
            packed[Product.DEPTH],
            output.info,
            packed.get(Product.CLOUD),
        )
        if Product.CLOUD not in packed:
            self.run.notes[f"new bag: {error or 'no camera_info'}: no point cloud"] += 1


def _subfolder(folder: Path, name: str) -> Path:
    path = folder / name
    path.mkdir(parents=True, exist_ok=True)
    return path
