"""tr2m_eval: measures the metric depth in a live graph against reference depth, and reports as `tr2m replay` does.

python -m tr2m_ros.eval_node --ros-args -r reference_depth:=/camera/aligned_depth_to_color/image_raw -p output:=report
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.clock import Clock, ClockType  # type: ignore[attr-defined,unused-ignore]
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import String
from std_srvs.srv import Trigger

from tr2m_core import InputError
from tr2m_core.camera.model import is_rectified, pinhole
from tr2m_core.eval.frame_result import NO_PARTNER, FrameResult
from tr2m_core.eval.run import NANOSECONDS, Run
from tr2m_core.files.folders import make_output
from tr2m_core.report.console import print_result, summary
from tr2m_core.report.files import write_run
from tr2m_core.types import Intrinsics
from tr2m_ros.conversions import nanoseconds
from tr2m_ros.diagnostics import Problems, diagnostic_array, diagnostic_status
from tr2m_ros.eval_measuring import NOT_PROCESSED, Job, Measuring
from tr2m_ros.eval_pairing import JUMP, Pair, Pairing, StampBuffer
from tr2m_ros.eval_parameters import declare_eval_parameters
from tr2m_ros.input_subscription import InputSubscription
from tr2m_ros.process import run_process, spin
from tr2m_ros.qos import latched_qos, subscribe

QUEUE_DEPTH = 50  # messages a topic may bring while a report is written, which takes a second or two
PERIOD = 1.0  # s between diagnostics
OVERDUE = 5.0  # s without a message or a pair until the node says so
LAST_FRAME = 30.0  # s the depth of the last image may take
REMEMBERED = 20_000  # stamps of images that wait for their depth, and of depths, which count once
MOST_OF_A_DESCRIPTION = 1000  # characters that are kept
PLAUSIBLE_LATENCY = 60.0  # s; beyond it the stamps come from another clock

Depth = tuple[FrameResult, Image]


class EvalNode(Node):
    """Hears, pairs and reports; `Measuring` does the rest. Raises InputError for bad parameters."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("tr2m_eval", **kwargs)
        self.settings = declare_eval_parameters(self)
        self.folder = make_output(Path(self.settings.output)) if self.settings.output else None
        self._problems = Problems(self.get_logger())
        self._pairing: Pairing[Depth, Image] = Pairing(round(self.settings.tolerance * NANOSECONDS))
        self._images: StampBuffer[tuple[Image, float]] = StampBuffer()
        self._waiting: StampBuffer[FrameResult] = StampBuffer(REMEMBERED)  # images whose depth has not come
        self._done: StampBuffer[None] = StampBuffer(REMEMBERED)  # the depths that came
        self._numbers = itertools.count()
        self._heard: Counter[str] = Counter()
        self._notes: Counter[str] = Counter()
        self._newest: dict[str, int] = {}  # topic -> the last stamp on it
        self._started = self._last_heard = self._last_pair = time.monotonic()
        self._had_image_publisher = False
        self._description = ""
        self._intrinsics: Intrinsics | None = None
        self._subscribe()
        self._metrics_pub = self.create_publisher(String, "~/metrics", latched_qos())
        self._diagnostics_pub = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self.create_service(Trigger, "~/write_report", self._on_write_report)
        self._measuring = Measuring(self.settings, self._publish_metrics, self._problems)
        # Steady time: diagnostics must also come when simulated time stands still.
        self.create_timer(PERIOD, self._publish_diagnostics, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def _subscribe(self) -> None:
        reliable, warn = QoSProfile(depth=QUEUE_DEPTH), self._on_incompatible_qos
        listeners = {"image": self._on_image, "metric_depth": self._on_depth, "reference_depth": self._on_reference}
        self.image, self.depth, self.reference = topics = tuple(map(self.resolve_topic_name, listeners))
        if len(set(topics)) < len(topics):
            raise InputError(f"{', '.join(listeners)} are {', '.join(topics)}: remap them to three different topics")
        self._description_topic = f"{self.depth}/active_description"
        for kind, topic, callback, qos in (
            (String, self._description_topic, self._on_description, latched_qos()),
            (CameraInfo, f"{self.depth}/camera_info", self._on_info, reliable),
        ):
            subscribe(self, kind, topic, callback, qos, warn)
        self._inputs = [
            InputSubscription(self, Image, topic, on_message, QUEUE_DEPTH, warn)
            for topic, on_message in zip(topics, listeners.values(), strict=True)
        ]

    # -- messages in --------------------------------------------------------------------------------------------------

    def _on_incompatible_qos(self, topic: str, policy: str) -> None:
        self._problems.report(f"qos {topic}", f"a publisher on {topic} is not received: incompatible QoS ({policy})")

    def _on_description(self, msg: String) -> None:
        self._description = msg.data[:MOST_OF_A_DESCRIPTION]

    def _on_info(self, msg: CameraInfo) -> None:
        self._intrinsics = pinhole(msg, is_rectified(self.image))

    def _on_image(self, msg: Image) -> None:
        stamp, now = self._note_arrival(self.image, msg), time.monotonic()
        self._images.put(stamp, (msg, now), len(msg.data))
        if stamp not in self._waiting and stamp not in self._done:
            waiting = self._new_frame(stamp)
            for _, fallen in self._waiting.put(stamp, waiting, len(waiting.description)):
                self._measuring.count(fallen)

    def _on_reference(self, msg: Image) -> None:
        stamp = self._note_arrival(self.reference, msg)
        self._measure(self._pairing.add_reference(stamp, msg, len(msg.data)))

    def _on_depth(self, msg: Image) -> None:
        stamp = self._note_arrival(self.depth, msg)
        if stamp in self._done:  # as in a bag that is played in a loop: each frame counts once
            self._notes["depth whose stamp was there before"] += 1
            return
        self._done.put(stamp, None, 0)
        result = self._waiting.pop(stamp) or self._new_frame(stamp)
        # The sentence that was in force when the image came; the first one may be heard after the first image.
        result.description = result.description or self._description
        result.processed, result.problem = True, NO_PARTNER
        result.seconds = self._seconds(stamp)
        self._measure(self._pairing.add_prediction(stamp, (result, msg), len(msg.data)))

    def _new_frame(self, stamp: int) -> FrameResult:
        return FrameResult(next(self._numbers), stamp, self._description, problem=NOT_PROCESSED)

    def _note_arrival(self, topic: str, msg: Image) -> int:
        """Returns the stamp (ns)."""
        stamp = nanoseconds(msg.header)
        if self._heard[topic]:
            self._check_stamp(topic, stamp, self._newest[topic])
        self._heard[topic] += 1
        self._newest[topic] = stamp
        self._last_heard = time.monotonic()
        return stamp

    def _check_stamp(self, topic: str, stamp: int, before: int) -> None:
        if stamp == before:
            what = f"have one stamp, {stamp / NANOSECONDS:.3f}" if stamp else "have no stamp"
            self._problems.report(f"stamp {topic}", f"messages on {topic} {what}: frames are told apart by stamps")
        elif stamp < before - JUMP:
            text = f"stamps on {topic} went back by {(before - stamp) / NANOSECONDS:.1f} s"
            self._problems.report("time", f"{text}: a frame whose stamp was there before does not count again")

    def _seconds(self, stamp: int) -> float | None:
        """From stamp to now. Simulated time runs at the pace of the recording: there, from the image's arrival."""
        if self.get_parameter("use_sim_time").value:
            image = self._images.get(stamp)
            return None if image is None else time.monotonic() - image[1]
        latency = (self.get_clock().now().nanoseconds - stamp) / NANOSECONDS
        return latency if 0 <= latency < PLAUSIBLE_LATENCY else None

    def _measure(self, pairs: list[Pair[Depth, Image]]) -> None:
        for pair in pairs:
            self._measuring.put(self._job(pair))

    def _job(self, pair: Pair[Depth, Image]) -> Job:
        result, depth = pair.prediction
        result.problem = None
        if pair.gap is not None:
            result.gap_s = pair.gap / NANOSECONDS
            self._last_pair = time.monotonic()
        image = self._images.pop(pair.stamp)
        return Job(result, depth, pair.reference, image and image[0], self._intrinsics)

    # -- results ------------------------------------------------------------------------------------------------------

    def finished(self) -> bool:
        """Whether the publishers of the image have gone and all that they left is measured."""
        if not self.settings.end_with_image:
            return False
        if self.count_publishers(self.image):
            self._had_image_publisher = True
            return False
        if not self._had_image_publisher and not self._heard[self.image]:
            return False
        quiet = time.monotonic() - self._last_heard
        last_is_done = self._newest.get(self.image) in self._done or not self.count_publishers(self.depth)
        return quiet > LAST_FRAME or (last_is_done and quiet > 1.0)

    def finish(self) -> None:
        """Measures what waits and ends the measuring thread."""
        self._measuring.put_all([self._job(pair) for pair in self._pairing.flush()])

    def measured(self) -> Run:
        """All frames so far."""
        unmeasured = [*self._waiting.values(), *(result for result, _ in self._pairing.waiting)]
        notes = Counter(self._notes)
        notes["reference depth without a metric depth"] = self._pairing.unmatched_references
        return self._measuring.run(self._source(), unmeasured, +notes)

    def _source(self) -> dict[str, Any]:
        settings = asdict(self.settings)
        return {
            "node": self.get_fully_qualified_name(),
            "model": settings.pop("model"),
            "topics": {
                "image": self.image,
                "depth": self.reference,
                "prediction": self.depth,
                "description": self._description_topic,
            },
            "intrinsics": asdict(self._intrinsics) if self._intrinsics else None,
            "options": settings,
        }

    def _on_write_report(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        if self.folder is None:
            response.message = "parameter 'output' is empty: start the node with a folder for the report"
            return response
        try:
            run = self.measured()
            report = run.report()
            write(self.folder, run, report)
        except InputError as error:
            response.message = str(error)
            return response
        response.success = True
        response.message = f"{report['frames']['measured']} frames measured: {self.folder.absolute()}"
        return response

    def _publish_metrics(self) -> None:
        means = self._measuring.means()
        last = means.last
        content = {
            "frames": means.measured,
            "metrics": means.metrics,
            "scale_factor": means.scale_factor,
            "last": last and {"stamp": last.stamp, "metrics": last.metrics, "problem": last.problem},
        }
        self._metrics_pub.publish(String(data=json.dumps(content, allow_nan=False)))

    # -- diagnostics --------------------------------------------------------------------------------------------------

    def _publish_diagnostics(self) -> None:
        self._check_types()
        self._check_pairs_come()
        means = self._measuring.means()
        values: dict[str, Any] = {
            "frames measured": means.measured,
            "images": self._heard[self.image],
            "depths": self._heard[self.depth],
            "references": self._heard[self.reference],
            "images without a depth": len(self._waiting),
            "depths waiting for a reference": len(self._pairing.waiting),
            "references without a depth": self._pairing.unmatched_references,
            **(means.metrics or {}),
            "scale factor": means.scale_factor,
            "active description": self._description or "none",
        }
        stamp, name = self.get_clock().now().to_msg(), self.get_fully_qualified_name().lstrip("/")
        status = diagnostic_status(f"{name}: evaluation", self.settings.model, self._problems.current(), values)
        self._diagnostics_pub.publish(diagnostic_array(stamp, [status]))

    def _check_types(self) -> None:
        """Names those who publish something else than images."""
        for source in self._inputs:
            for publisher, kind in source.publishers_of_other_types():
                text = f"{publisher} publishes {source.topic_name} as {kind}, not {source.type_name}"
                if kind == "sensor_msgs/msg/CompressedImage":
                    text += ": let image_transport's republish decode it, and remap to its output"
                self._problems.report(f"type {source.topic_name}", text, repeat_after=30.0)

    def _check_pairs_come(self) -> None:
        """Says why nothing is measured."""
        if time.monotonic() - self._last_pair < OVERDUE:
            return
        for source in self._inputs[1:]:
            topic = source.topic_name
            if not self.count_publishers(topic):
                self._problems.report("no pairs", f"no publisher on {topic}", repeat_after=30.0)
                return
            if not self._heard[topic]:
                self._problems.report("no pairs", f"nothing arrives on {topic}", repeat_after=30.0)
                return
        if self._pairing.waiting:
            stamps = (f"{self._newest[topic] / NANOSECONDS:.3f} on {topic}" for topic in (self.depth, self.reference))
            text = f"no stamps within {self.settings.tolerance:g} s of each other; the last are {', '.join(stamps)}"
            self._problems.report("no pairs", text, repeat_after=30.0)


def main(args: list[str] | None = None) -> int:
    """Runs the node until SIGINT, SIGTERM or, when asked for, the end of the images; then prints the table.

    Returns 0, 1 when nothing was measured, 2 after one line on stderr for bad parameters or an unusable folder.
    """
    return run_process("tr2m_eval", args, _run)


def _run() -> int:
    node = EvalNode()
    try:
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        spin(executor, lambda: not node.finished())
        return _conclude(node)
    finally:
        node.destroy_node()


def write(folder: Path, run: Run, report: dict[str, Any]) -> None:
    """Writes the report. Raises InputError when the folder cannot be written to."""
    try:
        write_run(folder, run, report)
    except OSError as error:
        raise InputError(f"{folder}: the report cannot be written ({error.strerror})") from None


def _conclude(node: EvalNode) -> int:
    node.finish()
    run = node.measured()
    report = run.report()
    print_result(run, report)
    if node.folder is not None:
        write(node.folder, run, report)
        print(f"written to {node.folder}", flush=True)
    if report["metrics"] is not None:
        return 0
    print(f"tr2m_eval: nothing was measured: {summary(report['problems']) or 'no depth came'}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
