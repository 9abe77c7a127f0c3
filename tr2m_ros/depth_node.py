"""tr2m_depth: a managed node that turns images and one sentence into metric depth and a point cloud."""

from __future__ import annotations

import copy
import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import Clock, ClockType  # type: ignore[attr-defined,unused-ignore]
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter
from rclpy.time import Time
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from std_msgs.msg import String

from tr2m_core import InputError
from tr2m_core.camera import is_rectified
from tr2m_core.model.presets import parse_input_size
from tr2m_ros import diagnostics
from tr2m_ros.conversions import Memory, MessageError, check_image, clean_description, depth_to_image, rgb_from_image
from tr2m_ros.diagnostics import ERROR, Problems, Statistics, diagnostic_array
from tr2m_ros.parameters import Settings, changed_settings, declare_parameters
from tr2m_ros.point_cloud import CameraError, RayTables, build_cloud, check_camera_info
from tr2m_ros.process import run_process
from tr2m_ros.qos import OVERRIDABLE, latched_qos, output_qos, sensor_qos, subscribe, volatile_qos
from tr2m_ros.worker import Worker

if TYPE_CHECKING:
    from tr2m_core import DepthPredictor

IMAGE_OVERDUE = 5.0  # s without an image until the node says so
LONGEST_INFERENCE = 10.0  # s to wait for the frame in progress when stopping
SIGNAL_POLL = 0.2  # s; a signal is noticed when the wait for messages ends


class Frame(NamedTuple):
    """An image and when it arrived, in time.monotonic() seconds."""

    image: Image
    arrival: float


class DepthNode(LifecycleNode):
    """Converts, queues and publishes; the predictor does the rest. Raises InputError for bad parameters."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("tr2m_depth", **kwargs)
        self.settings: Settings = declare_parameters(self)
        self.add_on_set_parameters_callback(self._on_parameters)
        self._statistics = Statistics()
        self._problems = Problems(self.get_logger())
        self._predictor: DepthPredictor | None = None
        self._worker: Worker[Frame] | None = None
        self._active_since = 0.0
        self._heard: str | None = None
        self._description = ""
        self._camera_info: CameraInfo | None = None
        self._camera_state = "no camera_info received"
        self._ray_tables = RayTables()
        self._memory = Memory()
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []
        self._diagnostics_pub = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        # Steady time: diagnostics must also come when simulated time stands still.
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(self.settings.diagnostics_period, self._publish_diagnostics, clock=steady)

    # -- life cycle ---------------------------------------------------------------------------------------------------

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Loads and warms up the model. A model that cannot be loaded fails the transition with one line."""
        try:
            self._predictor = self._load_predictor()
        except Exception as error:
            name = "" if isinstance(error, InputError) else f"{type(error).__name__}: "
            text = " ".join(f"{name}{error}".split())
            self._problems.report("configure", f"cannot configure: {text}", ERROR, repeat_after=0.0)
            return TransitionCallbackReturn.FAILURE
        self._problems.resolve("configure")
        self._create_outputs()
        self._create_inputs()
        self._choose_description()
        config = self._predictor.config
        self.get_logger().info(f"model '{config.name}' on {self._predictor.device}. {config.notice}")
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        result = super().on_activate(state)
        self._active_since = time.monotonic()
        self._worker = Worker(self._process, self._on_worker_error)
        self._publish_description()
        return result

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._stop_worker()
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._release()
        return super().on_cleanup(state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._release()
        return super().on_shutdown(state)

    def close(self) -> None:
        """Ends the worker and destroys the node, whatever its state."""
        self._stop_worker()
        self.destroy_node()

    def _load_predictor(self) -> DepthPredictor:
        from tr2m_core import DepthPredictor  # imports torch: seconds that only configuring should cost

        s = self.settings
        predictor = DepthPredictor.from_pretrained(
            s.model,
            checkpoint=s.checkpoint or None,
            device=s.device,
            precision=s.precision,
            input_size=parse_input_size(s.input_size) if s.input_size else None,
            compile=s.compile,
        )
        predictor.warm_up()
        return predictor

    def _create_outputs(self) -> None:
        def publisher(kind: type, topic: str) -> Any:
            return self.create_lifecycle_publisher(kind, topic, output_qos(), qos_overriding_options=OVERRIDABLE)

        self._depth_pub = publisher(Image, "metric_depth")
        self._info_pub = publisher(CameraInfo, "metric_depth/camera_info")
        self._cloud_pub = publisher(PointCloud2, "metric_depth/points")
        topic = "metric_depth/active_description"
        self._description_pub = self.create_lifecycle_publisher(String, topic, latched_qos())
        self._outputs = [self._depth_pub, self._info_pub, self._cloud_pub, self._description_pub]

    def _create_inputs(self) -> None:
        sentence, warn = self._on_description, self._on_incompatible_qos
        self._inputs = [
            subscribe(self, CameraInfo, "camera_info", self._on_camera_info, sensor_qos(), warn, overridable=True),
            subscribe(self, String, "scene_description", sentence, volatile_qos(), warn),
            subscribe(self, String, "scene_description", sentence, latched_qos()),  # hears what was said before
            subscribe(self, Image, "image", self._on_image, sensor_qos(), warn, overridable=True),
        ]

    def _release(self) -> None:
        self._stop_worker()
        for subscription in self._inputs:
            self.destroy_subscription(subscription)
        for publisher in self._outputs:
            self.destroy_lifecycle_publisher(publisher)
        self._inputs, self._outputs = [], []
        self._predictor = self._camera_info = self._heard = None
        self._description = ""

    def _stop_worker(self) -> None:
        if self._worker is not None and not self._worker.stop(LONGEST_INFERENCE):
            self.get_logger().error(f"the frame in progress did not end within {LONGEST_INFERENCE:.0f} s")
        self._worker = None

    # -- messages in, on the executor's thread ------------------------------------------------------------------------

    def _on_parameters(self, parameters: list[Parameter[Any]]) -> SetParametersResult:
        try:
            self.settings = changed_settings(self.settings, parameters, configured=self._predictor is not None)
        except InputError as error:
            return SetParametersResult(successful=False, reason=str(error))
        self._choose_description()
        return SetParametersResult(successful=True)

    def _on_incompatible_qos(self, topic: str, policy: str) -> None:
        self._problems.report(f"qos {topic}", f"a publisher on {topic} is not heard: incompatible QoS ({policy})")

    def _on_description(self, msg: String) -> None:
        try:
            self._heard = clean_description(msg.data, self.settings.max_description_length)
        except MessageError as error:
            self._refuse(error)
            return
        self._choose_description()

    def _choose_description(self) -> None:
        """The last sentence heard, else the default; published when it changes."""
        default = self.settings.default_description.strip()
        chosen = self._heard or (clean_description(default, len(default)) if default else "")
        if chosen != self._description:
            self._description = chosen
            self._publish_description()

    def _publish_description(self) -> None:
        if self._description and self._outputs:
            self._description_pub.publish(String(data=self._description))

    def _on_camera_info(self, msg: CameraInfo) -> None:
        try:
            check_camera_info(msg)
        except MessageError as error:
            self._refuse(error)
            return
        self._camera_info = msg

    def _on_image(self, msg: Image) -> None:
        if self._worker is None:
            return
        self._statistics.count_frame_in()
        self._problems.resolve("no image")
        try:
            check_image(msg)  # here, so that a bad frame never replaces a good one in the mailbox
        except MessageError as error:
            self._refuse(error)
            self._statistics.count_dropped(diagnostics.BAD_MESSAGE)
            return
        if not self._has_subscribers():
            self._statistics.count_dropped(diagnostics.NO_SUBSCRIBERS)
        elif not self._description:
            self._statistics.count_dropped(diagnostics.NO_DESCRIPTION)
            topic = self.resolve_topic_name("scene_description")
            text = f"no description yet: publish a sentence on {topic} or set default_description"
            self._problems.report("no description", text, repeat_after=10.0)
        elif self._worker.put(Frame(msg, time.monotonic())):
            self._statistics.count_dropped(diagnostics.REPLACED)

    def _refuse(self, error: MessageError) -> None:
        self._statistics.count_bad_message(error.reason, str(error))
        self._problems.report(f"bad message: {error.reason}", f"refused: {error}")

    def _has_subscribers(self) -> bool:
        return any(p.get_subscription_count() for p in (self._depth_pub, self._cloud_pub, self._info_pub))

    # -- one frame, on the worker's thread ----------------------------------------------------------------------------

    def _process(self, frame: Frame) -> None:
        assert self._predictor is not None
        try:
            rgb = rgb_from_image(frame.image, self._memory)
        except MessageError as error:
            self._refuse(error)
            self._statistics.count_dropped(diagnostics.BAD_MESSAGE)
            return
        start = time.monotonic()
        depth = self._predictor.predict(rgb, self._description, maps=False).metric_depth
        inference = time.monotonic() - start
        cloud = self._publish(frame.image, rgb, depth)
        stamp = Time.from_msg(frame.image.header.stamp, clock_type=self.get_clock().clock_type)
        latency = (self.get_clock().now() - stamp).nanoseconds * 1e-9
        self._statistics.count_published(latency, time.monotonic() - frame.arrival, inference, cloud)
        self._problems.resolve("no description")

    def _publish(self, image: Image, rgb: npt.NDArray[np.uint8], depth: npt.NDArray[np.float32]) -> bool:
        """Publishes depth, camera_info and, if someone listens, the cloud. Returns True when there was one."""
        settings, header = self.settings, image.header
        depth_msg = depth_to_image(depth, header, settings.min_depth, settings.max_depth, self._memory)
        self._depth_pub.publish(depth_msg)
        info = self._camera_info
        if info is not None and (info.width, info.height) == (image.width, image.height):
            depth_info = copy.copy(info)
            depth_info.header = header
            self._info_pub.publish(depth_info)
        wanted: bool = self._cloud_pub.get_subscription_count() > 0
        try:
            if info is None:
                raise CameraError(f"no camera_info on {self.resolve_topic_name('camera_info')}: no point cloud")
            rays = self._ray_tables.get(info, image, self._is_rectified())
        except CameraError as error:
            self._camera_state = str(error)
            if info is not None or wanted:
                self._problems.report(f"camera: {error}", str(error), repeat_after=float("inf"))
            return False
        self._camera_state = f"{info.width}x{info.height} {info.distortion_model}"
        if wanted:
            cloud = build_cloud(depth_msg, rgb, rays, header, settings.cloud_stride, self._memory)
            self._cloud_pub.publish(cloud)
        return wanted

    def _is_rectified(self) -> bool:
        if self.settings.image_geometry != "auto":
            return self.settings.image_geometry == "rectified"
        return is_rectified(self.resolve_topic_name("image"))

    def _on_worker_error(self, error: Exception) -> None:
        self._statistics.count_dropped(diagnostics.FAILED)
        text = " ".join(f"inference failed: {type(error).__name__}: {error}".split())
        self._problems.report(diagnostics.FAILED, text, ERROR)

    # -- diagnostics --------------------------------------------------------------------------------------------------

    def _publish_diagnostics(self) -> None:
        self._check_images_arrive()
        predictor = self._predictor
        values = {
            "state": self._state_machine.current_state[1],
            "model": self.settings.model,
            "device": predictor.device if predictor else "none",
            "active description": self._description or "none",
            "camera_info": self._camera_state,
            "subscribers": ", ".join(f"{p.topic_name}: {p.get_subscription_count()}" for p in self._outputs) or "none",
        }
        values |= self._statistics.values()
        stamp, name = self.get_clock().now().to_msg(), self.get_fully_qualified_name().lstrip("/")
        array = diagnostic_array(stamp, f"{name}: metric depth", self.settings.model, self._problems.current(), values)
        self._diagnostics_pub.publish(array)

    def _check_images_arrive(self) -> None:
        last = max(self._statistics.last_image_time or 0.0, self._active_since)
        if self._worker is None or time.monotonic() - last < IMAGE_OVERDUE:
            return
        outputs = {p.topic_name for p in self._outputs}
        found = [n for n, t in self.get_topic_names_and_types() if "sensor_msgs/msg/Image" in t and n not in outputs]
        topic = self.resolve_topic_name("image")
        others = ", ".join(n for n in found if n != topic) or "none"
        text = f"no image arrives on {topic}; other image topics: {others}"
        self._problems.report("no image", text, repeat_after=30.0)


def main(args: list[str] | None = None) -> int:
    """Runs the node until SIGINT or SIGTERM. Returns 0, or 2 after one line on stderr when it cannot start."""
    return run_process("tr2m_depth", args, _run)


def _run() -> int:
    node = DepthNode()
    try:
        if node.settings.autostart:
            for transition in (node.trigger_configure, node.trigger_activate):
                if transition() != TransitionCallbackReturn.SUCCESS:
                    return 2
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        while rclpy.ok():
            executor.spin_once(timeout_sec=SIGNAL_POLL)
        return 0
    finally:
        node.close()


if __name__ == "__main__":
    sys.exit(main())
