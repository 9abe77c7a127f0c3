"""Runs a model over every frame of a bag and measures it against the bag's ground truth."""

from __future__ import annotations

import bisect
import contextlib
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from tr2m_core.bags.bag import Bag
from tr2m_core.bags.description_topic import find_description
from tr2m_core.bags.topics import Topics, first_info, read_sentences
from tr2m_core.bags.writer import DepthBagWriter
from tr2m_core.camera.model import is_rectified, pinhole
from tr2m_core.description import check_description
from tr2m_core.errors import FrameError, InputError
from tr2m_core.eval.frame_result import FrameResult, View
from tr2m_core.eval.run import NANOSECONDS, Run
from tr2m_core.files.images import write_png
from tr2m_core.inference.scale_filter import ScaleFilter
from tr2m_core.messages.images import decode_colour
from tr2m_core.metrics.depth import clamp_depth, valid_depth
from tr2m_core.metrics.measurement import measure_depth
from tr2m_core.processes import ALONE, Processes
from tr2m_core.replay.baselines import Baselines
from tr2m_core.replay.ground_truth import GroundTruth
from tr2m_core.replay.pairing import BagFrame, Pair, plan_pairs, read_frames
from tr2m_core.report.files import write_run
from tr2m_core.types import DepthPrediction

NO_PARTNER = "no ground truth within the tolerance"
NO_DESCRIPTION = "no scene description found"
REMEDY = "give one with --text, or the topic that has it with --text-topic"


class Predictor(Protocol):
    """What a replay needs of a `DepthPredictor`."""

    def predict(self, rgb: npt.NDArray[np.uint8], description: str, *, maps: bool = True) -> DepthPrediction: ...


@dataclass(frozen=True)
class ReplayOptions:
    """texts: sentences for all frames, each in turn; none takes the bag's own. min_depth, max_depth: metres that count
    and that predictions are clamped to. tolerance: seconds between the stamps of image and ground truth. every: each
    n-th frame; start, duration: seconds of the recording, from its first image. aligned: ground truth of the image's
    size is taken as seen by its camera, whatever frame it names. pictures: how many frames, evenly spaced, to draw.
    save_predictions: write every metric depth map as npy. write_bag: folder of a new bag with depth and clouds.
    steady: seconds over which the size of the scene is kept steady, 0 for every frame on its own. baselines: of
    `eval.baselines.BLIND`, measured as well.
    """

    texts: tuple[str, ...] = ()
    min_depth: float = 0.001
    max_depth: float = 80.0
    tolerance: float = 0.02
    every: int = 1
    start: float = 0.0
    duration: float = float("inf")
    aligned: bool = False
    pictures: int = 6
    save_predictions: bool = False
    write_bag: Path | None = None
    steady: float = 0.0
    baselines: tuple[str, ...] = ()

    @property
    def limits(self) -> tuple[float, float]:
        return self.min_depth, self.max_depth


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
        read = read_sentences(bag, topic)
        for recorded, sentence in read:
            try:
                self._texts.append(check_description(sentence))
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

    Writes the files of `Run.write`, pictures/ and what else the options ask for into `output`. A frame that cannot be
    used is counted with the reason. load_predictor: called once the bag proved usable. about: further entries for the
    head of report.json, such as the model's name. processes: among which the frames are shared out; the result is the
    same, and the main one writes it. on_progress: called with the frames done and in all.

    Raises InputError when the bag has no frames or no sentence, the new bag's folder is in use, or an option that needs
    all frames in their order meets several processes.
    """
    if options.write_bag and processes.count > 1:
        raise InputError("a new bag is written in the order of the frames: --write-bag needs a single process")
    if options.steady and processes.count > 1:
        raise InputError("the size is kept steady in the order of the frames: --steady needs a single process")
    frames = choose_frames(plan_pairs(bag, topics, round(options.tolerance * NANOSECONDS)), options)
    if not frames:
        where = f"between --start {options.start:g} s and the end" if bag.topics[topics.image].count else "at all"
        ended = f"; {bag.damage}" if bag.damage else ""
        raise InputError(
            f"{bag.path}: no messages on {topics.image} {where}; the bag has {bag.describe_topics()}{ended}"
        )
    with contextlib.ExitStack() as opened:
        replay = _Replay(bag, topics, options, output, opened)
        replay.predictor = load_predictor()
        drawn = set(np.linspace(0, len(frames) - 1, min(options.pictures, len(frames))).round().astype(int).tolist())
        for index, frame in enumerate(read_frames(bag, topics, frames)):
            if index % processes.count == processes.index:
                replay.process(index, frame, draw=index in drawn)
                on_progress(index + 1, len(frames))
    run = replay.run
    run.source, run.damage = replay.source(about or {}), bag.damage
    run.gather(processes)
    replay.baselines.gather(processes)
    run.baselines = replay.baselines.report()
    if processes.is_main:
        write_run(output, run)
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

    predictor: Predictor

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
        filters = max(1, len(options.texts)) if options.steady else 0
        self.filters = [ScaleFilter(options.steady) for _ in range(filters)]  # one per sentence variant
        self.writer = None
        if options.write_bag:
            rectified = is_rectified(topics.image)
            self.writer = opened.enter_context(DepthBagWriter(options.write_bag, *options.limits, rectified))
        output.mkdir(parents=True, exist_ok=True)
        self.pictures = _subfolder(output, "pictures") if options.pictures else None
        self.predictions = _subfolder(output, "predictions") if options.save_predictions else None

    def source(self, about: Mapping[str, Any]) -> dict[str, Any]:
        """The head of report.json; the new bag's folder stays out, so that equal runs have equal reports."""
        options = {key: value for key, value in asdict(self.options).items() if key != "write_bag"}
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
            FrameResult(index, frame.pair.image.stamp, sentence, variant, gap_s=gap)
            for variant, sentence in enumerate(told)
        ]
        try:
            message = self.bag.decode(frame.image, self.bag.topics[self.topics.image].type)
            rgb = decode_colour(message)
        except FrameError as error:
            for result in results:
                result.problem = str(error)
                self.run.add(result)
            return
        truth, problem = self._truth(message, frame, (rgb.shape[0], rgb.shape[1]))
        for result in results:
            result.problem = problem
            view = self._measure(result, rgb, truth)
            self.run.add(result, view, sample=draw)
            if view is not None and result.variant == 0:
                self._keep(result, frame, message, view, draw)

    def _truth(
        self, message: Any, frame: BagFrame, size: tuple[int, int]
    ) -> tuple[npt.NDArray[np.floating[Any]] | None, str | None]:
        """Measured depth (H, W) in metres, NaN where it does not count, or why there is none; neither in a bag
        without."""
        if self.topics.depth is None:
            return None, None
        if frame.depth is None:
            return None, NO_PARTNER
        kind = self.bag.topics[self.topics.depth].type
        try:
            depth = self.truth.depth_for(message, self.bag.decode(frame.depth, kind), kind, size)
        except FrameError as error:
            return None, str(error)
        valid = valid_depth(depth, *self.options.limits)
        if not valid.any():
            return None, "no valid ground truth in range"
        return np.where(valid, depth, np.nan), None

    def _measure(
        self, result: FrameResult, rgb: npt.NDArray[np.uint8], truth: npt.NDArray[np.floating[Any]] | None
    ) -> View | None:
        """Fills `result`; None when the frame cannot be predicted."""
        begin = time.perf_counter()
        try:
            predicted = self.predictor.predict(rgb, result.description, maps=self.baselines.want_relative_depth)
        except ValueError as error:
            result.problem = str(error)
            return None
        result.seconds = time.perf_counter() - begin
        result.processed = True
        depth = predicted.metric_depth
        if self.filters:
            factor = self.filters[result.variant].factor(depth, rgb, result.stamp, result.description)
            depth = depth * np.float32(factor)
        finite = depth[np.isfinite(depth)]
        result.median_m = float(np.median(finite)) if finite.size else None
        if truth is not None:
            result.measurement = measure_depth(truth, depth, self.options.limits)
            if result.variant == 0:
                self.baselines.add(result.index, truth, predicted.relative_depth)
        return View(rgb, depth, truth, self.intrinsics)

    def _keep(self, result: FrameResult, frame: BagFrame, message: Any, view: View, draw: bool) -> None:
        """Writes what the options ask for."""
        name = f"frame_{result.index:06d}"
        if self.predictions is not None:
            np.save(self.predictions / f"{name}.npy", view.prediction, allow_pickle=False)
        if self.writer is not None:
            recorded = frame.pair.image.recorded
            why = self.writer.write(message, recorded, view.prediction, view.rgb, self.info, result.description)
            if why is not None:
                self.run.notes[f"new bag: {why}"] += 1
        if draw and self.pictures is not None:
            from tr2m_core.visualization import comparison_panel  # matplotlib takes a second to load

            shown = clamp_depth(view.prediction, *self.options.limits)
            panel = comparison_panel(view.rgb, shown, view.ground_truth, result.description, result.metrics)
            write_png(self.pictures / f"{name}.png", panel)


def _subfolder(folder: Path, name: str) -> Path:
    path = folder / name
    path.mkdir(parents=True, exist_ok=True)
    return path
