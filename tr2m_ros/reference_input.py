"""ReferenceInput: what a robot knows of distances, as scale references of a camera's depth."""

from __future__ import annotations

import threading
from collections import deque
from contextlib import ExitStack
from functools import partial
from typing import Any

from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image, LaserScan, PointCloud2, Range

from tr2m_core.camera.model import is_finite
from tr2m_core.camera.rigid import Matrix, rigid_matrix
from tr2m_core.errors import FrameError
from tr2m_core.scale.reference import Reference, read_reference
from tr2m_core.scale.samples import View
from tr2m_ros.camera import Camera
from tr2m_ros.conversions import nanoseconds
from tr2m_ros.input_subscription import InputSubscription
from tr2m_ros.parameters import LiveSettings
from tr2m_ros.transforms import Transforms

DEPTH, INFO = "reference/depth", "reference/camera_info"
KINDS: dict[str, type] = {
    DEPTH: Image,
    "reference/points": PointCloud2,
    "reference/scan": LaserScan,
    "reference/range": Range,
}
REMEMBERED = 16  # messages of each kind: the image they belong to is still being computed


class ReferenceInput:
    """Keeps the latest references of a camera; `at` is for the worker's thread. topics: full names of its inputs.

    Raises InputError for a reliability that does not exist.
    """

    def __init__(self, node: Node, camera: Camera, settings: LiveSettings, transforms: Transforms) -> None:
        self._camera, self._settings, self._transforms = camera, settings, transforms
        self._lock = threading.Lock()
        self._recent: dict[str, deque[Any]] = {kind: deque(maxlen=REMEMBERED) for kind in KINDS}
        self._info: CameraInfo | None = None
        self.topics: list[str] = []
        with ExitStack() as made:
            for kind, message_type in KINDS.items():
                take, warn = partial(self._take, kind), camera.on_incompatible_qos
                topic = InputSubscription(node, message_type, camera.prefix + kind, take, REMEMBERED, warn)
                made.callback(topic.destroy)
                self.topics.append(topic.topic_name)
            info = InputSubscription(node, CameraInfo, camera.prefix + INFO, self._take_info, 1)
            made.callback(info.destroy)
            self._made = made.pop_all()

    def destroy(self) -> None:
        self._made.close()

    def _take(self, kind: str, message: Any) -> None:
        with self._lock:
            self._recent[kind].append(message)

    def _take_info(self, message: CameraInfo) -> None:
        if is_finite(message):
            self._info = message

    def at(self, image: Any, size: tuple[int, int]) -> Reference:
        """The reference nearest in time to an image, for its depth of (height, width).

        Of several kinds the first of KINDS that has one in time counts. image: header of the image.
        """
        stamp, reasons = nanoseconds(image), []
        for kind in KINDS:
            with self._lock:
                messages = list(self._recent[kind])
            if not messages:
                continue
            message = min(messages, key=lambda each: abs(nanoseconds(each.header) - stamp))
            source = kind.rpartition("/")[2]
            gap = (stamp - nanoseconds(message.header)) * 1e-9
            limit = self._settings.now.reference_max_age
            if abs(gap) > limit:
                apart = f"{abs(gap):.1f} s {'older' if gap > 0 else 'newer'} than the image"
                reasons.append(f"{source}: the nearest is {apart} (reference_max_age is {limit:g} s)")
                continue
            try:
                return self._read(source, message, image, size)
            except FrameError as error:
                reasons.append(f"{source}: {error}")
        kinds = ", ".join(kind.rpartition("/")[2] for kind in KINDS)
        return Reference(problem="; ".join(reasons) or f"nothing received on {self._camera.prefix}reference/ {kinds}")

    def _read(self, source: str, message: Any, image: Any, size: tuple[int, int]) -> Reference:
        """Raises FrameError for a message that is of no use for this image."""
        view = View(self._camera.info, size, self._settings.now.is_rectified(self._camera.image_topic))
        return read_reference(source, message, view, partial(self._mounting, image), self._info)

    def _mounting(self, image: Any, frame: str) -> Matrix:
        """Where a sensor is, (4, 4) from its frame to the camera's."""
        settings = self._settings.now
        *translation, qx, qy, qz, qw = settings.reference_transform
        if any((qx, qy, qz, qw)):
            return rigid_matrix(translation, (qx, qy, qz, qw))
        return self._transforms.between(image.frame_id, frame, nanoseconds(image), settings.reference_max_age)
