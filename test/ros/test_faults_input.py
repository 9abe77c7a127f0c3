"""Images that are none, cameras that the node cannot hear, and a clock that jumps back."""

from __future__ import annotations

import array
from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np
import pytest
from ros_tools import (
    BEST_EFFORT,
    EVERYTHING,
    HEIGHT,
    LOSSLESS,
    REPLACED,
    WIDTH,
    Camera,
    as_time,
    count,
    ever_new,
    image,
    require_parameters,
    stamp_of,
    unaccounted,
)
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CompressedImage, Image

NS, COMPRESSED, SIMULATED = "/malformed", "/garbage", "/simulated"
HUGE = 2**32 - 1
GOOD = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
JPEG, PNG = (cv2.imencode(kind, GOOD)[1].tobytes() for kind in (".jpg", ".png"))


def listening(namespace: str, topic: str) -> dict[str, str]:
    """Parameters with which nothing gets lost on the way, so that everything can be counted."""
    overrides = {f"qos_overrides.{topic}.{policy}": value for policy, value in LOSSLESS.items()}
    overrides[f"qos_overrides.{namespace}/metric_depth.publisher.depth"] = "2000"
    return {**overrides, "default_description": "A room.", "diagnostics_period": "0.2"}


def start_and_wait(graph: Any, start_faulty: Callable[..., Any], namespace: str, *options: str, **params: str) -> Any:
    process = start_faulty(namespace, *options, **params)
    graph.wait(lambda: graph.statuses.get(namespace, {}).get("state") == "active", "the node", process)
    return process


def end(process: Any) -> None:
    assert process.stop() == 0, process.output()
    assert "Traceback" not in process.output()


@pytest.fixture(scope="module")
def node(graph: Any, start_faulty: Callable[..., Any]) -> Iterator[Any]:
    """A node that hears reliable cameras only, and all they say."""
    process = start_and_wait(graph, start_faulty, NS, **listening(NS, f"{NS}/image"))
    yield process
    end(process)


def test_a_camera_that_cannot_be_heard_is_named(node: Any, graph: Any) -> None:
    deaf = graph.publisher(Image, f"{NS}/image", BEST_EFFORT, connected=False)

    def named() -> bool:
        message = graph.statuses[NS]["message"]
        return (
            f"a publisher on {NS}/image cannot be paired with: incompatible QoS (RELIABILITY)" in message
            and f"/test publishes {NS}/image with incompatible QoS: nothing is received from it" in message
        )

    graph.wait(named, "word of the camera", each=lambda: deaf.publish(image()))
    assert graph.statuses[NS]["level"] == 1
    assert graph.statuses[NS]["frames in"] == "0"
    graph.node.destroy_publisher(deaf)


def malformed(random: np.random.Generator, kind: str) -> Image:
    """An image that is wrong in one way, of random extent."""
    msg = image(100)
    if kind == "narrow step":
        msg.step = int(random.integers(0, WIDTH))
    elif kind == "wide step":
        msg.step = int(random.choice([WIDTH + 1, 2**16, 2**31, HUGE]))
    elif kind == "truncated":
        msg.data = msg.data[: int(random.integers(1, len(msg.data)))]
    elif kind == "empty":
        msg.data = array.array("B")
    elif kind == "encoding":
        letters = random.choice(list("rgb816UC\x1b\n\u202e "), int(random.integers(0, 300)))
        msg.encoding = "?" + "".join(letters)
    elif kind == "size":
        sides = [0, 1, 2**15, 2**31, HUGE]
        msg.height, msg.width = int(random.choice(sides)), int(random.choice(sides))
    elif kind == "odd":
        msg.encoding, msg.height = str(random.choice(["nv12", "nv21"])), HEIGHT - 1
    else:  # deeper or wider pixels than there is data for
        msg.encoding = str(random.choice(["rgb8", "bgra8", "mono16", "bayer_rggb16", "yuv422", "nv12"]))
    return msg


KINDS = ("narrow step", "wide step", "truncated", "empty", "encoding", "size", "odd", "other pixels")


def test_a_thousand_malformed_images_between_good_ones(node: Any, graph: Any) -> None:
    random = np.random.default_rng(5)
    bad = [malformed(random, kind) for kind in KINDS * (1000 // len(KINDS))]
    random.shuffle(bad)
    images = graph.publisher(Image, f"{NS}/image", EVERYTHING)
    good: list[int] = []

    def send_five() -> None:
        for msg in bad[4 * len(good) : 4 * len(good) + 4]:
            images.publish(msg)
        good.append(len(good) * 10**9 + 7)
        images.publish(image(100, good[-1]))

    with graph.listen(Image, f"{NS}/metric_depth", EVERYTHING) as depths:
        wait_to_be_known(graph, NS)
        graph.wait(lambda: 4 * len(good) == len(bad), "all to be sent", node, each=send_five, period=0.005)
        total = len(bad) + len(good)
        graph.wait(lambda: settled(graph.statuses[NS], total), "every image to be accounted for", node)
        status = graph.statuses[NS]
        graph.wait(lambda: len(depths) == count(status, "frames published"), "all depth", node)
    graph.node.destroy_publisher(images)
    assert len(bad) == 1000
    assert count(status, "frames in") == total
    assert count(status, "dropped: bad message") == count(status, "bad messages") == len(bad)
    assert count(status, "frames published", REPLACED) == len(good)
    answered = [stamp_of(depth) for depth in depths]
    assert answered == sorted(set(answered))
    assert set(answered) <= set(good)
    assert len(answered) > len(good) / 10
    assert status["level"] == 1
    assert status["last bad message"] in status["message"]
    assert "\x1b" not in node.output()


def wait_to_be_known(graph: Any, namespace: str) -> None:
    """Until the node knows who listens to depth: frames before that are not computed."""
    graph.wait(lambda: "metric_depth: 1" in graph.fresh_status(namespace)["subscribers"], "the subscriber")


def settled(status: dict[str, str], frames: int) -> bool:
    return count(status, "frames in") == frames and unaccounted(status) == 0


def garbage(random: np.random.Generator, kind: str) -> bytes:
    """What is no image, whatever its beginning promises; "damaged" may still be decoded to something."""
    file = bytearray(JPEG if random.integers(2) else PNG)
    if kind == "noise":
        return random.bytes(int(random.integers(0, 500)))
    if kind == "beginning":
        return bytes(file[:8]) + random.bytes(int(random.integers(0, 500)))
    if kind == "cut":
        return bytes(file[: random.integers(1, len(file) - 12)])
    if kind == "empty":
        return b""
    for place in random.integers(8, len(file), 5):
        file[place] = random.integers(256)
    return bytes(file)


def compressed(data: bytes, stamp: int) -> CompressedImage:
    msg = CompressedImage(format="rgb8; jpeg compressed bgr8", data=array.array("B", data))
    msg.header.stamp = as_time(stamp)
    return msg


def test_compressed_garbage_between_good_images_on_a_remapped_topic(
    graph: Any, start_faulty: Callable[..., Any]
) -> None:
    topic = f"{COMPRESSED}/cam/image_raw/compressed"
    options = {**listening(COMPRESSED, topic), "image_transport": "compressed"}
    node = start_and_wait(graph, start_faulty, COMPRESSED, "-r", f"image:={COMPRESSED}/cam/image_raw", **options)
    images = graph.publisher(CompressedImage, topic, EVERYTHING)
    random = np.random.default_rng(7)
    next_kind, next_good = ever_new(("noise", "beginning", "cut", "empty", "damaged")), ever_new((JPEG, PNG))
    sent: dict[str, set[int]] = {"bad": set(), "damaged": set(), "good": set()}

    def send(kind: str, data: bytes) -> None:
        stamp = sum(map(len, sent.values())) * 10**9 + 7
        sent[kind].add(stamp)
        images.publish(compressed(data, stamp))

    def send_some() -> None:
        for _ in range(4):
            kind = next_kind()
            send("damaged" if kind == "damaged" else "bad", garbage(random, kind))
        send("good", next_good())

    with graph.listen(Image, f"{COMPRESSED}/metric_depth", EVERYTHING) as depths:
        wait_to_be_known(graph, COMPRESSED)
        graph.wait(lambda: len(sent["bad"]) >= 400, "all to be sent", node, each=send_some, period=0.01)
        total = sum(map(len, sent.values()))
        graph.wait(lambda: settled(graph.statuses[COMPRESSED], total), "every image to be accounted for", node)
        status = graph.statuses[COMPRESSED]
        graph.wait(lambda: len(depths) == count(status, "frames published"), "all depth", node)
    rejected = count(status, "dropped: bad message")
    assert rejected == count(status, "bad messages")
    assert len(sent["bad"]) <= rejected <= len(sent["bad"]) + len(sent["damaged"])
    assert count(status, "frames published", REPLACED) + rejected == total
    answered = [stamp_of(depth) for depth in depths]
    assert answered == sorted(set(answered))
    assert not set(answered) & sent["bad"]
    assert len(set(answered) & sent["good"]) > len(sent["good"]) / 10
    assert all((depth.height, depth.width) == (HEIGHT, WIDTH) for depth in depths if stamp_of(depth) in sent["good"])
    graph.node.destroy_publisher(images)
    end(node)


class Simulation:
    """Publishes the time, a camera's images at that time, and goes on from wherever `now` (ns) is set to."""

    def __init__(self, graph: Any) -> None:
        self.now = 1000 * 10**9
        self.clock = graph.publisher(Clock, "/clock")
        self.camera = Camera(graph, f"{SIMULATED}/image", clock=lambda: self.now - self.age)
        self.age = 0  # ns that images are old when they are published

    def step(self) -> None:
        self.now += 20_000_000
        self.clock.publish(Clock(clock=as_time(self.now)))
        self.camera.shoot()


def test_a_clock_that_jumps_back(graph: Any, start_faulty: Callable[..., Any]) -> None:
    options = {"use_sim_time": "true", "default_description": "A room.", "diagnostics_period": "0.2"}
    node = start_and_wait(graph, start_faulty, SIMULATED, max_latency="2.0", **options)
    simulation = Simulation(graph)
    old = "dropped: older than max_latency"

    def go_on(condition: Callable[[], Any], what: str) -> None:
        graph.wait(condition, what, node, each=simulation.step, period=0.02)

    with graph.listen(Image, f"{SIMULATED}/metric_depth") as depths:
        go_on(lambda: len(depths) > 10, "depth")
        simulation.age = 10 * 10**9
        before = count(graph.statuses[SIMULATED], old)
        go_on(lambda: count(graph.statuses[SIMULATED], old) > before + 5, "old frames to be dropped")
        simulation.age = 0
        first_loop = len(depths)
        go_on(lambda: len(depths) > first_loop + 10, "depth")
        assert graph.statuses[SIMULATED]["time jumps"] == "0"
        simulation.now -= 100 * 10**9
        second_loop = simulation.now
        go_on(lambda: sum(stamp_of(d) <= second_loop + 10**9 for d in depths) > 20, "depth of the second loop")
        go_on(lambda: "time went back by 100." in graph.statuses[SIMULATED]["message"], "word of the jump")
        assert graph.fresh_status(SIMULATED)["time jumps"] == "1"
        require_parameters(graph, f"{SIMULATED}/tr2m_depth", max_latency=0.0)
        simulation.age = 10 * 10**9
        count_before = len(depths)
        go_on(lambda: len(depths) > count_before + 10, "depth of old frames where no limit is set")
    assert {stamp_of(depth) for depth in depths} <= set(simulation.camera.sent)
    assert all(depth.header.frame_id == "camera_optical" for depth in depths)
    assert float(graph.fresh_status(SIMULATED)["stamp to publish p95 (ms)"]) < 60_000
    simulation.camera.close()
    graph.node.destroy_publisher(simulation.clock)
    end(node)
