"""Qualities of service that pair with what cameras and people actually publish."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from rclpy.lifecycle import LifecycleNode
from rclpy.node import Node
from rclpy.qos import (
    DurabilityPolicy,
    QoSCompatibility,
    QoSPolicyKind,
    QoSProfile,
    qos_check_compatible,
    qos_policy_name_from_kind,
)
from rclpy.qos_overriding_options import QoSOverridingOptions

try:
    from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks, UnsupportedEventTypeError
except ImportError:  # Humble
    from rclpy.qos_event import PublisherEventCallbacks, SubscriptionEventCallbacks, UnsupportedEventTypeError


# A short queue: what waits while the node is busy for a moment is seen and counted, and only the newest is computed.
SENSOR_DEPTH = 10
# What Fast DDS says of a message which a smaller, later one has overtaken: it was counted then already.
NOT_A_COUNT = 2**31 - 1


def overridable(entity: str | None = None, reliability: bool = True) -> QoSOverridingOptions:
    """History, depth and reliability from YAML: qos_overrides./image.subscription.depth: 10

    entity: tells two subscriptions of one topic apart: qos_overrides./text.subscription_latched.depth
    reliability=False: the caller declares the parameter of that one.
    """
    kinds = [QoSPolicyKind.HISTORY, QoSPolicyKind.DEPTH, *([QoSPolicyKind.RELIABILITY] if reliability else [])]
    return QoSOverridingOptions(kinds, entity_id=entity)


def volatile_qos() -> QoSProfile:
    """What `ros2 topic pub` offers; a transient-local subscription does not receive it."""
    return QoSProfile(depth=1)


def latched_qos() -> QoSProfile:
    """The last message also reaches subscribers that come later."""
    return QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


def output_qos() -> QoSProfile:
    """Reliable, so that every subscriber can connect; a short queue for recorders."""
    return QoSProfile(depth=5)


def subscribe(
    node: Node,
    kind: type,
    topic: str,
    callback: Callable[..., None],
    qos: QoSProfile,
    on_incompatible: Callable[[str, str], None] | None = None,
    entity: str | None = None,
    on_lost: Callable[[int], None] | None = None,
    on_matched: Callable[[], None] | None = None,
    own_reliability: bool = False,
) -> Any:
    """A subscription whose QoS can be overridden.

    on_incompatible(topic, policy): is told of publishers that cannot be paired with; without it they are passed over in
    silence, where rclpy would log a warning. entity: see `overridable`. on_lost(count): is told of messages that were
    sent but did not arrive, on_matched() when a publisher comes or goes, both where the middleware can tell.
    own_reliability: no parameter overrides it.
    """
    name = node.resolve_topic_name(topic)
    options = overridable(entity, reliability=not own_reliability)

    def report(event: Any) -> None:
        if on_incompatible is not None:
            on_incompatible(name, qos_policy_name_from_kind(event.last_policy_kind))

    def lost(event: Any) -> None:
        if on_lost is not None and 0 < event.total_count_change < NOT_A_COUNT:
            on_lost(event.total_count_change)

    wanted: dict[str, Any] = {"incompatible_qos": report, "message_lost": lost if on_lost else None}
    if on_matched is not None and "matched" in inspect.signature(SubscriptionEventCallbacks).parameters:  # not Humble
        wanted["matched"] = lambda event: on_matched()
    events = SubscriptionEventCallbacks(**wanted, use_default_callbacks=False)
    try:
        return node.create_subscription(
            kind, topic, callback, qos, event_callbacks=events, qos_overriding_options=options
        )
    except UnsupportedEventTypeError:  # not every middleware can tell
        return node.create_subscription(kind, topic, callback, qos, qos_overriding_options=options)


def subscribe_to_all(
    node: Node,
    kind: type,
    topic: str,
    callback: Callable[..., None],
    on_incompatible: Callable[[str, str], None] | None = None,
) -> list[Any]:
    """Subscriptions to volatile and latched publishers; what both receive comes twice."""
    return [
        subscribe(node, kind, topic, callback, volatile_qos(), on_incompatible),
        subscribe(node, kind, topic, callback, latched_qos(), entity="latched"),
    ]


def advertise(
    node: LifecycleNode,
    kind: type,
    topic: str,
    qos: QoSProfile,
    on_incompatible: Callable[[str, str], None],
) -> Any:
    """A lifecycle publisher whose QoS can be overridden; `on_incompatible` is told of subscribers that do not pair."""
    name = node.resolve_topic_name(topic)

    def report(event: Any) -> None:
        on_incompatible(name, qos_policy_name_from_kind(event.last_policy_kind))

    options = overridable()
    events = PublisherEventCallbacks(incompatible_qos=report, use_default_callbacks=False)
    try:
        return node.create_lifecycle_publisher(kind, topic, qos, event_callbacks=events, qos_overriding_options=options)
    except UnsupportedEventTypeError:
        return node.create_lifecycle_publisher(kind, topic, qos, qos_overriding_options=options)


def unheard_publishers(node: Node, topic: str, qos: QoSProfile) -> list[str]:
    """The nodes that publish on the resolved topic in a way that a subscription of this quality does not receive."""
    infos = node.get_publishers_info_by_topic(topic)
    found = (i for i in infos if qos_check_compatible(i.qos_profile, qos)[0] == QoSCompatibility.ERROR)
    return [node_name(info) for info in found]


def node_name(info: Any) -> str:
    """The full name of the node that an endpoint of the graph belongs to."""
    return f"{info.node_namespace.rstrip('/')}/{info.node_name}"
