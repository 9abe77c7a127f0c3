"""Whether whole images arrive between two programs of this machine, with the middleware as it is set up here.

python -m tr2m_ros.transport_check

One process sends images to another: as other programs are set up, and then with the shared memory of
config/dds/fastdds.xml in the sender. Prints JSON, a line of facts and then a line for each kind of message, which
`tr2m doctor --ros` shows. The middleware and its settings are the user's, but for ROS_DOMAIN_ID, which is another one,
and discovery, which ends at this machine: no robot notices.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import NamedTuple

import rclpy
from rclpy.duration import Duration
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.utilities import get_rmw_implementation_identifier
from sensor_msgs.msg import Image

from tr2m_core import InputError
from tr2m_ros import dds
from tr2m_ros.process import run_process

NAME = "transport_check"
SIZES = ((640, 480), (1280, 720), (1920, 1080))  # rgb8
RELIABILITIES = ("best_effort", "reliable")
COUNT, RATE = 30, 15.0
DEPTH = 10  # of the queues at both ends
DISCOVERY = 15.0  # s for the two processes to find each other
SETTLE = 1.0  # s from then until both know it
TAIL = 0.5  # s for what is on its way
ACKNOWLEDGED = 5.0  # s for what is sent again
ENDING = 10.0  # s for the sender to end by itself
SAFE_DOMAINS = range(1, 102)  # whose ports no other program is given


class Kind(NamedTuple):
    """A kind of message."""

    width: int
    height: int
    reliability: str

    @property
    def bytes(self) -> int:
        return 3 * self.width * self.height

    def topic(self, prefix: str) -> str:
        return f"{prefix}/{self.reliability}_{self.width}x{self.height}"

    def qos(self) -> QoSProfile:
        return QoSProfile(depth=DEPTH, reliability=ReliabilityPolicy[self.reliability.upper()])

    def image(self) -> Image:
        msg = Image(width=self.width, height=self.height, encoding="rgb8", step=3 * self.width)
        msg.data.frombytes(bytes(self.bytes))
        return msg


KINDS = tuple(Kind(*size, reliability) for size in SIZES for reliability in RELIABILITIES)


# -- the sender -------------------------------------------------------------------------------------------------------


def send(prefix: str, count: int) -> int:
    """Publishes every kind in turn, and prints a line after each. Raises InputError when there are no subscribers."""
    node = rclpy.create_node(f"{NAME}_sender")
    publishers = [node.create_publisher(Image, kind.topic(prefix), kind.qos()) for kind in KINDS]
    deadline = time.monotonic() + DISCOVERY
    while not all(publisher.get_subscription_count() for publisher in publishers):
        if time.monotonic() > deadline:
            raise InputError(f"two processes of this machine do not find each other within {DISCOVERY:g} s")
        time.sleep(0.05)
    time.sleep(SETTLE)
    for kind, publisher in zip(KINDS, publishers, strict=True):
        image, start = kind.image(), time.monotonic()
        for number in range(count):
            time.sleep(max(0.0, start + number / RATE - time.monotonic()))
            publisher.publish(image)
        if kind.reliability == "reliable":
            publisher.wait_for_all_acked(Duration(seconds=ACKNOWLEDGED))
        time.sleep(TAIL)
        print(count, flush=True)
    node.destroy_node()
    return 0


# -- the listener -----------------------------------------------------------------------------------------------------


def check(count: int) -> int:
    """Listens while other processes send, and prints what arrived."""
    lacking, variables = profile()
    facts = {
        "middleware": get_rmw_implementation_identifier(),
        "own_settings": own_settings(),
        "export_line": dds.export_line(),
        "lacking_memory": lacking,
        "rows": len(KINDS) * (2 if variables else 1),
    }
    print(json.dumps(facts), flush=True)
    node = rclpy.create_node(NAME)
    for with_profile in (False, True) if variables else (False,):
        for kind, sent, arrived in trial(node, count, variables if with_profile else {}):
            row = {"width": kind.width, "height": kind.height, "bytes": kind.bytes, "reliability": kind.reliability}
            print(json.dumps({**row, "with_profile": with_profile, "sent": sent, "arrived": arrived}), flush=True)
    node.destroy_node()
    return 0


def own_settings() -> list[str]:
    """The variables and files of the user that choose transports."""
    files = [name for name in dds.OWN_FILES if Path(name).exists()]
    return [*(name for name in dds.OWN_SETTINGS if os.environ.get(name)), *files]


def profile() -> tuple[str, dict[str, str]]:
    """What the machine lacks for the profile, and the variables that put it in force, none where it is or cannot be."""
    file = dds.profile_file()
    if not dds.is_fast_dds(get_rmw_implementation_identifier()) or file is None:
        return "", {}
    if lacking := dds.lacking_memory(file):
        return lacking, {}
    variables = {dds.profile_variable(): str(file)}
    return "", {} if variables.items() <= os.environ.items() else variables


def trial(node: Node, count: int, variables: Mapping[str, str]) -> Iterator[tuple[Kind, int, int]]:
    """How many of each kind a process with these variables sends, and how many arrive. Raises InputError."""
    prefix = f"/{NAME}_{os.getpid()}_{len(variables)}"
    arrived: Counter[Kind] = Counter()

    def take(kind: Kind, _: bytes) -> None:
        arrived[kind] += 1

    # Undecoded: what rclpy takes to make a message of the bytes is no business of the middleware.
    subscriptions = [
        node.create_subscription(Image, kind.topic(prefix), partial(take, kind), kind.qos(), raw=True) for kind in KINDS
    ]
    code = f"import sys; sys.path[:] = {sys.path!r}; from tr2m_ros.{NAME} import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "--send", prefix, "--count", str(count)]
    environment = {**os.environ, **variables}
    done = 0
    with spinning(node), TemporaryFile("w+") as errors:
        sender = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True)
        try:
            assert sender.stdout is not None
            for kind, line in zip(KINDS, sender.stdout, strict=False):
                yield kind, int(line), arrived[kind]
                done += 1
        finally:
            # Killed, it would leave its shared memory to this process, whose Fast DDS then may crash on it.
            if done == len(KINDS):
                with suppress(subprocess.TimeoutExpired):
                    sender.wait(ENDING)
            sender.kill()
            sender.wait()
        if done < len(KINDS):
            errors.seek(0)
            last_words = (errors.read().strip().splitlines() or ["it does not say why"])[-1]
            raise InputError(f"the process that sends has ended: {last_words.removeprefix(f'{NAME}: ')}")
    for subscription in subscriptions:
        node.destroy_subscription(subscription)


@contextmanager
def spinning(node: Node) -> Iterator[None]:
    """Takes the node's messages in another thread."""
    executor, ended = SingleThreadedExecutor(), threading.Event()
    executor.add_node(node)

    def work() -> None:
        while not ended.is_set():
            executor.spin_once(timeout_sec=0.1)

    thread = threading.Thread(target=work, name="listening", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        executor.shutdown()


def alone(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that keep other graphs out of it."""
    domains = [str(domain) for domain in SAFE_DOMAINS if str(domain) != environment.get("ROS_DOMAIN_ID", "0")]
    return {"ROS_DOMAIN_ID": random.choice(domains), "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}


def main() -> int:
    """Returns 0, 1 when the middleware fails, 2 when the processes do not find each other; stderr says why."""
    parser = argparse.ArgumentParser(prog=NAME, description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--count", type=int, default=COUNT, help=f"messages of each kind (default: {COUNT})")
    parser.add_argument("--send", metavar="PREFIX", help=argparse.SUPPRESS)
    options = parser.parse_args()
    sys.stdout = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the middleware prints is no answer
    if options.send is None:
        os.environ.update(alone(os.environ))
    body = partial(check if options.send is None else partial(send, options.send), options.count)
    return run_process(NAME, [], body, dds_profile=dds.NONE)


if __name__ == "__main__":
    sys.exit(main())
