"""Runs a managed node in a process of its own, with or without a lifecycle manager."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import TransitionCallbackReturn

from tr2m_ros import overrides
from tr2m_ros.process import spin

SUCCESS = TransitionCallbackReturn.SUCCESS


def run_managed(
    node: Any, arguments: Sequence[str], autostart: bool, has_given_up: Callable[[], bool] = lambda: False
) -> int:
    """Configures and activates the node with `autostart`, and spins until SIGINT or SIGTERM; then closes it.

    node: a LifecycleNode with a method close().
    has_given_up: whether a node that started by itself is of no use any more; who started it may start it anew.
    Returns 0, 1 when it has given up, or 2 when it cannot start.
    """
    try:
        for line in (*overrides.undeclared(node, qos=False), *overrides.misread(node, arguments)):
            node.get_logger().warning(line)
        for transition in (node.trigger_configure, node.trigger_activate) if autostart else ():
            if transition() != SUCCESS:
                return 2
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        spin(executor, lambda: not (autostart and has_given_up()))
        return int(autostart and has_given_up())
    finally:
        node.close()
