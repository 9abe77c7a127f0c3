"""A camera in a process of its own: rgb8 images at a steady rate, then it ends.

python test/ros/camera_process.py TOPIC --size 480x640 --count 100 --rate 15 --reliability best_effort

It starts once someone subscribes. With --rows 4000 10 images are of these heights in turn.
"""

from __future__ import annotations

import argparse
import array
import itertools
import time
from typing import Any

import cv2
import numpy as np
import rclpy
from rclpy.duration import Duration
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image

SETTLE = 1.0  # s from the first subscriber to the first image: the other side has to find the camera, too


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("topic")
    parser.add_argument("--size", default="480x640")
    parser.add_argument("--rows", type=int, nargs="*")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--rate", type=float, default=15.0)
    parser.add_argument("--compressed", action="store_true", help="CompressedImage, whatever the topic is called")
    parser.add_argument("--reliability", choices=["reliable", "best_effort"], default="reliable")
    options = parser.parse_args()
    height, width = map(int, options.size.split("x"))
    images: list[Any] = [image(rows, width) for rows in options.rows or [height]]
    if options.compressed:
        images = [compressed(each) for each in images]

    rclpy.init(args=[])
    node = rclpy.create_node("driver")
    qos = QoSProfile(depth=5, reliability=ReliabilityPolicy[options.reliability.upper()])
    publisher = node.create_publisher(type(images[0]), options.topic, qos)
    while not publisher.get_subscription_count():
        time.sleep(0.02)
    time.sleep(SETTLE)
    start = time.monotonic()
    for number, message in zip(range(options.count), itertools.cycle(images), strict=False):
        time.sleep(max(0.0, start + number / options.rate - time.monotonic()))
        message.header.stamp = node.get_clock().now().to_msg()
        publisher.publish(message)
    publisher.wait_for_all_acked(Duration(seconds=10))
    time.sleep(SETTLE)  # for those that do not acknowledge
    node.destroy_node()
    rclpy.try_shutdown()


def image(height: int, width: int) -> Image:
    """Grey, with a gradient across."""
    message = Image(height=height, width=width, encoding="rgb8", step=3 * width)
    message.header.frame_id = "camera_optical"
    row = bytes(value for x in range(width) for value in (x * 255 // width,) * 3)
    message.data = array.array("B", row * height)
    return message


def compressed(raw: Image) -> CompressedImage:
    pixels = np.frombuffer(raw.data, np.uint8).reshape(raw.height, raw.width, 3)
    message = CompressedImage(header=raw.header, format="jpeg")
    message.data = array.array("B", cv2.imencode(".jpg", pixels)[1].tobytes())
    return message


if __name__ == "__main__":
    main()
