"""tr2m_depth: a managed node that turns images and one sentence into metric depth and a point cloud.

A frame goes one way: `CameraInput` admits it, `InferenceLoop` computes it, `CameraOutput` publishes it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from diagnostic_msgs.msg import DiagnosticStatus
from rcl_interfaces.msg import ParameterDescriptor, SetParametersResult
from rclpy.clock import JumpThreshold  # type: ignore[attr-defined,unused-ignore]
from rclpy.duration import Duration
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter

from tr2m_core import InputError
from tr2m_core.data.input_size import parse_input_size
from tr2m_core.errors import FrameError
from tr2m_core.pipeline.frame_pipeline import FramePipeline
from tr2m_ros.active_description import parse_description
from tr2m_ros.camera import FOREVER, Camera
from tr2m_ros.camera_input import CameraInput, subscribe_descriptions
from tr2m_ros.camera_output import CameraOutput
from tr2m_ros.diagnostics import ERROR, diagnostic_status, megabytes, process_memory
from tr2m_ros.inference_loop import LONGEST_INFERENCE, InferenceLoop
from tr2m_ros.managed import ManagedNode, run_managed
from tr2m_ros.parameters import (
    OFF,
    LiveSettings,
    Settings,
    changed_settings,
    check_description_length,
    declare_parameters,
)
from tr2m_ros.process import interruptible, run_process
from tr2m_ros.reference_input import ReferenceInput
from tr2m_ros.transforms import Transforms

if TYPE_CHECKING:
    from tr2m_core import DepthPredictor

    LoadPredictor = Callable[[Settings], DepthPredictor]


def load_predictor(settings: Settings) -> DepthPredictor:
    """The predictor that the parameters name. Raises InputError as `DepthPredictor.from_pretrained` does."""
    from tr2m_core import DepthPredictor  # imports torch: seconds that only configuring should cost

    return DepthPredictor.from_pretrained(
        settings.model,
        checkpoint=settings.checkpoint or None,
        device=settings.device,
        precision=settings.precision,
        input_size=parse_input_size(settings.input_size) if settings.input_size else None,
        antialias=settings.antialias,
        compile=settings.compile,
        engine=settings.engine,
    )


class DepthNode(ManagedNode):
    """Leads model, inputs and outputs of its cameras through the life cycle, and keeps the parameters.

    load: called at each configuring. Raises InputError for bad parameters.
    """

    def __init__(self, load: LoadPredictor = load_predictor, **kwargs: Any) -> None:
        super().__init__("tr2m_depth", **kwargs)
        self._settings = LiveSettings(declare_parameters(self))
        self.broken: str | None = None  # why the device had to be given up
        self._cameras = {name: Camera(self, name) for name in self.settings.cameras}
        self._defaults = {f"{name}.default_description": name for name in self._cameras if name}
        self._declare_default_descriptions()
        self.add_on_set_parameters_callback(self._check_parameters)
        # Humble has no callback for parameters that were set: there, those of a rejected change may stay in force.
        self._has_post_set = hasattr(self, "add_post_set_parameters_callback")
        if self._has_post_set:
            self.add_post_set_parameters_callback(self._take_parameters)
        self._load = load
        self._predictor: DepthPredictor | None = None
        self._pipeline: FramePipeline | None = None
        self._inputs: dict[str, CameraInput] = {}
        self._outputs: dict[str, CameraOutput] = {}
        self._references: dict[str, ReferenceInput] = {}
        self._transforms: Transforms | None = None
        self._loop: InferenceLoop | None = None
        self._hung: InferenceLoop | None = None  # whose batch did not come back
        self._sentences: list[Any] = []
        self._device_failure = self.create_guard_condition(self._give_up_device)
        self._time_jumps = 0
        jump = JumpThreshold(min_forward=None, min_backward=Duration(nanoseconds=-1), on_clock_change=False)
        self._jump_handler = self.get_clock().create_jump_callback(jump, post_callback=self._on_time_jump)
        self.start_diagnostics(self.settings.diagnostics_period)

    @property
    def settings(self) -> Settings:
        return self._settings.now

    @property
    def active(self) -> bool:
        return self._loop is not None

    # -- life cycle ---------------------------------------------------------------------------------------------------

    def configure(self) -> str:
        """Loads and warms up the model."""
        self.broken = None
        with interruptible():
            self._predictor = self._load(self.settings)
            self._predictor.warm_up()
        self._pipeline = FramePipeline(self._predictor)
        for name, camera in self._cameras.items():
            output = self._outputs[name] = CameraOutput(self, camera, self._settings)
            self._inputs[name] = CameraInput(self, camera, output, self._settings)
        if self.settings.scale_reference != OFF:
            self._listen_to_references()
        first = next(iter(self._cameras.values()))
        self._sentences = subscribe_descriptions(self, "scene_description", self._take, first, self._settings)
        self._apply_default_descriptions()
        self.problems.resolve("device")
        config = self._predictor.config
        where = f"{self._predictor.device}, {self._predictor.engine}"
        return f"model '{config.name}' on {where}. {config.notice}"

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Starts the loop: from here on images are computed."""
        result = super().on_activate(state)
        assert self._pipeline is not None
        self._loop = InferenceLoop(
            self._pipeline, self._outputs, self._settings, self._device_failure.trigger, self._references
        )
        for name, source in self._inputs.items():
            source.activate(self._loop.put)
            self._outputs[name].publish_description()
        return result

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Ends the frame in progress; the model stays loaded. Goes on to error processing when the device failed."""
        loop, ended = self._loop, self._stop_loop()
        if loop is not None:
            self.broken = loop.failure
        if not ended:  # the model is in its hands: no other may use it
            self.problems.report("device", f"stopped: {self.broken}; configure again", ERROR, repeat_after=FOREVER)
        if self.broken is not None:
            return TransitionCallbackReturn.ERROR
        return super().on_deactivate(state)

    def close(self) -> None:
        """Ends the loop and destroys the node, whatever its state."""
        self._stop_loop()
        self._jump_handler.unregister()
        super().close()

    def release(self) -> None:
        self._stop_loop()
        for subscription in self._sentences:
            self.destroy_subscription(subscription)
        self._sentences = []
        for source in self._inputs.values():
            source.destroy()
        for output in self._outputs.values():
            output.destroy()
        for reference in self._references.values():
            reference.destroy()
        if self._transforms is not None:
            self._transforms.destroy()
        self._inputs, self._outputs, self._references, self._transforms = {}, {}, {}, None
        for camera in self._cameras.values():
            camera.forget()
        predictor, self._predictor, self._pipeline = self._predictor, None, None
        hung, self._hung = self._hung, None
        if predictor is not None:
            predictor.close() if hung is None else hung.at_end(predictor.close)

    def _listen_to_references(self) -> None:
        self._transforms = Transforms(self)
        for name, camera in self._cameras.items():
            self._references[name] = ReferenceInput(self, camera, self._settings, self._transforms)

    def _stop_loop(self) -> bool:
        """Returns False when the frame in progress did not end."""
        loop, self._loop = self._loop, None
        if loop is None:
            return True
        for source in self._inputs.values():
            source.deactivate()
        if loop.stop():
            return True
        self.get_logger().error(f"the frame in progress did not end within {LONGEST_INFERENCE:.0f} s")
        self._hung = loop
        return False

    # -- messages and parameters in, on the executor's thread ---------------------------------------------------------

    def _take(self, description: str) -> None:
        for source in self._inputs.values():
            source.take(description, for_all=True)

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
        self._settings.now = changed_settings(self.settings, parameters, configured=False)
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
        for name, camera in self._cameras.items():
            text = (self._own_defaults.get(name, "").strip() or self.settings.default_description).strip()
            try:
                description = parse_description(text, len(text)) if text else ""
            except FrameError:  # nothing but control characters
                description = ""
            if camera.description.set_default(description) and name in self._outputs:
                self._outputs[name].publish_description()

    def _on_time_jump(self, jump: Any) -> None:
        self._time_jumps += 1
        seconds = -jump.delta.nanoseconds * 1e-9
        self.problems.report("time jump", f"time went back by {seconds:.1f} s: going on from there", repeat_after=0.0)

    def _give_up_device(self) -> None:
        """After a device failure, on the executor's thread: deactivates into error processing."""
        if self._loop is None or self._loop.failure is None:
            return
        self.broken = self._loop.failure
        advice = "configure again" + (" with a smaller input_size or max_batch" if "memory" in self.broken else "")
        text = f"stopped: {self.broken}; {advice}"
        self.problems.report("device", text, ERROR, repeat_after=FOREVER)
        self.trigger_deactivate()

    # -- diagnostics --------------------------------------------------------------------------------------------------

    def statuses(self) -> list[DiagnosticStatus]:
        if self._loop is not None:
            self._check_loop(self._loop)
            images = (camera.image_topic for camera in self._cameras.values())
            references = (topic for reference in self._references.values() for topic in reference.topics)
            own_topics = (*images, *(output.depth_topic for output in self._outputs.values()), *references)
            for source in self._inputs.values():
                source.check(own_topics)
        for key in ("configure", "device"):  # until configuring succeeds
            self.problems.keep(key)
        name = self.get_fully_qualified_name().lstrip("/")
        values, problems = self._values(), self.problems.current()
        statuses = []
        if "" in self._cameras:  # one camera: one status for all
            values |= self._camera_values("")
            problems = [*problems, *self._cameras[""].problems.current()]
        statuses.append(diagnostic_status(f"{name}: metric depth", self.settings.model, problems, values))
        for camera, record in self._cameras.items():
            if camera:
                own = record.problems.current()
                statuses.append(diagnostic_status(f"{name}: camera {camera}", camera, own, self._camera_values(camera)))
        return statuses

    def _camera_values(self, name: str) -> dict[str, Any]:
        return self._cameras[name].values(self._outputs[name].subscribers() if name in self._outputs else "none")

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

    def _check_loop(self, loop: InferenceLoop) -> None:
        stuck = loop.busy_for()
        if stuck > LONGEST_INFERENCE:
            self.problems.report("stuck", f"the frame in progress has taken {stuck:.0f} s", ERROR, repeat_after=30.0)


def main(args: list[str] | None = None, load: LoadPredictor = load_predictor) -> int:
    """Runs the node until SIGINT or SIGTERM.

    load: of the predictor.
    Returns 0, 1 when a node that started by itself lost its device, or 2 when it cannot start; each after one line.
    """
    arguments = sys.argv[1:] if args is None else args
    return run_process("tr2m_depth", arguments, lambda: _run(arguments, load))


def _run(arguments: Sequence[str], load: LoadPredictor) -> int:
    node = DepthNode(load)
    return run_managed(node, arguments, node.settings.autostart, lambda: node.broken is not None and not node.active)


if __name__ == "__main__":
    sys.exit(main())
