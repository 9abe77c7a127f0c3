"""ManagedNode: what our managed nodes have in common, and how they run, with or without a lifecycle manager."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.clock import Clock, ClockType  # type: ignore[attr-defined,unused-ignore]
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn

from tr2m_core import InputError
from tr2m_ros import overrides
from tr2m_ros.diagnostics import ERROR, Problems, diagnostic_array
from tr2m_ros.process import spin
from tr2m_ros.qos import overridable

SUCCESS, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE


class ManagedNode(LifecycleNode):
    """Gives everything back whichever way it leaves the states in which it has something."""

    def __init__(self, name: str, **kwargs: Any) -> None:
        super().__init__(name, **kwargs)
        self.problems = Problems(self.get_logger())

    def start_diagnostics(self, period: float) -> None:
        """Publishes `statuses` every `period` seconds."""
        publisher = self.create_publisher(DiagnosticArray, "/diagnostics", 10, qos_overriding_options=overridable())

        def publish() -> None:
            publisher.publish(diagnostic_array(self.get_clock().now().to_msg(), self.statuses()))

        # Steady time: diagnostics must also come when simulated time stands still.
        self.create_timer(period, publish, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def statuses(self) -> list[DiagnosticStatus]:
        """What diagnostics say now."""
        raise NotImplementedError

    def configure(self) -> str:
        """Loads and makes what is needed; returns what the log says of it. Raises InputError."""
        raise NotImplementedError

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Configures, or fails the transition with one line."""
        try:
            line = self.configure()
        except InputError as error:
            self.release()
            self.problems.report("configure", f"cannot configure: {error}", ERROR, repeat_after=0.0)
            return FAILURE
        except Exception as error:
            self.release()
            self.problems.report_exception("configure", "cannot configure", error, repeat_after=0.0)
            return FAILURE
        self.problems.resolve("configure")
        for warning in overrides.undeclared(self, qos=True):
            self.get_logger().warning(warning)
        self.get_logger().info(line)
        return super().on_configure(state)

    def release(self) -> None:
        """Ends what runs and gives back what configuring took; may be called in any state."""
        raise NotImplementedError

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Gives the memory of the model back."""
        self.release()
        return super().on_cleanup(state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        self.release()
        return super().on_shutdown(state)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Gives everything back. The node is unconfigured then: configure tries again."""
        self.release()
        return SUCCESS

    def close(self) -> None:
        """Destroys the node, whatever its state."""
        self.destroy_node()
        # Only garbage collection would, which a process that ends does without, and DDS's shared memory would stay.
        self._state_machine.destroy_when_not_in_use()


def run_managed(
    node: ManagedNode, arguments: Sequence[str], autostart: bool, has_given_up: Callable[[], bool] = lambda: False
) -> int:
    """Configures and activates the node with `autostart`, and spins until SIGINT or SIGTERM; then closes it.

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
