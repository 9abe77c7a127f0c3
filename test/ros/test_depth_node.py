"""The node in a process of its own, fed and heard over a real graph."""

from __future__ import annotations

import array
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import DescribeParameters, SetParameters
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from std_msgs.msg import String

NS = "/shared"
WIDTH, HEIGHT = 64, 48
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
BEST_EFFORT = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)
RGB = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
FIRST_DESCRIPTION = "A latched sentence about a desk."
FX, CX, FY, CY = 60.0, 31.5, 62.0, 23.5


def image(number: int, rgb: np.ndarray = RGB) -> Image:
    height, width = rgb.shape[:2]
    msg = Image(height=height, width=width, encoding="rgb8", step=3 * width)
    msg.header.frame_id = "camera_optical"
    msg.header.stamp.sec, msg.header.stamp.nanosec = 1000 + number, 7
    msg.data = array.array("B", rgb.tobytes())
    return msg


def camera_info(**changes: Any) -> CameraInfo:
    k = [FX, 0.0, CX, 0.0, FY, CY, 0.0, 0.0, 1.0]
    p = [FX, 0.0, CX, 0.0, 0.0, FY, CY, 0.0, 0.0, 0.0, 1.0, 0.0]
    return CameraInfo(**{"width": WIDTH, "height": HEIGHT, "distortion_model": "plumb_bob", "k": k, "p": p} | changes)


class Camera:
    """Publishes images with ever new stamps until an answer arrives: best effort may lose some."""

    def __init__(self, graph: Any) -> None:
        self.graph = graph
        self.images = graph.publisher(Image, f"{NS}/image", BEST_EFFORT)
        self.infos = graph.publisher(CameraInfo, f"{NS}/camera_info", BEST_EFFORT)
        self.number = 0

    def shoot(self, rgb: np.ndarray = RGB, info: CameraInfo | None = None) -> int:
        """Publishes one image and returns the second of its stamp."""
        self.number += 1
        msg = image(self.number, rgb)
        if info is not None:
            info.header = msg.header
            self.infos.publish(info)
        self.images.publish(msg)
        return msg.header.stamp.sec

    def until(self, condition: Callable[[], Any], what: str, rgb: np.ndarray = RGB, info: Any = None) -> Any:
        return self.graph.wait(condition, what, each=lambda: self.shoot(rgb, info))


@pytest.fixture(scope="module")
def node(graph: Any, start_node: Callable[..., Any]) -> Iterator[Any]:
    """A running node; a latched sentence was published before it started."""
    latched = graph.publisher(String, f"{NS}/scene_description", LATCHED, connected=False)
    latched.publish(String(data=FIRST_DESCRIPTION))
    process = start_node(NS)
    graph.wait(lambda: graph.node.count_subscribers(f"{NS}/image"), "the node", process)
    yield process
    graph.node.destroy_publisher(latched)
    assert process.stop() == 0, process.output()
    assert "Traceback" not in process.output()


@pytest.fixture(scope="module")
def camera(node: Any, graph: Any) -> Camera:
    return Camera(graph)


def set_parameters(graph: Any, **values: float | str) -> list[Any]:
    kinds = {
        float: ("double_value", ParameterType.PARAMETER_DOUBLE),
        str: ("string_value", ParameterType.PARAMETER_STRING),
    }
    parameters = []
    for name, value in values.items():
        field, kind = kinds[type(value)]
        parameters.append(Parameter(name=name, value=ParameterValue(type=kind, **{field: value})))
    service = f"{NS}/tr2m_depth/set_parameters"
    return graph.call(SetParameters, service, SetParameters.Request(parameters=parameters)).results


def test_the_start_line_names_the_model_and_its_limits(node: Any, graph: Any) -> None:
    line = graph.wait(lambda: [x for x in node.output().splitlines() if "model 'embedded'" in x], "the start line")
    assert "procedurally generated" in line[0]


def test_latched_and_volatile_sentences_are_both_heard(node: Any, graph: Any) -> None:
    with graph.listen(String, f"{NS}/metric_depth/active_description", LATCHED) as active:
        graph.wait(lambda: active, "the active description")
        assert active[-1].data == FIRST_DESCRIPTION
        volatile = graph.publisher(String, f"{NS}/scene_description")
        for description in ("A volatile sentence.", "Another  one\n."):
            volatile.publish(String(data=description))
        graph.wait(lambda: active[-1].data == "Another one .", "the second sentence")
        graph.node.destroy_publisher(volatile)
        latched = graph.publisher(String, f"{NS}/scene_description", LATCHED)
        latched.publish(String(data="A small office."))
        graph.wait(lambda: active[-1].data == "A small office.", "the latched sentence")
        graph.node.destroy_publisher(latched)
    assert [m.data for m in active].count("A small office.") == 1
    assert graph.fresh_status(NS)["active description"] == "A small office."


def test_no_inference_without_subscribers(camera: Camera, graph: Any) -> None:
    before = graph.fresh_status(NS)

    def ignored() -> bool:
        return int(graph.statuses[NS]["dropped: no subscribers"]) >= int(before["dropped: no subscribers"]) + 3

    camera.until(ignored, "frames ignored without subscribers")
    assert graph.statuses[NS]["frames published"] == before["frames published"]


def test_depth_info_and_cloud_of_one_frame(camera: Camera, graph: Any) -> None:
    topic = f"{NS}/metric_depth"
    with (
        graph.listen(Image, topic) as depths,
        graph.listen(CameraInfo, f"{topic}/camera_info") as infos,
        graph.listen(PointCloud2, f"{topic}/points", BEST_EFFORT) as clouds,
    ):
        camera.until(lambda: depths and infos and clouds, "depth, camera_info and cloud", info=camera_info())
        stamp = clouds[-1].header.stamp
        same = [[m for m in messages if m.header.stamp == stamp] for messages in (depths, infos)]
        graph.wait(lambda: all(same), "messages of the same stamp")
    depth, info, cloud = same[0][0], same[1][0], clouds[-1]
    assert depth.header == image(stamp.sec - 1000).header == info.header == cloud.header
    check_depth(depth)
    assert list(info.k) == list(camera_info().k)
    assert (info.width, info.height) == (WIDTH, HEIGHT)
    check_cloud(cloud, np.frombuffer(depth.data, np.float32).reshape(HEIGHT, WIDTH))


def check_depth(depth: Image) -> None:
    assert (depth.encoding, depth.width, depth.height, depth.step) == ("32FC1", WIDTH, HEIGHT, 4 * WIDTH)
    metres = np.frombuffer(depth.data, np.float32)
    assert metres.size == WIDTH * HEIGHT
    finite = metres[np.isfinite(metres)]
    assert finite.size
    assert ((finite >= 0.01) & (finite <= 100)).all()


def check_cloud(cloud: PointCloud2, depth: np.ndarray) -> None:
    assert (cloud.width, cloud.height, cloud.point_step, cloud.row_step) == (WIDTH, HEIGHT, 16, 16 * WIDTH)
    assert not cloud.is_dense
    points = np.frombuffer(cloud.data, np.float32).reshape(HEIGHT, WIDTH, 4)
    z = np.where(np.isfinite(depth), depth, np.nan)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    expected = np.stack(((columns - CX) / FX * z, (rows - CY) / FY * z, z), axis=-1)
    np.testing.assert_allclose(points[..., :3], expected, rtol=1e-5)
    packed = np.frombuffer(cloud.data, np.uint32).reshape(HEIGHT, WIDTH, 4)[..., 3]
    np.testing.assert_array_equal(np.stack((packed >> 16, packed >> 8 & 255, packed & 255), axis=-1), RGB)


def test_the_latest_frame_wins_and_drops_are_counted(camera: Camera, graph: Any) -> None:
    def accounted() -> dict[str, str] | None:
        """The counters, once they tell what became of every frame."""
        status = graph.fresh_status(NS)
        known = int(status["frames published"]) + int(status["frames dropped"])
        return status if int(status["frames in"]) == known else None

    with graph.listen(Image, f"{NS}/metric_depth") as depths:
        camera.until(lambda: depths, "the first depth")
        before = graph.fresh_status(NS)
        for _ in range(100):
            last = camera.shoot()
            graph.executor.spin_once(timeout_sec=0.001)
        camera.until(lambda: depths[-1].header.stamp.sec >= last, "the depth of the last frame")
        stamps = [m.header.stamp.sec for m in depths]
        assert stamps == sorted(stamps)
        after = graph.wait(accounted, "the last frame's count")
    replaced = int(after["dropped: replaced by a newer frame"]) - int(before["dropped: replaced by a newer frame"])
    assert replaced > 0


def bad_images() -> dict[str, Image]:
    truncated, wrong_step, unknown, empty, dot = (image(0) for _ in range(5))
    truncated.data = truncated.data[:-100]
    wrong_step.step = 5
    unknown.encoding = "klingon8"
    empty.width = 0
    dot.width = dot.height = 1
    return {
        "truncated image": truncated,
        "step": wrong_step,
        "encoding": unknown,
        "image size": empty,
        "image size ": dot,
    }


@pytest.mark.parametrize("name", bad_images())
def test_bad_images_are_counted_and_the_next_good_one_is_answered(camera: Camera, graph: Any, name: str) -> None:
    bad, key = bad_images()[name], f"bad messages: {name.strip()}"
    before = int(graph.fresh_status(NS).get(key, 0))
    with graph.listen(Image, f"{NS}/metric_depth") as depths:
        graph.wait(lambda: int(graph.statuses[NS].get(key, 0)) > before, key, each=lambda: camera.images.publish(bad))
        status = graph.statuses[NS]
        assert status["level"] == 1
        assert status["last bad message"] in status["message"]
        sent = camera.number
        camera.until(lambda: depths and depths[-1].header.stamp.sec > 1000 + sent, "depth after a bad image")
    if name == "encoding":
        assert "klingon8" in status["last bad message"]


def test_a_description_of_100_kb_is_rejected_and_the_previous_one_stays(node: Any, graph: Any) -> None:
    before = graph.fresh_status(NS)["active description"]
    publisher = graph.publisher(String, f"{NS}/scene_description")
    publisher.publish(String(data="desk " * 20_000))
    graph.wait(lambda: "bad messages: description too long" in graph.statuses[NS], "the rejection")
    graph.node.destroy_publisher(publisher)
    status = graph.fresh_status(NS)
    assert status["active description"] == before
    assert "100000" in status["last bad message"]
    assert "1000 are allowed" in status["last bad message"]


@pytest.mark.parametrize(
    ("changes", "words", "described"),
    [
        ({"k": [0.0] * 9, "p": [0.0] * 12}, ["not calibrated"], True),
        ({"width": 640, "height": 480}, ["sizes differ", "640x480", f"{WIDTH}x{HEIGHT}"], False),
    ],
)
def test_cameras_without_a_cloud_still_have_depth(
    camera: Camera, node: Any, graph: Any, changes: dict[str, Any], words: list[str], described: bool
) -> None:
    info = camera_info(**changes)
    topic = f"{NS}/metric_depth"
    with (
        graph.listen(Image, topic) as depths,
        graph.listen(CameraInfo, f"{topic}/camera_info") as infos,
        graph.listen(PointCloud2, f"{topic}/points") as clouds,
    ):

        def reported() -> bool:
            return bool(depths) and all(word in graph.statuses[NS]["camera_info"] for word in words)

        camera.until(reported, f"depth and a warning with {words}", info=info)
        clouds.clear()
        infos.clear()
        count = len(depths)
        camera.until(lambda: len(depths) > count + 2, "more depth", info=info)
        assert not clouds
        if described:
            camera.until(lambda: infos, "the camera_info of the depth", info=info)
        assert bool(infos) == described
    lines = [line for line in node.output().splitlines() if all(word in line for word in words)]
    assert len(lines) == 1, lines


def test_nan_intrinsics_are_rejected_and_the_previous_ones_stay(camera: Camera, graph: Any) -> None:
    topic = f"{NS}/metric_depth"
    with graph.listen(Image, topic) as depths, graph.listen(PointCloud2, f"{topic}/points") as clouds:
        camera.until(lambda: clouds, "a cloud", info=camera_info())
        clouds.clear()
        broken = camera_info(k=[np.nan] * 9)
        count = len(depths)
        camera.until(lambda: len(clouds) > 1 and len(depths) > count, "a cloud", info=broken)
    assert int(graph.fresh_status(NS)["bad messages: camera_info not finite"]) > 0


def test_a_new_resolution_in_mid_stream(camera: Camera, graph: Any) -> None:
    small = np.ascontiguousarray(RGB[:20, :30])
    with graph.listen(Image, f"{NS}/metric_depth") as depths:
        for rgb in (RGB, small, RGB):
            size = rgb.shape[:2]
            camera.until(lambda size=size: depths and (depths[-1].height, depths[-1].width) == size, f"{size}", rgb=rgb)


def test_range_parameters_act_at_once(camera: Camera, graph: Any) -> None:
    def all_beyond() -> bool:
        return bool(depths) and bool(np.isposinf(np.frombuffer(depths[-1].data, np.float32)).all())

    with graph.listen(Image, f"{NS}/metric_depth") as depths:
        assert all(r.successful for r in set_parameters(graph, min_depth=0.0, max_depth=0.001))
        camera.until(all_beyond, "depth beyond the range")
    results = set_parameters(graph, min_depth=0.5)
    assert not results[0].successful
    assert "max_depth" in results[0].reason
    assert all(r.successful for r in set_parameters(graph, max_depth=100.0, min_depth=0.01))


def test_the_model_cannot_be_changed_while_in_use(node: Any, graph: Any) -> None:
    result = set_parameters(graph, model="other")[0]
    assert not result.successful
    assert "cleanup and configure again" in result.reason


def test_parameters_are_described(node: Any, graph: Any) -> None:
    names = ["max_depth", "cloud_stride", "autostart"]
    request = DescribeParameters.Request(names=names)
    depth, stride, autostart = graph.call(
        DescribeParameters, f"{NS}/tr2m_depth/describe_parameters", request
    ).descriptors
    assert depth.floating_point_range[0].to_value == 10_000
    assert stride.integer_range[0].from_value == 1
    assert autostart.read_only
    assert all(d.description for d in (depth, stride, autostart))


def test_a_missing_camera_is_reported_by_topic_name(node: Any, graph: Any) -> None:
    """The publisher of the tests above is still there, but silent."""
    hint = f"publisher found on {NS}/image but no image for"
    graph.wait(lambda: hint in graph.statuses[NS]["message"], "the hint")
