"""Measures what the depth node published against reference depth, in a thread of its own, and keeps the results."""

from __future__ import annotations

import queue
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sensor_msgs.msg import Image

from tr2m_core import InputError
from tr2m_core.bags.transforms import frame_name
from tr2m_core.errors import FrameError
from tr2m_core.eval.frame_result import NO_PARTNER, FrameResult, View, measure_frame
from tr2m_core.eval.run import Run
from tr2m_core.files.decoding import shortened
from tr2m_core.messages.depth_images import decode_depth
from tr2m_core.messages.images import CheckedImage
from tr2m_core.metrics.depth import METRIC_NAMES
from tr2m_core.types import Intrinsics
from tr2m_ros.conversions import depth_from_image
from tr2m_ros.diagnostics import MOST_CHARACTERS, Problems
from tr2m_ros.eval_parameters import EvalSettings

MAX_QUEUED = 32  # frames; one takes about 0.1 s to measure
TOO_FAST = "frames came faster than they can be measured"
NOT_PROCESSED = "no depth came for this image"
NOT_MEASURED = "a frame cannot be measured"


class Job(NamedTuple):
    """A frame to measure: its result so far, and the messages as they came."""

    result: FrameResult
    depth: Image
    reference: Image | None
    image: Image | None
    intrinsics: Intrinsics | None


class Means(NamedTuple):
    """The state of the measuring: frames measured, the mean of the nine metrics and of the scale factor over them."""

    measured: int
    metrics: dict[str, float] | None
    scale_factor: float | None
    last: FrameResult | None


class Measuring:
    """Takes frames, measures them and writes the report.

    A queue between the thread that receives messages and the one that measures, as a frame takes longer to measure than
    cameras wait. It is bounded: frames that find it full are counted, with the reason, and not measured. So are the
    results: of older frames than the report lists only sums are kept. on_measured: called from the measuring thread.
    """

    def __init__(self, settings: EvalSettings, on_measured: Callable[[], None], problems: Problems) -> None:
        self._settings, self._on_measured, self._problems = settings, on_measured, problems
        self._lock = threading.Lock()
        self._run = Run({}, keep=settings.report_frames)
        self._sums = np.zeros(len(METRIC_NAMES) + 1)
        self._measured = self._scaled = 0
        self._last: FrameResult | None = None
        self._jobs: queue.Queue[Job | None] = queue.Queue(MAX_QUEUED)
        self._thread = threading.Thread(target=self._work, name="measuring", daemon=True)
        self._thread.start()

    def put(self, job: Job) -> None:
        """Hands a frame over without waiting."""
        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            job.result.problem = TOO_FAST
            self.count(job.result)
            self._problems.report("too fast", f"{TOO_FAST}: play more slowly to have all measured")

    def count(self, result: FrameResult) -> None:
        """Takes a frame that will not be measured."""
        with self._lock:
            self._run.add(result)

    def put_all(self, jobs: list[Job]) -> None:
        """Hands over the last frames, waiting for room in the queue, and ends once all are measured."""
        for job in jobs:
            self._jobs.put(job)
        self._jobs.put(None)
        self._thread.join()

    def means(self) -> Means:
        with self._lock:
            if not self._measured:
                return Means(0, None, None, self._last)
            means = dict(zip(METRIC_NAMES, (self._sums[:-1] / self._measured).tolist(), strict=True))
            factor = float(self._sums[-1] / self._scaled) if self._scaled else None
            return Means(self._measured, means, factor, self._last)

    def run(self, source: Mapping[str, Any], unmeasured: list[FrameResult], notes: Counter[str]) -> Run:
        """All measured frames so far and those that could not be; what is measured from now on does not change it."""
        with self._lock:
            run = self._run.snapshot(source, unmeasured, notes)
        if run.older.frames:
            listed = f"the last {self._settings.report_frames} are listed (report_frames)"
            run.notes[f"older frame in counts, means and ranges only: {listed}"] = run.older.frames
        return run

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            view = None
            try:
                view = self._measure(job)
            except (FrameError, InputError) as error:
                job.result.problem = " ".join(str(error).split())[:MOST_CHARACTERS]
                self._problems.report("frame", f"{NOT_MEASURED}: {job.result.problem}")
            except Exception as error:  # the thread must outlive whatever one frame does
                job.result.problem = f"{type(error).__name__} in measuring it"
                self._problems.report_exception("measuring", NOT_MEASURED, error)
            self._keep(job.result, view)
            self._on_measured()
            self._jobs.task_done()

    def _measure(self, job: Job) -> View | None:
        """Fills the result; what it looks like when there is an image. Raises FrameError for unusable messages."""
        result, limits = job.result, (self._settings.min_depth, self._settings.max_depth)
        depth = metric_depth(job.depth)
        reference = None
        if job.reference is None:
            result.problem = NO_PARTNER
        else:
            reference = reference_depth(job.reference, job.depth, self._settings.assume_aligned)
        truth = measure_frame(result, depth, reference, limits)
        return None if job.image is None else self._view(job, depth, truth)

    def _view(
        self, job: Job, depth: npt.NDArray[np.float32], truth: npt.NDArray[np.floating[Any]] | None
    ) -> View | None:
        try:
            rgb = CheckedImage.parse(job.image).rgb()
        except FrameError as error:
            self._problems.report("image", f"an image cannot be shown: {error}")
            return None
        return View(rgb, depth, truth, job.intrinsics) if rgb.shape[:2] == depth.shape else None

    def _keep(self, result: FrameResult, view: View | None) -> None:
        with self._lock:
            self._run.add(result, view, sample=True)
            self._last = result
            if result.metrics is None or result.measurement is None:
                return
            factor = result.measurement.scale_factor
            self._sums += [*result.metrics.values(), factor or 0.0]
            self._measured += 1
            self._scaled += factor is not None


def metric_depth(msg: Image) -> npt.NDArray[np.float32]:
    """The (H, W) metres as published, infinities included. Raises FrameError for anything but packed 32FC1."""
    if msg.encoding != "32FC1" or msg.is_bigendian:
        raise FrameError(f"metric depth of encoding {shortened(msg.encoding)}: little-endian 32FC1 is needed")
    if not msg.width or not msg.height or msg.step != 4 * msg.width or len(msg.data) != msg.step * msg.height:
        size = f"{msg.width}x{msg.height}, step {msg.step}, {len(msg.data)} bytes"
        raise FrameError(f"metric depth whose size does not agree with its data: {size}")
    return depth_from_image(msg)


def reference_depth(msg: Image, depth: Image, assume_aligned: bool) -> npt.NDArray[np.float32]:
    """The (H, W) metres, NaN where nothing was measured. Raises FrameError when it is not aligned with the depth."""
    ours, theirs = frame_name(depth.header.frame_id), frame_name(msg.header.frame_id)
    if (msg.width, msg.height) != (depth.width, depth.height):
        sizes = f"reference depth of {msg.width}x{msg.height} pixels, metric depth of {depth.width}x{depth.height}"
        raise FrameError(f"{sizes}: align the reference with the image (depth_image_proc register)")
    if ours and theirs and ours != theirs and not assume_aligned:
        frames = f"reference depth in frame {shortened(theirs)}, metric depth in {shortened(ours)}"
        raise FrameError(f"{frames}: align it with the image, or set assume_aligned if only the names differ")
    return decode_depth(msg)
