"""Playing bags: pace, quality of service, renaming, and input that is no bag."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bags import storage_file, write_mcap
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.serialization import deserialize_message, serialize_message
from ros_tools import stamp_of
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header, String

from tr2m_ros.bag_player import main, message_class, restamped, split_ros_arguments
from tr2m_ros.input_subscription import InputSubscription
from tr2m_ros.recorded_qos import playing_qos, recorded_qos

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
    assert restamped(b"\0\1\0\0", 1) == b"\0\1\0\0"  # damaged: there is no stamp


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
    assert f"no subscribers on /no{IMAGE}" in process.output()


def test_what_cannot_be_published_is_skipped(
    start: Callable[..., Any], write_bag: Callable[..., Path], messages: Any
) -> None:
    entries = messages.recording()
    raw = bytes(messages.store.serialize_cdr(messages.text("x"), "std_msgs/msg/String"))
    later = entries[-1][1]
    entries += [(topic, later, messages.text("x")) for topic in ("/front camera", "/1st")]
    entries += [("/tf", later, ("tf2_msgs/msg/TFMessage", raw))]
    process = start(PLAYER, str(write_bag(entries)), "--rate", "100", "--remap", "/1st:=/first")
    assert process.wait() == 0, process.output()
    assert "skipping /tf: tf2_msgs/msg/TFMessage is not installed" in process.output()
    assert "skipping /front camera: Invalid topic name" in process.output()
    assert "14 messages on 5 topics" in process.output()


@pytest.mark.parametrize(
    "name", ["this/msg/Zen", "os/msg/Path", "std_msgs/msg/__doc__", "std_msgs/msg/Nothing", "", "a"]
)
def test_a_recording_does_not_choose_what_is_imported(name: str) -> None:
    assert message_class(name) is None
    assert "this" not in sys.modules
    assert message_class("std_msgs/msg/String") is String


def test_frames_are_counted_on_the_images_that_there_are(
    start: Callable[..., Any], tmp_path: Path, messages: Any
) -> None:
    """Compressed ones, which are fewer than the sentences; of the raw ones the recorder has the topic only."""
    times = [i * 10_000_000 for i in range(25)]
    entries: list[Any] = [(TEXT, time, messages.text("x")) for time in times]
    entries += [("/c/compressed", time, messages.compressed(time, "jpeg", b"x")) for time in times[::10]]
    bag = messages.write(
        tmp_path / "bag", "sqlite3", [("/c", 0, messages.image(0, "rgb8", np.zeros((2, 2, 3), "u1"))), *entries]
    )
    with closing(sqlite3.connect(storage_file(bag))) as database:
        database.execute("DELETE FROM messages WHERE topic_id = 1")
        database.commit()
    process = start(PLAYER, str(bag), "--fps", "20", "--loop", "2")
    assert process.wait() == 0, process.output()
    assert "6 on /c/compressed" in process.output()


def cut(path: Path) -> Path:
    """As a recorder leaves its file that is killed: without the index at the end."""
    path.write_bytes(path.read_bytes()[:-200])
    return path


def with_log(folder: Path, copy: Path) -> Path:
    """A copy of a bag as an sqlite3 recorder leaves it that is killed: the messages are in its log."""
    with closing(sqlite3.connect(storage_file(folder))) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("UPDATE messages SET timestamp = timestamp + 1")
        database.commit()
        shutil.copytree(folder, copy)
    return copy


@pytest.mark.parametrize("kind", ["mcap without a profile", "mcap without an end", "sqlite3 with a log"])
def test_bags_that_a_replay_reads_are_played(
    graph: Any, start: Callable[..., Any], tmp_path: Path, messages: Any, kind: str
) -> None:
    entries, mcap = messages.recording(), tmp_path / "bag.mcap"
    if kind == "sqlite3 with a log":
        bag = with_log(messages.write(tmp_path / "bag", "sqlite3", entries), tmp_path / "killed")
    else:
        bag = write_mcap(mcap, messages, entries, profile="", use_chunking=False)
    if kind == "mcap without an end":
        cut(mcap)
    arguments = ["--wait-for-subscribers", IMAGE, *remapped("/read", IMAGE, TEXT)]
    process = start(PLAYER, str(bag), *arguments)
    with graph.listen(Image, f"/read{IMAGE}", process=process) as received:
        graph.wait(lambda: len(received) == 4, "the frames")
        assert process.wait() == ("end" in kind), process.output()
    assert ("played as far as it can be read: bag.mcap: " in process.output()) == ("end" in kind)


@pytest.mark.parametrize(("options", "reliability"), [(["--recorded-qos"], "BEST_EFFORT"), ([], "RELIABLE")])
def test_the_recorded_quality_of_service_is_offered_when_asked_for(
    graph: Any, start: Callable[..., Any], tmp_path: Path, messages: Any, options: list[str], reliability: str
) -> None:
    qos = {IMAGE: SENSOR, TEXT: LATCHED_PROFILE}
    bag, space = write_mcap(tmp_path / "bag.mcap", messages, messages.recording(), qos=qos), f"/{reliability.lower()}"
    process = start(PLAYER, str(bag), *options, "--loop", "0", *remapped(space, IMAGE, TEXT))
    images, texts = f"{space}{IMAGE}", f"{space}{TEXT}"
    graph.wait(lambda: graph.node.count_publishers(images) and graph.node.count_publishers(texts), "topics", process)
    offered = [graph.node.get_publishers_info_by_topic(topic)[0].qos_profile for topic in (images, texts)]
    assert process.stop() == 0
    assert offered[0].reliability.name == reliability
    assert [profile.durability.name for profile in offered] == ["VOLATILE", "TRANSIENT_LOCAL"]


@pytest.mark.parametrize("options", [["--recorded-qos"], []], ids=["as recorded", "reliable"])
def test_inputs_hear_every_frame_of_either_quality_of_service(
    graph: Any, start: Callable[..., Any], tmp_path: Path, messages: Any, options: list[str]
) -> None:
    bag = write_mcap(tmp_path / "bag.mcap", messages, messages.recording(), qos={IMAGE: SENSOR})
    space = f"/heard_{len(options)}"
    stamps: list[int] = []
    heard = InputSubscription(graph.node, Image, f"{space}{IMAGE}", lambda msg: stamps.append(stamp_of(msg)), 10)
    waiting = ["--wait-for-subscribers", IMAGE, "--start-delay", "1"]
    process = start(PLAYER, str(bag), *options, *waiting, *remapped(space, IMAGE, TEXT))
    graph.wait(lambda: len(stamps) >= 4, "every frame", process)
    assert process.wait() == 0, process.output()
    assert heard.is_reliable == (not options)
    assert len(stamps) == len(set(stamps)) == 4
    heard.destroy()


SENSOR = "- {history: keep_last, depth: 5, reliability: best_effort, durability: volatile}"
LATCHED_PROFILE = "- {history: 1, depth: 1, reliability: 1, durability: 1}"  # as up to Humble


@pytest.mark.parametrize(
    ("offered", "playing", "recorded"),
    [
        (SENSOR, (10, "RELIABLE", "VOLATILE"), (5, "BEST_EFFORT", "VOLATILE")),
        (LATCHED_PROFILE, (10, "RELIABLE", "TRANSIENT_LOCAL"), (1, "RELIABLE", "TRANSIENT_LOCAL")),
        # Several publishers of one topic, as of /tf_static: what each of them has latched is kept.
        ("\n".join([LATCHED_PROFILE] * 30), (30, "RELIABLE", "TRANSIENT_LOCAL"), (30, "RELIABLE", "TRANSIENT_LOCAL")),
        (f"{SENSOR}\n{LATCHED_PROFILE}", (10, "RELIABLE", "TRANSIENT_LOCAL"), (6, "BEST_EFFORT", "VOLATILE")),
        ("- {history: keep_all, depth: 4294967295}", (10, "RELIABLE", "VOLATILE"), (1000, "RELIABLE", "VOLATILE")),
        *(
            (text, (10, "RELIABLE", "VOLATILE"), (10, "RELIABLE", "VOLATILE"))
            for text in ("", "[", "3", "- 3", "- {depth: many, reliability: [], durability: {}}", "[" * 5000)
        ),
    ],
)
def test_qualities_of_service(offered: str, playing: tuple[int, str, str], recorded: tuple[int, str, str]) -> None:
    for function, wanted in ((playing_qos, playing), (recorded_qos, recorded)):
        profile = function(offered)
        assert (profile.depth, profile.reliability.name, profile.durability.name) == wanted


def one_line(process: Any, *words: str) -> None:
    assert process.wait() == 2
    assert len(process.output().splitlines()) == 1, process.output()
    assert all(word in process.output() for word in words), process.output()


def test_a_missing_bag(start: Callable[..., Any]) -> None:
    one_line(start(PLAYER, "/no/such/bag"), "/no/such/bag")


def test_something_that_is_no_bag(start: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "metadata.yaml").write_text("hello\n")
    one_line(start(PLAYER, str(tmp_path)), str(tmp_path), "not a rosbag2 folder")
    text = tmp_path / "bag.mcap"
    text.write_text("hello\n")
    one_line(start(PLAYER, str(text)), "bag.mcap", "not a readable rosbag")


def test_a_topic_that_the_bag_does_not_have(start: Callable[..., Any], one_bag: Path) -> None:
    one_line(start(PLAYER, str(one_bag), "--topics", "/lidar"), "/lidar", IMAGE, INFO, TEXT)
    one_line(start(PLAYER, str(one_bag), "--remap", "/lidar:=/x"), "/lidar", IMAGE, INFO, TEXT)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["/front camera"], "Invalid topic name: topic name must not contain"),
        (["/1st"], "must not start with a number"),
        (["/{robot}/image"], "unknown substitution"),
        (["/a", "/b"], "renamed twice"),
    ],
)
def test_a_new_name_that_cannot_be_used(start: Callable[..., Any], one_bag: Path, names: list[str], words: str) -> None:
    renaming = [part for name in names for part in ("--remap", f"{IMAGE}:={name}")]
    one_line(start(PLAYER, str(one_bag), *renaming), "--remap", words)


def test_a_bag_without_messages(start: Callable[..., Any], tmp_path: Path, messages: Any) -> None:
    one_line(start(PLAYER, str(write_mcap(tmp_path / "bag.mcap", messages, []))), "bag.mcap: nothing to play")


def test_times_that_no_clock_has_are_played(start: Callable[..., Any], tmp_path: Path, messages: Any) -> None:
    entries = [(TEXT, time, messages.text("x")) for time in (2**63 - 2, 2**63 - 1)]
    process = start(
        PLAYER, str(write_mcap(tmp_path / "bag.mcap", messages, entries)), "--clock", *remapped("/far", TEXT)
    )
    assert process.wait() == 0, process.output()
    assert len(process.output().splitlines()) == 1 and "2 messages" in process.output()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--rate", "0"],
        ["--rate", "nan"],
        ["--fps", "x"],
        ["--fps", "1e9"],
        ["--loop", "-1"],
        ["--loop", "1.5"],
        ["--start-delay", "-1"],
        ["--start-delay", "inf"],
        ["--wait-timeout", "nan"],
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
