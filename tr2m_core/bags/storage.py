"""What the storage files of a bag have in common, whatever their format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple, Protocol

import zstandard

MAX_RECORD = 1 << 30  # bytes; no camera or lidar writes a message or a chunk of a gigabyte
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
STEP = 1 << 20


@dataclass(frozen=True)
class Topic:
    """Message type, as sensor_msgs/msg/Image, and number of messages that can be read."""

    type: str
    count: int


class Message(NamedTuple):
    """One recorded message: its topic, recording time in nanoseconds and serialised bytes."""

    topic: str
    recorded: int
    data: bytes


class Damage(Exception):
    """The rest of a file cannot be read; the text says why."""


class Storage(Protocol):
    """One open storage file."""

    types: dict[str, str]
    """Message type by topic name, complete at the latest when all messages have been read."""
    counts: Counter[str] | None
    """Number of messages by topic name, None where only reading them all would tell."""
    unread: dict[str, str]
    """What is recorded in a form that this does not read, in a few words by topic name; complete when types is."""
    offered_qos: dict[str, str]
    """Quality of service that the publishers of a topic offered, by topic name, in YAML as recorders write it."""

    def messages(self, topics: Collection[str] | None) -> Iterator[Message]:
        """The messages of the topics, or all, in order of recording. Raises Damage where no more can be read."""
        ...

    def close(self) -> None: ...


def inflate_zstd(data: bytes | BinaryIO) -> Iterator[bytes]:
    """The content of zstd frames in pieces of bounded size, whatever the data announce. Raises zstandard.ZstdError."""
    with zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True) as reader:
        while piece := reader.read(STEP):
            yield piece


def ros2_type(name: str) -> str:
    """A message type as ROS 2 writes it; some recorders write sensor_msgs/Image for sensor_msgs/msg/Image."""
    package, slash, message = name.partition("/")
    return f"{package}/msg/{message}" if slash and "/" not in message else name


def one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
