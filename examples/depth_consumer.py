"""A ROS 2 node that consumes metric depth: publishes the distance to the nearest obstacle ahead, in metres.

python examples/depth_consumer.py
python examples/depth_consumer.py --ros-args -r metric_depth:=/front/metric_depth -p slow_down_at:=2.0
"""

from __future__ import annotations

import math

import numpy as np
import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image
from std_msgs.msg import Float32

SHARE = 0.05  # of the pixels ahead are allowed to be nearer: single wrong pixels must not stop a robot


class DepthConsumer(Node):
    """in: metric_depth (sensor_msgs/Image, 32FC1). out: nearest_obstacle (std_msgs/Float32)."""

    def __init__(self) -> None:
        super().__init__("depth_consumer")
        self.slow_down_at = self.declare_parameter("slow_down_at", 1.0).value  # metres
        self.publisher = self.create_publisher(Float32, "nearest_obstacle", 10)
        self.create_subscription(Image, "metric_depth", self.on_depth, qos_profile_sensor_data)

    def on_depth(self, msg: Image) -> None:
        nearest = nearest_ahead(depth_of(msg))
        if math.isnan(nearest):
            self.get_logger().warning("no valid depth ahead", throttle_duration_sec=5.0)
            return
        if nearest < self.slow_down_at:
            self.get_logger().warning(f"obstacle at {nearest:.2f} m", throttle_duration_sec=1.0)
        self.publisher.publish(Float32(data=nearest))


def depth_of(msg: Image) -> np.ndarray:
    """(H, W) metres along the optical Z axis; NaN invalid, -Inf too near, +Inf too far (REP 117)."""
    kind = np.dtype(np.float32).newbyteorder(">" if msg.is_bigendian else "<")
    rows = np.frombuffer(msg.data, np.uint8).reshape(msg.height, msg.step)
    return rows[:, : 4 * msg.width].copy().view(kind)


def nearest_ahead(depth: np.ndarray) -> float:
    """The depth that SHARE of the valid pixels in the middle ninth of the image are nearer than; NaN without any."""
    height, width = depth.shape
    ahead = depth[height // 3 : -(-2 * height // 3), width // 3 : -(-2 * width // 3)]
    valid = np.sort(ahead[~np.isnan(ahead)])
    return max(0.0, float(valid[int(SHARE * valid.size)])) if valid.size else math.nan


def main() -> None:
    rclpy.init()
    try:
        rclpy.spin(DepthConsumer())
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
