"""The example node on a graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from sensor_msgs.msg import Image
from std_msgs.msg import Float32

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "depth_consumer.py"


def depth_image(depth: np.ndarray) -> Image:
    height, width = depth.shape
    return Image(height=height, width=width, encoding="32FC1", step=4 * width, data=depth.astype("<f4").tobytes())


def test_the_consumer_publishes_the_nearest_obstacle_ahead(graph: Any, start: Any) -> None:
    process = start(str(EXAMPLE), "--ros-args", "-r", "__ns:=/consumer", "-p", "slow_down_at:=2.0")
    publisher = graph.publisher(Image, "/consumer/metric_depth")
    depth = np.full((30, 60), 0.2)  # what is near lies beside the way
    depth[10:20, 20:40] = np.inf
    depth[10:20, 20:22] = 1.5
    depth[12, 25] = np.nan
    depth[15, 30] = 0.3  # a single wrong pixel
    with graph.listen(Float32, "/consumer/nearest_obstacle", process=process) as received:
        graph.wait(lambda: received, "a distance", process, each=lambda: publisher.publish(depth_image(depth)))
        assert {round(msg.data, 3) for msg in received} == {1.5}
        graph.wait(lambda: "obstacle at 1.50 m" in process.output(), "the warning", process)
        depth[:] = np.nan
        said = "no valid depth ahead"
        graph.wait(lambda: said in process.output(), said, each=lambda: publisher.publish(depth_image(depth)))
    assert process.stop() == 0
