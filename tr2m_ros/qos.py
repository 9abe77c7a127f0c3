"""Qualities of service that pair with what cameras and people actually publish."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy, qos_policy_name_from_kind
from rclpy.qos_overriding_options import QoSOverridingOptions

try:
    from rclpy.event_handler import SubscriptionEventCallbacks, UnsupportedEventTypeError
except ImportError:  # Humble
    from rclpy.qos_event import SubscriptionEventCallbacks, UnsupportedEventTypeError

# History, depth and reliability can be set from YAML: qos_overrides./image.subscription.reliability: reliable
OVERRIDABLE = QoSOverridingOptions.with_default_policies()


def sensor_qos() -> QoSProfile:
    """The latest message only; best effort hears reliable publishers too, the reverse is not true."""
    return QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)


def volatile_qos() -> QoSProfile:
    """What `ros2 topic pub` offers; a transient-local subscription does not hear it."""
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
    callback: Callable[[Any], None],
    qos: QoSProfile,
    on_incompatible: Callable[[str, str], None] | None = None,
    overridable: bool = False,
) -> Any:
    """A subscription; `on_incompatible(topic, policy)` hears of publishers it cannot pair with.

    Without it they are passed over in silence, where rclpy would log a warning. overridable: see OVERRIDABLE.
    """
    name = node.resolve_topic_name(topic)
    options = OVERRIDABLE if overridable else None

    def report(event: Any) -> None:
        if on_incompatible is not None:
            on_incompatible(name, qos_policy_name_from_kind(event.last_policy_kind))

    events = SubscriptionEventCallbacks(incompatible_qos=report, use_default_callbacks=False)
    try:
        return node.create_subscription(
            kind, topic, callback, qos, event_callbacks=events, qos_overriding_options=options
        )
    except UnsupportedEventTypeError:  # not every middleware can tell
        return node.create_subscription(kind, topic, callback, qos, qos_overriding_options=options)
