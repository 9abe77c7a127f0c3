"""CameraOutput: everything that is published of a camera's frames."""

from __future__ import annotations

import copy
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import CameraInfo, Image, PointCloud2, RegionOfInterest
from std_msgs.msg import Header, String

from tr2m_core.camera.model import as_seen, resized
from tr2m_core.pipeline.frame_pipeline import FrameOutput, Product
from tr2m_ros import diagnostics
from tr2m_ros.camera import Camera
from tr2m_ros.conversions import MessageMemory
from tr2m_ros.parameters import LiveSettings
from tr2m_ros.qos import advertise, latched_qos, output_qos
from tr2m_ros.scale_monitor import ScaleMonitor

DEPTH, INFO = "metric_depth", "metric_depth/camera_info"
TOPICS: dict[Product, tuple[str, type]] = {
    Product.DEPTH: (DEPTH, Image),
    Product.INFO: (INFO, CameraInfo),
    Product.CLOUD: ("metric_depth/points", PointCloud2),
    Product.MILLIMETRES: ("metric_depth/mm", Image),
    Product.COLOUR: ("metric_depth/color", Image),
    Product.SCALE_MAP: ("metric_depth/scale_map", Image),
    Product.SHIFT_MAP: ("metric_depth/shift_map", Image),
}
DESCRIPTION = "metric_depth/active_description"
SCALE = "metric_depth/scale"


class CameraOutput:
    """The publishers of one camera; a product is made only while its topic has subscribers.

    settings: those in force.
    memory: what `publish` is given has been made in it.
    """

    def __init__(self, node: LifecycleNode, camera: Camera, settings: LiveSettings) -> None:
        self.camera = camera
        self._settings, self._monitor = settings, ScaleMonitor(camera)
        self.memory = MessageMemory({product: kind for product, (_, kind) in TOPICS.items()})
        self.depth_topic = node.resolve_topic_name(camera.prefix + DEPTH)
        self._node = node
        self._destroyed = False
        warn = camera.on_incompatible_qos
        self._publishers: dict[Product, Any] = {
            product: advertise(node, kind, camera.prefix + topic, output_qos(), warn)
            for product, (topic, kind) in TOPICS.items()
        }
        self._description = advertise(node, String, camera.prefix + DESCRIPTION, latched_qos(), warn)
        self._scale = advertise(node, DiagnosticArray, camera.prefix + SCALE, output_qos(), warn)

    def destroy(self) -> None:
        self._destroyed = True
        for publisher in (*self._publishers.values(), self._description, self._scale):
            self._node.destroy_lifecycle_publisher(publisher)

    def wanted(self) -> frozenset[Product]:
        """The products whose topics have subscribers."""
        return frozenset(product for product, pub in self._publishers.items() if pub.get_subscription_count())

    def subscribers(self) -> str:
        """How many listen, by topic."""
        counts = ((pub.topic_name, pub.get_subscription_count()) for pub in self._publishers.values())
        return ", ".join(f"{topic}: {count}" for topic, count in counts if count) or "none"

    def publish_description(self) -> None:
        """Tells which sentence is in force, if one is."""
        if text := self.camera.description.text:
            first, *others = text.splitlines()
            more = f" and {len(others)} more" if others else ""
            self._node.get_logger().info(f"{self.camera.name or 'description'}: '{first}'{more}")
            self._description.publish(String(data=text))

    def publish(self, output: FrameOutput, header: Header, arrival: float) -> None:
        """Publishes a frame under its header and counts it. arrival: of its image, in time.monotonic() seconds."""
        statistics = self.camera.statistics
        if self._destroyed:  # an inference that outlasted its node's patience
            statistics.count_dropped(diagnostics.STOPPED)
            return
        self._tell_of_camera(output)
        if output.scale is not None:
            message, good = self._monitor.judge(output, header, self._settings.now)
            self._scale.publish(message)
            if not good:
                statistics.count_dropped(diagnostics.WITHHELD)
                return
        for product, publisher in self._publishers.items():
            if product is Product.INFO and product in output.frame.products and output.info is not None:
                height, width = output.prediction.metric_depth.shape
                publisher.publish(depth_info(output.info, header, (height, width)))
            elif product in output.packed:
                publisher.publish(self.memory.message(product, output.packed[product], header))
        latency, processing = self.camera.age(header), time.monotonic() - arrival
        statistics.count_published(latency, processing, output.seconds, Product.CLOUD in output.packed)
        self.camera.problems.resolve("no description")

    def _tell_of_camera(self, output: FrameOutput) -> None:
        """Keeps what diagnostics say of the camera_info up to date."""
        camera, topic, error, info = self.camera, self.camera.info_topic, output.camera_error, output.info
        if error is not None:
            camera.info_state = str(error)
            camera.warn_of_info(f"{error} ({topic}): no point cloud")
        elif info is not None:
            camera.info_state = f"{info.width}x{info.height} {info.distortion_model}"
            camera.warn_of_info("")
        elif not output.frame.products.isdisjoint((Product.CLOUD, Product.INFO)):
            camera.warn_of_info(f"no camera_info on {topic}: no point cloud, no {INFO}")


def depth_info(info: CameraInfo, header: Header, size: tuple[int, int]) -> CameraInfo:
    """The camera_info of the depth image (height, width) of an image.

    That of the image itself, or, where depth is smaller, the same camera at its size, without binning and region.
    """
    seen = as_seen(info)
    out = copy.copy(info)
    out.header = header
    if (seen.height, seen.width) != size:
        small = resized(seen, size)
        out.height, out.width = small.height, small.width
        out.k, out.p = list(small.k), list(small.p)
        out.binning_x = out.binning_y = 0
        out.roi = RegionOfInterest()
    return out
