"""A real ROS graph for the tests: its own domain on this machine, real processes, real signals."""

from __future__ import annotations

import fcntl
import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import pytest


def lock_domain() -> tuple[int, IO[str]]:
    """A domain that no tests running beside these have, as long as its file is open."""
    for number in range(1, 101):
        with suppress(OSError), ExitStack() as opened:  # another run has it, or another user
            file = opened.enter_context((Path(tempfile.gettempdir()) / f"tr2m-test-domain-{number}").open("w"))
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            opened.pop_all()
            return number, file
    raise RuntimeError("a hundred test runs on one machine")


DOMAIN, DOMAIN_FILE = lock_domain()
os.environ["ROS_DOMAIN_ID"] = str(DOMAIN)
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

    from tr2m_ros import dds

    for name in dds.OWN_SETTINGS:  # what a test says of transport is said of the middleware as installed
        os.environ.pop(name, None)

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

    def wait(
        self,
        condition: Callable[[], Any],
        what: str,
        process: Process | None = None,
        each: Any = None,
        period: float = 0.1,
    ) -> Any:
        """Spins until the condition is true and returns its value; calls `each` every `period` seconds meanwhile.

        Fails when patience ends, or as soon as `process` has failed.
        """
        next_call = time.monotonic()
        deadline = next_call + PATIENCE
        while not (value := condition()):
            now, timeout = time.monotonic(), 0.02
            assert now < deadline, f"waited {PATIENCE:.0f} s in vain for {what}"
            assert process is None or process.popen.poll() in (None, 0), process.output()
            if each is not None:
                if now >= next_call:
                    each()
                    next_call = max(next_call + period, now)
                timeout = min(timeout, max(0.0, next_call - time.monotonic()))
            self.executor.spin_once(timeout_sec=timeout)
        return value

    def pass_time(self, seconds: float, each: Any = None, period: float = 0.1) -> None:
        """Spins for a while, as `wait` does."""
        end = time.monotonic() + seconds
        self.wait(lambda: time.monotonic() >= end, "time to pass", each=each, period=period)

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
        """The next diagnostics of the node in this namespace, with its level and message; "/ns:front": of a camera."""
        self.statuses.pop(namespace, None)
        return self.wait(lambda: self.statuses.get(namespace), f"diagnostics of {namespace}")

    def _on_diagnostics(self, msg: DiagnosticArray) -> None:
        for status in msg.status:
            values = {pair.key: pair.value for pair in status.values}
            values |= {"level": status.level[0], "message": status.message}
            _, _, camera = status.name.partition(": camera ")
            self.statuses["/" + status.name.split("/")[0] + (f":{camera}" if camera else "")] = values


class Process:
    """A program in a process of its own, a module or a file; what it writes goes to a file.

    orders: the file that faulty_node.py obeys.
    """

    def __init__(self, program: str, arguments: list[str], log: Path, orders: Path | None = None) -> None:
        self.log, self.orders = log, orders
        with log.open("w") as stream:
            how = [program] if program.endswith(".py") else ["-m", program]
            command = [sys.executable, *how, *arguments]
            self.popen = subprocess.Popen(command, cwd=REPOSITORY, stdout=stream, stderr=subprocess.STDOUT)

    def output(self) -> str:
        return self.log.read_text()

    def order(self, **orders: Any) -> None:
        """What the network of faulty_node.py does from its next batch on."""
        assert self.orders is not None
        new = self.orders.with_suffix(".new")
        new.write_text(json.dumps(orders))
        new.replace(self.orders)

    def stop(self, number: int = signal.SIGINT) -> int:
        """Sends the signal and returns the exit code."""
        if self.popen.poll() is None:
            self.popen.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        return self.popen.wait(PATIENCE)


@pytest.fixture(autouse=True)
def as_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs that run in the test's own process leave their profile in its environment."""
    for name in dds.OWN_SETTINGS:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def graph() -> Iterator[Graph]:
    rclpy.init()
    graph = Graph()
    yield graph
    graph.node.destroy_node()
    rclpy.try_shutdown()


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Process]]:
    """start(program, *arguments) -> Process. Whatever still runs at the end is killed."""
    processes: list[Process] = []

    def begin(program: str, *arguments: str, orders: Path | None = None) -> Process:
        log = tmp_path_factory.mktemp("process") / "output.txt"
        processes.append(Process(program, list(arguments), log, orders))
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
        return start("tr2m_ros.depth_node", *ros_arguments(namespace, parameters))

    return begin


@pytest.fixture(scope="session")
def start_faulty(start: Callable[..., Process], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Process]:
    """start_faulty("/namespace", "-r", "from:=to"..., parameter=value...) -> Process of faulty_node.py."""

    def begin(namespace: str, *options: str, **parameters: str) -> Process:
        orders = tmp_path_factory.mktemp("orders") / "orders.json"
        arguments = [str(orders), *ros_arguments(namespace, parameters), *options]
        return start(str(REPOSITORY / "test" / "ros" / "faulty_node.py"), *arguments, orders=orders)

    return begin


@pytest.fixture(scope="session")
def start_describer(start: Callable[..., Process], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Process]:
    """start_describer("/namespace", parameter=value...) -> Process of obedient_describer.py; real=True: of the node."""

    def begin(namespace: str, real: bool = False, **parameters: str) -> Process:
        if real:
            return start("tr2m_ros.describe_node", *ros_arguments(namespace, parameters))
        orders = tmp_path_factory.mktemp("orders") / "orders.json"
        program = str(REPOSITORY / "test" / "ros" / "obedient_describer.py")
        return start(program, str(orders), *ros_arguments(namespace, parameters), orders=orders)

    return begin


def ros_arguments(namespace: str, parameters: dict[str, str]) -> list[str]:
    pairs = [part for name, value in parameters.items() for part in ("-p", f"{name}:={value}")]
    return ["--ros-args", "-r", f"__ns:={namespace}", *pairs]
