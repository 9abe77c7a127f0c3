"""Hours in short: ten thousand frames through one node. `make soak`; ten minutes on two cores."""

from __future__ import annotations

import array
import time
from collections.abc import Callable
from typing import Any

import pytest
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from std_msgs.msg import String

from tr2m_ros.demo import render_rooms

NS = "/soak"
FRAMES = 10_000
WARM_UP = 1_000  # frames
SENTENCES = ("A small bedroom.", "A doll's house bedroom.", "An office with two desks.", "A long corridor.")
CAMERA_RATE = 30.0  # Hz; more than the node computes here, so that frames are replaced as well
BAD_EVERY, SPEAK_EVERY = 50, 100  # frames


class Camera:
    """Publishes rendered images at the camera's rate, now and then one that is cut short and a sentence."""

    def __init__(self, graph: Any, size: tuple[int, int]) -> None:
        self.graph, self.sent = graph, 0
        room = render_rooms(6, size=size)[0]
        height, width = size
        self.images = [
            Image(height=height, width=width, encoding="rgb8", step=3 * width, data=array.array("B", p.tobytes()))
            for p in room.images
        ]
        fx, fy, cx, cy = room.intrinsics
        k, p = [fx, 0.0, cx, 0.0, fy, cy, 0.0, 0.0, 1.0], [fx, 0.0, cx, 0.0, 0.0, fy, cy, 0.0, 0.0, 0.0, 1.0, 0.0]
        self.info = CameraInfo(height=height, width=width, k=k, p=p)
        self.images = graph.publisher(Image, f"{NS}/image")
        self.infos = graph.publisher(CameraInfo, f"{NS}/camera_info")
        self.texts = graph.publisher(String, f"{NS}/scene_description")
        self.due = time.monotonic()

    def shoot_when_due(self) -> None:
        if time.monotonic() < self.due:
            return
        self.due = max(self.due + 1 / CAMERA_RATE, time.monotonic() - 1 / CAMERA_RATE)
        image = self.images[self.sent % len(self.images)]
        image.header.stamp = self.info.header.stamp = self.graph.node.get_clock().now().to_msg()
        if self.sent % SPEAK_EVERY == 0:
            self.texts.publish(String(data=SENTENCES[self.sent // SPEAK_EVERY % len(SENTENCES)]))
        image.step = 3 * image.width - (self.sent % BAD_EVERY == 7)
        self.infos.publish(self.info)
        self.images.publish(image)
        self.sent += 1


@pytest.mark.slow
def test_ten_thousand_frames(graph: Any, start: Callable[..., Any], capsys: pytest.CaptureFixture[str]) -> None:
    # Reliable and with a queue, so that what is sent is what the node counts.
    qos = f"qos_overrides.{NS}/image.subscription"
    options = [f"{qos}.reliability:=reliable", f"{qos}.depth:=100", "cloud_stride:=2", "cloud_edge_filter:=0.1"]
    options += ["steadiness:=0.5", f"default_description:={SENTENCES[0]}"]
    pairs = [part for option in options for part in ("-p", option)]
    node = start("tr2m_ros.depth_node", "--ros-args", "-r", f"__ns:={NS}", *pairs)
    graph.wait(lambda: graph.node.count_subscribers(f"{NS}/image"), "the node", node)
    received = dict.fromkeys(("depth", "points", "mm"), 0)

    def count(name: str) -> Callable[[Any], None]:
        def callback(message: Any) -> None:
            received[name] += 1

        return callback

    topic = f"{NS}/metric_depth"
    subscriptions = [
        graph.node.create_subscription(kind, name, count(key), 10)
        for kind, name, key in (
            (Image, topic, "depth"),
            (PointCloud2, f"{topic}/points", "points"),
            (Image, f"{topic}/mm", "mm"),
        )
    ]
    camera = Camera(graph, (240, 320))
    samples = soak(graph, node, camera)
    frames_in = camera.sent
    graph.wait(lambda: settled(graph.fresh_status(NS), frames_in), "the last frame", node)
    status = graph.fresh_status(NS)
    for subscription in subscriptions:
        graph.node.destroy_subscription(subscription)
    assert node.stop() == 0, node.output()

    after = [megabytes for published, megabytes in samples if published >= WARM_UP]
    growth = max(after) / after[0] - 1
    dropped = {key: int(value) for key, value in status.items() if key.startswith("dropped: ") and value != "0"}
    with capsys.disabled():
        print(
            f"\n{frames_in} frames in, {status['frames published']} published, dropped: {dropped}; received {received}"
        )
        print(f"resident: {after[0]} MB after {WARM_UP} frames, {min(after)} to {max(after)} MB since ({growth:+.1%})")
        p50, p95 = (status[f"stamp to publish {name} (ms)"] for name in ("p50", "p95"))
        print(f"stamp to publish p50 {p50} ms, p95 {p95} ms")
    assert int(status["frames published"]) >= FRAMES
    assert int(status["frames in"]) == frames_in
    assert frames_in == int(status["frames published"]) + sum(dropped.values())
    assert dropped["dropped: bad message"] == int(status["bad messages: step"]) == len(range(7, frames_in, BAD_EVERY))
    assert set(dropped) <= {"dropped: bad message", "dropped: replaced by a newer frame"}
    assert growth < 0.02
    assert "Traceback" not in node.output()


def soak(graph: Any, node: Any, camera: Camera) -> list[tuple[int, int]]:
    """Shoots until enough is published. Returns (frames published, resident megabytes) once a second."""
    samples: list[tuple[int, int]] = []
    while not samples or samples[-1][0] < FRAMES:
        graph.statuses.pop(NS, None)
        deadline = time.monotonic() + 60
        while NS not in graph.statuses:
            assert time.monotonic() < deadline, node.output()
            camera.shoot_when_due()
            graph.executor.spin_once(timeout_sec=0.005)
        status = graph.statuses[NS]
        samples.append((int(status["frames published"]), int(status["process memory (MB)"])))
    return samples


def settled(status: dict[str, str], frames_in: int) -> bool:
    return frames_in == int(status["frames published"]) + int(status["frames dropped"])
