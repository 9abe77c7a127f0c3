"""The evaluation node: pairing by stamp, measuring, diagnostics, the report, and input that makes no sense."""

from __future__ import annotations

import array
import csv
import json
import math
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, Image, RegionOfInterest
from std_msgs.msg import String
from std_srvs.srv import Trigger

from tr2m_core.errors import FrameError
from tr2m_core.eval.run import Run
from tr2m_ros.eval_measuring import metric_depth, reference_depth
from tr2m_ros.eval_node import EvalNode, write
from tr2m_ros.eval_pairing import Pair, Pairing, StampBuffer

EVAL = "tr2m_ros.eval_node"
CAMERA = str(Path(__file__).parent / "camera_process.py")
FAULTY = str(Path(__file__).parent / "faulty_eval_node.py")
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
QUEUE = QoSProfile(depth=50)
BEST_EFFORT = QoSProfile(depth=50, reliability=ReliabilityPolicy.BEST_EFFORT)
SECOND = 1_000_000_000
SHAPE = (6, 8)


def image(stamp: int, pixels: np.ndarray, encoding: str) -> Image:
    msg = Image(height=pixels.shape[0], width=pixels.shape[1], encoding=encoding, step=pixels[0].nbytes)
    msg.header.frame_id = "camera"
    msg.header.stamp.sec, msg.header.stamp.nanosec = divmod(stamp, SECOND)
    msg.data = array.array("B", pixels.tobytes())
    return msg


def metres(stamp: int, value: float, shape: tuple[int, int] = SHAPE) -> Image:
    return image(stamp, np.full(shape, value, np.float32), "32FC1")


def millimetres(stamp: int, value: int, shape: tuple[int, int] = SHAPE) -> Image:
    return image(stamp, np.full(shape, value, np.uint16), "16UC1")


# -- pairing ----------------------------------------------------------------------------------------------------------


def outcome(pairs: list[Pair[str, str]]) -> list[tuple[str, str | None, int | None]]:
    return [(pair.prediction, pair.reference, pair.gap) for pair in pairs]


def test_equal_stamps_pair_at_once_whichever_comes_first() -> None:
    pairing: Pairing[str, str] = Pairing(tolerance=5)
    assert pairing.add_reference(10, "r10", 1) == []
    assert outcome(pairing.add_prediction(10, "p10", 1)) == [("p10", "r10", 0)]
    assert pairing.add_prediction(20, "p20", 1) == []
    assert outcome(pairing.add_reference(20, "r20", 1)) == [("p20", "r20", 0)]


def test_unequal_stamps_wait_until_nothing_nearer_can_come() -> None:
    pairing: Pairing[str, str] = Pairing(tolerance=5)
    pairing.add_reference(6, "r6", 1)
    assert pairing.add_prediction(10, "p10", 1) == []
    assert outcome(pairing.add_reference(12, "r12", 1)) == [("p10", "r12", 2)]
    assert pairing.add_prediction(17, "p17", 1) == []
    assert outcome(pairing.add_reference(30, "r30", 1)) == [("p17", "r12", 5)]


def test_beyond_the_tolerance_nothing_pairs_until_the_end() -> None:
    pairing: Pairing[str, str] = Pairing(tolerance=5)
    pairing.add_reference(10, "r10", 1)
    assert pairing.add_prediction(16, "p16", 1) == []
    assert pairing.add_reference(22, "r22", 1) == []
    pairing.add_prediction(25, "p25", 1)
    assert outcome(pairing.flush()) == [("p16", None, None), ("p25", "r22", 3)]
    assert pairing.unmatched_references == 1


def test_a_late_reference_with_an_older_stamp_still_finds_its_prediction() -> None:
    pairing: Pairing[str, str] = Pairing(tolerance=5)
    pairing.add_prediction(10, "p10", 1)
    assert pairing.add_reference(50, "r50", 1) == []
    assert outcome(pairing.add_reference(9, "r9", 1)) == [("p10", "r9", 1)]


def test_after_a_jump_back_nearest_is_nearest_again() -> None:
    pairing: Pairing[str, str] = Pairing(tolerance=5)
    pairing.add_reference(3 * SECOND, "before", 1)
    pairing.add_prediction(3 * SECOND + 4, "late", 1)
    assert outcome(pairing.add_reference(-7, "r-7", 1)) == [("late", "before", 4)], "no nearer one can come"
    assert pairing.add_prediction(-4, "p-4", 1) == []
    assert outcome(pairing.add_reference(-3, "r-3", 1)) == [("p-4", "r-3", 1)]


def test_what_falls_out_is_paired_with_what_has_come() -> None:
    pairing: Pairing[str, str] = Pairing(tolerance=5, max_items=1)
    pairing.add_reference(10, "r10", 1)
    pairing.add_prediction(12, "p12", 1)
    assert outcome(pairing.add_prediction(30, "p30", 1)) == [("p12", "r10", 2)]


def test_what_falls_out_of_the_buffers_is_counted() -> None:
    pairing: Pairing[str, str] = Pairing(tolerance=0, max_items=2)
    for stamp in (1, 2):
        assert pairing.add_prediction(stamp, f"p{stamp}", 1) == []
    assert outcome(pairing.add_prediction(3, "p3", 1)) == [("p1", None, None)]
    for stamp in (3, 101, 102):
        pairing.add_reference(stamp, "r", 1)
    assert pairing.unmatched_references == 0  # the one of 3 fell out, but it has its partner
    pairing.add_reference(103, "r", 1)
    assert pairing.unmatched_references == 1


def test_a_buffer_is_bounded_in_bytes_and_keeps_the_newest() -> None:
    buffer: StampBuffer[str] = StampBuffer(max_items=10, max_bytes=100)
    assert buffer.put(1, "a", 60) == []
    assert buffer.put(1, "b", 60) == []  # in place of the first
    assert buffer.put(2, "c", 60) == [(1, "b")]
    assert buffer.put(3, "d", 500) == [(2, "c")]
    assert (len(buffer), buffer.get(3), buffer.pop(9)) == (1, "d", None)


# -- messages ---------------------------------------------------------------------------------------------------------


def test_infinities_of_the_prediction_stay_and_invalid_reference_is_nan() -> None:
    seen = np.array([[np.inf, -np.inf], [np.nan, 2.0]], np.float32)
    np.testing.assert_array_equal(metric_depth(image(0, seen, "32FC1")), seen)
    truth = reference_depth(
        image(0, np.array([[0, 1500], [1, 65535]], np.uint16), "16UC1"), image(0, seen, "32FC1"), False
    )
    np.testing.assert_allclose(truth, [[np.nan, 1.5], [0.001, 65.535]], rtol=1e-6)


@pytest.mark.parametrize(
    "changes", [{"encoding": "16UC1"}, {"is_bigendian": 1}, {"step": 33}, {"height": 7}, {"width": 0, "step": 0}]
)
def test_a_prediction_that_contradicts_itself_is_rejected(changes: dict[str, Any]) -> None:
    msg = metres(0, 1.0)
    for name, value in changes.items():
        setattr(msg, name, value)
    with pytest.raises(FrameError, match="metric depth"):
        metric_depth(msg)


def test_names_from_messages_stay_short_and_harmless() -> None:
    depth, other = metres(0, 1.0), millimetres(0, 1000)
    other.header.frame_id = "\x1b[31m" + "x" * 10_000
    with pytest.raises(FrameError) as error:
        reference_depth(other, depth, assume_aligned=False)
    assert len(str(error.value)) < 250 and "\x1b" not in str(error.value)


def test_reference_depth_must_be_aligned() -> None:
    depth, other = metres(0, 1.0), millimetres(0, 1000)
    with pytest.raises(FrameError, match="4x3 pixels, metric depth of 8x6"):
        reference_depth(millimetres(0, 1000, (3, 4)), depth, assume_aligned=True)
    other.header.frame_id = "depth"
    with pytest.raises(FrameError, match="frame 'depth', metric depth in 'camera'"):
        reference_depth(other, depth, assume_aligned=False)
    assert reference_depth(other, depth, assume_aligned=True)[0, 0] == 1.0
    other.header.frame_id = ""
    assert reference_depth(other, depth, assume_aligned=False)[0, 0] == 1.0


# -- the node ---------------------------------------------------------------------------------------------------------


class Bench:
    """An evaluation node in a process, and publishers of all that it hears."""

    def __init__(self, graph: Any, start: Callable[..., Any], name: str, **parameters: Any) -> None:
        self.graph, self.name = graph, name
        pairs = [part for key, value in parameters.items() for part in ("-p", f"{key}:={value}")]
        self.process = start(EVAL, "--ros-args", "-r", f"__ns:={name}", *pairs)
        self.description = graph.node.create_publisher(String, f"{name}/metric_depth/active_description", LATCHED)
        self.images = graph.publisher(Image, f"{name}/image", BEST_EFFORT)
        self.infos = graph.publisher(CameraInfo, f"{name}/metric_depth/camera_info", QUEUE)
        self.references = graph.publisher(Image, f"{name}/reference_depth", QUEUE)
        self.depths = graph.publisher(Image, f"{name}/metric_depth", QUEUE)
        self.metrics: list[dict[str, Any]] = []
        topic = f"{name}/tr2m_eval/metrics"
        self._listener = graph.node.create_subscription(
            String, topic, lambda msg: self.metrics.append(json.loads(msg.data)), LATCHED
        )
        graph.wait(lambda: graph.node.count_publishers(topic), "the metrics", self.process)

    def close(self) -> None:
        for publisher in (self.description, self.images, self.infos, self.references, self.depths):
            self.graph.node.destroy_publisher(publisher)
        self.graph.node.destroy_subscription(self._listener)

    def wait(self, condition: Callable[[], Any], what: str) -> Any:
        return self.graph.wait(condition, what, self.process)

    def send(self, topic: str, first: Image, *rest: Image) -> None:
        """Publishes on images, references or depths: the first until it is heard, as connecting takes its time."""
        publisher = getattr(self, topic)
        heard = lambda: int(self.graph.statuses.get(self.name, {}).get(topic, 0))  # noqa: E731
        self.graph.wait(heard, topic, self.process, each=lambda: publisher.publish(first))
        for msg in rest:
            publisher.publish(msg)

    def status(self) -> dict[str, str]:
        return self.graph.fresh_status(self.name)


@pytest.fixture
def bench(graph: Any, start: Callable[..., Any], request: pytest.FixtureRequest) -> Iterator[Callable[..., Bench]]:
    made: list[Bench] = []

    def make(**parameters: Any) -> Bench:
        made.append(Bench(graph, start, f"/{request.node.originalname}", **parameters))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_frames_are_paired_measured_and_reported(bench: Callable[..., Bench], tmp_path: Path) -> None:
    folder = tmp_path / "report"
    node = bench(output=folder, model="stand-in")
    k = [50.0, 0.0, 4.0, 0.0, 50.0, 3.0, 0.0, 0.0, 1.0]
    node.description.publish(String(data="A desk."))
    info = CameraInfo(width=8, height=6, k=k)

    def described() -> bool:
        return node.graph.statuses.get(node.name, {}).get("active description") == "A desk."

    node.graph.wait(described, "the sentence", node.process, each=lambda: node.infos.publish(info))
    black = np.zeros((*SHAPE, 3), np.uint8)
    node.send("images", *(image(index * SECOND, black, "rgb8") for index in range(4)))  # the last is not processed
    node.send("references", *(millimetres(index * SECOND, 1600) for index in range(4)))
    node.wait(lambda: node.status()["images without a depth"] == "4", "the images")
    node.send("depths", metres(77 * SECOND, 1.0))  # has no reference
    for index, depth in ((1, 1.76), (0, 1.6), (1, 5.0), (2, 2.4)):  # out of order, and one stamp twice
        node.depths.publish(metres(index * SECOND, depth))
    node.wait(lambda: node.metrics and node.metrics[-1]["frames"] == 3, "three frames")
    # Ratios to the reference of 1, 1.1 and 1.5.
    assert node.metrics[-1]["metrics"]["abs_rel"] == pytest.approx(0.2, abs=1e-6)
    assert node.metrics[-1]["metrics"]["delta1"] == pytest.approx(2 / 3)
    assert node.metrics[-1]["scale_factor"] == pytest.approx((1 + 1 / 1.1 + 1 / 1.5) / 3, abs=1e-6)
    assert node.metrics[-1]["last"]["metrics"]["rmse"] == pytest.approx(0.8, abs=1e-6)
    status = node.status()
    assert float(status["abs_rel"]) == pytest.approx(0.2, abs=1e-6)
    assert (status["frames measured"], status["images without a depth"]) == ("3", "1")
    assert status["depths waiting for a reference"] == "1"

    answer = node.graph.call(Trigger, f"{node.name}/tr2m_eval/write_report", Trigger.Request())
    assert answer.success, answer.message
    assert "3 frames" in answer.message
    assert str(folder) in answer.message
    before = json.loads((folder / "report.json").read_text())

    assert node.process.stop(signal.SIGINT) == 0, node.process.output()
    report = json.loads((folder / "report.json").read_text())
    assert before["metrics"] == report["metrics"]
    assert report["frames"]["total"] == 5
    assert (report["frames"]["processed"], report["frames"]["measured"]) == (4, 3)
    assert report["problems"] == {
        "no depth came for this image": 1,
        "no ground truth within the tolerance": 1,
    }
    assert report["notes"].pop("depth whose stamp was there before") >= 1
    assert report["notes"] == {"reference depth without a metric depth": 1}
    assert report["model"] == "stand-in"
    assert report["intrinsics"] == {"fx": 50.0, "fy": 50.0, "cx": 4.0, "cy": 3.0}
    assert report["aligned"]["scale"]["abs_rel"] == pytest.approx(0, abs=1e-6)
    assert report["worst_frames"][0]["stamp"] == 2 * SECOND
    with (folder / "frames.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["stamp"]) // SECOND for row in rows] == [0, 1, 2, 3, 77]
    assert [row["description"] for row in rows] == ["A desk."] * 5
    assert (folder / "report.html").stat().st_size > 1000
    assert (folder / "timing.csv").is_file()
    output = node.process.output()
    assert "4 of 5 frames processed, 3 measured" in output
    assert "abs_rel" in output
    assert "Traceback" not in output


def test_a_frame_is_worth_what_the_unequal_stamps_allow(bench: Callable[..., Bench]) -> None:
    node = bench(tolerance=0.05)
    node.send("references", metres(10 * SECOND, 1.0), metres(11 * SECOND, 2.0))
    node.send("depths", metres(10 * SECOND + 40_000_000, 1.1), metres(11 * SECOND - 60_000_000, 2.0))
    node.wait(lambda: node.metrics and node.status()["depths waiting for a reference"] == "1", "the first frame")
    assert node.process.stop(signal.SIGTERM) == 0, node.process.output()
    assert node.metrics[-1]["metrics"]["abs_rel"] == pytest.approx(0.1, abs=1e-6)
    assert "2 of 2 frames processed, 1 measured" in node.process.output()
    assert "1 x no ground truth within the tolerance" in node.process.output()


def test_bad_messages_are_counted_and_the_next_frame_is_measured(bench: Callable[..., Bench]) -> None:
    node = bench()
    small, lying = millimetres(SECOND, 1000, (3, 4)), millimetres(2 * SECOND, 1000)
    lying.step += 1
    colour = image(3 * SECOND, np.zeros((*SHAPE, 3), np.uint8), "rgb8")
    node.send("references", small, lying, colour, millimetres(4 * SECOND, 1000))
    node.send("images", image(4 * SECOND, np.zeros(SHAPE, np.uint8), "no such encoding"))
    node.send("depths", *(metres(stamp * SECOND, 1.5) for stamp in (1, 2, 3, 4)))
    node.wait(lambda: node.metrics and node.metrics[-1]["frames"] == 1, "the good frame")
    assert node.status()["level"] == DiagnosticStatus.WARN[0]
    assert node.process.stop() == 0, node.process.output()
    output = node.process.output()
    assert "4 of 4 frames processed, 1 measured" in output
    assert "4x3 pixels, metric depth of 8x6" in output
    assert "rgb8" in output
    assert "Traceback" not in output


def test_it_says_why_nothing_pairs(bench: Callable[..., Bench]) -> None:
    node = bench()
    node.send("references", metres(SECOND, 1.0))
    node.send("depths", metres(5 * SECOND, 1.0))
    node.wait(lambda: "no stamps within 0.02 s" in node.status()["message"], "a warning")
    assert f"5.000 on {node.name}/metric_depth" in node.status()["message"]
    assert node.process.stop() == 1
    assert "nothing was measured: 1 x no ground truth" in node.process.output()


def test_it_says_which_publisher_is_missing_and_ends_with_1(graph: Any, start: Callable[..., Any]) -> None:
    process = start(EVAL, "--ros-args", "-r", "__ns:=/lonely")
    graph.wait(lambda: "no publisher on /lonely/metric_depth" in graph.fresh_status("/lonely")["message"], "the hint")
    answer = graph.call(Trigger, "/lonely/tr2m_eval/write_report", Trigger.Request())
    assert not answer.success
    assert "output" in answer.message
    assert process.stop() == 1
    assert "nothing was measured: no depth came" in process.output()


@pytest.fixture
def quiet_node(graph: Any) -> Iterator[Callable[..., EvalNode]]:
    """An evaluation node in this process that only hears what a test hands it."""
    made: list[EvalNode] = []

    def make(name: str, **parameters: Any) -> EvalNode:
        overrides = [Parameter(key, value=value) for key, value in parameters.items()]
        made.append(EvalNode(namespace=name, parameter_overrides=overrides))
        return made[-1]

    yield make
    for node in made:
        node.destroy_node()


def sizes(owner: Any) -> dict[str, int]:
    """Of all that an object holds, and of what these hold."""
    found: dict[str, int] = {}
    for name, value in getattr(owner, "__dict__", {}).items():
        if type(value).__module__.startswith(("tr2m_ros.eval", "tr2m_core.eval")):
            found |= {f"{name}.{inner}": size for inner, size in sizes(value).items()}
        elif isinstance(value, (dict, list, set)) and not name.startswith("_Node"):
            found[name] = len(value)
    return found


def test_memory_does_not_grow_with_the_frames(
    quiet_node: Callable[..., EvalNode], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tr2m_ros.eval_node.REMEMBERED", 10)
    kept, frames = 5, 300
    node = quiet_node("/endless", report_frames=kept, output=str(tmp_path))
    full: dict[str, int] = {}
    for index in range(1, frames + 1):
        # Every other image is not processed, every tenth depth has no reference, sentences and references vary.
        node._on_description(String(data=f"Sentence {index}. " + 2000 * "x"))
        node._on_image(image(index * SECOND, np.zeros((*SHAPE, 3), np.uint8), "rgb8"))
        if index % 2:
            continue
        if index % 10:
            node._on_reference(millimetres(index * SECOND, 1000, SHAPE if index % 4 else (index, 3)))
        node._on_depth(metres(index * SECOND, 1.0 + index / frames))
        node._measuring._jobs.join()
        if index == 100:
            full = sizes(node)
    node.finish()
    assert max(sizes(node).values()) <= 300  # of the buffers of images and references
    growing = {name for name, size in sizes(node).items() if size > full[name]}
    bounded = {"_images._items", "_pairing._references._items", "_measuring._run.older.problems"}  # by much more
    assert growing <= bounded
    shown = [index for index in range(2, frames + 1, 2) if index % 10 and index % 4]
    means = node._measuring.means()
    assert means.measured == len(shown)
    assert means.metrics is not None
    assert means.metrics["abs_rel"] == pytest.approx(np.mean(shown) / frames, abs=1e-6)
    run = write_report(node, tmp_path)
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["frames"] | {"largest_gap_s": 0.0} == report["frames"]
    assert (report["frames"]["total"], report["frames"]["processed"]) == (frames, frames // 2)
    assert report["frames"]["measured"] == len(shown)
    assert report["metrics"] == pytest.approx(means.metrics)
    assert report["problems"]["no depth came for this image"] == frames // 2
    assert report["problems"]["no ground truth within the tolerance"] == frames // 10
    with (tmp_path / "frames.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["index"]) for row in rows] == list(range(frames - kept, frames))
    assert [int(row["stamp"]) // SECOND for row in rows] == list(range(frames - kept + 1, frames + 1))
    assert max(len(row["description"]) for row in rows) == 1000
    assert [frame["stamp"] // SECOND for frame in report["worst_frames"]] == shown[:-6:-1]
    assert len(run.frames) == kept
    note = "older frame in counts, means and ranges only: the last 5 are listed (report_frames)"
    assert report["notes"][note] == frames - kept


@pytest.mark.parametrize("stamp", [0, -3 * SECOND, 2**31 * SECOND - 1, -(2**31) * SECOND])
def test_any_stamp_pairs_and_is_reported(quiet_node: Callable[..., EvalNode], tmp_path: Path, stamp: int) -> None:
    node = quiet_node("/any_stamp", output=str(tmp_path), tolerance=0.1)
    for at in (stamp, stamp + SECOND // 2 if stamp < 2**31 * SECOND - 1 else stamp - SECOND // 2):
        node._on_image(image(at, np.zeros((*SHAPE, 3), np.uint8), "rgb8"))
        node._on_reference(metres(at, 2.0))
        node._on_depth(metres(at, 1.0))
    node.finish()
    write_report(node, tmp_path)
    assert json.loads((tmp_path / "report.json").read_text())["frames"]["measured"] == 2


@pytest.mark.parametrize(
    "info",
    [
        CameraInfo(),
        CameraInfo(width=8, height=6, k=[math.nan] * 9, p=[math.nan] * 12),
        CameraInfo(width=8, height=6, k=[math.inf] * 9, p=[-math.inf] * 12),
        CameraInfo(width=8, height=6, k=[-1.0] * 9, d=[math.nan] * 100, distortion_model="x" * 1000),
        CameraInfo(width=8, height=6, k=[1.0] * 9, roi=RegionOfInterest(x_offset=99, width=99, height=99)),
        CameraInfo(width=8, height=6, k=[1e300] * 9, binning_x=2**32 - 1, binning_y=2**32 - 1),
    ],
)
def test_senseless_intrinsics_cost_no_frame(
    quiet_node: Callable[..., EvalNode], tmp_path: Path, info: CameraInfo
) -> None:
    node = quiet_node("/any_info", output=str(tmp_path))
    node._on_info(info)
    node._on_image(image(1, np.zeros((*SHAPE, 3), np.uint8), "rgb8"))
    node._on_reference(metres(1, 2.0))
    node._on_depth(metres(1, 1.0))
    node.finish()
    write_report(node, tmp_path)
    assert json.loads((tmp_path / "report.json").read_text())["frames"]["measured"] == 1


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 0.0, -1.0, 3e38, 1e-45])
def test_any_depth_gives_numbers(quiet_node: Callable[..., EvalNode], tmp_path: Path, value: float) -> None:
    node = quiet_node("/any_depth", output=str(tmp_path))
    node._on_reference(metres(1, 2.0))
    node._on_image(image(1, np.zeros((*SHAPE, 3), np.uint8), "rgb8"))
    node._on_depth(metres(1, value))
    node._on_reference(metres(2, value))  # makes no sense as truth: not measured, said why
    node._on_depth(metres(2, 1.0))
    node.finish()
    node._publish_metrics()
    write_report(node, tmp_path)
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["frames"]["measured"] == 1
    assert math.isfinite(report["metrics"]["abs_rel"])
    assert sum(report["problems"].values()) == 1


def write_report(node: EvalNode, folder: Path) -> Run:
    run = node.measured()
    write(folder, run, run.report())
    return run


def problems(node: EvalNode) -> str:
    return "; ".join(text for _, text in node._problems.current())


def test_an_error_that_nobody_expected_keeps_its_traceback(graph: Any, start: Callable[..., Any]) -> None:
    process = start(FAULTY, "--ros-args", "-r", "__ns:=/faulty_eval")
    depths = graph.publisher(Image, "/faulty_eval/metric_depth", QUEUE)
    references = graph.publisher(Image, "/faulty_eval/reference_depth", QUEUE)
    for stamp in range(1, 5):
        references.publish(metres(stamp * SECOND, 1.0))
        depths.publish(metres(stamp * SECOND, 1.0))
    graph.wait(lambda: "ZeroDivisionError" in graph.fresh_status("/faulty_eval")["message"], "the error", process)
    assert process.stop() == 1
    output = process.output()
    assert output.count("Traceback") == 1
    assert "in measure_frame" in output
    assert "4 x ZeroDivisionError in measuring it" in output
    graph.node.destroy_publisher(depths)
    graph.node.destroy_publisher(references)


def test_stamps_that_repeat_or_go_back_are_named(quiet_node: Callable[..., EvalNode]) -> None:
    node = quiet_node("/repeats")
    for _ in range(2):
        node._on_depth(metres(0, 1.0))
    assert "messages on /repeats/metric_depth have no stamp" in problems(node)
    for _ in range(2):
        node._on_reference(metres(7 * SECOND, 1.0))
    assert "messages on /repeats/reference_depth have one stamp, 7.000" in problems(node)
    node._on_reference(metres(2 * SECOND, 1.0))
    assert "stamps on /repeats/reference_depth went back by 5.0 s" in problems(node)


def test_another_type_on_a_topic_is_named(graph: Any, start: Callable[..., Any]) -> None:
    drivers = [start(CAMERA, f"/typed_eval/{topic}", "--compressed") for topic in ("image", "reference_depth")]
    process = start(EVAL, "--ros-args", "-r", "__ns:=/typed_eval")
    depths = graph.publisher(Image, "/typed_eval/metric_depth", QUEUE)

    def named() -> bool:
        message = graph.fresh_status("/typed_eval")["message"]
        kinds = "as sensor_msgs/msg/CompressedImage, not sensor_msgs/msg/Image: let image_transport's republish decode"
        words = [f"/driver publishes /typed_eval/{topic} {kinds}" for topic in ("image", "reference_depth")]
        return all(text in message for text in (*words, "nothing arrives on /typed_eval/reference_depth"))

    graph.wait(named, "the types", process, each=lambda: depths.publish(metres(SECOND, 1.0)))
    for driver in drivers:
        driver.popen.kill()
    assert process.stop() == 1
    graph.node.destroy_publisher(depths)


def test_one_topic_for_two_things_is_rejected(start: Callable[..., Any]) -> None:
    process = start(EVAL, "--ros-args", "-r", "reference_depth:=/d", "-r", "metric_depth:=/d")
    assert process.wait() == 2
    assert "remap them to three different topics" in process.output()


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"min_depth": "5.0", "max_depth": "2.0"}, ("min_depth 5.0", "max_depth 2.0")),
        ({"tolerance": "-1.0"}, ("tolerance",)),
        ({"report_frames": "0"}, ("report_frames",)),
        ({"max_depth": "80"}, ("max_depth", "80.0")),
        ({"output": "/dev/null/report"}, ("/dev/null/report", "output folder")),
    ],
)
def test_senseless_parameters_end_it_with_one_line(
    start: Callable[..., Any], parameters: dict[str, str], words: tuple[str, ...]
) -> None:
    pairs = [part for key, value in parameters.items() for part in ("-p", f"{key}:={value}")]
    process = start(EVAL, "--ros-args", *pairs)
    assert process.wait() == 2
    assert len(process.output().splitlines()) == 1, process.output()
    assert "tr2m_eval: " in process.output()
    assert words[0] in process.output(), process.output()
