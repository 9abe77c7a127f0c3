"""A real ROS graph for the tests: its own domain on this machine, real processes, real signals."""

from __future__ import annotations

import importlib.util
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

os.environ["ROS_DOMAIN_ID"] = str(random.randint(1, 100))
os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
if os.environ.get("ROS_DISTRO") == "humble":
    os.environ["ROS_LOCALHOST_ONLY"] = "1"  # the same there; later releases warn of it

HAS_ROS = importlib.util.find_spec("rclpy") is not None
collect_ignore_glob = [] if HAS_ROS else ["test_*.py"]

if HAS_ROS:
    import rclpy
    from diagnostic_msgs.msg import DiagnosticArray
    from rclpy.executors import SingleThreadedExecutor
    from rclpy.qos import QoSProfile

REPOSITORY = Path(__file__).resolve().parents[2]
PATIENCE = 120.0  # s; machines that run tests may be slow and busy


class Graph:
    """The test's own node: publishes, listens, and spins until a condition holds."""

    def __init__(self) -> None:
        self.node = rclpy.create_node("test")
        self.executor = SingleThreadedExecutor()
        self.executor.add_node(self.node)
        self.statuses: dict[str, dict[str, str]] = {}
        self.node.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10)

    def wait(self, condition: Callable[[], Any], what: str, process: Process | None = None, each: Any = None) -> Any:
        """Spins until the condition is true and returns its value; calls `each` ten times a second meanwhile.

        Fails when patience ends, or as soon as `process` has failed.
        """
        deadline, next_call = time.monotonic() + PATIENCE, 0.0
        while not (value := condition()):
            assert time.monotonic() < deadline, f"waited {PATIENCE:.0f} s in vain for {what}"
            assert process is None or process.popen.poll() in (None, 0), process.output()
            if each is not None and time.monotonic() >= next_call:
                each()
                next_call = time.monotonic() + 0.1
            self.executor.spin_once(timeout_sec=0.02)
        return value

    @contextmanager
    def listen(
        self, kind: type, topic: str, qos: QoSProfile | int = 10, process: Process | None = None
    ) -> Iterator[list[Any]]:
        """The messages that arrive while in the block."""
        received: list[Any] = []
        subscription = self.node.create_subscription(kind, topic, received.append, qos)
        try:
            self.wait(lambda: self.node.count_publishers(topic), f"a publisher on {topic}", process)
            yield received
        finally:
            self.node.destroy_subscription(subscription)

    def publisher(self, kind: type, topic: str, qos: QoSProfile | int = 10, connected: bool = True) -> Any:
        """A publisher, once it is connected."""
        publisher = self.node.create_publisher(kind, topic, qos)
        if connected:
            self.wait(publisher.get_subscription_count, f"a subscriber of {topic}")
        return publisher

    def call(self, kind: type, service: str, request: Any) -> Any:
        """The answer of a service."""
        client = self.node.create_client(kind, service)
        self.wait(client.service_is_ready, f"service {service}")
        future = client.call_async(request)
        self.wait(future.done, f"the answer of {service}")
        self.node.destroy_client(client)
        return future.result()

    def fresh_status(self, namespace: str) -> dict[str, str]:
        """The next diagnostics of the node in this namespace, with its level and message."""
        self.statuses.pop(namespace, None)
        return self.wait(lambda: self.statuses.get(namespace), f"diagnostics of {namespace}")

    def _on_diagnostics(self, msg: DiagnosticArray) -> None:
        for status in msg.status:
            values = {pair.key: pair.value for pair in status.values}
            values |= {"level": status.level[0], "message": status.message}
            self.statuses["/" + status.name.split("/")[0]] = values


class Process:
    """A program of the package in a process of its own; what it writes goes to a file."""

    def __init__(self, module: str, arguments: list[str], log: Path) -> None:
        self.log = log
        with log.open("w") as stream:
            command = [sys.executable, "-m", module, *arguments]
            self.popen = subprocess.Popen(command, cwd=REPOSITORY, stdout=stream, stderr=subprocess.STDOUT)

    def output(self) -> str:
        return self.log.read_text()

    def stop(self, number: int = signal.SIGINT) -> int:
        """Sends the signal and returns the exit code."""
        if self.popen.poll() is None:
            self.popen.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        return self.popen.wait(PATIENCE)


@pytest.fixture(scope="session")
def graph() -> Iterator[Graph]:
    rclpy.init()
    graph = Graph()
    yield graph
    graph.node.destroy_node()
    rclpy.try_shutdown()


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Process]]:
    """start(module, *arguments) -> Process. Whatever still runs at the end is killed."""
    processes: list[Process] = []

    def begin(module: str, *arguments: str) -> Process:
        log = tmp_path_factory.mktemp("process") / "output.txt"
        processes.append(Process(module, list(arguments), log))
        return processes[-1]

    yield begin
    for process in processes:
        if process.popen.poll() is None:
            process.popen.kill()
            process.popen.wait()


@pytest.fixture(scope="session")
def start_node(start: Callable[..., Process]) -> Callable[..., Process]:
    """start_node("/namespace", parameter=value...) -> Process."""

    def begin(namespace: str, **parameters: str) -> Process:
        pairs = [part for name, value in parameters.items() for part in ("-p", f"{name}:={value}")]
        return start("tr2m_ros.depth_node", "--ros-args", "-r", f"__ns:={namespace}", *pairs)

    return begin
