"""Everything that is published of a camera's frames; only what someone listens to is made."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import CameraInfo, Image, PointCloud2, RegionOfInterest
from std_msgs.msg import Header, String

from tr2m_core.camera.model import RayTable, as_seen, resized
from tr2m_core.types import DepthPrediction
from tr2m_ros.conversions import (
    Memory,
    depth_from_image,
    depth_to_image,
    map_to_image,
    millimetres_to_image,
    resized_rgb,
    rgb_to_image,
)
from tr2m_ros.parameters import Settings
from tr2m_ros.point_cloud import build_cloud, cloud_options
from tr2m_ros.qos import advertise, latched_qos, output_qos

DEPTH, INFO, POINTS = "metric_depth", "metric_depth/camera_info", "metric_depth/points"
MILLIMETRES, COLOUR = "metric_depth/mm", "metric_depth/color"
SCALE, SHIFT = "metric_depth/scale_map", "metric_depth/shift_map"
TOPICS: dict[str, type] = {
    DEPTH: Image,
    INFO: CameraInfo,
    POINTS: PointCloud2,
    MILLIMETRES: Image,
    COLOUR: Image,
    SCALE: Image,
    SHIFT: Image,
}
DESCRIPTION = "metric_depth/active_description"

Wanted = frozenset[str]


class Seen(NamedTuple):
    """A frame as it came: its header, its pixels (H, W, 3) RGB, and its camera_info, None without one of its size."""

    header: Header
    rgb: npt.NDArray[np.uint8]
    info: CameraInfo | None


class Outputs:
    """The publishers of one camera; prefix: what its topics begin with. `publish` is for one thread at a time."""

    def __init__(self, node: LifecycleNode, prefix: str, on_incompatible: Callable[[str, str], None]) -> None:
        self._node = node
        self._publishers: dict[str, Any] = {
            topic: advertise(node, kind, prefix + topic, output_qos(), on_incompatible)
            for topic, kind in TOPICS.items()
        }
        self._description = advertise(node, String, prefix + DESCRIPTION, latched_qos(), on_incompatible)
        self._memory = Memory()

    def destroy(self) -> None:
        for publisher in (*self._publishers.values(), self._description):
            self._node.destroy_lifecycle_publisher(publisher)

    def wanted(self) -> Wanted:
        """The topics that someone listens to."""
        return frozenset(name for name, pub in self._publishers.items() if pub.get_subscription_count())

    def subscribers(self) -> str:
        """How many listen, by topic."""
        counts = ((pub.topic_name, pub.get_subscription_count()) for pub in self._publishers.values())
        return ", ".join(f"{topic}: {count}" for topic, count in counts if count) or "none"

    def publish_description(self, text: str) -> None:
        self._description.publish(String(data=text))

    def publish(
        self, seen: Seen, prediction: DepthPrediction, rays: RayTable | None, wanted: Wanted, settings: Settings
    ) -> None:
        """Publishes what is wanted; the cloud only where there are rays."""
        header, memory = seen.header, self._memory
        depth = prediction.metric_depth
        image = depth_to_image(depth, header, settings.min_depth, settings.max_depth, memory)
        if DEPTH in wanted:
            self._send(DEPTH, image)
        if INFO in wanted and seen.info is not None:
            self._send(INFO, depth_info(seen.info, header, (depth.shape[0], depth.shape[1])))
        if POINTS in wanted and rays is not None:
            options = cloud_options(settings)
            rgb = resized_rgb(seen.rgb, (depth.shape[0], depth.shape[1])) if options.colour else None
            self._send(POINTS, build_cloud(image, rgb, rays, header, options, memory, prediction.edges))
        if MILLIMETRES in wanted:
            self._send(MILLIMETRES, millimetres_to_image(image, memory))
        if COLOUR in wanted:
            self._send(COLOUR, rgb_to_image(_colourised(image), header, memory))
        for topic, values in ((SCALE, prediction.scale_map), (SHIFT, prediction.shift_map)):
            if topic in wanted and values is not None:
                self._send(topic, map_to_image(topic, values, header, memory))

    def _send(self, topic: str, message: Any) -> None:
        self._publishers[topic].publish(message)


def depth_info(info: CameraInfo, header: Header, size: tuple[int, int]) -> CameraInfo:
    """The camera_info of the depth image (height, width) of a picture.

    That of the picture itself, or, where depth is smaller, the same camera at its size, without binning and region.
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


def _colourised(depth: Image) -> npt.NDArray[np.uint8]:
    from tr2m_core.visualization import colourise_depth, display_range  # matplotlib takes a second to load

    metres = depth_from_image(depth)
    return colourise_depth(metres, *display_range(metres))
