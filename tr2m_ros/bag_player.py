"""bag_player: publishes the messages of a rosbag, for machines without `ros2 bag`.

python -m tr2m_ros.bag_player BAG --remap /camera/color/image_raw:=/camera/image_raw --fps 30 --loop 3
python -m tr2m_ros.bag_player BAG --clock --rate 0.2
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import itertools
import re
import struct
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rclpy
from rclpy.duration import Duration
from rclpy.exceptions import InvalidTopicNameException
from rclpy.node import Node
from rclpy.qos import ReliabilityPolicy

from tr2m_core import InputError
from tr2m_core.bags.bag import COMPRESSED_TYPE, IMAGE_TYPE, Bag, shown
from tr2m_ros import dds
from tr2m_ros.playback_clock import PlaybackClock
from tr2m_ros.process import run_process
from tr2m_ros.recorded_qos import playing_qos, recorded_qos

DELIVERY_TIME = 5.0  # s for reliable subscribers to get the last messages; DDS may notice a loss only after 3
UNACKNOWLEDGED = 1.0  # s for those who subscribe best effort
LONGEST_SLEEP = 3600.0  # s; a recording, or a rate, may ask for more than the system can sleep
LEAST, MOST = 1e-6, 1e6  # of rates and times that make sense
STAMP_END = 12  # bytes of a message until the stamp of its header is over
TYPE_NAME = re.compile(r"([a-z][a-z0-9_]*)/msg/([A-Z][A-Za-z0-9]*)")


@dataclass
class Channel:
    """One topic of the bag with its publisher; `stamped` messages begin with a std_msgs/Header."""

    topic: str
    type: str
    count: int
    publisher: Any
    stamped: bool
    played: int = 0


Channels = dict[str, Channel]  # by the topic's recorded name


def main(args: list[str] | None = None) -> int:
    """Returns 0, also when a signal ends it; 1 when no subscriber came or a damaged bag ended early; 2 for bad usage or
    input; after one line.
    """
    own, ros = split_ros_arguments(sys.argv[1:] if args is None else args)
    options = _parser().parse_args(own)
    return run_process("bag_player", ros, lambda: _play(options), options.dds_profile)


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
    add("--loop", type=_count, default=1, metavar="N", help="play N times; 0 is until interrupted")
    add("--start-delay", type=_delay, default=0.0, metavar="S", help="seconds to wait before playing, after --wait...")
    add("--wait-for-subscribers", nargs="+", default=[], metavar="TOPIC", help="start when these have subscribers")
    add("--wait-timeout", type=_positive, default=60.0, metavar="S", help="... or give up after S seconds")
    add("--topics", nargs="+", metavar="TOPIC", help="play only these topics of the bag")
    add("--remap", type=_remapping, action="append", default=[], metavar="FROM:=TO", help="rename a topic")
    text = "publish as it was recorded, best effort too, not reliably"
    add("--recorded-qos", action="store_true", help=text)
    text = "auto: shared memory for whole images, unless you have DDS settings of your own; none: as installed"
    add("--dds-profile", choices=dds.CHOICES, default=dds.AUTO, help=text)
    times = parser.add_mutually_exclusive_group()
    times.add_argument("--restamp", action="store_true", help="header stamps become the time of publishing")
    text = "publish the recording's time on /clock, HZ times a second (default 100), for use_sim_time"
    times.add_argument("--clock", type=_positive, nargs="?", const=100.0, metavar="HZ", help=text)
    return parser


def _positive(text: str) -> float:
    return _number(text, LEAST)


def _delay(text: str) -> float:
    return _number(text, 0.0)


def _number(text: str, least: float) -> float:
    value = float(text)
    if not least <= value <= MOST:
        raise argparse.ArgumentTypeError(f"{text} is not a number from {least:g} to {MOST:,.0f}")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text} is negative; 0 plays until interrupted")
    return value


def _remapping(text: str) -> tuple[str, str]:
    source, separator, target = text.partition(":=")
    if not (source and separator and target):
        raise argparse.ArgumentTypeError(f"'{text}' is not FROM:=TO")
    return source, target


def _play(options: argparse.Namespace) -> int:
    node = rclpy.create_node("bag_player")
    try:
        with Bag(options.bag) as bag:
            channels = _advertise(node, bag, options)
            with _clock(node, bag, channels, options) as clock:
                if not _wait_for_subscribers(channels, options):
                    return 1
                _sleep_until(time.monotonic() + options.start_delay)
                _play_loops(node, bag, channels, options, clock)
                _deliver(node, [channel.publisher for channel in channels.values()])
            if bag.damage:
                _say(f"{bag.path}: played as far as it can be read: {bag.damage}")
            return 1 if bag.damage else 0
    finally:
        node.destroy_node()


def _say(text: str) -> None:
    print(f"bag_player: {text}", file=sys.stderr)


def select_topics(bag: Bag, topics: list[str] | None, named: list[str]) -> list[str]:
    """`topics`, or all. Raises InputError when one of them or of `named` is not in the bag."""
    for topic in [*(topics or []), *named]:
        if topic not in bag.topics:
            raise InputError(f"the bag has no topic {shown(topic)}; it has {bag.describe_topics()}")
    return [topic for topic in bag.topics if topics is None or topic in topics]


def _advertise(node: Node, bag: Bag, options: argparse.Namespace) -> Channels:
    """Publishers for the selected topics; what cannot be published here is skipped with a line."""
    names = dict(options.remap)
    if len(names) < len(options.remap):
        raise InputError("--remap: a topic is renamed twice")
    if bag.unread and options.topics is None:
        _say(f"skipping {bag.describe_unread()}")
    channels: Channels = {}
    for topic in select_topics(bag, options.topics, list(names)):
        recorded = bag.topics[topic]
        kind = message_class(recorded.type)
        if kind is None:
            _say(f"skipping {shown(topic)}: {shown(recorded.type)} is not installed")
            continue
        qos = (recorded_qos if options.recorded_qos else playing_qos)(bag.offered_qos.get(topic, ""))
        try:
            publisher = node.create_publisher(kind, names.get(topic, topic), qos)
        except (InvalidTopicNameException, ValueError) as error:
            reason = " ".join(str(error).split("\n")[0].split())
            if topic in names:
                raise InputError(f"--remap {topic}:={shown(names[topic])}: {reason}") from None
            _say(f"skipping {shown(topic)}: {reason}; rename it with --remap")
            continue
        first_type = next(iter(kind.get_fields_and_field_types().values()), "")
        stamped = first_type == "std_msgs/Header"
        channels[topic] = Channel(topic, recorded.type, recorded.count, publisher, stamped)
    if not any(channel.count for channel in channels.values()):
        raise InputError(f"{options.bag}: nothing to play; the bag has {bag.describe_topics()}")
    return channels


def message_class(type_name: str) -> Any:
    """The class of a message type, None where it is not installed; only packages with messages are imported."""
    named = TYPE_NAME.fullmatch(type_name)
    package = named and importlib.util.find_spec(named[1])
    folders = (package and package.submodule_search_locations) or ()
    if named is None or not any((Path(folder) / "msg" / "__init__.py").is_file() for folder in folders):
        return None
    try:
        return getattr(importlib.import_module(f"{named[1]}.msg"), named[2], None)
    except ImportError:
        return None


@contextmanager
def _clock(node: Node, bag: Bag, channels: Channels, options: argparse.Namespace) -> Iterator[PlaybackClock | None]:
    """The clock that was asked for, standing at the time of the first message."""
    first = None
    if options.clock is not None:
        first = next((message.recorded for message in bag.messages(channels)), None)
    if first is None:
        yield None
        return
    clock = PlaybackClock(node, options.clock, first)
    try:
        yield clock
    finally:
        clock.close()


def _wait_for_subscribers(channels: Channels, options: argparse.Namespace) -> bool:
    """True once every wanted topic, by its recorded or new name, has a subscriber; False after the timeout."""
    waiting = []
    for topic in options.wait_for_subscribers:
        found = [c.publisher for c in channels.values() if topic in (c.topic, c.publisher.topic_name)]
        if not found:
            played = ", ".join(c.publisher.topic_name for c in channels.values())
            raise InputError(f"--wait-for-subscribers: {shown(topic)} is not played; played are {played}")
        waiting += found
    deadline = time.monotonic() + options.wait_timeout
    while waiting := [p for p in waiting if not p.get_subscription_count()]:
        if time.monotonic() > deadline:
            _say(f"no subscribers on {waiting[0].topic_name}")
            return False
        time.sleep(0.02)
    return True


def _play_loops(
    node: Node,
    bag: Bag,
    channels: Channels,
    options: argparse.Namespace,
    clock: PlaybackClock | None,
) -> None:
    """Plays the bag as often as asked and prints one summary line, also when interrupted."""
    frames, period = frame_count_and_period(bag, channels) if options.fps or options.loop != 1 else (0, 0.0)
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
            _play_once(bag, channels, start, rate, restamp)
    finally:
        _print_summary(channels, time.monotonic() - begin)


def _play_once(bag: Bag, channels: Channels, start: float, rate: float, now: Callable[[], Any] | None) -> None:
    """Publishes every message once; the first is due at `start`, in time.monotonic() seconds."""
    first = None
    for topic, recorded, raw in bag.messages(channels):
        first = recorded if first is None else first
        _sleep_until(start + (recorded - first) * 1e-9 / rate)
        channel = channels[topic]
        channel.publisher.publish(restamped(raw, now().nanoseconds) if now and channel.stamped else raw)
        channel.played += 1


def _sleep_until(due: float) -> None:
    """due: in time.monotonic() seconds."""
    while (delay := due - time.monotonic()) > 0:
        time.sleep(min(delay, LONGEST_SLEEP))


def restamped(raw: bytes, nanoseconds: int) -> bytes:
    """A serialised message that begins with a Header, with its stamp replaced: CDR puts it after a 4-byte preamble.

    One that is too short to have a stamp stays as it is.
    """
    if len(raw) < STAMP_END:
        return raw
    order = "<" if raw[1] & 1 else ">"
    return raw[:4] + struct.pack(f"{order}iI", *divmod(nanoseconds, 10**9)) + raw[STAMP_END:]


def _reference(channels: Channels) -> Channel:
    """The topic that frames are counted on: the first with raw images, else compressed, else with most messages."""
    for kind in (IMAGE_TYPE, COMPRESSED_TYPE):
        for channel in channels.values():
            if channel.type == kind and channel.count:
                return channel
    return max(channels.values(), key=lambda channel: channel.count)


def frame_count_and_period(bag: Bag, channels: Channels) -> tuple[int, float]:
    """Frames on the reference topic and the mean seconds between them as recorded; 0 s for fewer than two frames."""
    stamps = [message.recorded for message in bag.messages([_reference(channels).topic])]
    intervals = len(stamps) - 1
    return len(stamps), (max(stamps) - min(stamps)) * 1e-9 / intervals if intervals > 0 else 0.0


def _deliver(node: Node, publishers: Sequence[Any]) -> None:
    """Stays until subscribers have the last messages, which end with the process that published them."""
    for publisher in publishers:
        publisher.wait_for_all_acked(Duration(seconds=DELIVERY_TIME))
    subscribers = [info for p in publishers for info in node.get_subscriptions_info_by_topic(p.topic_name)]
    if any(info.qos_profile.reliability != ReliabilityPolicy.RELIABLE for info in subscribers):
        _sleep_until(time.monotonic() + UNACKNOWLEDGED)


def _print_summary(channels: Channels, seconds: float) -> None:
    frames = _reference(channels)
    total = sum(c.played for c in channels.values())
    pace = f"{frames.played} on {frames.publisher.topic_name}, {frames.played / max(seconds, 1e-9):.1f} per second"
    print(f"bag_player: {total} messages on {len(channels)} topics in {seconds:.1f} s; {pace}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
