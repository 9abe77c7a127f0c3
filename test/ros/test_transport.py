"""Whole images and clouds arrive with the middleware as installed, and what does not arrive is counted right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile, ReliabilityPolicy
from ros_tools import BEST_EFFORT, FAST_DDS, REPLACED, image, stamp_of
from sensor_msgs.msg import CameraInfo, Image, PointCloud2

from tr2m_core import InputError
from tr2m_ros import dds
from tr2m_ros.input_subscription import InputSubscription

CAMERA = str(Path(__file__).parent / "camera_process.py")
SENT = 100
TRIES = 3  # a machine that stops for a moment loses best-effort messages; with too little memory every try loses many
SIZES = {"480x640": (480, 640), "720x1280": (720, 1280)}
QUEUE = QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)


def camera_info(size: tuple[int, int]) -> CameraInfo:
    height, width = size
    k = [500.0, 0.0, width / 2, 0.0, 500.0, height / 2, 0.0, 0.0, 1.0]
    p = [500.0, 0.0, width / 2, 0.0, 0.0, 500.0, height / 2, 0.0, 0.0, 0.0, 1.0, 0.0]
    return CameraInfo(width=width, height=height, distortion_model="plumb_bob", k=k, p=p)


@pytest.fixture(scope="module", params=SIZES)
def size(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def node(graph: Any, start_node: Callable[..., Any], size: str) -> Iterator[Any]:
    """A node to which nothing was set that has to do with transport."""
    process = start_node(f"/arrives_{size}", default_description="A room.", diagnostics_period="0.2")
    infos = graph.publisher(CameraInfo, f"/arrives_{size}/camera_info")
    infos.publish(camera_info(SIZES[size]))
    graph.wait(lambda: graph.statuses.get(f"/arrives_{size}", {}).get("state") == "active", "the node", process)
    yield process
    graph.node.destroy_publisher(infos)
    assert process.stop() == 0, process.output()


@pytest.mark.parametrize("reliability", ["reliable", "best_effort"])
def test_every_frame_arrives(
    node: Any,
    graph: Any,
    start: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    size: str,
    reliability: str,
) -> None:
    """From a camera that publishes reliably, and from a best-effort one that has the profile."""
    namespace = f"/arrives_{size}"
    if reliability == "best_effort":
        monkeypatch.setenv(dds.profile_variable(), str(dds.profile_file()))
    kinds = ("frames in", "frames lost on the way", "frames published", "clouds published", REPLACED)
    everything = {"frames in": SENT, "frames lost on the way": 0}

    def figures() -> dict[str, int]:
        return {kind: int(graph.statuses[namespace][kind]) for kind in kinds}

    for _ in range(TRIES):
        with (
            graph.listen(Image, f"{namespace}/metric_depth", QUEUE, node) as depths,
            graph.listen(PointCloud2, f"{namespace}/metric_depth/points", QUEUE, node) as clouds,
        ):
            graph.wait(lambda: "points: 1" in graph.statuses[namespace]["subscribers"], "the subscriptions", node)
            before = figures()
            driver = start(CAMERA, f"{namespace}/image", "--size", size, "--reliability", reliability)
            graph.wait(lambda driver=driver: driver.popen.poll() is not None, "the camera", node)
            graph.pass_time(3.0)
            came = {kind: value - before[kind] for kind, value in figures().items()}
        expected = everything | {"depth": came["frames published"], "clouds": came["frames published"]}
        arrived = {kind: came[kind] for kind in everything} | {"depth": len(depths), "clouds": len(clouds)}
        if arrived == expected:
            break
    assert arrived == expected
    assert came["frames published"] + came[REPLACED] == SENT
    assert came["clouds published"] == came["frames published"] >= 10
    assert {(cloud.height, cloud.width, cloud.point_step) for cloud in clouds} == {(*SIZES[size], 16)}
    assert f"{namespace}/image is taken {reliability.replace('_', ' ')}" in node.output()


def heard_by_one(node: Node, topic: str) -> tuple[InputSubscription, list[int], list[int]]:
    """An input, the stamps that it brings and the losses that it reports."""
    stamps: list[int] = []
    lost: list[int] = []
    heard = InputSubscription(node, Image, topic, lambda msg: stamps.append(stamp_of(msg)), 20, on_lost=lost.append)
    return heard, stamps, lost


@pytest.fixture
def drivers() -> Iterator[tuple[Node, Node]]:
    """Two nodes that publish."""
    nodes = Node("front_driver"), Node("rear_driver")
    yield nodes
    for node in nodes:
        node.destroy_node()


class Stamped:
    """Publishes small images, each with the next number as its stamp."""

    def __init__(self, graph: Any) -> None:
        self.graph, self.sent = graph, 0

    def play(self, publishers: list[Any], rounds: int) -> list[int]:
        """Rounds of an image from each; returns their stamps."""
        before = self.sent

        def each() -> None:
            for publisher in publishers:
                self.sent += 1
                publisher.publish(image(stamp=self.sent))

        self.graph.wait(lambda: self.sent >= before + rounds * len(publishers), "images", each=each, period=0.02)
        self.graph.pass_time(0.3)
        return list(range(before + 1, self.sent + 1))


def test_reliability_follows_the_publishers_as_they_come_and_go(graph: Any, drivers: tuple[Node, Node]) -> None:
    front, rear = drivers
    heard, stamps, lost = heard_by_one(graph.node, "/changing/image")
    camera = Stamped(graph)
    assert heard.is_reliable

    reliable = front.create_publisher(Image, heard.topic_name, 20)
    graph.wait(reliable.get_subscription_count, "the front camera")
    assert camera.play([reliable], 30) == stamps
    assert heard.is_reliable

    worse = rear.create_publisher(Image, heard.topic_name, BEST_EFFORT)
    during = camera.play([reliable], 30)  # while it changes
    graph.wait(lambda: not heard.is_reliable and worse.get_subscription_count(), "best effort")
    assert stamps[30:] == during, "no frame of the front camera is lost or comes twice"
    assert heard.unreliable_publishers() == ["/rear_driver"]

    stamps.clear()
    assert sorted(camera.play([reliable, worse], 30)) == sorted(stamps)

    stamps.clear()
    rear.destroy_publisher(worse)
    during = camera.play([reliable], 80)
    graph.wait(lambda: heard.is_reliable, "reliable again")
    assert stamps == during
    assert not lost

    front.destroy_publisher(reliable)
    worse = rear.create_publisher(Image, heard.topic_name, BEST_EFFORT)  # the camera comes back, another one
    graph.wait(lambda: not heard.is_reliable and worse.get_subscription_count(), "best effort again")
    stamps.clear()
    assert camera.play([worse], 30) == stamps
    heard.destroy()


@pytest.mark.parametrize("choice", ["reliable", "best_effort"])
def test_an_override_wins(graph: Any, drivers: tuple[Node, Node], choice: str) -> None:
    topic = f"/overridden_{choice}/image"
    name = f"qos_overrides.{topic}.subscription.reliability"
    node = Node("listener", parameter_overrides=[Parameter(name, value=choice)])
    reports: list[str] = []
    heard = InputSubscription(node, Image, topic, lambda msg: None, 5, lambda *report: reports.append(report))
    graph.executor.add_node(node)
    other = BEST_EFFORT if choice == "reliable" else 20
    publisher = drivers[0].create_publisher(Image, topic, other)
    graph.wait(lambda: node.count_publishers(topic), "the publisher")
    graph.pass_time(1.5)
    assert heard.is_reliable == (choice == "reliable")
    assert reports == ([(topic, "RELIABILITY")] if choice == "reliable" else [])
    assert bool(publisher.get_subscription_count()) == (choice == "best_effort")
    heard.destroy()
    graph.executor.remove_node(node)
    node.destroy_node()


def test_an_override_that_is_none_is_rejected(graph: Any) -> None:
    name = "qos_overrides./misspelt/image.subscription.reliability"
    node = Node("listener", parameter_overrides=[Parameter(name, value="relaible")])
    with pytest.raises(InputError, match=r"relaible.*auto, reliable, best_effort"):
        InputSubscription(node, Image, "/misspelt/image", lambda msg: None, 5)
    node.destroy_node()


def test_another_type_on_the_topic_is_named(
    graph: Any, start: Callable[..., Any], start_node: Callable[..., Any]
) -> None:
    namespace = "/typed"
    driver = start(CAMERA, f"{namespace}/image", "--compressed", "--reliability", "best_effort")
    node = start_node(namespace, default_description="A room.", diagnostics_period="0.2")

    def named() -> bool:
        message = graph.statuses.get(namespace, {}).get("message", "")
        return (
            f"/driver publishes {namespace}/image as sensor_msgs/msg/CompressedImage, not sensor_msgs/msg/Image: set "
            f"image_transport to compressed, and remap {namespace}/image/compressed to {namespace}/image"
        ) in message

    graph.wait(named, "word of the type", node)
    assert node.stop() == 0, node.output()
    remap = ("-r", f"{namespace}/image/compressed:={namespace}/image")
    told = ("-p", "image_transport:=compressed", "-p", "default_description:=A room.", "-p", "diagnostics_period:=0.2")
    node = start("tr2m_ros.depth_node", "--ros-args", "-r", f"__ns:={namespace}", *told, *remap)
    with graph.listen(Image, f"{namespace}/metric_depth", process=node) as depths:
        graph.wait(lambda: depths, "depth, after doing as told", node)
    driver.popen.kill()
    assert node.stop() == 0, node.output()


@pytest.mark.skipif(not FAST_DDS, reason="the count is that of Fast DDS")
def test_lost_messages_are_counted_once(graph: Any, start: Callable[..., Any]) -> None:
    """Large images do not fit the memory of the camera as installed; a small one after each makes Fast DDS miscount."""
    sent = 40
    heard, stamps, lost = heard_by_one(graph.node, "/lossy/image")
    rows = ["--rows", "1500", "10"]
    driver = start(CAMERA, heard.topic_name, "--count", str(sent), *rows, "--reliability", "best_effort")
    graph.wait(lambda: driver.popen.poll() is not None, "the camera")
    assert len(stamps) < sent, "nothing was lost: this tests nothing"
    # The last one may have been lost without a later one to tell.
    assert sent - len(stamps) - 1 <= sum(lost) <= sent - len(stamps)
    heard.destroy()


@pytest.mark.skipif(not FAST_DDS, reason="the profile is for Fast DDS")
def test_a_camera_with_little_memory_is_told_what_to_do(
    graph: Any, start: Callable[..., Any], start_node: Callable[..., Any]
) -> None:
    namespace = "/little"
    node = start_node(namespace, default_description="A room.", diagnostics_period="0.2")
    driver = start(CAMERA, f"{namespace}/image", "--count", "150", "--reliability", "best_effort")

    def told() -> bool:
        message = graph.statuses.get(namespace, {}).get("message", "")
        return dds.export_line() in message and "/driver sends best effort" in message

    graph.wait(told, "the line for the driver", node)
    assert "/driver offers no more" in node.output()
    driver.popen.kill()
    assert node.stop() == 0, node.output()
