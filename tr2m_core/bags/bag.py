"""Reads ROS 2 bags (sqlite3 and mcap) without ROS, damaged ones as far as they can be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import ExitStack, suppress
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import zstandard
from rosbags.typesys import Stores, get_typestore

from tr2m_core.bags.files import storage_files
from tr2m_core.bags.mcap_file import McapFile
from tr2m_core.bags.sqlite_file import SqliteFile
from tr2m_core.bags.storage import MAX_RECORD, ZSTD_MAGIC, Damage, Message, Storage, Topic, inflate_zstd, one_line
from tr2m_core.errors import FrameError, InputError
from tr2m_core.messages.images import pixel_format

__all__ = ["Bag", "Message", "Topic"]

IMAGE_TYPE = "sensor_msgs/msg/Image"
COMPRESSED_TYPE = "sensor_msgs/msg/CompressedImage"
IMAGE_TYPES = (IMAGE_TYPE, COMPRESSED_TYPE)
REMEDY = (
    "only ROS 2 messages in CDR are; convert a ROS 1 bag with rosbags-convert, and write the others anew as ROS 2 "
    "messages, in Python with mcap-ros2-support"
)


class Bag:
    """An open bag: a rosbag2 folder, or one .db3 or .mcap file, compressed or not. Use as a context manager.

    topics: message type and number of messages by topic name. unread: by topic name, what is recorded in another form
    than ROS 2 messages in CDR, in a few words. offered_qos: see `Storage`.
    Raises InputError when there is no such bag or nothing of it can be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        # The standard messages are the same in every ROS 2 release, whatever definitions the bag carries.
        self._types = get_typestore(Stores.ROS2_HUMBLE)
        files, self._unlisted = storage_files(path)
        self._storages: list[tuple[str, Storage]] = []
        self._problems: dict[str, tuple[int, str]] = {}  # messages read before it, and what it is
        self.topics: dict[str, Topic] = {}
        self.unread: dict[str, str] = {}
        self.offered_qos: dict[str, str] = {}
        with ExitStack() as stack:
            for file in files:
                self._add(file, stack)
            if self.damage is not None and not any(topic.count for topic in self.topics.values()):
                raise InputError(f"{path}: not a readable rosbag2 bag ({self.damage})")
            self._stack = stack.pop_all()

    def __enter__(self) -> Bag:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    @property
    def damage(self) -> str | None:
        """One line on what cannot be read and why, as far as it has shown; None for a bag that is whole."""
        return "; ".join([*self._unlisted, *(text for _, text in self._problems.values())]) or None

    def messages(self, topics: Collection[str]) -> Iterator[Message]:
        """The messages of the topics in order of recording.

        Those behind the damage in a file are left out, the same in every pass, and `damage` says where it ended.
        """
        for name, storage in self._storages:
            yield from self._read(name, storage, topics)

    def decode(self, data: bytes, message_type: str) -> Any:
        """The message as an object with the fields of its type. Raises FrameError for damaged data."""
        try:
            return self._types.deserialize_cdr(data, message_type)
        except Exception as error:  # damaged data make the parser raise anything
            raise FrameError(f"not a readable {message_type} ({one_line(error)})") from None

    def first(self, topic: str) -> Any:
        """The first readable message of a topic, or None."""
        return next(self.readable(topic), None)

    def readable(self, topic: str) -> Iterator[Any]:
        """The messages of a topic that can be read, in order of recording; stops behind the last."""
        message_type, count = self.topics[topic].type, self.topics[topic].count
        for message in islice(self.messages([topic]), count):
            try:
                yield self.decode(message.data, message_type)
            except FrameError:
                continue

    def describe_topics(self) -> str:
        """The topics in one line, for error messages: type, number of messages and what images are encoded in."""
        listed = ", ".join(map(self._describe, sorted(self.topics))) or "none that can be read"
        return f"{listed}; {self.describe_unread()}" if self.unread else listed

    def describe_unread(self) -> str:
        """What cannot be read for its form, and how to convert it."""
        listed = ", ".join(f"{shown(name)} ({shown(what)})" for name, what in sorted(self.unread.items()))
        return f"not read are {listed}: {REMEDY}"

    def _describe(self, name: str) -> str:
        topic = self.topics[name]
        words = f"{shown(name)} ({shown(topic.type)}, {topic.count})"
        if topic.type not in IMAGE_TYPES:
            return words
        image = self.first(name)
        return f"{words} in {'nothing readable' if image is None else shown(pixel_format(image)) or 'no encoding'}"

    def _add(self, file: Path, stack: ExitStack) -> None:
        """Opens a storage file and adds its topics; of a damaged one, what can be read."""
        try:
            if file.suffix.lower() == ".zstd":
                file = _unpack(file, Path(stack.enter_context(TemporaryDirectory(prefix="tr2m-"))))
            storage: Storage = McapFile(file) if file.suffix.lower() == ".mcap" else SqliteFile(file)
        except (Damage, OSError) as error:
            self._problems[file.name] = (0, f"{file.name}: {one_line(error)}")
            return
        stack.callback(storage.close)
        self._storages.append((file.name, storage))
        counts = storage.counts
        if counts is None:
            counts = Counter(message.topic for message in self._read(file.name, storage, None))
        for name, kind in storage.types.items():
            before = self.topics.get(name, Topic(kind, 0))
            if kind == before.type:
                self.topics[name] = Topic(kind, before.count + counts[name])
            else:
                self.unread[name] = f"{kind} beside {before.type}"
        self.unread |= storage.unread
        self.offered_qos |= storage.offered_qos

    def _read(self, name: str, storage: Storage, topics: Collection[str] | None) -> Iterator[Message]:
        """The messages of one file; notes where it ends early."""
        read, begin, end = 0, 0, 0
        try:
            for message in storage.messages(topics):
                read, begin, end = read + 1, begin if read else message.recorded, message.recorded
                yield message._replace(data=_unpacked(message.data))
            wanted = sum(count for name, count in (storage.counts or {}).items() if topics is None or name in topics)
            if storage.counts is not None and read < wanted:
                raise Damage(f"{wanted - read} of its messages are missing")
        except (Damage, OSError) as error:
            where = f"cut off after {(end - begin) / 1e9:.2f} s (message {read})"
            if read > self._problems.get(name, (-1, ""))[0]:  # of passes over several topics the one that got furthest
                self._problems[name] = (read, f"{name}: {where}: {one_line(error)}")


def shown(text: str) -> str:
    """Text of a bag without anything that a terminal obeys."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _unpack(file: Path, folder: Path) -> Path:
    """Decompresses a storage file into the folder, as far as it can be read."""
    unpacked = folder / file.stem
    with file.open("rb") as packed, unpacked.open("wb") as target, suppress(zstandard.ZstdError):
        for piece in inflate_zstd(packed):
            target.write(piece)
    return unpacked


def _unpacked(data: bytes) -> bytes:
    """A message that was compressed on its own, decompressed; empty, which nothing decodes, where it is damaged.

    Serialised messages begin with a zero byte, compressed ones do not.
    """
    if not data.startswith(ZSTD_MAGIC):
        return data
    whole = bytearray()
    try:
        for piece in inflate_zstd(data):
            whole += piece
            if len(whole) > MAX_RECORD:
                return b""
    except zstandard.ZstdError:
        return b""
    return bytes(whole)
