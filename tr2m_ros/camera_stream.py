"""One camera of the depth node: its topics, its sentence, its queue limits, its counters."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
from rclpy.utilities import get_rmw_implementation_identifier
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import String

from tr2m_core.camera.model import PictureError, RayTable, RayTables, is_rectified
from tr2m_core.errors import CameraError, FrameError
from tr2m_core.inference.scale_filter import ScaleFilter
from tr2m_core.types import DepthPrediction
from tr2m_ros import dds, diagnostics
from tr2m_ros.conversions import Memory, Picture, check_picture, nanoseconds, rgb_from_picture
from tr2m_ros.diagnostics import Problems, Statistics
from tr2m_ros.input_subscription import InputSubscription
from tr2m_ros.outputs import DEPTH, INFO, POINTS, SCALE, SHIFT, Outputs, Seen, Wanted
from tr2m_ros.parameters import Settings
from tr2m_ros.point_cloud import check_camera_info
from tr2m_ros.qos import SENSOR_DEPTH, latched_qos, subscribe, unheard_publishers, volatile_qos
from tr2m_ros.rate_limit import RateLimit
from tr2m_ros.sentence import ActiveSentence, clean_description

if TYPE_CHECKING:
    from tr2m_ros.depth_node import DepthNode

OVERDUE = 5.0  # s without an image until the node says so
FOREVER = float("inf")
SUFFIX = "/compressed"  # of image_transport: the transport follows the topic, and so its remapping


class Frame(NamedTuple):
    """A picture and when it arrived, in time.monotonic() seconds."""

    message: Picture
    arrival: float


@dataclass(frozen=True)
class Job:
    """A frame on its way through the model. rgb: (H, W, 3); sentence and settings: what it is computed under."""

    stream: CameraStream
    outputs: Outputs
    frame: Frame
    rgb: npt.NDArray[np.uint8]
    sentence: str
    settings: Settings
    wanted: Wanted

    @property
    def wants_maps(self) -> bool:
        return not self.wanted.isdisjoint((SCALE, SHIFT))

    @property
    def wants_points(self) -> bool:
        return POINTS in self.wanted


class CameraStream:
    """Takes pictures in on the executor's thread, and publishes on the worker's.

    name: prefix of its topics, "" for the only camera. enqueue(name, frame): hands a frame over and returns whether it
    replaced another, None while the node is not active.
    """

    def __init__(self, node: DepthNode, name: str, enqueue: Callable[[str, Frame], bool | None]) -> None:
        self.name = name
        self.statistics = Statistics()
        self.problems = Problems(node.get_logger(), f"[{name}] " if name else "")
        self.sentence = ActiveSentence()
        self._node, self._enqueue = node, enqueue
        self._prefix = f"{name}/" if name else ""
        self._outputs: Outputs | None = None
        self._images: InputSubscription | None = None
        self._infos: InputSubscription | None = None
        self._sentences: list[Any] = []
        self._rate = RateLimit()
        self._memory = Memory()
        self._filter: ScaleFilter | None = None
        self._filter_seconds = 0.0
        self._info: CameraInfo | None = None
        self._info_state = "no camera_info received"
        self._active_since = 0.0
        self._camera_warning = ""
        self._rays = RayTables()

    # -- life cycle ---------------------------------------------------------------------------------------------------

    def create(self) -> None:
        """Creates publishers, then subscriptions, by the parameters of the node."""
        node, warn = self._node, self.on_incompatible_qos
        self._outputs = Outputs(node, self._prefix, warn)
        self.image_topic = node.resolve_topic_name(f"{self._prefix}image")
        self.info_topic = node.resolve_topic_name(f"{self._prefix}camera_info")
        self.depth_topic = node.resolve_topic_name(f"{self._prefix}{DEPTH}")
        kind: type = Image
        if node.settings.image_transport == "compressed":
            kind, self.image_topic = CompressedImage, node.resolve_topic_name(f"{self.image_topic}{SUFFIX}")
        self._infos = InputSubscription(node, CameraInfo, self.info_topic, self._on_camera_info, SENSOR_DEPTH, warn)
        self._images = InputSubscription(
            node, kind, self.image_topic, self._on_image, SENSOR_DEPTH, warn, self._on_lost
        )
        self._sentences = []
        if self.name:
            topic = f"{self._prefix}scene_description"
            self._sentences = subscribe_sentences(node, topic, lambda text: self.hear(text, for_all=False), self)

    def activate(self) -> None:
        self._active_since = time.monotonic()
        self.publish_sentence()

    def destroy(self) -> None:
        """Destroys what `create` made and forgets what was heard."""
        for sensor in self._sensors():
            sensor.destroy()
        for subscription in self._sentences:
            self._node.destroy_subscription(subscription)
        self._images = self._infos = None
        self._sentences = []
        if self._outputs is not None:
            self._outputs.destroy()
        self._outputs = self._info = None
        self._info_state = "no camera_info received"
        self._memory, self._rays = Memory(), RayTables()
        self._warn_of_camera("")
        self.sentence.forget()

    # -- messages in, on the executor's thread ------------------------------------------------------------------------

    def hear(self, sentence: str, for_all: bool) -> None:
        """Takes a sentence for this camera or, from the node, for all."""
        if self.sentence.hear(sentence, for_all):
            self.publish_sentence()
        self.problems.resolve("description age")

    def set_default_sentence(self, sentence: str) -> None:
        if self.sentence.set_default(sentence):
            self.publish_sentence()

    def publish_sentence(self) -> None:
        if self._outputs is not None and self.sentence.text:
            self._node.get_logger().info(f"{self.name or 'description'}: '{self.sentence.text}'")
            self._outputs.publish_description(self.sentence.text)

    def refuse(self, error: FrameError) -> None:
        """Counts and tells of a message that cannot be used."""
        self.statistics.count_bad_message(error.reason, str(error))
        self.problems.report(f"bad message: {error.reason}", f"refused: {error}")

    def on_incompatible_qos(self, topic: str, policy: str) -> None:
        whom = "a publisher" if topic in (self.image_topic, self.info_topic) else "someone"
        text = f"{whom} on {topic} cannot be paired with: incompatible QoS ({policy})"
        self.problems.report(f"qos {topic}", text)

    def _on_lost(self, count: int) -> None:
        if not self._node.active:
            return
        total = self.statistics.count_lost(count)
        text = f"images sent on {self.image_topic} but lost on the way: {total}; {self._how_to_receive()}"
        self.problems.report("lost", text, repeat_after=60.0)

    def _on_camera_info(self, msg: CameraInfo) -> None:
        try:
            check_camera_info(msg)
        except FrameError as error:
            self.refuse(error)
            return
        self._info = msg

    def _on_image(self, msg: Picture) -> None:
        if not self._node.active:
            return
        self.statistics.count_frame_in()
        self.problems.resolve("no image")
        try:
            check_picture(msg)  # here, so that a bad frame never replaces a good one in the mailbox
        except FrameError as error:
            self.refuse(error)
            self.statistics.count_dropped(diagnostics.BAD_MESSAGE)
            return
        cause = self._reason_to_drop(msg)
        if cause is None:
            replaced = self._enqueue(self.name, Frame(msg, time.monotonic()))
            cause = diagnostics.REPLACED if replaced else None
        if cause is not None:
            self.statistics.count_dropped(cause)

    def _reason_to_drop(self, msg: Picture) -> str | None:
        if not self._outputs or not self._outputs.wanted():
            return diagnostics.NO_SUBSCRIBERS
        if not self.sentence.text:
            topic = self._node.resolve_topic_name("scene_description")
            text = f"no description yet: publish a sentence on {topic} or set default_description"
            self.problems.report("no description", text, repeat_after=10.0)
            return diagnostics.NO_DESCRIPTION
        settings = self._node.settings
        if self._is_too_old(msg, settings.max_latency):
            return diagnostics.TOO_OLD
        if not self._rate.allows(time.monotonic(), settings.max_rate):
            return diagnostics.TOO_FAST
        return None

    def _is_too_old(self, msg: Picture, limit: float) -> bool:
        if limit <= 0:
            return False
        if nanoseconds(msg) == 0:
            text = f"images on {self.image_topic} have no stamp: max_latency cannot be kept"
            self.problems.report("no stamp", text, repeat_after=FOREVER)
            return False
        return self._age(msg) > limit

    def _age(self, msg: Picture) -> float:
        """Seconds since the stamp, by the node's clock; negative when that jumped back."""
        return (self._node.get_clock().now().nanoseconds - nanoseconds(msg)) * 1e-9

    # -- one frame, on the worker's thread ----------------------------------------------------------------------------

    def prepare(self, frame: Frame, settings: Settings) -> Job | None:
        """The frame with its pixels, or None when it is dropped, which is counted."""
        outputs, sentence = self._outputs, self.sentence.text
        if outputs is None or not sentence:
            self.statistics.count_dropped(diagnostics.STOPPED if outputs is None else diagnostics.NO_DESCRIPTION)
            return None
        if self._is_too_old(frame.message, settings.max_latency):
            self.statistics.count_dropped(diagnostics.TOO_OLD)
            return None
        try:
            rgb = rgb_from_picture(frame.message, self._memory)
        except FrameError as error:
            self.refuse(error)
            self.statistics.count_dropped(diagnostics.BAD_MESSAGE)
            return None
        return Job(self, outputs, frame, rgb, sentence, settings, outputs.wanted())

    def finish(self, job: Job, prediction: DepthPrediction, inference: float) -> None:
        """Publishes a frame and counts it."""
        outputs = job.outputs
        if outputs is not self._outputs:  # an inference that outlasted its node's patience
            self.statistics.count_dropped(diagnostics.STOPPED)
            return
        message = job.frame.message
        self._steady(job, prediction)
        output = (prediction.metric_depth.shape[0], prediction.metric_depth.shape[1])
        info, rays = self._camera(job, output)
        outputs.publish(Seen(message.header, job.rgb, info), prediction, rays, job.wanted, job.settings)
        cloud = job.wants_points and rays is not None
        self.statistics.count_published(self._age(message), time.monotonic() - job.frame.arrival, inference, cloud)
        self.problems.resolve("no description")

    def fail(self, error: Exception, what: str = diagnostics.FAILED, report: bool = True) -> None:
        """Counts a frame that the model or publishing failed on; tells of it unless the node does."""
        self.statistics.count_dropped(diagnostics.FAILED)
        if report:
            self.problems.report_exception(diagnostics.FAILED, what, error)

    def _steady(self, job: Job, prediction: DepthPrediction) -> None:
        seconds = job.settings.steadiness
        if seconds != self._filter_seconds:
            self._filter, self._filter_seconds = ScaleFilter(seconds) if seconds > 0 else None, seconds
        if self._filter is not None:
            stamp = nanoseconds(job.frame.message)
            factor = self._filter.factor(prediction.metric_depth, job.rgb, stamp, job.sentence)
            np.multiply(prediction.metric_depth, np.float32(factor), out=prediction.metric_depth)

    def _camera(self, job: Job, output: tuple[int, int]) -> tuple[CameraInfo | None, RayTable | None]:
        """The camera_info of the frame's size and the rays of its output, each None where there are none."""
        info, size = self._info, (job.rgb.shape[0], job.rgb.shape[1])
        if info is None:
            if not job.wanted.isdisjoint((POINTS, INFO)):
                self._warn_of_camera(f"no camera_info on {self.info_topic}: no point cloud, no {INFO}")
            return None, None
        try:
            rays = self._rays.get(info, size, self._is_rectified(job.settings.image_geometry), output)
        except CameraError as error:
            self._info_state = str(error)
            self._warn_of_camera(f"{error} ({self.info_topic}): no point cloud")
            return None if isinstance(error, PictureError) else info, None
        self._info_state = f"{info.width}x{info.height} {info.distortion_model}"
        self._warn_of_camera("")
        return info, rays

    def _warn_of_camera(self, text: str) -> None:
        """Logged when it changes, not at every frame; empty: all is well."""
        if text != self._camera_warning:
            self.problems.resolve("camera")
            self._camera_warning = text
        if text:
            self.problems.report("camera", text, repeat_after=FOREVER)

    def _is_rectified(self, geometry: str) -> bool:
        return is_rectified(self.image_topic) if geometry == "auto" else geometry == "rectified"

    # -- diagnostics --------------------------------------------------------------------------------------------------

    def values(self) -> dict[str, Any]:
        """What diagnostics tell of this camera."""
        age = self.sentence.age()
        values = {
            "active description": self.sentence.text or "none",
            "description age (s)": "n/a" if age is None else f"{age:.1f}",
            "camera_info": self._info_state,
            "subscribers": self._outputs.subscribers() if self._outputs else "none",
        }
        return values | self.statistics.values()

    def _sensors(self) -> list[InputSubscription]:
        return [sensor for sensor in (self._infos, self._images) if sensor is not None]

    def check(self) -> None:
        """Looks for what is wrong without a message to tell of it; for an active node, once per diagnostics."""
        node = self._node
        self._check_images_arrive()
        self._check_camera_info_arrives()
        for sensor in self._sensors():
            topic = sensor.topic_name
            for publisher in unheard_publishers(node, topic, sensor.qos_profile):
                text = f"{publisher} publishes {topic} with incompatible QoS and is not heard"
                self.problems.report(f"unheard {topic}", text, repeat_after=60.0)
        age, limit = self.sentence.age(), node.settings.description_timeout
        if age is not None and 0 < limit < age:
            text = f"the description is {age:.0f} s old (description_timeout is {limit:g} s): say the sentence again"
            self.problems.report("description age", text, repeat_after=60.0)

    def _check_images_arrive(self) -> None:
        last = max(self.statistics.last_image_time or 0.0, self._active_since)
        silence = time.monotonic() - last
        if silence < OVERDUE or self._images is None:
            return
        text = self._why_silent(self._images, silence, "image")
        if not self._node.count_publishers(self.image_topic):
            others = ", ".join(self._node.other_image_topics()) or "none"
            text += f"; other image topics: {others}"
        self.problems.report("no image", text, repeat_after=30.0)

    def _check_camera_info_arrives(self) -> None:
        silence = time.monotonic() - self._active_since
        if self._info is None and self._infos is not None and silence >= OVERDUE:
            self._info_state = self._why_silent(self._infos, silence, "camera_info")

    def _why_silent(self, sensor: InputSubscription, seconds: float, what: str) -> str:
        topic = sensor.topic_name
        if not self._node.count_publishers(topic):
            return f"no publisher on {topic}"
        for publisher, kind in sensor.publishers_of_other_types():
            return f"{publisher} publishes {topic} as {kind}, not {sensor.type_name}{_remedy(topic, kind)}"
        text = f"publisher found on {topic} but no {what} for {seconds:.0f} s"
        return text if sensor.is_reliable else f"{text}; {self._how_to_receive()}"

    def _how_to_receive(self) -> str:
        """What helps against images that are lost on the way."""
        unreliable = self._images.unreliable_publishers() if self._images else []
        if unreliable and dds.is_fast_dds(get_rmw_implementation_identifier()):
            names = ", ".join(sorted(set(unreliable)))
            return f"{names} sends best effort: where it is started, {dds.export_line()}, or let it publish reliably"
        return "see large messages in docs/node.md"


def _remedy(topic: str, kind: str) -> str:
    """How to take a topic of the other type of image."""
    if kind == "sensor_msgs/msg/Image":
        return ": set image_transport to raw"
    if kind == "sensor_msgs/msg/CompressedImage" and topic.endswith(SUFFIX):
        return f": set image_transport to compressed, and image to {topic.removesuffix(SUFFIX)}"
    if kind == "sensor_msgs/msg/CompressedImage":
        return f": set image_transport to compressed, and remap {topic}{SUFFIX} to {topic}"
    return ""


def subscribe_sentences(node: DepthNode, topic: str, hear: Callable[[str], None], stream: CameraStream) -> list[Any]:
    """Subscriptions that hear volatile and latched publishers; what both hear comes twice.

    hear: takes what is left of a sentence once cleaned. stream: the camera that tells of those which cannot be used.
    """

    def on_sentence(msg: String) -> None:
        try:
            sentence = clean_description(msg.data, node.settings.max_description_length)
        except FrameError as error:
            stream.refuse(error)
            return
        hear(sentence)

    return [
        subscribe(node, String, topic, on_sentence, volatile_qos(), stream.on_incompatible_qos),
        subscribe(node, String, topic, on_sentence, latched_qos(), entity="latched"),
    ]
