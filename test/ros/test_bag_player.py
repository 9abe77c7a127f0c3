"""Playing bags: pace, quality of service, renaming, and input that is no bag."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.serialization import deserialize_message, serialize_message
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header, String

from tr2m_ros.bag_player import main, restamped, split_ros_arguments

IMAGE, INFO, TEXT = "/camera/image_raw", "/camera/camera_info", "/scene_description"
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
PLAYER = "tr2m_ros.bag_player"


def remapped(namespace: str, *topics: str) -> list[str]:
    return [part for topic in topics for part in ("--remap", f"{topic}:={namespace}{topic}")]


@pytest.fixture
def one_bag(tmp_path: Path, messages: Any) -> Path:
    """The same as sqlite3 only, where the storage does not matter."""
    return messages.write(tmp_path / "recording", "sqlite3", messages.recording())


@pytest.fixture
def bag(write_bag: Callable[..., Path], messages: Any) -> Path:
    """Four frames at 10 per second, as sqlite3 and as mcap."""
    return write_bag(messages.recording())


def test_every_message_arrives_unchanged_at_the_given_pace(graph: Any, start: Callable[..., Any], bag: Path) -> None:
    received: list[tuple[float, Image]] = []
    keep = lambda msg: received.append((time.monotonic(), msg))  # noqa: E731
    subscription = graph.node.create_subscription(Image, f"/pace{IMAGE}", keep, 10)
    arguments = ["--fps", "5", "--loop", "2", "--wait-for-subscribers", IMAGE, *remapped("/pace", IMAGE, TEXT)]
    process = start(PLAYER, str(bag), *arguments)
    graph.wait(lambda: len(received) == 8, "two loops of four frames", process)
    assert process.wait() == 0, process.output()
    graph.node.destroy_subscription(subscription)
    assert [msg.header.stamp.nanosec for _, msg in received] == [0, 100_000_000, 200_000_000, 300_000_000] * 2
    assert [msg.data[0] for _, msg in received] == [0, 20, 40, 60] * 2
    seconds = received[-1][0] - received[0][0]
    assert 1.2 < seconds < 5  # seven intervals of 0.2 s, also between the loops, on a machine that may be slow
    assert f"8 on /pace{IMAGE}" in process.output()


def test_a_latched_topic_is_heard_by_those_who_come_late(graph: Any, start: Callable[..., Any], bag: Path) -> None:
    process = start(PLAYER, str(bag), "--topics", TEXT, "--loop", "0", "--rate", "0.001", *remapped("/late", TEXT))
    with graph.listen(String, f"/late{TEXT}", LATCHED, process) as received:
        graph.wait(lambda: received, "the recorded sentence")
    assert process.stop(signal.SIGTERM) == 0
    assert "Traceback" not in process.output()


def test_full_size_frames_reach_a_reliable_subscriber(
    graph: Any, start: Callable[..., Any], write_bag: Callable[..., Path], messages: Any
) -> None:
    frames = [messages.image(i * 33_000_000, "rgb8", np.full((480, 640, 3), i, np.uint8)) for i in range(20)]
    infos = [messages.info(i * 33_000_000, 500, 500, 320, 240) for i in range(20)]
    entries = [(IMAGE, i * 33_000_000, frame) for i, frame in enumerate(frames)]
    entries += [(INFO, i * 33_000_000, info) for i, info in enumerate(infos)]
    received: dict[str, list[Any]] = {IMAGE: [], INFO: []}
    subscriptions = [
        graph.node.create_subscription(kind, f"/full{topic}", received[topic].append, 30)
        for topic, kind in ((IMAGE, Image), (INFO, CameraInfo))
    ]
    process = start(PLAYER, str(write_bag(entries)), "--loop", "0", *remapped("/full", IMAGE, INFO))

    def stamps(topic: str) -> set[int]:
        return {m.header.stamp.nanosec for m in received[topic]}

    # In a loop, as a busy machine may lose large messages for good even on a reliable connection with a short queue.
    graph.wait(lambda: len(stamps(IMAGE)) == len(stamps(INFO)) == 20, "20 frames and their camera_info", process)
    assert process.stop() == 0, process.output()
    for subscription in subscriptions:
        graph.node.destroy_subscription(subscription)
    assert stamps(IMAGE) == stamps(INFO)
    assert all((m.width, m.height) == (640, 480) for m in received[IMAGE])
    assert all(m.data[-1] == m.header.stamp.nanosec // 33_000_000 for m in received[IMAGE])


def test_the_clock_stands_until_playing_starts_and_then_follows_the_recording(
    graph: Any, start: Callable[..., Any], one_bag: Path
) -> None:
    first, period = 1_600_000_000_000_000_000, 100_000_000  # the time of the first image, and from one to the next
    arguments = ["--clock", "50", "--rate", "0.5", "--topics", IMAGE, "--wait-for-subscribers", IMAGE]
    process = start(PLAYER, str(one_bag), *arguments, *remapped("/clocked", IMAGE))
    with graph.listen(Clock, "/clock", process=process) as heard:

        def times() -> list[int]:
            return [msg.clock.sec * 10**9 + msg.clock.nanosec for msg in heard]

        graph.wait(lambda: len(heard) > 5, "a standing clock", process)
        assert set(times()) == {first}
        with graph.listen(Image, f"/clocked{IMAGE}", process=process) as images:
            graph.wait(lambda: images, "the first image", process)
            graph.wait(lambda: process.popen.poll() is not None, "the end")
    assert process.popen.returncode == 0, process.output()
    assert times() == sorted(times())
    between = {time for time in times() if first < time < first + 3 * period}
    assert len(between) > 4  # 30 at 50 Hz; more than there are messages, on a machine that may be slow
    assert times()[-1] >= first + 3 * period - period // 2


def test_restamping_touches_the_stamp_only() -> None:
    msg = CameraInfo(header=Header(frame_id="camera"), width=640, d=[1.0, 2.0])
    new = deserialize_message(restamped(serialize_message(msg), 5_000_000_007), CameraInfo)
    assert (new.header.stamp.sec, new.header.stamp.nanosec) == (5, 7)
    msg.header.stamp = new.header.stamp
    assert new == msg


def test_interrupting_prints_the_summary(graph: Any, start: Callable[..., Any], one_bag: Path) -> None:
    process = start(PLAYER, str(one_bag), "--loop", "0", *remapped("/endless", IMAGE))
    with graph.listen(Image, f"/endless{IMAGE}", process=process) as received:
        graph.wait(lambda: received, "a frame")
    assert process.stop() == 0
    assert len(process.output().splitlines()) == 1
    assert "per second" in process.output()


def test_nobody_listening(start: Callable[..., Any], one_bag: Path) -> None:
    process = start(
        PLAYER, str(one_bag), "--wait-for-subscribers", IMAGE, "--wait-timeout", "0.2", *remapped("/no", IMAGE)
    )
    assert process.wait() == 1
    assert f"nobody subscribed to /no{IMAGE}" in process.output()


def test_types_that_are_not_installed_are_skipped(
    start: Callable[..., Any], write_bag: Callable[..., Path], messages: Any
) -> None:
    entries = messages.recording()
    raw = messages.store.serialize_cdr(messages.text("x"), "std_msgs/msg/String")
    bag = write_bag([*entries, ("/tf", entries[-1][1], ("tf2_msgs/msg/TFMessage", bytes(raw)))])
    process = start(PLAYER, str(bag), "--rate", "100")
    assert process.wait() == 0, process.output()
    assert "skipping /tf: tf2_msgs/msg/TFMessage is not installed" in process.output()
    assert "13 messages on 4 topics" in process.output()


def one_line(process: Any, *words: str) -> None:
    assert process.wait() == 2
    assert len(process.output().splitlines()) == 1, process.output()
    assert all(word in process.output() for word in words), process.output()


def test_a_missing_bag(start: Callable[..., Any]) -> None:
    one_line(start(PLAYER, "/no/such/bag"), "/no/such/bag")


def test_something_that_is_no_bag(start: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "metadata.yaml").write_text("hello\n")
    one_line(start(PLAYER, str(tmp_path)), str(tmp_path), "not a readable rosbag")
    text = tmp_path / "bag.mcap"
    text.write_text("hello\n")
    one_line(start(PLAYER, str(text)), "bag.mcap", "not a readable rosbag")


def test_a_topic_that_the_bag_does_not_have(start: Callable[..., Any], one_bag: Path) -> None:
    one_line(start(PLAYER, str(one_bag), "--topics", "/lidar"), "/lidar", IMAGE, INFO, TEXT)
    one_line(start(PLAYER, str(one_bag), "--remap", "/lidar:=/x"), "/lidar", IMAGE, INFO, TEXT)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--rate", "0"],
        ["--fps", "x"],
        ["--remap", "a"],
        ["--fps", "3", "--rate", "2"],
        ["--clock", "0"],
        ["--clock", "--restamp"],
    ],
)
def test_bad_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["bag", *arguments])
    assert caught.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_ros_arguments_are_kept_apart() -> None:
    own, ros = split_ros_arguments(
        ["a", "--remap", "/x:=/y", "--ros-args", "-p", "use_sim_time:=true", "--", "--loop", "2"]
    )
    assert own == ["a", "--remap", "/x:=/y", "--loop", "2"]
    assert ros == ["--ros-args", "-p", "use_sim_time:=true"]
