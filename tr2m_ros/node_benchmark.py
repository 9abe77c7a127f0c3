"""How many frames a second the depth node serves on this machine, and how late, in a real graph of three processes.

python -m tr2m_ros.node_benchmark --rate 30 --cameras 1

One process is the camera (640x480 rgb8 and its camera_info), one the node with its defaults, and this one receives
depth and coloured cloud, best effort and undecoded. Prints one JSON object. All three use the shared memory of
config/dds/fastdds.xml, as the node does by default, in a ROS domain of their own on this machine.
"""

from __future__ import annotations

import argparse
import array
import json
import os
import random
import statistics
import struct
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import partial
from tempfile import TemporaryFile
from typing import Any

import rclpy
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo, Image, PointCloud2

from tr2m_core import InputError
from tr2m_ros import dds
from tr2m_ros.process import run_process
from tr2m_ros.transport_check import alone, spinning

NAME = "node_benchmark"
WIDTH, HEIGHT = 640, 480
START = 120.0  # s for the node to become active; the first time it makes a graph
SETTLE = 1.5  # s for publishers and subscribers to find each other, and after the last frame
STAMP = struct.Struct("<4xiI")  # of a header at the beginning of a message: little-endian CDR
SENDER = "import sys; sys.path[:] = {path!r}; from tr2m_ros.node_benchmark import main; sys.exit(main())"
NODE = "import sys; sys.path[:] = {path!r}; from tr2m_ros.depth_node import main; sys.exit(main())"


def prefixes(cameras: int) -> list[str]:
    """Of the topics of so many cameras."""
    return ["/"] if cameras == 1 else [f"/camera{number}/" for number in range(cameras)]


def send(cameras: int, rate: float, seconds: float) -> int:
    """The cameras: waits for the node, sends, and prints when the node was there and how many frames each has sent."""
    node = rclpy.create_node("cameras")
    publishers = [
        (
            node.create_publisher(Image, f"{prefix}image", qos_profile_sensor_data),
            node.create_publisher(CameraInfo, f"{prefix}camera_info", qos_profile_sensor_data),
        )
        for prefix in prefixes(cameras)
    ]
    deadline = time.monotonic() + START
    while not all(publisher.get_subscription_count() for pair in publishers for publisher in pair):
        if time.monotonic() > deadline:
            raise InputError(f"the node has not subscribed to its images within {START:g} s")
        time.sleep(0.05)
    ready = time.time()
    time.sleep(SETTLE)
    info = CameraInfo(width=WIDTH, height=HEIGHT, distortion_model="plumb_bob")
    info.k = [0.9 * WIDTH, 0.0, WIDTH / 2, 0.0, 0.9 * WIDTH, HEIGHT / 2, 0.0, 0.0, 1.0]
    images = [image(seed) for seed in range(4)]
    count, start = round(rate * seconds), time.monotonic()
    for number in range(count):
        time.sleep(max(0.0, start + number / rate - time.monotonic()))
        msg = images[number % len(images)]
        info.header.stamp = msg.header.stamp = node.get_clock().now().to_msg()
        for image_pub, info_pub in publishers:
            info_pub.publish(info)
            image_pub.publish(msg)
    time.sleep(SETTLE)
    print(ready, count, flush=True)
    node.destroy_node()
    return 0


def image(seed: int) -> Image:
    """Noise, which nothing can take a short way with."""
    msg = Image(width=WIDTH, height=HEIGHT, encoding="rgb8", step=3 * WIDTH)
    msg.data = array.array("B", random.Random(seed).randbytes(3 * WIDTH * HEIGHT))
    return msg


def measure(cameras: int, rate: float, seconds: float, parameters: Sequence[str]) -> int:
    """The whole graph. Raises InputError when the node does not come up or no depth comes."""
    node = rclpy.create_node(NAME)
    ages: dict[str, list[float]] = {"depth": [], "cloud": []}
    for prefix in prefixes(cameras):
        subscribe(node, Image, f"{prefix}metric_depth", ages["depth"])
        subscribe(node, PointCloud2, f"{prefix}metric_depth/points", ages["cloud"])
    settings = ["default_description:=A small office with two desks.", *parameters]
    if cameras > 1:
        settings.append(f"cameras:=[{','.join(prefix.strip('/') for prefix in prefixes(cameras))}]")
    arguments = [word for setting in settings for word in ("-p", setting)]
    options = ["--send", "--cameras", str(cameras), "--rate", str(rate), "--seconds", str(seconds)]
    with TemporaryFile("w+") as errors:
        node_command = [sys.executable, "-c", NODE.format(path=sys.path), "--ros-args", *arguments]
        start = time.time()
        server = subprocess.Popen(node_command, stdout=subprocess.DEVNULL, stderr=errors)
        command = [sys.executable, "-c", SENDER.format(path=sys.path), *options]
        sender = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        try:
            with spinning(node):
                while sender.poll() is None and server.poll() is None:
                    time.sleep(0.1)
        finally:
            sender.kill()
            server.terminate()
            answer = sender.communicate()[0]
            server.wait()
        errors.seek(0)
        said = errors.read().strip().splitlines()
    if sender.returncode or not all(ages.values()):
        raise InputError((said or ["no depth came, and nothing says why"])[-1])
    ready, sent = answer.split()
    result = {"cameras": cameras, "rate": rate, "seconds": seconds, "sent": int(sent) * cameras}
    result["start_s"] = float(ready) - start
    print(json.dumps(result | {name: figures(each, seconds) for name, each in ages.items()}))
    node.destroy_node()
    return 0


def subscribe(node: Node, kind: type, topic: str, ages: list[float]) -> None:
    """Notes the age of each message of the topic, seconds from its stamp to its arrival."""

    def take(data: bytes) -> None:
        now = time.time_ns()
        whole, rest = STAMP.unpack_from(data)
        ages.append((now - whole * 10**9 - rest) / 1e9)

    node.create_subscription(kind, topic, take, qos_profile_sensor_data, raw=True)


def figures(ages: list[float], seconds: float) -> dict[str, Any]:
    """Frames a second, and percentiles of their age in milliseconds."""
    cuts = [1e3 * cut for cut in statistics.quantiles(ages * 2, n=20, method="inclusive")]  # one age has no quantiles
    milliseconds = {"p10_ms": cuts[1], "p50_ms": cuts[9], "p90_ms": cuts[17], "p95_ms": cuts[18]}
    return {"received": len(ages), "per_second": len(ages) / seconds, **milliseconds}


def main() -> int:
    """Returns 0, 1 when the middleware fails, 2 when the node does not come up; stderr says why."""
    parser = argparse.ArgumentParser(prog=NAME, description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--cameras", type=int, default=1, help="1 to 16 (default: 1)")
    parser.add_argument("--rate", type=float, default=30.0, help="frames a second of each camera (default: 30)")
    parser.add_argument("--seconds", type=float, default=10.0, help="for how long (default: 10)")
    parser.add_argument("--parameter", action="append", default=[], metavar="NAME:=VALUE", help="of the node")
    parser.add_argument("--send", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.send:
        body = partial(send, options.cameras, options.rate, options.seconds)
    else:
        os.environ.update(alone(os.environ))
        body = partial(measure, options.cameras, options.rate, options.seconds, options.parameter)
    return run_process(NAME, [], body, dds_profile=dds.AUTO)


if __name__ == "__main__":
    sys.exit(main())
