"""Whether a reference of scale would help: depth of a recording as predicted, corrected, and with the best factor."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import numpy as np
import numpy.typing as npt

from tr2m_core.bags.bag import Bag
from tr2m_core.bags.topics import Topics, first_info
from tr2m_core.bags.transforms import StaticTransforms
from tr2m_core.camera.model import RayTables, is_rectified
from tr2m_core.errors import CameraError, FrameError, InputError
from tr2m_core.eval.frame_result import FrameResult
from tr2m_core.metrics.depth import mean_metrics
from tr2m_core.metrics.measurement import METRIC, SCALE, Metrics, measure_depth
from tr2m_core.replay.pairing import Pair, Stamped, header_stamp, in_order, nearest
from tr2m_core.scale.estimate import NoEstimate, ScaleEstimate, apply_scale, estimate_scale
from tr2m_core.scale.ground_plane import estimate_from_height
from tr2m_core.scale.reference import Reference, read_reference
from tr2m_core.scale.samples import View
from tr2m_core.scale.scale_from import HEIGHT, PIXELS, TOPICS, ScaleFrom, random_pixels
from tr2m_core.scale.tracker import ScaleTracker

FloatArray = npt.NDArray[np.floating[Any]]

LARGEST_GAP = 0.2  # s between image and reference, the node's default
PREDICTED, CORRECTED, BEST = "as predicted", "corrected", "scale-aligned"


class ScaleTrial:
    """Takes the frames of a recording in, in the order of their stamps, and corrects each as the node would."""

    def __init__(
        self, scale_from: ScaleFrom, bag: Bag, topics: Topics, pairs: list[Pair], limits: tuple[float, float]
    ) -> None:
        """Raises InputError when the bag has no such topic, or several, or no camera_info to place it by."""
        self._source, self._limits = scale_from, limits
        self._rays = RayTables()
        self._info = first_info(bag, topics.info)
        self._rectified = is_rectified(topics.image)
        if scale_from.kind != PIXELS and self._info is None:
            raise InputError(f"{bag.path}: --scale-from {scale_from.kind} needs the camera_info of the images")
        self._references: dict[int, Reference] = {}
        if scale_from.kind in TOPICS:
            self._references = _read_references(scale_from, bag, topics, pairs, self._info)
        self._rows: list[dict[str, Metrics | None]] = []
        self._trackers: defaultdict[int, ScaleTracker] = defaultdict(ScaleTracker)
        self._factors: defaultdict[tuple[int, str], list[float | None]] = defaultdict(list)
        self._problems: Counter[str] = Counter()

    def add(self, result: FrameResult, depth: npt.NDArray[np.float32], truth: FloatArray | None) -> float | None:
        """The factor that a frame's depth (H, W) gets, None while there is none; measures what that makes of it.

        truth: (H, W) metres, NaN where it does not count. Sums are about the first of several sentences.
        """
        estimate, truth = self._estimate(result.index, result.stamp, depth, truth)
        state = self._trackers[result.variant].update(result.stamp, result.description, estimate)
        factor = None if np.isinf(state.age) else state.factor
        self._factors[result.variant, result.description].append(factor)
        if result.variant == 0 and state.problem:
            self._problems[state.problem] += 1
        if result.variant == 0 and truth is not None:
            corrected = depth.copy()
            apply_scale(corrected, state.factor, state.shift)
            before = measure_depth(truth, depth, self._limits, alignments=(METRIC, SCALE))
            after = measure_depth(truth, corrected, self._limits, alignments=(METRIC,))
            if before is not None and after is not None:
                rows = {PREDICTED: before.metrics[METRIC], CORRECTED: after.metrics[METRIC]}
                self._rows.append(rows | {BEST: before.metrics[SCALE]})
        return factor

    def _estimate(
        self, index: int, stamp: int, depth: npt.NDArray[np.float32], truth: FloatArray | None
    ) -> tuple[ScaleEstimate | NoEstimate, FloatArray | None]:
        """The estimate, and the ground truth that is left to measure by."""
        source = self._source
        if source.kind == PIXELS:
            if truth is None:
                return NoEstimate("no ground truth"), None
            samples, taken = random_pixels(truth, np.isfinite(truth), source.count, index)
            return estimate_scale(depth, samples), np.where(taken, np.nan, truth)
        size = depth.shape[0], depth.shape[1]
        if source.kind == HEIGHT:
            try:
                rays = self._rays.get(self._info, size, self._rectified)
            except CameraError as error:
                return NoEstimate(f"camera_info: {error}"), truth
            return estimate_from_height(depth, rays, source.height, source.pitch), truth
        reference = self._references.get(stamp)
        if reference is None:
            return NoEstimate(f"no {source.kind} within {LARGEST_GAP:g} s"), truth
        if reference.problem:
            return NoEstimate(f"{source.kind}: {reference.problem}"), truth
        return estimate_scale(depth, reference.samples), truth

    def report(self) -> dict[str, Any]:
        """Source, frames with a factor, its median, range and standard deviation of the logarithm, the mean metrics
        by PREDICTED, CORRECTED and BEST over the frames that have all, the median factor of each sentence, and problems
        with their counts."""
        first = [factor for (variant, _), factors in self._factors.items() if variant == 0 for factor in factors]
        factors = np.array([factor for factor in first if factor is not None])
        complete = [row for row in self._rows if all(metrics is not None for metrics in row.values())]
        metrics = {
            name: mean_metrics([row[name] for row in complete])  # type: ignore[misc]
            for name in (PREDICTED, CORRECTED, BEST)
            if complete
        }
        spread = None
        if factors.size:
            low, middle, high = (float(value) for value in np.quantile(factors, (0, 0.5, 1)))
            spread = {"median": middle, "lowest": low, "highest": high, "log_std": float(np.log(factors).std())}
        return {
            "source": str(self._source),
            "frames": len(first),
            "with_factor": int(factors.size),
            "factor": spread,
            "measured": len(complete),
            "metrics": metrics,
            "sentences": [
                {"description": description, "factor": float(np.median(known))}
                for (_, description), factors in self._factors.items()
                if (known := [factor for factor in factors if factor is not None])
            ],
            "problems": dict(self._problems.most_common()),
        }


def _read_references(source: ScaleFrom, bag: Bag, topics: Topics, pairs: list[Pair], info: Any) -> dict[int, Reference]:
    """The reference nearest to each image, by the image's stamp; those farther than LARGEST_GAP left out."""
    topic = _topic(source, bag, topics)
    messages: list[Stamped] = []
    for _, recorded, data in bag.messages([topic]):
        messages.append(Stamped(header_stamp(data) or recorded, recorded, len(messages)))
    messages.sort(key=in_order)
    stamps = [message.stamp for message in messages]
    images: dict[int, list[int]] = {}
    for pair in pairs:
        if found := nearest(messages, stamps, pair.image.stamp, round(LARGEST_GAP * 1e9)):
            images.setdefault(found.place, []).append(pair.image.stamp)
    transforms = StaticTransforms.from_bag(bag)
    frame = getattr(getattr(info, "header", None), "frame_id", "")
    view = View(info, (int(info.height), int(info.width)), is_rectified(topics.image))
    references: dict[int, Reference] = {}
    for place, (_, _, data) in enumerate(bag.messages([topic])):
        if place not in images:
            continue
        try:
            message = bag.decode(data, bag.topics[topic].type)
            reference = read_reference(source.kind, message, view, lambda sensor: transforms.between(frame, sensor))
        except FrameError as error:
            reference = Reference(problem=str(error))
        references |= dict.fromkeys(images[place], reference)
    return references


def _topic(source: ScaleFrom, bag: Bag, topics: Topics) -> str:
    kind = TOPICS[source.kind]
    if source.topic is not None:
        if source.topic not in bag.topics or bag.topics[source.topic].type != kind:
            has = bag.describe_topics()
            raise InputError(f"{bag.path}: --scale-from: no topic {source.topic} of type {kind}; the bag has {has}")
        return source.topic
    found = sorted(name for name, topic in bag.topics.items() if topic.type == kind and name != topics.depth)
    if len(found) != 1:
        which = f"several topics of type {kind}: {', '.join(found)}" if found else f"no topic of type {kind}"
        remedy = f"name one, as in {source.kind}=/TOPIC" if found else f"the bag has {bag.describe_topics()}"
        raise InputError(f"{bag.path}: --scale-from {source.kind}: {which}; {remedy}")
    return found[0]
