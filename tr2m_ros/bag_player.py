"""bag_player: publishes the messages of a rosbag, for machines without `ros2 bag`.

python -m tr2m_ros.bag_player BAG --remap /camera/color/image_raw:=/camera/image_raw --fps 30 --loop 3
python -m tr2m_ros.bag_player BAG --clock --rate 0.2
"""

from __future__ import annotations

import argparse
import importlib
import itertools
import struct
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rclpy
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from rosbags.highlevel import AnyReader, AnyReaderError
from rosbags.interfaces import Connection
from rosbags.typesys import Stores, get_typestore

from tr2m_core import InputError
from tr2m_ros.playback_clock import PlaybackClock
from tr2m_ros.process import run_process

IMAGE_TYPE = "sensor_msgs/msg/Image"
QUEUE_DEPTH = 10
DELIVERY_TIME = 5.0  # s for reliable subscribers to get the last messages; DDS may notice a loss only after 3


@dataclass
class Channel:
    """One topic of the bag with its publisher; `stamped` messages begin with a std_msgs/Header."""

    connection: Connection
    publisher: Any
    stamped: bool
    played: int = 0


def main(args: list[str] | None = None) -> int:
    """Returns 0, also when a signal ends it; 1 when no subscriber came; 2 for bad usage or input, after one line."""
    own, ros = split_ros_arguments(sys.argv[1:] if args is None else args)
    options = _parser().parse_args(own)
    return run_process("bag_player", ros, lambda: _play(options))


def split_ros_arguments(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Our arguments, and those between --ros-args and -- or the end. rclpy would take FROM:=TO of ours for its own."""
    own: list[str] = []
    ros: list[str] = []
    within = False
    for argument in arguments:
        within = argument == "--ros-args" or (within and argument != "--")
        if within:
            ros.append(argument)
        elif argument != "--":
            own.append(argument)
    return own, ros


def _parser() -> argparse.ArgumentParser:
    layout = argparse.RawTextHelpFormatter
    parser = argparse.ArgumentParser(prog="bag_player", description=__doc__, formatter_class=layout)
    add = parser.add_argument
    add("bag", type=Path, help="bag directory, sqlite3 or mcap")
    pace = parser.add_mutually_exclusive_group()
    pace.add_argument("--rate", type=_positive, default=1.0, help="times the recorded pace (default 1.0)")
    pace.add_argument("--fps", type=_positive, help="play so fast that images come at this many frames per second")
    add("--loop", type=int, default=1, metavar="N", help="play N times; 0 is until interrupted")
    add("--start-delay", type=float, default=0.0, metavar="S", help="seconds to wait before playing, after those below")
    add("--wait-for-subscribers", nargs="+", default=[], metavar="TOPIC", help="start when these are heard")
    add("--wait-timeout", type=_positive, default=60.0, metavar="S", help="... or give up after S seconds")
    add("--topics", nargs="+", metavar="TOPIC", help="play only these topics of the bag")
    add("--remap", type=_remapping, action="append", default=[], metavar="FROM:=TO", help="rename a topic")
    times = parser.add_mutually_exclusive_group()
    times.add_argument("--restamp", action="store_true", help="header stamps become the time of publishing")
    text = "publish the recording's time on /clock, HZ times a second (default 100), for use_sim_time"
    times.add_argument("--clock", type=_positive, nargs="?", const=100.0, metavar="HZ", help=text)
    return parser


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value


def _remapping(text: str) -> tuple[str, str]:
    source, separator, target = text.partition(":=")
    if not (source and separator and target):
        raise argparse.ArgumentTypeError(f"'{text}' is not FROM:=TO")
    return source, target


def _play(options: argparse.Namespace) -> int:
    node = rclpy.create_node("bag_player")
    try:
        with open_bag(options.bag) as reader:
            channels = _advertise(node, reader, options)
            with _clock(node, reader, channels, options) as clock:
                if not _wait_for_subscribers(channels, options):
                    return 1
                time.sleep(options.start_delay)
                _play_loops(node, reader, channels, options, clock)
                for channel in channels.values():
                    channel.publisher.wait_for_all_acked(Duration(seconds=DELIVERY_TIME))
        return 0
    finally:
        node.destroy_node()


@contextmanager
def open_bag(path: Path) -> Iterator[AnyReader]:
    """Opens a sqlite3 or mcap bag. Raises InputError, naming the path, when there is none or it is broken."""
    if not path.exists():
        raise InputError(f"{path}: no such bag")
    reader = AnyReader([path], default_typestore=get_typestore(Stores.ROS2_HUMBLE))
    try:
        reader.open()
    except Exception as error:  # rosbags lets errors of yaml, sqlite and others through
        raise InputError(f"{path}: not a readable rosbag ({' '.join(str(error).split())})") from None
    if not reader.is2:
        reader.close()
        raise InputError(f"{path}: a ROS 1 bag; convert it with rosbags-convert")
    try:
        yield reader
    except AnyReaderError as error:
        raise InputError(f"{path}: {error}") from None
    finally:
        reader.close()


def select_connections(reader: AnyReader, topics: list[str] | None, named: list[str]) -> list[Connection]:
    """The connections of `topics`, or all. Raises InputError when one of them or of `named` is not in the bag."""
    present = sorted({c.topic for c in reader.connections})
    for topic in [*(topics or []), *named]:
        if topic not in present:
            raise InputError(f"the bag has no topic {topic}; it has {', '.join(present) or 'none'}")
    return [c for c in reader.connections if topics is None or c.topic in topics]


def _advertise(node: Node, reader: AnyReader, options: argparse.Namespace) -> dict[int, Channel]:
    """Publishers for the selected topics by connection id; types that are not installed are skipped with a line."""
    names = dict(options.remap)
    channels = {}
    for connection in select_connections(reader, options.topics, list(names)):
        kind = _message_class(connection.msgtype)
        if kind is None:
            print(f"bag_player: skipping {connection.topic}: {connection.msgtype} is not installed", file=sys.stderr)
            continue
        publisher = node.create_publisher(kind, names.get(connection.topic, connection.topic), _qos(connection))
        first_type = next(iter(kind.get_fields_and_field_types().values()), "")
        channels[connection.id] = Channel(connection, publisher, first_type == "std_msgs/Header")
    if not channels:
        raise InputError(f"{options.bag}: nothing to play")
    return channels


def _message_class(type_name: str) -> Any:
    package, _, name = type_name.partition("/msg/")
    try:
        return getattr(importlib.import_module(f"{package}.msg"), name)
    except (ImportError, AttributeError):
        return None


def _qos(connection: Connection) -> QoSProfile:
    """Reliable, so that every subscriber can pair; transient local where the recorded publisher was."""
    recorded = getattr(connection.ext, "offered_qos_profiles", None) or []
    latched = any(q.durability.name == DurabilityPolicy.TRANSIENT_LOCAL.name for q in recorded)
    durability = DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE
    return QoSProfile(depth=QUEUE_DEPTH, durability=durability)


@contextmanager
def _clock(
    node: Node, reader: AnyReader, channels: dict[int, Channel], options: argparse.Namespace
) -> Iterator[PlaybackClock | None]:
    """The clock that was asked for, standing at the time of the first message."""
    first = None
    if options.clock is not None:
        first = next((recorded for _, recorded, _ in _messages(reader, channels)), None)
    if first is None:
        yield None
        return
    clock = PlaybackClock(node, options.clock, first)
    try:
        yield clock
    finally:
        clock.close()


def _wait_for_subscribers(channels: dict[int, Channel], options: argparse.Namespace) -> bool:
    """True once every wanted topic, by its recorded or new name, has a subscriber; False after the timeout."""
    waiting = []
    for topic in options.wait_for_subscribers:
        found = [c.publisher for c in channels.values() if topic in (c.connection.topic, c.publisher.topic_name)]
        if not found:
            played = ", ".join(c.publisher.topic_name for c in channels.values())
            raise InputError(f"--wait-for-subscribers: {topic} is not played; played are {played}")
        waiting += found
    deadline = time.monotonic() + options.wait_timeout
    while waiting := [p for p in waiting if not p.get_subscription_count()]:
        if time.monotonic() > deadline:
            print(f"bag_player: nobody subscribed to {waiting[0].topic_name}", file=sys.stderr)
            return False
        time.sleep(0.02)
    return True


def _play_loops(
    node: Node,
    reader: AnyReader,
    channels: dict[int, Channel],
    options: argparse.Namespace,
    clock: PlaybackClock | None,
) -> None:
    """Plays the bag as often as asked and prints one summary line, also when interrupted."""
    frames, period = frame_count_and_period(reader, channels) if options.fps or options.loop != 1 else (0, 0.0)
    if options.fps and not period:
        raise InputError(f"{options.bag}: --fps needs a topic with at least two messages at different times")
    rate = options.fps * period if options.fps else options.rate
    restamp = node.get_clock().now if options.restamp else None
    begin = time.monotonic()
    loops = itertools.count() if options.loop == 0 else range(options.loop)
    try:
        for loop in loops:
            # The first frame follows the last one of the loop before at the same interval as any other.
            start = begin + loop * frames * period / rate
            if clock is not None:
                clock.play(start, rate)
            _play_once(reader, channels, start, rate, restamp)
    finally:
        _print_summary(channels, time.monotonic() - begin)


def _play_once(
    reader: AnyReader, channels: dict[int, Channel], start: float, rate: float, now: Callable[[], Any] | None
) -> None:
    """Publishes every message once; the first is due at `start`, in time.monotonic() seconds."""
    first = None
    for connection, recorded, raw in _messages(reader, channels):
        first = recorded if first is None else first
        delay = start + (recorded - first) * 1e-9 / rate - time.monotonic()
        if delay > 0:
            time.sleep(delay)
        channel = channels[connection.id]
        channel.publisher.publish(restamped(raw, now().nanoseconds) if now and channel.stamped else bytes(raw))
        channel.played += 1


def _messages(reader: AnyReader, channels: dict[int, Channel]) -> Iterator[tuple[Connection, int, bytes]]:
    return reader.messages([channel.connection for channel in channels.values()])


def restamped(raw: bytes, nanoseconds: int) -> bytes:
    """A serialised message that begins with a Header, with its stamp replaced: CDR puts it after a 4-byte preamble."""
    order = "<" if raw[1] & 1 else ">"
    return raw[:4] + struct.pack(f"{order}iI", *divmod(nanoseconds, 10**9)) + raw[12:]


def _reference(channels: dict[int, Channel]) -> Channel:
    """The topic that frames are counted on: the first with images, else the one with most messages."""
    images = [c for c in channels.values() if c.connection.msgtype == IMAGE_TYPE]
    return images[0] if images else max(channels.values(), key=lambda c: c.connection.msgcount)


def frame_count_and_period(reader: AnyReader, channels: dict[int, Channel]) -> tuple[int, float]:
    """Frames on the reference topic and the mean seconds between them as recorded; 0 s for fewer than two frames."""
    stamps = [t for _, t, _ in reader.messages([_reference(channels).connection])]
    intervals = len(stamps) - 1
    return len(stamps), (stamps[-1] - stamps[0]) * 1e-9 / intervals if intervals > 0 else 0.0


def _print_summary(channels: dict[int, Channel], seconds: float) -> None:
    frames = _reference(channels)
    total = sum(c.played for c in channels.values())
    pace = f"{frames.played} on {frames.publisher.topic_name}, {frames.played / max(seconds, 1e-9):.1f} per second"
    print(f"bag_player: {total} messages on {len(channels)} topics in {seconds:.1f} s; {pace}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
