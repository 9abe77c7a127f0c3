"""Reads camera frames, measured depth and sentences from ROS 2 bags (sqlite3 and mcap) without ROS."""

from __future__ import annotations

import bisect
import struct
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from rosbags.rosbag2 import Reader
from rosbags.typesys import Stores, get_typestore

from tr2m_core.types import InputError, Intrinsics

IMAGE_TYPE = "sensor_msgs/msg/Image"
INFO_TYPE = "sensor_msgs/msg/CameraInfo"
TEXT_TYPE = "std_msgs/msg/String"

# Bytes per pixel and the positions of red, green and blue among them.
COLOUR_ENCODINGS = {
    "rgb8": (3, [0, 1, 2]),
    "bgr8": (3, [2, 1, 0]),
    "rgba8": (4, [0, 1, 2]),
    "bgra8": (4, [2, 1, 0]),
    "mono8": (1, [0, 0, 0]),
}
# numpy type and metres per unit (REP 118).
DEPTH_ENCODINGS = {"16UC1": ("u2", 0.001), "32FC1": ("f4", 1.0)}


class FrameError(Exception):
    """One message cannot be used; the text says why. The run counts it and goes on."""


class Topics(NamedTuple):
    """The topics that a replay reads."""

    image: str
    depth: str
    info: str | None
    description: str | None


class Stamped(NamedTuple):
    """One message of a topic: its header stamp and recording time in nanoseconds, and its place on the topic."""

    stamp: int
    recorded: int
    place: int


class Pair(NamedTuple):
    """An image and the depth measured with it, None when nothing lies within the tolerance."""

    image: Stamped
    depth: Stamped | None

    @property
    def gap(self) -> int | None:
        """Nanoseconds between the two stamps."""
        return None if self.depth is None else abs(self.depth.stamp - self.image.stamp)


@dataclass(frozen=True)
class BagFrame:
    """The serialised messages of a pair."""

    pair: Pair
    image: bytes
    depth: bytes | None


class Bag:
    """An open bag: a rosbag2 folder, or one .db3 or .mcap file. Use as a context manager.

    topics: message type and number of messages by topic name.
    Raises InputError when there is no such bag or it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.exists():
            raise InputError(f"{path}: no such bag")
        if path.is_dir() and not (path / "metadata.yaml").is_file():
            raise InputError(f"{path}: not a rosbag2 folder (no metadata.yaml)")
        try:
            self._reader = Reader(path)
            self._reader.open()
        except Exception as error:  # a damaged file makes the parsers below raise anything
            raise InputError(f"{path}: not a readable rosbag2 bag ({_one_line(error)})") from None
        # The standard messages are the same in every ROS 2 release, whatever definitions the bag carries.
        self._types = get_typestore(Stores.ROS2_HUMBLE)
        self.topics = {name: (str(info.msgtype), info.msgcount) for name, info in self._reader.topics.items()}

    def __enter__(self) -> Bag:
        return self

    def __exit__(self, *error: object) -> None:
        self._reader.close()

    def messages(self, topics: Collection[str]) -> Iterator[tuple[str, int, bytes]]:
        """Topic, recording time (ns) and serialised message, in order of recording. Raises InputError on damage."""
        connections = [c for c in self._reader.connections if c.topic in topics]
        if not connections:
            return
        try:
            for connection, recorded, data in self._reader.messages(connections):
                yield connection.topic, recorded, bytes(data)
        except Exception as error:  # damaged files make the parsers below raise anything
            raise InputError(f"{self.path}: damaged bag ({_one_line(error)})") from None

    def decode(self, data: bytes, message_type: str) -> Any:
        """The message as an object with the fields of its type. Raises FrameError for damaged data."""
        try:
            return self._types.deserialize_cdr(data, message_type)
        except Exception as error:  # damaged data make the parser raise anything
            raise FrameError(f"not a readable {message_type} ({_one_line(error)})") from None

    def first(self, topic: str) -> Any:
        """The first readable message of a topic, or None."""
        message_type = self.topics[topic][0]
        for _, _, data in self.messages([topic]):
            try:
                return self.decode(data, message_type)
            except FrameError:
                continue
        return None

    def describe_topics(self) -> str:
        """The topics in one line, for error messages."""
        listed = (f"{name} ({kind}, {count})" for name, (kind, count) in sorted(self.topics.items()))
        return ", ".join(listed) or "none"


def decode_colour(message: Any) -> npt.NDArray[np.uint8]:
    """An 8-bit sensor_msgs/Image as (H, W, 3) uint8 RGB, a copy. Raises FrameError when it cannot be decoded."""
    if message.encoding not in COLOUR_ENCODINGS:
        raise FrameError(f"encoding '{message.encoding}' is not one of {', '.join(COLOUR_ENCODINGS)}")
    channels, order = COLOUR_ENCODINGS[message.encoding]
    rows = _rows(message, channels)
    return np.ascontiguousarray(rows.reshape(message.height, message.width, channels)[..., order])


def decode_depth(message: Any) -> npt.NDArray[np.float32]:
    """A 16UC1 or 32FC1 sensor_msgs/Image as (H, W) float32 metres, a copy; 0 in 16UC1 becomes NaN.

    Raises FrameError when it cannot be decoded.
    """
    if message.encoding not in DEPTH_ENCODINGS:
        raise FrameError(f"depth encoding '{message.encoding}' is not one of {', '.join(DEPTH_ENCODINGS)}")
    kind, unit = DEPTH_ENCODINGS[message.encoding]
    stored = np.dtype((">" if message.is_bigendian else "<") + kind)
    values = np.ascontiguousarray(_rows(message, stored.itemsize)).view(stored)
    if kind == "f4":
        return values.astype(np.float32)
    return np.where(values > 0, values * np.float32(unit), np.float32(np.nan)).astype(np.float32)


def _rows(message: Any, pixel_bytes: int) -> npt.NDArray[np.uint8]:
    """The bytes of the pixels (H, W * pixel_bytes), padding removed; every size is checked before it is used."""
    height, width, step = int(message.height), int(message.width), int(message.step)
    if height == 0 or width == 0:
        raise FrameError(f"the image is {width}x{height}")
    if step < width * pixel_bytes:
        raise FrameError(f"step {step} is less than a row of {width} {message.encoding} pixels, {width * pixel_bytes}")
    data = np.frombuffer(message.data, np.uint8)
    if len(data) != height * step:
        raise FrameError(f"{len(data)} bytes of data instead of {height} rows of {step}")
    return data.reshape(height, step)[:, : width * pixel_bytes]


def find_topics(
    bag: Bag,
    image: str | None = None,
    depth: str | None = None,
    info: str | None = None,
    description: str | None = None,
) -> Topics:
    """The named topics, and where none is named the one that fits: an 8-bit image, a 16UC1 or 32FC1 depth image, the
    CameraInfo beside the image, the String with the sentences.

    Raises InputError, listing the bag's topics, when a named one is missing or of another type, or none or several fit.
    """
    for name, kind in ((image, IMAGE_TYPE), (depth, IMAGE_TYPE), (info, INFO_TYPE), (description, TEXT_TYPE)):
        if name is not None and bag.topics.get(name, ("", 0))[0] != kind:
            raise InputError(f"{bag.path}: no topic {name} of type {kind}; the bag has {bag.describe_topics()}")
    image = image or _best_image(bag, COLOUR_ENCODINGS, ("color", "colour", "rgb"), "image")
    depth = depth or _best_image(bag, DEPTH_ENCODINGS, ("aligned", "registered"), "depth")
    infos = [name for name, (kind, _) in bag.topics.items() if kind == INFO_TYPE]
    beside = image.rpartition("/")[0] + "/camera_info"
    info = info or (beside if beside in infos else None)
    texts = [name for name, (kind, _) in bag.topics.items() if kind == TEXT_TYPE]
    named = [name for name in texts if "description" in name]
    description = description or next((only[0] for only in (named, texts) if len(only) == 1), None)
    return Topics(image, depth, info, description)


def _best_image(bag: Bag, encodings: Collection[str], hints: tuple[str, ...], role: str) -> str:
    """The image topic whose first message has one of the encodings; of several, the one with a hint in its name."""
    fitting = []
    for name, (kind, _) in bag.topics.items():
        message = bag.first(name) if kind == IMAGE_TYPE else None
        if message is not None and message.encoding in encodings:
            fitting.append(name)
    if len(fitting) > 1:
        fitting = [name for name in fitting if any(hint in name for hint in hints)] or fitting
    if not fitting:
        wanted = ", ".join(encodings)
        raise InputError(f"{bag.path}: no {role} topic ({IMAGE_TYPE} in {wanted}); the bag has {bag.describe_topics()}")
    if len(fitting) > 1:
        listed = ", ".join(sorted(fitting))
        raise InputError(f"{bag.path}: several {role} topics; choose one with --{role}-topic: {listed}")
    return fitting[0]


def plan_pairs(bag: Bag, topics: Topics, tolerance: int) -> list[Pair]:
    """Every image in order of its header stamp, with the depth of the nearest stamp within the tolerance (ns)."""
    stamps: dict[str, list[Stamped]] = {topics.image: [], topics.depth: []}
    for topic, recorded, data in bag.messages(stamps):
        stamps[topic].append(Stamped(_header_stamp(data) or recorded, recorded, len(stamps[topic])))
    depths = sorted(stamps[topics.depth])
    pairs = []
    for image in sorted(stamps[topics.image]):
        after = bisect.bisect_left(depths, image.stamp, key=lambda depth: depth.stamp)
        best = Pair(image, None)
        for depth in depths[max(0, after - 1) : after + 1]:
            gap = abs(depth.stamp - image.stamp)
            if gap <= tolerance and (best.gap is None or gap < best.gap):
                best = Pair(image, depth)
        pairs.append(best)
    return pairs


def _header_stamp(data: bytes) -> int | None:
    """The header stamp (ns) at the start of a serialised message; None when it is 0 or the message is cut short."""
    if len(data) < 12:
        return None
    seconds, nanoseconds = struct.unpack_from("<iI" if data[1] & 1 else ">iI", data, 4)
    return int(seconds * 1_000_000_000 + nanoseconds) or None


def read_frames(bag: Bag, topics: Topics, pairs: list[Pair]) -> Iterator[BagFrame]:
    """The messages of the pairs, in the pairs' order, in one pass over the bag.

    Memory holds the messages between recording order and stamp order only.
    """
    last_use: dict[tuple[str, int], int] = {}
    for index, pair in enumerate(pairs):
        last_use[topics.image, pair.image.place] = index
        if pair.depth is not None:
            last_use[topics.depth, pair.depth.place] = index
    places = {topics.image: 0, topics.depth: 0}
    waiting: dict[tuple[str, int], bytes] = {}
    done = 0
    for topic, _, data in bag.messages(places):
        key = (topic, places[topic])
        places[topic] += 1
        if key in last_use:
            waiting[key] = data
        while done < len(pairs):
            pair = pairs[done]
            keys = [(topics.image, pair.image.place)] + ([(topics.depth, pair.depth.place)] if pair.depth else [])
            if any(key not in waiting for key in keys):
                break
            messages = [waiting[key] if last_use[key] > done else waiting.pop(key) for key in keys]
            yield BagFrame(pair, messages[0], messages[1] if pair.depth else None)
            done += 1


def read_sentences(bag: Bag, topic: str) -> list[tuple[int, str]]:
    """Recording time (ns) and text of every readable message on a String topic."""
    sentences = []
    for _, recorded, data in bag.messages([topic]):
        try:
            sentences.append((recorded, str(bag.decode(data, TEXT_TYPE).data)))
        except FrameError:
            continue
    return sentences


def read_intrinsics(bag: Bag, topic: str | None) -> Intrinsics | None:
    """The pinhole intrinsics of the first CameraInfo, None without a topic, a message or a calibration."""
    message = bag.first(topic) if topic is not None else None
    if message is None or not message.k[0] > 0:
        return None
    return Intrinsics(fx=float(message.k[0]), fy=float(message.k[4]), cx=float(message.k[2]), cy=float(message.k[5]))


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
