"""What tests of the depth node on a graph share: cameras, images whose brightness tells them apart, parameters."""

from __future__ import annotations

import array
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from builtin_interfaces.msg import Time
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.utilities import get_rmw_implementation_identifier
from sensor_msgs.msg import Image

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
BEST_EFFORT = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)
EVERYTHING = QoSProfile(depth=2000)  # reliable, with a queue in which nothing gets lost
LOSSLESS = {"subscription.reliability": "reliable", "subscription.depth": "2000"}
REPLACED, NO_SUBSCRIBERS = "dropped: replaced by a newer frame", "dropped: no subscribers"
WIDTH, HEIGHT = 32, 24
FAST_DDS = get_rmw_implementation_identifier().startswith("rmw_fastrtps")


def image(brightness: int = 100, stamp: int = 0, size: tuple[int, int] = (HEIGHT, WIDTH)) -> Image:
    """A flat mono8 image of size (height, width), taken at `stamp` nanoseconds."""
    height, width = size
    msg = Image(height=height, width=width, encoding="mono8", step=width)
    msg.header.frame_id = "camera_optical"
    msg.header.stamp = as_time(stamp)
    msg.data = array.array("B", [brightness]) * (height * width)
    return msg


def as_time(nanoseconds: int) -> Time:
    seconds, rest = divmod(nanoseconds, 10**9)
    return Time(sec=seconds, nanosec=rest)


def stamp_of(message: Any) -> int:
    """Nanoseconds of the header's stamp."""
    return int(message.header.stamp.sec) * 10**9 + int(message.header.stamp.nanosec)


def metres(depth: Image) -> np.ndarray:
    return np.frombuffer(depth.data, np.float32).reshape(depth.height, depth.width)


class Camera:
    """Publishes images, by the real clock unless `clock` gives the nanoseconds of the stamps; sent: their stamps."""

    def __init__(
        self,
        graph: Any,
        topic: str,
        qos: QoSProfile = BEST_EFFORT,
        clock: Callable[[], int] | None = None,
        connected: bool = True,
    ) -> None:
        self.graph, self.sent = graph, list[int]()
        self.publisher = graph.publisher(Image, topic, qos, connected)
        self._now = clock or (lambda: graph.node.get_clock().now().nanoseconds)

    def shoot(self, brightness: int = 100, size: tuple[int, int] = (HEIGHT, WIDTH)) -> int:
        """Publishes one image and returns its stamp."""
        self.sent.append(self._now())
        self.publisher.publish(image(brightness, self.sent[-1], size))
        return self.sent[-1]

    def until(self, condition: Callable[[], Any], what: str, brightness: int = 100, period: float = 0.05) -> Any:
        """Shoots until the condition holds: best effort may lose some."""
        return self.graph.wait(condition, what, each=lambda: self.shoot(brightness), period=period)

    def close(self) -> None:
        self.graph.node.destroy_publisher(self.publisher)


def parameters(**values: Any) -> list[Any]:
    """Parameter messages; __ in a name stands for a dot."""
    return [Parameter(name.replace("__", "."), value=value).to_parameter_msg() for name, value in values.items()]


def set_parameters(graph: Any, node: str, **values: Any) -> list[Any]:
    """The results of setting them one by one."""
    request = SetParameters.Request(parameters=parameters(**values))
    return graph.call(SetParameters, f"{node}/set_parameters", request).results


def require_parameters(graph: Any, node: str, **values: Any) -> None:
    results = set_parameters(graph, node, **values)
    assert all(result.successful for result in results), results


def count(status: dict[str, str], *keys: str) -> int:
    return sum(int(status.get(key, 0)) for key in keys)


def unaccounted(status: dict[str, str]) -> int:
    """Frames that came in and are neither published nor dropped: at most one that waits and one in progress."""
    return count(status, "frames in") - count(status, "frames published", "frames dropped")


def ever_new(values: Sequence[Any]) -> Callable[[], Any]:
    """The values in turn, over and over."""
    return itertools.cycle(values).__next__
