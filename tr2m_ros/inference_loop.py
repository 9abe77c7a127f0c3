"""InferenceLoop: the latest frames of all cameras through the pipeline, in a thread of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

import numpy as np

from tr2m_core.errors import DeviceError, FrameError
from tr2m_core.pipeline.frame_pipeline import FrameFailure, FrameInput, FrameOutput, FramePipeline, no_reference
from tr2m_ros import diagnostics
from tr2m_ros.camera_input import Frame
from tr2m_ros.camera_output import CameraOutput
from tr2m_ros.conversions import nanoseconds
from tr2m_ros.parameters import LiveSettings, Settings
from tr2m_ros.reference_input import ReferenceInput
from tr2m_ros.worker import Limits, Worker

LONGEST_INFERENCE = 10.0  # s until a batch counts as stuck, and to wait for it when stopping


class InferenceLoop:
    """Takes frames until it is stopped; what becomes of them goes to the outputs of their cameras, by name.

    settings: those in force, one set for a whole batch. references: of cameras that have some. on_device_failure:
    called once `failure` says why the device has to be given up.
    """

    def __init__(
        self,
        pipeline: FramePipeline,
        outputs: Mapping[str, CameraOutput],
        settings: LiveSettings,
        on_device_failure: Callable[[], None],
        references: Mapping[str, ReferenceInput] = MappingProxyType({}),
    ) -> None:
        self.failure: str | None = None
        self._references = references
        self._pipeline, self._outputs, self._settings = pipeline, outputs, settings
        self._on_device_failure = on_device_failure
        self._worker: Worker[Frame] = Worker(list(outputs), self._process, self._on_error, self._limits)

    def put(self, frame: Frame) -> bool:
        """Hands a frame over. Returns True when an older one of its camera was dropped for it."""
        return self._worker.put(frame.camera, frame)

    def busy_for(self) -> float:
        """Seconds that the batch in progress has taken so far; 0 while there is none."""
        return self._worker.busy_for()

    def stop(self) -> bool:
        """Ends after the batch in progress. Returns False when that did not end in time."""
        for name in self._worker.close():
            self._outputs[name].camera.statistics.count_dropped(diagnostics.STOPPED)
        # One that is stuck already is not waited for all over again: who sent SIGTERM is about to send SIGKILL.
        if self._worker.join(max(1.0, LONGEST_INFERENCE - self._worker.busy_for())):
            return True
        self.failure = "the frame in progress does not end"
        return False

    def at_end(self, action: Callable[[], None]) -> None:
        """Calls `action` once nothing is computed any more."""
        self._worker.at_end(action)

    def _limits(self) -> Limits:
        settings = self._settings.now
        return Limits(settings.max_batch, settings.batch_window if len(self._outputs) > 1 else 0.0)

    def _process(self, frames: dict[str, Frame]) -> None:
        settings = self._settings.now  # of the whole batch, whatever changes meanwhile
        prepared = [(frame, made) for frame in frames.values() if (made := self._prepare(frame, settings)) is not None]
        if not prepared:
            return
        results = self._pipeline.process([made for _, made in prepared], settings.pipeline_options())
        for (frame, _), result in zip(prepared, results, strict=True):
            self._conclude(frame, result)

    def _prepare(self, frame: Frame, settings: Settings) -> FrameInput | None:
        """The frame as the pipeline takes it, or None when it is dropped, which is counted."""
        output = self._outputs[frame.camera]
        camera = output.camera
        description = camera.description.text
        if not description:
            camera.statistics.count_dropped(diagnostics.NO_DESCRIPTION)
            return None
        if camera.is_too_old(frame.header, settings.max_latency):
            camera.statistics.count_dropped(diagnostics.TOO_OLD)
            return None
        try:
            rgb = frame.image.rgb(output.memory.array("rgb", (*frame.image.size, 3), np.uint8))
        except FrameError as error:
            camera.reject(error)
            camera.statistics.count_dropped(diagnostics.BAD_MESSAGE)
            return None
        reference = self._references.get(frame.camera)
        return FrameInput(
            rgb=rgb,
            description=description,
            stamp=nanoseconds(frame.header),
            camera=camera.name,
            products=output.wanted(),
            info=lambda: camera.info,
            rectified=settings.is_rectified(camera.image_topic),
            reference=no_reference if reference is None else partial(reference.at, frame.header),
            memory=output.memory,
        )

    def _conclude(self, frame: Frame, result: FrameOutput | FrameFailure) -> None:
        """Publishes a frame, or counts and tells of its failure."""
        output = self._outputs[frame.camera]
        if isinstance(result, FrameFailure):
            if isinstance(result.error, DeviceError):
                self.failure = str(result.error)
                self._on_device_failure()
            what = "publishing failed" if result.predicted else diagnostics.FAILED
            output.camera.fail(result.error, what, report=result.predicted or self.failure is None)
            return
        try:
            output.publish(result, frame.header, frame.arrival)
        except Exception as error:  # what is wrong with one camera stops no other
            output.camera.fail(error, "publishing failed")

    def _on_error(self, frames: dict[str, Frame], error: Exception) -> None:
        for name in frames:
            self._outputs[name].camera.fail(error)
