"""Several cameras in one node, each for itself, and what is published of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from ros_tools import (
    LATCHED,
    REPLACED,
    Camera,
    count,
    image,
    metres,
    require_parameters,
    set_parameters,
    stamp_of,
)
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from std_msgs.msg import String

NS = "/rig"
NODE = f"{NS}/tr2m_depth"
FRONT, LEFT = f"{NS}/front", f"{NS}/left"
DEFAULTS = {
    "default_description": "A hall.",
    "front__default_description": "",
    "batch_window": 0.005,
    "max_batch": 8,
    "max_rate": 0.0,
    "output_scale": 1.0,
    "description_timeout": 0.0,
    "steadiness": 0.0,
}
FAILED, BAD = "dropped: inference failed", "dropped: bad message"


@pytest.fixture(scope="module")
def running(graph: Any, start_faulty: Callable[..., Any]) -> Iterator[Any]:
    process = start_faulty(NS, cameras="[front, left]", default_description="A hall.", diagnostics_period="0.2")
    graph.wait(lambda: graph.statuses.get(NS, {}).get("state") == "active", "the node", process)
    yield process
    assert process.stop() == 0, process.output()
    assert process.output().count("Traceback") == 1, "of the ValueError below, and of nothing else"


@pytest.fixture
def node(running: Any, graph: Any) -> Iterator[Any]:
    """The node, which has its parameters and no orders back after the test."""
    yield running
    running.order()
    require_parameters(graph, NODE, **DEFAULTS)


class Rig:
    """Both cameras and their depth."""

    def __init__(self, graph: Any, front: list[Any], left: list[Any]) -> None:
        self.graph, self.depths = graph, {"front": front, "left": left}
        self.cameras = {name: Camera(graph, f"{NS}/{name}/image") for name in self.depths}

    def shoot(self, front: int = 50, left: int = 150) -> None:
        """One image of each camera, of these brightnesses."""
        self.cameras["front"].shoot(front)
        self.cameras["left"].shoot(left)

    def until(self, condition: Callable[[], Any], what: str, front: int = 50, left: int = 150) -> Any:
        return self.graph.wait(condition, what, each=lambda: self.shoot(front, left), period=0.05)

    def depth_of_both(self) -> None:
        """Waits for new depth of each camera."""
        done = {name: len(depths) for name, depths in self.depths.items()}
        self.until(lambda: all(len(self.depths[name]) > done[name] + 1 for name in done), "depth of both")

    def status(self, name: str) -> dict[str, str]:
        return self.graph.statuses[f"{NS}:{name}"]

    def fresh(self, name: str) -> dict[str, str]:
        return self.graph.fresh_status(f"{NS}:{name}")


@pytest.fixture
def rig(node: Any, graph: Any) -> Iterator[Rig]:
    with (
        graph.listen(Image, f"{FRONT}/metric_depth") as front,
        graph.listen(Image, f"{LEFT}/metric_depth") as left,
    ):
        rig = Rig(graph, front, left)
        rig.depth_of_both()
        yield rig
        for camera in rig.cameras.values():
            camera.close()


def encoded(node: Any, description: str) -> bool:
    return f"encoded: {description}" in node.output().splitlines()


def batches(node: Any) -> list[int]:
    return [int(line.split()[-1]) for line in node.output().splitlines() if line.startswith("batch of ")]


def test_each_camera_has_its_own_topics(rig: Rig) -> None:
    for name, brightness in (("front", 50), ("left", 150)):
        depths = rig.depths[name]
        assert {stamp_of(depth) for depth in depths} <= set(rig.cameras[name].sent)
        np.testing.assert_allclose(metres(depths[-1]), 1 + brightness / 100, rtol=1e-3)
    node = rig.graph.fresh_status(NS)
    assert node["model"] == "embedded"
    assert "frames in" not in node
    assert count(rig.fresh("front"), "frames published") > 0


def test_own_sentences_come_before_shared_ones_and_these_before_defaults(rig: Rig, node: Any, graph: Any) -> None:
    def active() -> tuple[str, str]:
        return rig.status("front")["active description"], rig.status("left")["active description"]

    assert active() == ("A hall.", "A hall.")
    require_parameters(graph, NODE, front__default_description="A hall seen from the front.")
    rig.until(lambda: active() == ("A hall seen from the front.", "A hall."), "the camera's own default")
    shared = graph.publisher(String, f"{NS}/scene_description")
    shared.publish(String(data="A barn."))
    rig.until(lambda: active() == ("A barn.", "A barn."), "the shared sentence")
    own = graph.publisher(String, f"{FRONT}/scene_description")
    with (
        graph.listen(String, f"{FRONT}/metric_depth/active_description", LATCHED) as front,
        graph.listen(String, f"{LEFT}/metric_depth/active_description", LATCHED) as left,
    ):
        own.publish(String(data="A barn door."))
        rig.until(lambda: active() == ("A barn door.", "A barn."), "the camera's own sentence")
        shared.publish(String(data="A stable."))
        rig.until(lambda: active() == ("A barn door.", "A stable."), "the shared sentence")
        graph.wait(lambda: front and left and left[-1].data == "A stable.", "the active descriptions")
        assert front[-1].data == "A barn door."
    rig.depth_of_both()
    assert encoded(node, "A barn door.")
    assert encoded(node, "A stable.")
    result = set_parameters(graph, NODE, front__default_description="word " * 1000)[0]
    assert not result.successful
    assert "front.default_description" in result.reason
    for publisher in (shared, own):
        graph.node.destroy_publisher(publisher)


def test_frames_that_wait_together_run_as_one_batch(rig: Rig, node: Any, graph: Any) -> None:
    require_parameters(graph, NODE, batch_window=0.3)
    before = len(batches(node))
    rig.until(lambda: batches(node)[before:].count(2) > 3, "batches of two")
    require_parameters(graph, NODE, batch_window=0.0, max_batch=1)
    rig.depth_of_both()  # what was begun before
    before = len(batches(node))
    node.order(seconds=0.05)  # so that frames of both cameras do wait together
    graph.pass_time(1.0, each=rig.shoot, period=0.02)
    alone = batches(node)[before:]
    assert len(alone) > 4
    assert set(alone) == {1}


def test_a_slow_camera_is_not_starved_by_a_fast_one(rig: Rig, node: Any, graph: Any) -> None:
    require_parameters(graph, NODE, max_batch=1)
    node.order(seconds=0.1)
    front, left = rig.cameras["front"], rig.cameras["left"]
    rig.depth_of_both()
    before = {name: rig.fresh(name) for name in rig.depths}
    turn = iter(range(10**6))

    def shoot() -> None:
        front.shoot(50)
        if next(turn) % 25 == 0:  # 4 per second
            left.shoot(150)

    graph.pass_time(6.0, each=shoot, period=0.01)
    after = {name: rig.fresh(name) for name in rig.depths}

    def counted(name: str, key: str) -> int:
        return count(after[name], key) - count(before[name], key)

    assert counted("left", "frames in") >= 15
    assert counted("left", "frames published") >= 0.9 * counted("left", "frames in") - 1
    assert counted("front", "frames published") >= 15
    assert counted("front", REPLACED) > counted("front", "frames published")


def test_garbage_of_one_camera_leaves_the_other_alone(rig: Rig, graph: Any) -> None:
    broken = image()
    broken.encoding = "klingon8"

    def shoot() -> None:
        rig.cameras["front"].publisher.publish(broken)
        rig.cameras["left"].shoot(150)

    graph.wait(lambda: rig.fresh("left")["message"] == "ok", "all well before", each=shoot, period=0.05)
    before = {name: rig.fresh(name) for name in rig.depths}
    left_said = set()

    def shoot_and_look() -> None:
        shoot()
        left_said.add(rig.status("left")["message"])

    graph.pass_time(3.0, each=shoot_and_look, period=0.05)
    graph.wait(lambda: rig.fresh("front")[BAD] == rig.status("front")["bad messages"], "the counters")
    front, left = rig.status("front"), rig.fresh("left")
    assert count(front, BAD) - count(before["front"], BAD) > 20
    assert front["frames published"] == before["front"]["frames published"]
    assert front["level"] == 1
    assert "klingon8" in front["message"]
    assert not [text for text in left_said if text != "ok" and "lost on the way" not in text]
    came, published = (count(left, key) - count(before["left"], key) for key in ("frames in", "frames published"))
    assert came > 20
    assert published >= 0.8 * came
    rig.depth_of_both()


def test_in_a_batch_only_the_frame_to_blame_fails(rig: Rig, node: Any, graph: Any) -> None:
    require_parameters(graph, NODE, batch_window=0.3)
    before, start = {name: rig.fresh(name) for name in rig.depths}, len(batches(node))
    node.order(raises="ValueError: too bright", brighter_than=200)
    for depths in rig.depths.values():
        depths.clear()
    failures = count(before["left"], FAILED)
    rig.until(lambda: count(rig.status("left"), FAILED) > failures + 5, "failures", left=250)
    assert batches(node)[start:].count(2) > 3
    assert "inference failed: ValueError: too bright" in rig.status("left")["message"]
    front = rig.fresh("front")
    assert front[FAILED] == before["front"][FAILED]
    assert "too bright" not in front["message"]
    assert len(rig.depths["front"]) > 3
    node.order()
    rig.depth_of_both()


def test_batches_that_do_not_fit_into_memory_are_computed_in_parts(rig: Rig, node: Any, graph: Any) -> None:
    """After the tests that need batches of two: from here on the node makes no more of them."""
    require_parameters(graph, NODE, batch_window=0.3)
    before = {name: rig.fresh(name)[FAILED] for name in rig.depths}
    rig.until(lambda: batches(node)[-3:].count(2) > 1, "batches of two")
    node.order(raises="RuntimeError: CUDA out of memory", more_than=1)
    start = len(batches(node))
    for _ in range(3):
        rig.depth_of_both()
    assert batches(node)[start:].count(2) <= 2  # tried once, and not again
    assert {name: rig.fresh(name)[FAILED] for name in rig.depths} == before
    assert graph.fresh_status(NS)["state"] == "active"


@pytest.mark.parametrize(
    ("cameras", "words"),
    [
        ("[front, front]", "2 names"),
        ("['9front']", "'9front'"),
        ("['', left]", "''"),
        ("front", "type list of text"),
        ("[1, 2]", "type list of text"),
    ],
)
def test_camera_names_that_cannot_be_end_the_process_with_one_line(
    start_node: Callable[..., Any], cameras: str, words: str
) -> None:
    process = start_node("/bad_rig", cameras=cameras)
    assert process.wait() == 2
    assert len(process.output().splitlines()) == 1, process.output()
    assert "'cameras'" in process.output()
    assert words in process.output()


def test_max_rate_holds_for_each_camera(rig: Rig, graph: Any) -> None:
    require_parameters(graph, NODE, max_rate=5.0)
    limited = "dropped: above max_rate"
    rig.depth_of_both()
    before = {name: rig.fresh(name) for name in rig.depths}
    graph.pass_time(4.0, each=rig.shoot, period=1 / 30)
    for name in rig.depths:
        after = rig.fresh(name)
        published = count(after, "frames published") - count(before[name], "frames published")
        assert 10 <= published <= 25  # 20 in 4 s, and more in what the waiting for diagnostics took
        assert count(after, limited) - count(before[name], limited) > 40


FX, CX, FY, CY = 40.0, 15.5, 42.0, 11.5


def camera_info(stamp: Any) -> CameraInfo:
    info = CameraInfo(width=32, height=24, distortion_model="plumb_bob")
    info.header.stamp = stamp
    info.k = [FX, 0.0, CX, 0.0, FY, CY, 0.0, 0.0, 1.0]
    info.p = [FX, 0.0, CX, 0.0, 0.0, FY, CY, 0.0, 0.0, 0.0, 1.0, 0.0]
    return info


def test_depth_info_and_cloud_at_half_the_size(rig: Rig, graph: Any) -> None:
    infos_pub = graph.publisher(CameraInfo, f"{FRONT}/camera_info")
    require_parameters(graph, NODE, output_scale=0.5)
    topic = f"{FRONT}/metric_depth"

    def shoot() -> None:
        stamp = rig.cameras["front"].shoot(50)
        infos_pub.publish(camera_info(image(stamp=stamp).header.stamp))

    def complete() -> Any:
        """Depth, camera_info and cloud of one frame."""
        known = ({stamp_of(m): m for m in messages} for messages in (rig.depths["front"], infos, clouds))
        depth, info, cloud = known
        return next(
            ((depth[s], info[s], cloud[s]) for s in depth if s in info and s in cloud and depth[s].width == 16), None
        )

    with (
        graph.listen(CameraInfo, f"{topic}/camera_info") as infos,
        graph.listen(PointCloud2, f"{topic}/points") as clouds,
    ):
        depth, info, cloud = graph.wait(complete, "depth, camera_info and cloud", each=shoot)
    graph.node.destroy_publisher(infos_pub)
    assert (depth.height, depth.width) == (info.height, info.width) == (cloud.height, cloud.width) == (12, 16)
    fx, cx, fy, cy = FX / 2, (CX + 0.5) / 2 - 0.5, FY / 2, (CY + 0.5) / 2 - 0.5
    np.testing.assert_allclose(info.k, [fx, 0, cx, 0, fy, cy, 0, 0, 1])
    np.testing.assert_allclose(np.reshape(info.p, (3, 4))[:, :3].ravel(), info.k)
    points = np.frombuffer(cloud.data, np.float32).reshape(12, 16, 4)[..., :3]
    z = metres(depth)
    rows, columns = np.mgrid[:12, :16]
    np.testing.assert_allclose(
        points, np.stack(((columns - cx) / fx * z, (rows - cy) / fy * z, z), -1), rtol=1e-5, atol=1e-6
    )


def test_who_waits_for_a_camera_info_is_told_that_there_is_none(rig: Rig, graph: Any) -> None:
    with graph.listen(CameraInfo, f"{LEFT}/metric_depth/camera_info") as infos:
        rig.depth_of_both()
        warning = f"no camera_info on {LEFT}/camera_info"
        rig.until(lambda: warning in rig.status("left")["message"], "the warning")
    assert not infos


def test_optional_outputs_come_to_those_who_listen(rig: Rig, graph: Any) -> None:
    topic = f"{FRONT}/metric_depth"
    with (
        graph.listen(Image, f"{topic}/mm") as millimetres,
        graph.listen(Image, f"{topic}/color") as colours,
        graph.listen(Image, f"{topic}/scale_map") as scales,
        graph.listen(Image, f"{topic}/shift_map") as shifts,
    ):
        rig.until(lambda: millimetres and colours and scales and shifts, "all outputs")
        rig.until(lambda: f"{topic}/mm: 1" in rig.status("front")["subscribers"], "the subscribers")
    assert [m[-1].encoding for m in (millimetres, colours, scales, shifts)] == ["16UC1", "rgb8", "32FC1", "32FC1"]
    assert all((m[-1].height, m[-1].width) == (24, 32) for m in (millimetres, colours, scales, shifts))
    assert all(m[-1].step * m[-1].height == len(m[-1].data) for m in (millimetres, colours, scales, shifts))
    assert all(stamp_of(m[-1]) in rig.cameras["front"].sent for m in (millimetres, colours, scales, shifts))
    np.testing.assert_allclose(np.frombuffer(millimetres[-1].data, np.uint16), 1500, atol=2)
    np.testing.assert_allclose(metres(scales[-1]), 2.0)
    np.testing.assert_allclose(metres(shifts[-1]), 0.25)


def test_a_sentence_that_is_not_repeated_is_warned_of(rig: Rig, graph: Any) -> None:
    own = graph.publisher(String, f"{LEFT}/scene_description")
    own.publish(String(data="A crossing."))
    rig.until(lambda: rig.status("left")["active description"] == "A crossing.", "the sentence")
    require_parameters(graph, NODE, description_timeout=0.5)
    warning = "description_timeout is 0.5 s"
    rig.until(lambda: warning in rig.status("left")["message"], "the warning")
    assert rig.status("left")["level"] == 1
    assert float(rig.status("left")["description age (s)"]) >= 0.5  # shown to a tenth
    require_parameters(graph, NODE, description_timeout=1000.0)
    own.publish(String(data="A crossing."))
    rig.until(lambda: warning not in rig.status("left")["message"], "the warning to end")
    graph.node.destroy_publisher(own)


def test_steadiness_may_change_while_frames_come(rig: Rig, graph: Any) -> None:
    for seconds in (0.5, 2.0, 0.0):
        require_parameters(graph, NODE, steadiness=seconds)
        rig.depth_of_both()
        np.testing.assert_allclose(metres(rig.depths["front"][-1]), 1.5, rtol=1e-2)
    assert not set_parameters(graph, NODE, steadiness=-1.0)[0].successful
