"""demo: two rooms that look alike, a bedroom and the same bedroom in a doll's house, through the real node.

python -m tr2m_ros.demo -o out/demo

Each room is played as a bag from a process of its own, first under the other room's sentence, then under its own, then
under the other room's again while a simulated 2-D lidar corrects the scale, and last under what describe_node sees.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import rclpy
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rosbags.rosbag2 import Writer
from rosbags.typesys import Stores, get_typestore
from sensor_msgs.msg import Image, PointCloud2
from std_msgs.msg import String

from tr2m_core import InputError
from tr2m_core.console import format_table
from tr2m_core.data.procedural.descriptions import ObjectFact, SceneFacts, places
from tr2m_core.metrics.measurement import METRIC, measure_depth
from tr2m_ros.conversions import depth_from_image, nanoseconds
from tr2m_ros.process import run_process
from tr2m_ros.qos import latched_qos

if TYPE_CHECKING:
    from rclpy.subscription import MessageInfo

SEED = 5
SIZE = (480, 640)
OBJECTS = (
    ObjectFact("bed", 1, "box", "blue", "left"),
    ObjectFact("floor lamp", 1, "cylinder", "pink", "centre"),
    ObjectFact("bookcase", 1, "box", "brown", "right"),
)
# Place in the catalogue of procedural scenes -> its sentence. The second room is the first one in small.
ROOMS = {
    "bedroom": "A bedroom with a blue bed, a floor lamp and a brown bookcase.",
    "doll's house bedroom": "A doll's house bedroom with a blue bed, a floor lamp and a brown bookcase.",
}
IMAGE, INFO, DEPTH, TEXT = "/camera/image_raw", "/camera/camera_info", "/camera/depth/image_raw", "/scene_description"
SCAN, STATIC = "/scan", "/tf_static"
CAMERA_FRAME, LASER_FRAME = "camera_optical_frame", "laser"
LASER = (0.5, -0.5, 0.5, 0.5)  # rotation x y z w of the laser, which sits in the camera: x forward, y left, z up
BEAMS, SCAN_NOISE, SCAN_OUTLIERS = 360, 0.01, 0.03  # of the scan: count, relative deviation, share that is wrong
NEAREST, FARTHEST = 0.01, 30.0  # m that the scan measures
PACKAGES = {"String": "std_msgs", "TFMessage": "tf2_msgs"}  # of types; the others are of sensor_msgs
NODE_START = 120.0  # s until the node, having loaded torch and the model, must answer
QUIET = 1.5  # s without an output after which none is expected any more
MIN_DEPTH, MAX_DEPTH = 0.01, 80.0


@dataclass
class Room:
    """One bag's content: images (N, H, W, 3) uint8, depth (N, H, W) float32 metres with 0 where there is none."""

    name: str
    description: str
    images: npt.NDArray[np.uint8]
    depth: npt.NDArray[np.float32]
    intrinsics: tuple[float, float, float, float]
    bag: Path = Path()

    def index_of(self, image: bytes) -> int:
        """Which frame a played image is; stamps cannot tell, the player renews them."""
        return next(i for i, own in enumerate(self.images) if own.tobytes() == image)


@dataclass
class Run:
    """What one playing of a room under one sentence gave. Stamps in ns key the frames."""

    room: Room
    description: str
    corrected: bool = False
    described: bool = False
    frames: dict[int, int] = field(default_factory=dict)  # stamp -> index in the room
    depths: dict[int, npt.NDArray[np.float32]] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)  # s from stamp to publishing
    cloud: PointCloud2 | None = None

    @property
    def right(self) -> bool:
        return self.description == self.room.description

    @property
    def title(self) -> str:
        if self.described:
            return "none: described"
        return ("right" if self.right else "wrong") + (", corrected by a lidar" if self.corrected else "")

    def abs_rel(self) -> float | None:
        """Mean over the frames that came out; None without any."""
        errors = []
        for stamp, depth in self.depths.items():
            truth = self.room.depth[self.frames[stamp]]
            measured = measure_depth(truth, depth, (MIN_DEPTH, MAX_DEPTH), alignments=(METRIC,))
            metrics = None if measured is None else measured.metrics[METRIC]
            if metrics is not None:
                errors.append(metrics["abs_rel"])
        return float(np.mean(errors)) if errors else None

    def row(self) -> dict[str, Any]:
        p50, p95 = (1e3 * np.percentile(self.latencies, (50, 95))).tolist() if self.latencies else (None, None)
        return {
            "room": self.room.name,
            "description": self.title,
            "frames in": len(self.frames),
            "out": len(self.depths),
            "dropped": len(self.frames) - len(self.depths),
            "p50 ms": p50,
            "p95 ms": p95,
            "abs_rel": self.abs_rel(),
        }


class Recorder(Node):
    """Speaks to the node as a robot's other nodes would: publishes the description, receives what comes out."""

    def __init__(self) -> None:
        super().__init__("demo")
        self.run: Run | None = None
        self.active_description = ""
        self.last_heard = 0.0
        queue = QoSProfile(depth=50)
        self._text = self.create_publisher(String, TEXT, latched_qos())
        self.create_subscription(Image, IMAGE, self._on_image, queue)
        self.create_subscription(Image, "/metric_depth", self._on_depth, queue)
        self.create_subscription(PointCloud2, "/metric_depth/points", self._on_cloud, queue)
        self.create_subscription(String, "/metric_depth/active_description", self._on_active, latched_qos())

    def say(self, description: str) -> None:
        self._text.publish(String(data=description))

    def fall_silent(self) -> None:
        """Takes back what was said last, which a latched topic would tell whoever comes later."""
        self.destroy_publisher(self._text)
        self.active_description = ""

    def _on_active(self, msg: String) -> None:
        self.active_description = msg.data

    def _on_image(self, msg: Image) -> None:
        self.last_heard = time.monotonic()
        if self.run is not None:
            self.run.frames[nanoseconds(msg.header)] = self.run.room.index_of(msg.data.tobytes())

    def _on_depth(self, msg: Image, info: MessageInfo) -> None:
        self.last_heard = time.monotonic()
        if self.run is not None and nanoseconds(msg.header) in self.run.frames:
            self.run.depths[nanoseconds(msg.header)] = depth_from_image(msg).copy()
            self.run.latencies.append((info["source_timestamp"] - nanoseconds(msg.header)) * 1e-9)

    def _on_cloud(self, msg: PointCloud2) -> None:
        if self.run is not None and nanoseconds(msg.header) in self.run.frames:
            self.run.cloud = msg


def main(args: list[str] | None = None) -> int:
    """Returns 0, 1 when no depth came out, 2 for bad usage."""
    parser = argparse.ArgumentParser(prog="demo", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, default=Path("out/demo"), metavar="DIR", help="default: out/demo")
    parser.add_argument("--frames", type=int, default=12, metavar="N", help="rendered frames per room (default: 12)")
    parser.add_argument("--loops", type=int, default=4, metavar="N", help="times that they are played (default: 4)")
    parser.add_argument("--fps", type=float, default=15.0, metavar="F", help="frames per second (default: 15)")
    options = parser.parse_args(args)
    # A domain of its own, on this machine only: neither receives from a robot nor disturbs it.
    os.environ["ROS_DOMAIN_ID"] = str(random.SystemRandom().randint(1, 100))
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    return run_process("demo", [], lambda: _demo(options))


def _demo(options: argparse.Namespace) -> int:
    output: Path = options.output
    output.mkdir(parents=True, exist_ok=True)
    plain = ["tr2m_ros.depth_node", "--ros-args", "-r", f"image:={IMAGE}", "-r", f"camera_info:={INFO}"]
    recorder = Recorder()
    try:
        with _process(plain, output / "depth_node.log") as node:
            print(f"Rendering {options.frames} frames while the node loads its model ...", flush=True)
            rooms = render_rooms(options.frames)
            for room in rooms:
                room.bag = output / f"bag_{room.name.replace(chr(39), '').replace(' ', '_')}"
                write_bag(room, options.fps)
            runs = _play_all(recorder, node, rooms, options)
        mounting = f"reference_transform:={[0.0, 0.0, 0.0, *LASER]}"
        command = [*plain, "-r", f"reference/scan:={SCAN}", "-p", "scale_reference:=correct", "-p", mounting]
        with _process(command, output / "depth_node.log") as node:
            runs += _play_corrected(recorder, node, rooms, options)
        recorder.fall_silent()
        describer = ["tr2m_ros.describe_node", "--ros-args", "-r", f"image:={IMAGE}"]
        with (
            _process(plain, output / "depth_node.log") as node,
            _process(describer, output / "describe_node.log") as second,
        ):
            described = _play_described(recorder, (node, second), rooms, options)
    finally:
        recorder.destroy_node()
    runs.sort(key=lambda run: rooms.index(run.room))
    runs += described
    rows = [run.row() for run in runs]
    print(format_table(list(rows[0]), [list(row.values()) for row in rows]))
    report = {"sentences": ROOMS, "fps": options.fps, "runs": rows}
    (output / "report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    if not all(run.depths for run in runs):
        print(f"demo: no depth came out; see {output / 'depth_node.log'}", file=sys.stderr)
        return 1
    draw(rooms, runs, output / "demo.png")
    print(f"Figure: {output / 'demo.png'}. Measure a bag again without ROS: tr2m replay {rooms[0].bag} -o out/replay")
    return 0


# -- rooms and bags ---------------------------------------------------------------------------------------------------


def render_rooms(frames: int, size: tuple[int, int] = SIZE) -> list[Room]:
    """The rooms of ROOMS: the same images, with depth at the scale of each place."""
    from tr2m_core.data.procedural.scenes import render_sequence

    chosen = [places()[name] for name in ROOMS]
    first = chosen[0].distance_m
    batch = render_sequence(SceneFacts("room", chosen[0].name, "", first, OBJECTS), frames, size, seed=SEED)
    images = batch.camera_images()
    depth = batch.depth[:, 0].numpy()
    fx, fy, cx, cy = batch.intrinsics[0].tolist()
    return [
        Room(place.name, ROOMS[place.name], images, depth * np.float32(place.distance_m / first), (fx, fy, cx, cy))
        for place in chosen
    ]


def write_bag(room: Room, fps: float) -> None:
    """Writes images, depth, camera_info and the right sentence to `room.bag`, replacing what was there."""
    store = get_typestore(Stores.ROS2_HUMBLE)
    types = {kind.rsplit("/", 1)[-1]: store.types[kind] for kind in store.types}
    height, width = room.depth.shape[1:]
    fx, fy, cx, cy = room.intrinsics
    _remove_bag(room.bag)
    with Writer(room.bag, version=8) as bag:

        def write(topic: str, kind: str, when: int, message: Any) -> None:
            name = f"{PACKAGES.get(kind, 'sensor_msgs')}/msg/{kind}"
            if topic not in connections:
                connections[topic] = bag.add_connection(topic, name, typestore=store)
            bag.write(connections[topic], when, store.serialize_cdr(message, name))

        connections: dict[str, Any] = {}
        start = 1_000_000_000
        write(TEXT, "String", start - 1, types["String"](data=room.description))
        write(STATIC, "TFMessage", start - 1, mounting(types))
        for index, (image, depth) in enumerate(zip(room.images, room.depth, strict=True)):
            when = start + round(index * 1e9 / fps)
            stamp = types["Time"](sec=when // 10**9, nanosec=when % 10**9)
            header = types["Header"](stamp=stamp, frame_id=CAMERA_FRAME)
            for topic, encoding, pixels in ((IMAGE, "rgb8", image), (DEPTH, "32FC1", depth)):
                data = np.frombuffer(pixels.tobytes(), np.uint8)
                step = len(data) // height
                image = types["Image"](header, height, width, encoding, is_bigendian=0, step=step, data=data)
                write(topic, "Image", when, image)
            info = types["CameraInfo"](
                header=header,
                height=height,
                width=width,
                distortion_model="plumb_bob",
                d=np.zeros(5),
                k=np.array([fx, 0, cx, 0, fy, cy, 0, 0, 1]),
                r=np.eye(3).ravel(),
                p=np.array([fx, 0, cx, 0, 0, fy, cy, 0, 0, 0, 1, 0]),
                binning_x=0,
                binning_y=0,
                roi=types["RegionOfInterest"](0, 0, 0, 0, False),
            )
            write(INFO, "CameraInfo", when, info)
            write(SCAN, "LaserScan", when, laser_scan(types, depth, room.intrinsics, stamp, index))


def mounting(types: dict[str, Any]) -> Any:
    """The TFMessage that says where the laser is."""
    transform = types["Transform"](types["Vector3"](0.0, 0.0, 0.0), types["Quaternion"](*LASER))
    header = types["Header"](stamp=types["Time"](sec=1, nanosec=0), frame_id=CAMERA_FRAME)
    return types["TFMessage"]([types["TransformStamped"](header, LASER_FRAME, transform)])


def laser_scan(
    types: dict[str, Any],
    depth: npt.NDArray[np.float32],
    intrinsics: tuple[float, float, float, float],
    stamp: Any,
    index: int,
) -> Any:
    """What a 2-D lidar in the camera measures of a depth (H, W): its middle row, with noise and outliers."""
    fx, _, cx, cy = intrinsics
    width = depth.shape[1]
    widest = math.atan(0.5 * (width - 1) / fx)
    angles = np.linspace(-widest, widest, BEAMS)
    columns = np.rint(cx - fx * np.tan(angles)).astype(int).clip(0, width - 1)
    distances = depth[round(cy), columns].astype(np.float64) / np.cos(angles)
    noise = np.random.default_rng(index)
    distances *= np.exp(SCAN_NOISE * noise.standard_normal(BEAMS))
    wrong = noise.random(BEAMS) < SCAN_OUTLIERS
    distances[wrong] *= noise.uniform(0.1, 3.0, wrong.sum())
    ranges = np.where(distances > 0, distances, np.inf).astype(np.float32)
    header = types["Header"](stamp=stamp, frame_id=LASER_FRAME)
    step = 2 * widest / (BEAMS - 1)
    return types["LaserScan"](
        header, -widest, widest, step, 0.0, 0.0, NEAREST, FARTHEST, ranges, np.empty(0, np.float32)
    )


def _remove_bag(bag: Path) -> None:
    """Only what a bag consists of, so that a mistyped output folder loses nothing."""
    for pattern in ("metadata.yaml", "*.db3"):
        for path in bag.glob(pattern):
            path.unlink()
    if bag.exists():
        bag.rmdir()


# -- processes --------------------------------------------------------------------------------------------------------


@contextmanager
def _process(command: Sequence[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A module of this package run in a process of its own, which never outlives the block."""
    with log.open("wb") as sink:
        process = subprocess.Popen([sys.executable, "-m", *command], stdout=sink, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _play_all(
    recorder: Recorder, node: subprocess.Popen[bytes], rooms: Sequence[Room], options: argparse.Namespace
) -> list[Run]:
    """Every room under the other's sentence, then under its own."""
    runs = []
    for room, other in (rooms, rooms[::-1]):
        for description in (other.description, room.description):
            _wait_for_description(recorder, node, description, options.output)
            print(f"Playing the {room.name} as “{description}”", flush=True)
            runs.append(Run(room, description))
            recorder.run = runs[-1]
            _play(recorder, room, options)
            recorder.run = None
    return runs


def _play_corrected(
    recorder: Recorder, node: subprocess.Popen[bytes], rooms: Sequence[Room], options: argparse.Namespace
) -> list[Run]:
    """Every room under the other's sentence, with the scan that corrects what comes of it."""
    runs = []
    for room, other in (rooms, rooms[::-1]):
        recorder.active_description = ""
        _wait_for_description(recorder, node, other.description, options.output)
        print(f"Playing the {room.name} as “{other.description}”, corrected by a lidar", flush=True)
        runs.append(Run(room, other.description, corrected=True))
        recorder.run = runs[-1]
        _play(recorder, room, options, SCAN)
        recorder.run = None
    return runs


def _play_described(
    recorder: Recorder, nodes: Sequence[subprocess.Popen[bytes]], rooms: Sequence[Room], options: argparse.Namespace
) -> list[Run]:
    """Every room without a word from anybody. Raises InputError when a node ends or does not start."""
    deadline = time.monotonic() + NODE_START
    while recorder.count_subscribers(IMAGE) < 1 + len(nodes):
        if any(node.poll() is not None for node in nodes) or time.monotonic() > deadline:
            raise InputError(f"a node did not start; see {options.output}/describe_node.log and depth_node.log there")
        rclpy.spin_once(recorder, timeout_sec=0.1)
    for _ in range(3):  # what is played before the first description comes out is no depth
        if not recorder.active_description:
            _play(recorder, rooms[0], options)
    runs = []
    for room in rooms:
        print(f"Playing the {room.name}, which nobody but describe_node describes", flush=True)
        runs.append(Run(room, "", described=True))
        recorder.run = runs[-1]
        _play(recorder, room, options)
        recorder.run = None
        runs[-1].description = recorder.active_description.partition("\n")[0]
    return runs


def _wait_for_description(recorder: Recorder, node: subprocess.Popen[bytes], description: str, output: Path) -> None:
    """Says the sentence until the node says that it uses it. Raises InputError when the node ends or stays silent."""
    recorder.say(description)
    deadline = time.monotonic() + NODE_START
    while recorder.active_description != description:
        if node.poll() is not None or time.monotonic() > deadline:
            log = (output / "depth_node.log").read_text(encoding="utf-8", errors="replace")
            raise InputError(f"the node did not start: {' '.join(log.splitlines()[-1:]) or 'it says nothing'}")
        rclpy.spin_once(recorder, timeout_sec=0.1)


def _play(recorder: Recorder, room: Room, options: argparse.Namespace, *further: str) -> None:
    """Plays the room's bag and records until its process has ended and nothing more comes out.

    further: topics beside image and camera_info.
    """
    topics = [IMAGE, INFO, *further]
    command = ["tr2m_ros.bag_player", str(room.bag), "--topics", *topics, "--wait-for-subscribers", *topics]
    # A participant whose first announcements get lost on a busy machine is heard of at the next ones, 3 s later.
    command += ["--restamp", "--start-delay", "3.5", "--fps", str(options.fps), "--loop", str(options.loops)]
    with _process(command, options.output / "bag_player.log") as player:
        while player.poll() is None or time.monotonic() - recorder.last_heard < QUIET:
            rclpy.spin_once(recorder, timeout_sec=0.1)


# -- figure ----------------------------------------------------------------------------------------------------------


def draw(rooms: Sequence[Room], runs: Sequence[Run], path: Path) -> None:
    """A row per room: image, depth under the wrong sentence, the same corrected, depth under the right one and under
    what describe_node said, ground truth, the cloud from the side."""
    from matplotlib.figure import Figure

    from tr2m_core.visualization import colourise_depth, display_range, render_cloud

    figure = Figure(figsize=(24, 3.1 * len(rooms)), dpi=100, layout="constrained")
    limits = display_range(*[np.where(room.depth > 0, room.depth, np.nan) for room in rooms])
    figure.suptitle(f"metric depth, warm is near: {limits[0]:.2f} to {limits[1]:.2f} m, one scale for all", fontsize=13)
    for axes, room in zip(figure.subplots(len(rooms), 7, squeeze=False), rooms, strict=True):
        told = sorted(
            (run for run in runs if run.room is room), key=lambda run: (run.described, run.right, run.corrected)
        )
        right = next(run for run in told if run.right)
        assert right.cloud is not None
        stamp = max(right.depths)
        index = right.frames[stamp]
        truth = np.where(room.depth[index] > 0, room.depth[index], np.nan)
        cells = [(room.images[index], f"the {room.name}")]
        for run in told:
            depth = run.depths[max(run.depths)]
            who = "corrected by a lidar, " if run.corrected else ""
            said = next((f"told “a {name} ...”" for name, text in ROOMS.items() if text == run.description), "")
            said = said or f"describe_node: “{run.description}”"
            title = f"{said}\n{who}median {np.nanmedian(depth):.2f} m, abs_rel {run.abs_rel():.2f}"
            cells.append((colourise_depth(depth, *limits), title))
        cells.append((colourise_depth(truth, *limits), f"ground truth\nmedian {np.nanmedian(truth):.2f} m"))
        cells.append((render_cloud(*cloud_arrays(right.cloud), size=(480, 640)), "point cloud, seen from the side"))
        for cell, (image, title) in zip(axes, cells, strict=True):
            cell.imshow(image, aspect="equal")
            cell.set_title(title, fontsize=10)
            cell.set_axis_off()
    figure.savefig(path)


def cloud_arrays(cloud: PointCloud2) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    """Points (N, 3) in metres and their colours (N, 3) RGB; x, y, z at 0, 4, 8 and rgb at 12."""
    words = np.frombuffer(cloud.data, np.float32).reshape(-1, cloud.point_step // 4)
    return words[:, :3], words.view(np.uint8).reshape(len(words), -1)[:, [14, 13, 12]]


if __name__ == "__main__":
    sys.exit(main())
