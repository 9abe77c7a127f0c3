"""A subscription that is as reliable as its publishers, as rosbag2 and `ros2 topic echo` choose it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rcl_interfaces.msg import ParameterDescriptor
from rclpy.clock import Clock, ClockType  # type: ignore[attr-defined,unused-ignore]
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image

from tr2m_core import InputError
from tr2m_ros.qos import node_name, subscribe

if TYPE_CHECKING:
    from rclpy.subscription import MessageInfo

SUFFIX = "/compressed"  # of image_transport: the transport follows the topic, and so its remapping
AUTO, RELIABLE, BEST_EFFORT = "auto", ReliabilityPolicy.RELIABLE, ReliabilityPolicy.BEST_EFFORT
CHOICES = {"reliable": RELIABLE, "best_effort": BEST_EFFORT}
REVIEW_PERIOD = 0.5  # s between two looks at who publishes; events of the middleware come sooner
OVERLAP = 1.0  # s for a new subscription to be connected before the former one goes
REMEMBERED = 64  # messages, to know those that come through two subscriptions


def image_source(node: Node, topic: str, transport: str) -> tuple[type, str]:
    """Type and full name of what brings the images of a topic, raw or compressed."""
    name = node.resolve_topic_name(topic)
    return (CompressedImage, node.resolve_topic_name(f"{name}{SUFFIX}")) if transport == "compressed" else (Image, name)


class InputSubscription:
    """Reliable while every publisher of the topic offers that, best effort as soon as one does not; decided anew as
    publishers come and go. The parameter qos_overrides.TOPIC.subscription.reliability decides instead where it is set.

    At a change the former subscription stays for a moment beside the new one, and what both receive comes once.
    on_incompatible(topic, policy), on_lost(count): see `qos.subscribe`. For the executor's thread only.
    Raises InputError for a reliability that does not exist.
    """

    def __init__(
        self,
        node: Node,
        kind: type,
        topic: str,
        callback: Callable[[Any], None],
        depth: int,
        on_incompatible: Callable[[str, str], None] | None = None,
        on_lost: Callable[[int], None] | None = None,
    ) -> None:
        self._node, self._kind, self._callback, self._depth = node, kind, callback, depth
        self._on_incompatible, self._on_lost = on_incompatible, on_lost
        self._recent: deque[int] = deque(maxlen=REMEMBERED)
        self._former: Any = None
        self._switched = 0.0
        self._destroyed = False
        self._told = ""
        self.topic_name: str = node.resolve_topic_name(topic)
        self.type_name = f"{kind.__module__.split('.')[0]}/msg/{kind.__name__}"
        self._override = self._reliability_set()
        # A callback of its own: that of an event must not destroy the subscription which the event came from.
        self._changed = node.create_guard_condition(self.review)
        self._current = self._create(self._override or RELIABLE)
        self._timer = node.create_timer(REVIEW_PERIOD, self._tick, clock=Clock(clock_type=ClockType.STEADY_TIME))

    @property
    def qos_profile(self) -> QoSProfile:
        profile: QoSProfile = self._current.qos_profile
        return profile

    @property
    def is_reliable(self) -> bool:
        return bool(self.qos_profile.reliability == RELIABLE)

    def destroy(self) -> None:
        self._destroyed = True
        self._node.destroy_timer(self._timer)
        self._node.destroy_guard_condition(self._changed)
        self._retire_former()
        self._node.destroy_subscription(self._current)

    def unreliable_publishers(self) -> list[str]:
        """Names of the nodes that publish on the topic, but not reliably."""
        return [name for name, policy in self._publishers() if policy != RELIABLE]

    def publishers_of_other_types(self) -> list[tuple[str, str]]:
        """Names of the nodes that publish something else under the topic's name, and the type of that."""
        infos = self._node.get_publishers_info_by_topic(self.topic_name)
        return [(node_name(info), info.topic_type) for info in infos if info.topic_type != self.type_name]

    def why_silent(self, seconds: float, what: str, if_unreliable: Callable[[], str] | None = None) -> str:
        """Why nothing has come for so long, as far as the graph tells.

        what: the kind of message in a word. if_unreliable: what helps against messages that are lost on the way.
        """
        if not self._node.count_publishers(self.topic_name):
            return f"no publisher on {self.topic_name}"
        for publisher, kind in self.publishers_of_other_types():
            remedy = _remedy(self.topic_name, kind)
            return f"{publisher} publishes {self.topic_name} as {kind}, not {self.type_name}{remedy}"
        text = f"publisher found on {self.topic_name} but no {what} for {seconds:.0f} s"
        return text if self.is_reliable or if_unreliable is None else f"{text}; {if_unreliable()}"

    def review(self) -> None:
        """Chooses again by the publishers there are; without any the choice stays."""
        publishers = [] if self._destroyed else self._publishers()  # the executor may have had this call at hand
        if not publishers:
            return
        unreliable = sorted({name for name, policy in publishers if policy != RELIABLE})
        wanted = self._override or (BEST_EFFORT if unreliable else RELIABLE)
        if wanted != self.qos_profile.reliability:
            self._retire_former()
            self._former, self._current = self._current, self._create(wanted)
            self._switched = time.monotonic()
        self._tell(unreliable)

    def _publishers(self) -> list[tuple[str, ReliabilityPolicy]]:
        infos = self._node.get_publishers_info_by_topic(self.topic_name)
        return [(node_name(info), info.qos_profile.reliability) for info in infos if info.topic_type == self.type_name]

    def _tick(self) -> None:
        if time.monotonic() - self._switched > OVERLAP:
            self._retire_former()
        self.review()

    def _retire_former(self) -> None:
        former, self._former = self._former, None
        if former is not None:
            self._node.destroy_subscription(former)

    def _tell(self, unreliable: list[str]) -> None:
        if self._override is not None:
            why = "as qos_overrides says"
        elif unreliable:
            why = f"{', '.join(unreliable)} {'offers' if len(unreliable) == 1 else 'offer'} no more"
        else:
            why = "as every publisher offers"
        text = f"{self.topic_name} is taken {'reliable' if self.is_reliable else 'best effort'}: {why}"
        if text != self._told:
            self._told = text
            self._node.get_logger().info(text)

    def _reliability_set(self) -> ReliabilityPolicy | None:
        """Declared here: rclpy's own parameter would fix the first choice for good."""
        name = f"qos_overrides.{self.topic_name}.subscription.reliability"
        if not self._node.has_parameter(name):
            text = f"{AUTO}, {' or '.join(CHOICES)}; {AUTO}: as the publishers offer"
            self._node.declare_parameter(name, AUTO, ParameterDescriptor(description=text, read_only=True))
        value = self._node.get_parameter(name).value
        if value != AUTO and value not in CHOICES:
            raise InputError(f"parameter '{name}' is '{value}'; use one of {', '.join((AUTO, *CHOICES))}")
        return CHOICES.get(value)

    def _create(self, reliability: ReliabilityPolicy) -> Any:
        return subscribe(
            self._node,
            self._kind,
            self.topic_name,
            self._on_message,
            QoSProfile(depth=self._depth, reliability=reliability),
            self._on_incompatible_qos,
            on_lost=self._on_lost,
            on_matched=self._changed.trigger,
            own_reliability=True,
        )

    def _on_incompatible_qos(self, topic: str, policy: str) -> None:
        self._changed.trigger()
        if self._on_incompatible is not None and (self._override is not None or policy != "RELIABILITY"):
            self._on_incompatible(topic, policy)

    def _on_message(self, message: Any, info: MessageInfo) -> None:
        sent = info["source_timestamp"]  # the publisher's, so the same through both subscriptions; 0 where unknown
        if self._former is not None and sent and sent in self._recent:
            return
        self._recent.append(sent)
        self._callback(message)


def _remedy(topic: str, kind: str) -> str:
    """How to take a topic of the other type of image."""
    if kind == "sensor_msgs/msg/Image":
        return ": set image_transport to raw"
    if kind == "sensor_msgs/msg/CompressedImage" and topic.endswith(SUFFIX):
        return f": set image_transport to compressed, and image to {topic.removesuffix(SUFFIX)}"
    if kind == "sensor_msgs/msg/CompressedImage":
        return f": set image_transport to compressed, and remap {topic}{SUFFIX} to {topic}"
    return ""
