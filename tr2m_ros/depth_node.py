"""tr2m_depth: a managed node that turns images and one sentence into metric depth and a point cloud."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.msg import ParameterDescriptor, SetParametersResult
from rclpy.clock import Clock, ClockType, JumpThreshold  # type: ignore[attr-defined,unused-ignore]
from rclpy.duration import Duration
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter

from tr2m_core import InputError
from tr2m_core.data.input_size import parse_input_size
from tr2m_core.errors import FrameError
from tr2m_core.types import DepthPrediction
from tr2m_ros import diagnostics, overrides
from tr2m_ros.camera_stream import FOREVER, CameraStream, Frame, Job, subscribe_sentences
from tr2m_ros.diagnostics import ERROR, Problems, diagnostic_array, diagnostic_status, megabytes, process_memory
from tr2m_ros.parameters import Settings, changed_settings, check_description_length, declare_parameters
from tr2m_ros.process import interruptible, run_process, spin
from tr2m_ros.qos import overridable
from tr2m_ros.sentence import clean_description
from tr2m_ros.worker import Limits, Worker

if TYPE_CHECKING:
    from tr2m_core import DepthPredictor

LONGEST_INFERENCE = 10.0  # s until a batch counts as stuck, and to wait for it when stopping
IMAGE_TYPES = ("sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage")
SUCCESS, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE


class DepthNode(LifecycleNode):
    """Leads the model through the life cycle and its cameras' frames through the model.

    Raises InputError for bad parameters.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("tr2m_depth", **kwargs)
        self.settings: Settings = declare_parameters(self)
        self.problems = Problems(self.get_logger())
        self.broken: str | None = None  # why the device had to be given up
        self._streams = {name: CameraStream(self, name, self._enqueue) for name in self.settings.cameras}
        self._defaults = {f"{name}.default_description": name for name in self._streams if name}
        self._declare_default_descriptions()
        self.add_on_set_parameters_callback(self._check_parameters)
        # Humble has no callback for parameters that were set: there, those of a refused change may stay in force.
        self._has_post_set = hasattr(self, "add_post_set_parameters_callback")
        if self._has_post_set:
            self.add_post_set_parameters_callback(self._take_parameters)
        self._predictor: DepthPredictor | None = None
        self._worker: Worker[Frame] | None = None
        self._hung: Worker[Frame] | None = None  # whose batch did not come back
        self._sentences: list[Any] = []
        self._device_failure = self.create_guard_condition(self._give_up_device)
        self._time_jumps = 0
        jump = JumpThreshold(min_forward=None, min_backward=Duration(nanoseconds=-1), on_clock_change=False)
        self._jump_handler = self.get_clock().create_jump_callback(jump, post_callback=self._on_time_jump)
        self._diagnostics_pub = self.create_publisher(
            DiagnosticArray, "/diagnostics", 10, qos_overriding_options=overridable()
        )
        # Steady time: diagnostics must also come when simulated time stands still.
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(self.settings.diagnostics_period, self._publish_diagnostics, clock=steady)

    @property
    def active(self) -> bool:
        return self._worker is not None

    # -- life cycle ---------------------------------------------------------------------------------------------------

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Loads and warms up the model. A model that cannot be loaded fails the transition with one line."""
        self.broken = None
        try:
            with interruptible():
                self._predictor = self._load_predictor()
            for stream in self._streams.values():
                stream.create()
            first = next(iter(self._streams.values()))
            self._sentences = subscribe_sentences(self, "scene_description", self._hear, first)
            self._apply_default_descriptions()
        except InputError as error:
            self._release()
            self.problems.report("configure", f"cannot configure: {error}", ERROR, repeat_after=0.0)
            return FAILURE
        except Exception as error:
            self._release()
            self.problems.report_exception("configure", "cannot configure", error, repeat_after=0.0)
            return FAILURE
        self.problems.resolve("configure")
        self.problems.resolve("device")
        for line in overrides.undeclared(self, qos=True):
            self.get_logger().warning(line)
        config = self._predictor.config
        self.get_logger().info(f"model '{config.name}' on {self._predictor.device}. {config.notice}")
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Starts the worker: from here on images are computed."""
        result = super().on_activate(state)
        assert self._predictor is not None
        process = partial(self._process, self._predictor)  # its own: another may be configured while it hangs
        self._worker = Worker(list(self._streams), process, self._on_worker_error, self._limits)
        for stream in self._streams.values():
            stream.activate()
        return result

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Ends the frame in progress; the model stays loaded. Goes on to error processing when the device failed."""
        if not self._stop_worker():
            self.broken = "the frame in progress does not end"  # the model is in its hands: no other may use it
            self.problems.report("device", f"stopped: {self.broken}; configure again", ERROR, repeat_after=FOREVER)
        if self.broken is not None:
            return TransitionCallbackReturn.ERROR
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Gives the memory of the model back."""
        self._release()
        return super().on_cleanup(state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._release()
        return super().on_shutdown(state)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Gives everything back. The node is unconfigured then: configure tries again."""
        self._release()
        return SUCCESS

    def close(self) -> None:
        """Ends the worker and destroys the node, whatever its state."""
        self._stop_worker()
        self._jump_handler.unregister()
        self.destroy_node()
        # Only garbage collection would, which a process that ends does without, and DDS's shared memory would stay.
        self._state_machine.destroy_when_not_in_use()

    def _load_predictor(self) -> DepthPredictor:
        from tr2m_core import DepthPredictor  # imports torch: seconds that only configuring should cost

        s = self.settings
        predictor = DepthPredictor.from_pretrained(
            s.model,
            checkpoint=s.checkpoint or None,
            device=s.device,
            precision=s.precision,
            input_size=parse_input_size(s.input_size) if s.input_size else None,
            antialias=s.antialias,
            compile=s.compile,
        )
        predictor.warm_up()
        return predictor

    def _release(self) -> None:
        self._stop_worker()
        for subscription in self._sentences:
            self.destroy_subscription(subscription)
        self._sentences = []
        for stream in self._streams.values():
            stream.destroy()
        predictor, self._predictor = self._predictor, None
        hung, self._hung = self._hung, None
        if predictor is not None:
            predictor.close() if hung is None else hung.at_end(predictor.close)

    def _stop_worker(self) -> bool:
        """Returns False when the frame in progress did not end."""
        worker, self._worker = self._worker, None
        if worker is None:
            return True
        for name in worker.close():
            self._streams[name].statistics.count_dropped(diagnostics.STOPPED)
        # One that is stuck already is not waited for all over again: who sent SIGTERM is about to send SIGKILL.
        if worker.join(max(1.0, LONGEST_INFERENCE - worker.busy_for())):
            return True
        self.get_logger().error(f"the frame in progress did not end within {LONGEST_INFERENCE:.0f} s")
        self._hung = worker
        return False

    # -- messages and parameters in, on the executor's thread ---------------------------------------------------------

    def _enqueue(self, name: str, frame: Frame) -> bool | None:
        return None if self._worker is None else self._worker.put(name, frame)

    def _hear(self, sentence: str) -> None:
        for stream in self._streams.values():
            stream.hear(sentence, for_all=True)

    def _check_parameters(self, parameters: list[Parameter[Any]]) -> SetParametersResult:
        try:
            settings = changed_settings(self.settings, parameters, configured=self._predictor is not None)
            for parameter in parameters:
                if parameter.name in self._defaults:
                    check_description_length(parameter.name, parameter.value, settings.max_description_length)
        except InputError as error:
            return SetParametersResult(successful=False, reason=str(error))
        if not self._has_post_set:
            self._take_parameters(parameters)
        return SetParametersResult(successful=True)

    def _take_parameters(self, parameters: list[Parameter[Any]]) -> None:
        self.settings = changed_settings(self.settings, parameters, configured=False)
        self._own_defaults |= {self._defaults[p.name]: str(p.value) for p in parameters if p.name in self._defaults}
        self._apply_default_descriptions()

    def _declare_default_descriptions(self) -> None:
        self._own_defaults: dict[str, str] = {}
        for parameter, name in self._defaults.items():
            text = f"default_description of camera {name}; empty: that of all. May change at any time."
            value: Any = self.declare_parameter(parameter, "", ParameterDescriptor(description=text)).value
            check_description_length(parameter, value, self.settings.max_description_length)
            self._own_defaults[name] = value

    def _apply_default_descriptions(self) -> None:
        for name, stream in self._streams.items():
            text = (self._own_defaults.get(name, "").strip() or self.settings.default_description).strip()
            try:
                stream.set_default_sentence(clean_description(text, len(text)) if text else "")
            except FrameError:  # nothing but control characters
                stream.set_default_sentence("")

    def _on_time_jump(self, jump: Any) -> None:
        self._time_jumps += 1
        seconds = -jump.delta.nanoseconds * 1e-9
        self.problems.report("time jump", f"time went back by {seconds:.1f} s: going on from there", repeat_after=0.0)

    # -- a batch, on the worker's thread ------------------------------------------------------------------------------

    def _limits(self) -> Limits:
        return Limits(self.settings.max_batch, self.settings.batch_window if len(self._streams) > 1 else 0.0)

    def _process(self, predictor: DepthPredictor, frames: dict[str, Frame]) -> None:
        settings = self.settings  # of the whole batch, whatever changes meanwhile
        prepared = (self._streams[name].prepare(frame, settings) for name, frame in frames.items())
        jobs = [job for job in prepared if job is not None]
        if not jobs:
            return
        start = time.monotonic()
        predictions = self._predict(predictor, settings, jobs)
        inference = time.monotonic() - start
        for job, prediction in zip(jobs, predictions, strict=True):
            try:
                if isinstance(prediction, Exception):
                    job.stream.fail(prediction, report=self.broken is None)
                else:
                    job.stream.finish(job, prediction, inference)
            except Exception as error:  # what is wrong with one camera stops no other
                job.stream.fail(error, "publishing failed")

    def _predict(
        self, predictor: DepthPredictor, settings: Settings, jobs: list[Job]
    ) -> list[DepthPrediction | Exception]:
        """A prediction, or what went wrong, for each."""
        from tr2m_core.errors import DeviceError

        edges = settings.cloud_edge_filter > 0 and any(job.wants_points for job in jobs)
        try:
            return list(
                predictor.predict_frames(
                    [job.rgb for job in jobs],
                    [job.sentence for job in jobs],
                    maps=any(job.wants_maps for job in jobs),
                    scale=settings.output_scale,
                    edge_jump=settings.cloud_edge_filter if edges else None,
                )
            )
        except DeviceError as error:
            self.broken = str(error)
            self._device_failure.trigger()
            return [error] * len(jobs)
        except Exception as error:
            if len(jobs) == 1:
                return [error]
        # One frame may be to blame: each on its own, so that the others come out.
        return [self._predict(predictor, settings, [job])[0] for job in jobs]

    def _on_worker_error(self, frames: dict[str, Frame], error: Exception) -> None:
        for name in frames:
            self._streams[name].fail(error)

    def _give_up_device(self) -> None:
        """After a device failure, on the executor's thread: deactivates into error processing."""
        if self.broken is None or self._worker is None:
            return
        advice = "configure again" + (" with a smaller input_size or max_batch" if "memory" in self.broken else "")
        text = f"stopped: {self.broken}; {advice}"
        self.problems.report("device", text, ERROR, repeat_after=FOREVER)
        self.trigger_deactivate()

    # -- diagnostics --------------------------------------------------------------------------------------------------

    def other_image_topics(self) -> list[str]:
        """Image topics of the graph that are neither inputs nor outputs of this node."""
        names = self.get_topic_names_and_types()
        own = tuple(topic for s in self._streams.values() for topic in (s.image_topic, s.depth_topic))
        return [n for n, kinds in names if set(IMAGE_TYPES) & set(kinds) and not n.startswith(own)]

    def _publish_diagnostics(self) -> None:
        if self._worker is not None:
            self._check_worker(self._worker)
            for stream in self._streams.values():
                stream.check()
        for key in ("configure", "device"):  # until configuring succeeds
            self.problems.keep(key)
        name = self.get_fully_qualified_name().lstrip("/")
        values = self._values()
        statuses = []
        if "" in self._streams:  # one camera: one status for all
            values |= self._streams[""].values()
            problems = [*self.problems.current(), *self._streams[""].problems.current()]
        else:
            problems = self.problems.current()
        statuses.append(diagnostic_status(f"{name}: metric depth", self.settings.model, problems, values))
        for camera, stream in self._streams.items():
            if camera:
                own = diagnostic_status(f"{name}: camera {camera}", camera, stream.problems.current(), stream.values())
                statuses.append(own)
        self._diagnostics_pub.publish(diagnostic_array(self.get_clock().now().to_msg(), statuses))

    def _values(self) -> dict[str, Any]:
        predictor = self._predictor
        return {
            "state": self._state_machine.current_state[1],
            "model": self.settings.model,
            "device": predictor.device if predictor else "none",
            "device memory (MB)": megabytes(predictor.device_memory() if predictor else None),
            "process memory (MB)": megabytes(process_memory()),
            "time jumps": self._time_jumps,
        }

    def _check_worker(self, worker: Worker[Frame]) -> None:
        stuck = worker.busy_for()
        if stuck > LONGEST_INFERENCE:
            self.problems.report("stuck", f"the frame in progress has taken {stuck:.0f} s", ERROR, repeat_after=30.0)


def main(args: list[str] | None = None) -> int:
    """Runs the node until SIGINT or SIGTERM.

    Returns 0, 1 when a node that started by itself lost its device, or 2 when it cannot start; each after one line.
    """
    arguments = sys.argv[1:] if args is None else args
    return run_process("tr2m_depth", arguments, lambda: _run(arguments))


def _run(arguments: Sequence[str]) -> int:
    node = DepthNode()
    try:
        for line in (*overrides.undeclared(node, qos=False), *overrides.misread(node, arguments)):
            node.get_logger().warning(line)
        alone = node.settings.autostart
        steps: tuple[Callable[[], TransitionCallbackReturn], ...] = (node.trigger_configure, node.trigger_activate)
        for transition in steps if alone else ():
            if transition() != SUCCESS:
                return 2
        executor = SingleThreadedExecutor()
        executor.add_node(node)

        def has_given_up() -> bool:  # nobody is there to configure it again; who started it may start it anew
            return alone and node.broken is not None and not node.active

        spin(executor, lambda: not has_given_up())
        return int(has_given_up())
    finally:
        node.close()


if __name__ == "__main__":
    sys.exit(main())
