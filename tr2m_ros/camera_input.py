"""CameraInput: the subscriptions of a camera, and which of its frames are admitted."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any, NamedTuple

from rclpy.node import Node
from rclpy.utilities import get_rmw_implementation_identifier
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header, String

from tr2m_core.camera.model import is_finite
from tr2m_core.errors import FrameError
from tr2m_core.messages.images import CheckedImage
from tr2m_ros import dds, diagnostics
from tr2m_ros.active_description import parse_description
from tr2m_ros.camera import Camera
from tr2m_ros.camera_output import CameraOutput
from tr2m_ros.conversions import ImageMessage, parse_image
from tr2m_ros.input_subscription import InputSubscription, image_source
from tr2m_ros.parameters import LiveSettings
from tr2m_ros.qos import SENSOR_DEPTH, subscribe_to_all, unheard_publishers
from tr2m_ros.rate_limit import RateLimit

OVERDUE = 5.0  # s without an image until the node says so
IMAGE_TYPES = ("sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage")


class Frame(NamedTuple):
    """An admitted image of a camera, by its name. arrival: in time.monotonic() seconds."""

    camera: str
    header: Header
    image: CheckedImage
    arrival: float


class CameraInput:
    """Takes a camera's messages in, on the executor's thread; while active, hands on frames that are to be computed.

    settings: those in force. Raises InputError for a reliability that does not exist.
    """

    def __init__(self, node: Node, camera: Camera, output: CameraOutput, settings: LiveSettings) -> None:
        self.camera = camera
        self._node, self._output, self._settings = node, output, settings
        self._rate = RateLimit()
        self._put: Callable[[Frame], bool] | None = None
        self._active_since = 0.0
        kind, camera.image_topic = image_source(node, f"{camera.prefix}image", settings.now.image_transport)
        topics, warn = (camera.info_topic, camera.image_topic), camera.on_incompatible_qos
        with ExitStack() as made:
            self._infos = InputSubscription(node, CameraInfo, topics[0], self._on_camera_info, SENSOR_DEPTH, warn)
            made.callback(self._infos.destroy)
            self._images = InputSubscription(node, kind, topics[1], self._on_image, SENSOR_DEPTH, warn, self._on_lost)
            made.callback(self._images.destroy)
            if camera.name:
                take = partial(self.take, for_all=False)
                for each in subscribe_descriptions(node, f"{camera.prefix}scene_description", take, camera, settings):
                    made.callback(node.destroy_subscription, each)
            self._made = made.pop_all()

    def activate(self, put: Callable[[Frame], bool]) -> None:
        """put: takes frames from now on, and returns whether one replaced another that had not been taken."""
        self._put, self._active_since = put, time.monotonic()

    def deactivate(self) -> None:
        self._put = None

    def destroy(self) -> None:
        self._made.close()

    # -- messages -----------------------------------------------------------------------------------------------------

    def take(self, description: str, for_all: bool) -> None:
        """Takes a description for this camera or for all."""
        if self.camera.description.take(description, for_all):
            self._output.publish_description()
        self.camera.problems.resolve("description age")

    def _on_lost(self, count: int) -> None:
        if self._put is None:
            return
        total = self.camera.statistics.count_lost(count)
        text = f"images sent on {self.camera.image_topic} but lost on the way: {total}; {self._how_to_receive()}"
        self.camera.problems.report("lost", text, repeat_after=60.0)

    def _on_camera_info(self, msg: CameraInfo) -> None:
        if is_finite(msg):  # an uncalibrated camera, K all zero, is one
            self.camera.info = msg
            return
        text = "camera_info with NaN or infinite values in K, D or P"
        self.camera.reject(FrameError(text, "camera_info not finite"))

    def _on_image(self, msg: ImageMessage) -> None:
        if self._put is None:
            return
        camera = self.camera
        camera.statistics.count_frame_in()
        camera.problems.resolve("no image")
        try:
            image = parse_image(msg)  # here, so that a bad frame never replaces a good one in the mailbox
        except FrameError as error:
            camera.reject(error)
            camera.statistics.count_dropped(diagnostics.BAD_MESSAGE)
            return
        cause = self._reason_to_drop(msg.header)
        if cause is None and self._put(Frame(camera.name, msg.header, image, time.monotonic())):
            cause = diagnostics.REPLACED
        if cause is not None:
            camera.statistics.count_dropped(cause)

    def _reason_to_drop(self, header: Header) -> str | None:
        if not self._output.wanted():
            return diagnostics.NO_SUBSCRIBERS
        if not self.camera.description.text:
            topic = self._node.resolve_topic_name("scene_description")
            text = f"no description yet: publish one on {topic} or set default_description"
            self.camera.problems.report("no description", text, repeat_after=10.0)
            return diagnostics.NO_DESCRIPTION
        settings = self._settings.now
        if self.camera.is_too_old(header, settings.max_latency):
            return diagnostics.TOO_OLD
        if not self._rate.allows(time.monotonic(), settings.max_rate):
            return diagnostics.TOO_FAST
        return None

    # -- diagnostics --------------------------------------------------------------------------------------------------

    def check(self, own_topics: tuple[str, ...]) -> None:
        """Looks for what is wrong without a message to tell of it; for an active node, once per diagnostics.

        own_topics: the node's inputs and outputs, which are no other camera's.
        """
        self._check_images_arrive(own_topics)
        self._check_camera_info_arrives()
        problems = self.camera.problems
        for sensor in (self._infos, self._images):
            topic = sensor.topic_name
            for publisher in unheard_publishers(self._node, topic, sensor.qos_profile):
                text = f"{publisher} publishes {topic} with incompatible QoS: nothing is received from it"
                problems.report(f"unheard {topic}", text, repeat_after=60.0)
        age, limit = self.camera.description.age(), self._settings.now.description_timeout
        if age is not None and 0 < limit < age:
            text = f"the description is {age:.0f} s old (description_timeout is {limit:g} s): publish it again"
            problems.report("description age", text, repeat_after=60.0)

    def _check_images_arrive(self, own_topics: tuple[str, ...]) -> None:
        last = max(self.camera.statistics.last_image_time or 0.0, self._active_since)
        silence = time.monotonic() - last
        if silence < OVERDUE:
            return
        text = self._images.why_silent(silence, "image", self._how_to_receive)
        if not self._node.count_publishers(self._images.topic_name):
            names = self._node.get_topic_names_and_types()
            others = [n for n, kinds in names if set(IMAGE_TYPES) & set(kinds) and not n.startswith(own_topics)]
            text += f"; other image topics: {', '.join(others) or 'none'}"
        self.camera.problems.report("no image", text, repeat_after=30.0)

    def _check_camera_info_arrives(self) -> None:
        silence = time.monotonic() - self._active_since
        if self.camera.info is None and silence >= OVERDUE:
            self.camera.info_state = self._infos.why_silent(silence, "camera_info", self._how_to_receive)

    def _how_to_receive(self) -> str:
        """What helps against images that are lost on the way."""
        unreliable = self._images.unreliable_publishers()
        if unreliable and dds.is_fast_dds(get_rmw_implementation_identifier()):
            names = ", ".join(sorted(set(unreliable)))
            return f"{names} sends best effort: where it is started, {dds.export_line()}, or let it publish reliably"
        return "see large messages in docs/node.md"


def subscribe_descriptions(
    node: Node, topic: str, take: Callable[[str], None], camera: Camera, settings: LiveSettings
) -> list[Any]:
    """Subscriptions to volatile and latched publishers; what both receive comes twice.

    take: is given the cleaned description. camera: tells of those which cannot be used.
    """

    def on_description(msg: String) -> None:
        try:
            description = parse_description(msg.data, settings.now.max_description_length)
        except FrameError as error:
            camera.reject(error)
            return
        take(description)

    return subscribe_to_all(node, String, topic, on_description, camera.on_incompatible_qos)
