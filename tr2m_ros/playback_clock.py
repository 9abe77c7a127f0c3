"""Publishes /clock as a recording is played, for nodes with use_sim_time."""

from __future__ import annotations

import threading
import time

from rclpy.node import Node
from rclpy.qos import QoSProfile
from rosgraph_msgs.msg import Clock

EARLIEST, LATEST = -(2**31) * 10**9, (2**31 - 1) * 10**9  # ns that a message can hold, whatever a recording says


class PlaybackClock:
    """The time of a recording, `hz` times a second of real time, from a thread of its own.

    It stands at `first` (ns) until `play` is called, so that nodes know the time before the first message comes.
    """

    def __init__(self, node: Node, hz: float, first: int) -> None:
        # Reliable is heard by every subscriber; only the latest time is of use.
        self._publisher = node.create_publisher(Clock, "/clock", QoSProfile(depth=1))
        self._period = 1 / hz
        self._first = first
        self._lock = threading.Lock()
        self._pace: tuple[float, float] | None = None
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="clock", daemon=True)
        self._publish()
        self._thread.start()

    def play(self, start: float, rate: float) -> None:
        """The first message is due at `start`, in time.monotonic() seconds; `rate` times as fast as recorded."""
        with self._lock:
            self._pace = start, rate
        self._publish()

    def close(self) -> None:
        """Ends the thread."""
        self._closed.set()
        self._thread.join()

    def now(self) -> int:
        """The time of the recording (ns)."""
        with self._lock:
            start, rate = self._pace or (0.0, 0.0)
        now = self._first + round(max(0.0, time.monotonic() - start) * rate * 1e9)
        return min(max(now, EARLIEST), LATEST)

    def _run(self) -> None:
        while not self._closed.wait(self._period):
            self._publish()

    def _publish(self) -> None:
        message = Clock()
        message.clock.sec, message.clock.nanosec = divmod(self.now(), 10**9)
        self._publisher.publish(message)
