"""Depth checked and corrected by what a robot knows of distances, and everything that can be wrong with that."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from ros_tools import HEIGHT, WIDTH, as_time, image, metres, require_parameters, set_parameters, stamp_of
from sensor_msgs.msg import CameraInfo, Image, LaserScan, PointCloud2, Range
from std_msgs.msg import String

from tr2m_core.messages.point_clouds import read_points
from tr2m_ros import transforms

CORRECTED, CHECKED = "/corrected", "/checked"
SECOND = 10**9
LASER = [0.0, 0.0, 0.0, 0.5, -0.5, 0.5, 0.5]  # x forward, y left, z up
FOCAL = 30.0
ANGLES = -0.4 + 0.01 * np.arange(80)
PREDICTED = 2.0  # metres, of brightness 100


class Robot:
    """Camera and sensors of one robot, at ten frames per second of its own time; what the node makes of them."""

    def __init__(self, graph: Any, namespace: str) -> None:
        self.graph, self.namespace, self.now = graph, namespace, 1000 * SECOND
        self.publishers = {
            kind: graph.publisher(message_type, f"{namespace}/{topic}")
            for kind, message_type, topic in (
                ("image", Image, "image"),
                ("info", CameraInfo, "camera_info"),
                ("depth", Image, "reference/depth"),
                ("points", PointCloud2, "reference/points"),
                ("scan", LaserScan, "reference/scan"),
                ("range", Range, "reference/range"),
                ("text", String, "scene_description"),
            )
        }
        self.depths: list[Image] = []
        self.scales: list[DiagnosticArray] = []
        node = graph.node
        node.create_subscription(Image, f"{namespace}/metric_depth", self.depths.append, 100)
        node.create_subscription(DiagnosticArray, f"{namespace}/metric_depth/scale", self.scales.append, 100)
        info = CameraInfo(width=WIDTH, height=HEIGHT, distortion_model="plumb_bob")
        info.k = [FOCAL, 0.0, WIDTH / 2 - 0.5, 0.0, FOCAL, HEIGHT / 2 - 0.5, 0.0, 0.0, 1.0]
        self.publishers["info"].publish(info)

    def shoot(self) -> None:
        self.now += SECOND // 10
        self.publishers["image"].publish(image(100, self.now))

    def say(self, text: str) -> None:
        self.publishers["text"].publish(String(data=text))
        self.frame()

    def frame(self, scan: LaserScan | None = None, step: float = 0.1, **others: Any) -> SimpleNamespace:
        """One image and what else there is at its time; what came of it."""
        references = {kind: message for kind, message in {"scan": scan, **others}.items() if message is not None}
        unstamped = [message for message in references.values() if not message.header.stamp.sec]
        for _ in range(10):  # the first message of a topic may come after the image: not all is connected yet
            self.now += round(step * SECOND)
            for message in unstamped:
                message.header.stamp = as_time(self.now)
            result = self._compute(references)
            if all(kind == result.values["source"] or f"{kind}: " in result.message for kind in references):
                return result
        raise AssertionError(f"{', '.join(references)} not heard: {result.message}")

    def _compute(self, references: dict[str, Any]) -> SimpleNamespace:
        for kind, message in references.items():
            self.publishers[kind].publish(message)
        self.graph.pass_time(0.03)  # sensors are heard before the image is computed
        self.publishers["image"].publish(image(100, self.now))

        def came(messages: list[Any]) -> Any:
            return next((m for m in messages if stamp_of(m) == self.now), None)

        scale = self.graph.wait(lambda: came(self.scales), "the scale of a frame")
        depth = self.graph.wait(lambda: came(self.depths), "the depth of a frame")
        values = {pair.key: pair.value for pair in scale.status[0].values}
        return SimpleNamespace(
            depth=float(np.median(metres(depth))),
            factor=float(values["factor"]),
            message=scale.status[0].message,
            level=scale.status[0].level[0],
            values=values,
        )


def scan(distance: float = 4.0, frame: str = "laser", **fields: Any) -> LaserScan:
    """A wall straight ahead."""
    message = LaserScan(angle_min=float(ANGLES[0]), angle_increment=0.01, range_min=0.1, range_max=30.0)
    message.ranges = [distance / math.cos(angle) for angle in ANGLES]
    message.header.frame_id = frame
    for name, value in fields.items():
        setattr(message, name, value)
    return message


def running(graph: Any, start_faulty: Callable[..., Any], namespace: str, **parameters: str) -> Iterator[Robot]:
    settings = {
        "default_description": "A room.",
        "diagnostics_period": "0.2",
        "reference_transform": str(LASER),
        **{f"qos_overrides.{namespace}/{topic}.subscription.reliability": "reliable" for topic in ("image",)},
        **parameters,
    }
    process = start_faulty(namespace, **settings)
    graph.wait(lambda: graph.statuses.get(namespace, {}).get("state") == "active", "the node", process)
    robot = Robot(graph, namespace)
    graph.wait(lambda: robot.depths and robot.scales, "all connections", process, each=robot.shoot)
    yield robot
    assert process.stop() == 0, process.output()
    assert "Traceback" not in process.output()


@pytest.fixture(scope="module")
def corrected(graph: Any, start_faulty: Callable[..., Any]) -> Iterator[Robot]:
    yield from running(graph, start_faulty, CORRECTED, scale_reference="correct", scale_hold="2.0")


@pytest.fixture
def robot(corrected: Robot) -> Robot:
    """At a factor of 2, measured just now."""
    corrected.now += SECOND  # what was sent before is too old
    corrected.say(f"A room at {corrected.now}.")  # starts anew
    frame = corrected.frame(scan())
    assert (frame.depth, frame.factor) == (pytest.approx(4.0, rel=0.01), pytest.approx(2.0, rel=0.01))
    return corrected


@pytest.fixture(scope="module")
def checked(graph: Any, start_faulty: Callable[..., Any]) -> Iterator[Robot]:
    yield from running(graph, start_faulty, CHECKED, scale_reference="check", scale_warn_ratio="1.25")


def test_depth_and_cloud_have_the_size_that_a_scan_says(robot: Robot, graph: Any) -> None:
    with graph.listen(PointCloud2, f"{CORRECTED}/metric_depth/points") as clouds:
        frame = robot.frame(scan())
        graph.wait(lambda: clouds, "a cloud")
    assert frame.depth == pytest.approx(4.0, rel=0.01)
    np.testing.assert_allclose(read_points(clouds[-1])[:, 2], 4.0, rtol=0.01)
    assert (frame.values["source"], frame.values["state"], frame.values["applied"]) == ("scan", "measured", "True")
    assert float(frame.values["sigma of log factor"]) < 0.1 and int(frame.values["samples"]) > 20
    assert "depth was too near by a factor of 2.00, corrected: is the description right?" in frame.message
    assert frame.level == 1
    status = graph.fresh_status(CORRECTED)
    assert status["scale: factor"] == frame.values["factor"] and "too near" in status["message"]


def test_every_kind_of_reference_is_taken(robot: Robot) -> None:
    depth = Image(width=WIDTH, height=HEIGHT, encoding="32FC1", step=4 * WIDTH)
    depth.data = np.full(WIDTH * HEIGHT, 3.0, np.float32).tobytes()
    beam = Range(field_of_view=0.1, min_range=0.1, max_range=10.0, range=3.0)
    beam.header.frame_id = "ranger"
    for kind, message in (("depth", depth), ("range", beam)):
        robot.now += 2 * SECOND  # the references before are too old
        robot.say(f"Another room, {kind}.")
        frame = robot.frame(**{kind: message})
        assert (frame.values["source"], frame.depth) == (kind, pytest.approx(3.0, rel=0.02))


NOTHING = [math.nan, math.inf, -math.inf, 0.0, 0.05, 31.0]


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ({"ranges": []}, "none of 0 ranges is a measurement"),
        ({"ranges": NOTHING * 10}, "none of 60 ranges is a measurement within 0.1 to 30 m"),
        ({"angle_min": 2.0}, "nothing of it is in the image"),
        ({"angle_increment": math.nan}, "angles that are not finite"),
        ({"ranges": [4.0] * 3}, "samples can be compared, 8 are needed"),
    ],
)
def test_a_bad_scan_is_explained_and_changes_nothing(robot: Robot, bad: dict[str, Any], words: str) -> None:
    frame = robot.frame(scan(**bad))
    assert words in frame.message
    assert (frame.values["state"], frame.depth) == ("held", pytest.approx(4.0, rel=0.01))


def test_stamps_minutes_apart_are_explained(robot: Robot) -> None:
    late = scan()
    late.header.stamp = as_time(robot.now + 500 * SECOND)
    robot.now += SECOND
    frame = robot.frame(late)
    assert "newer than the image (reference_max_age is 0.2 s)" in frame.message or "older" in frame.message
    assert frame.depth == pytest.approx(4.0, rel=0.01)


def test_what_passes_through_the_beam_changes_nothing(robot: Robot) -> None:
    assert [robot.frame(scan(0.5)).depth for _ in range(2)] == pytest.approx([4.0, 4.0], rel=0.01)
    assert robot.frame(scan()).depth == pytest.approx(4.0, rel=0.01)


def test_what_stays_is_followed(robot: Robot) -> None:
    depths = [robot.frame(scan(6.0)).depth for _ in range(3)]
    assert depths == pytest.approx([4.0, 4.0, 6.0], rel=0.01)


def test_a_reference_that_is_lost_is_held_fades_and_comes_back(robot: Robot) -> None:
    held = robot.frame(step=1.5)
    assert (held.values["state"], held.depth) == ("held", pytest.approx(4.0, rel=0.01))
    assert "scan: the nearest is 1.5 s older than the image" in held.message
    fading = [robot.frame(step=1.0) for _ in range(4)]
    assert {frame.values["state"] for frame in fading} == {"fading"}
    depths = [frame.depth for frame in fading]
    assert sorted(depths, reverse=True) == depths and PREDICTED < depths[-1] < 2.3
    back = [robot.frame(scan()).depth for _ in range(3)]
    assert max(back[:2]) < 2.5 and back[2] == pytest.approx(4.0, rel=0.01)


def test_a_clock_that_jumps_back_starts_anew(robot: Robot) -> None:
    robot.now -= 100 * SECOND
    lost = robot.frame()
    assert (lost.values["state"], lost.depth) == ("none", pytest.approx(PREDICTED))
    assert robot.frame(scan(5.0)).depth == pytest.approx(5.0, rel=0.01)


def test_another_sentence_starts_anew(robot: Robot) -> None:
    robot.now += SECOND
    robot.say("A hangar.")
    assert robot.frame(scan(8.0)).depth == pytest.approx(8.0, rel=0.01)


def test_a_frame_without_transform_is_explained(robot: Robot, graph: Any) -> None:
    require_parameters(graph, f"{CORRECTED}/tr2m_depth", reference_transform=[0.0] * 7)
    try:
        frame = robot.frame(scan(frame="nowhere"))
    finally:
        require_parameters(graph, f"{CORRECTED}/tr2m_depth", reference_transform=LASER)
    assert "no transform between 'camera_optical' and 'nowhere'" in frame.message
    assert (frame.values["state"], frame.depth) == ("held", pytest.approx(4.0, rel=0.01))


def test_checking_changes_nothing_and_names_the_sentence(checked: Robot, graph: Any) -> None:
    frame = checked.frame(scan(3.0))
    assert (frame.depth, frame.values["applied"]) == (pytest.approx(PREDICTED), "False")
    assert "depth is too near by a factor of 1.50, says the reference: is the description right?" in frame.message
    assert frame.level == 1
    for _ in range(3):
        far = checked.frame(scan(0.5))
    assert far.level == 2 and "too far by a factor of 4.00" in far.message
    for _ in range(3):
        fine = checked.frame(scan(2.1))
    assert (fine.level, fine.message) == (0, "ok")
    assert "too" not in graph.fresh_status(CHECKED)["message"]


def test_beyond_the_stop_ratio_nothing_is_published_when_asked(checked: Robot, graph: Any) -> None:
    require_parameters(graph, f"{CHECKED}/tr2m_depth", scale_stop=True)
    try:
        before = len(checked.depths)

        def shoot() -> None:
            checked.now += SECOND // 10
            message = scan(20.0)
            message.header.stamp = as_time(checked.now)
            checked.publishers["scan"].publish(message)
            graph.pass_time(0.05)
            checked.publishers["image"].publish(image(100, checked.now))

        def withheld() -> bool:
            return int(graph.statuses[CHECKED]["dropped: beyond scale_stop_ratio"]) >= 3

        graph.wait(withheld, "frames that are withheld", each=shoot)
        assert len(checked.depths) - before < 3  # until the scale is believed
    finally:
        require_parameters(graph, f"{CHECKED}/tr2m_depth", scale_stop=False)


def test_parameters_that_make_no_sense_are_rejected(checked: Robot, graph: Any) -> None:
    for name, value, words in (
        ("reference_transform", [1.0, 2.0], "has 2 numbers; 7 are needed"),
        ("reference_transform", [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], "not a rotation and a translation"),
        ("camera_pitch", 91.0, "within -90 and 90, or 180"),
        ("scale_warn_ratio", 4.0, "must not be more than scale_stop_ratio"),
        ("scale_reference", "correct", "in use: cleanup and configure again"),
    ):
        (result,) = set_parameters(graph, f"{CHECKED}/tr2m_depth", **{name: value})
        assert not result.successful and words in result.reason


class FakeBuffer:
    """Stands in for tf2_ros, which has no wheels: one transform, of one time."""

    def lookup_transform(self, target: str, source: str, time: Any) -> Any:
        if source != "laser":
            raise FakeError(f'"{source}" passed to lookupTransform does not exist')
        translation, rotation = SimpleNamespace(x=1.0, y=2.0, z=3.0), SimpleNamespace(x=0.0, y=0.0, z=0.0, w=1.0)
        transform = SimpleNamespace(translation=translation, rotation=rotation)
        return SimpleNamespace(header=SimpleNamespace(stamp=as_time(self.stamp)), transform=transform)

    stamp = 0


class FakeError(Exception):
    pass


def test_transforms_come_from_tf2_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    gone: list[bool] = []
    listener = SimpleNamespace(unregister=lambda: gone.append(True))
    module = SimpleNamespace(Buffer=FakeBuffer, TransformListener=lambda *_: listener, TransformException=FakeError)
    monkeypatch.setitem(__import__("sys").modules, "tf2_ros", module)
    found = transforms.Transforms(SimpleNamespace())  # type: ignore[arg-type]
    assert found.between("camera", "/laser", 5 * SECOND, 0.2)[:3, 3].tolist() == [1, 2, 3]
    assert np.array_equal(found.between("camera", "camera", 0, 0.2), np.eye(4))
    with pytest.raises(transforms.FrameError, match="between 'camera' and 'map': \"map\" passed to lookupTransform"):
        found.between("camera", "map", 0, 0.2)
    FakeBuffer.stamp = 2 * SECOND
    with pytest.raises(transforms.FrameError, match=r"from 'laser' to 'camera' is 3\.0 s older than the image"):
        found.between("camera", "laser", 5 * SECOND, 0.2)
    found.destroy()
    assert gone == [True]
