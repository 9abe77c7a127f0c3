"""Reads ROS 2 bags (sqlite3 and mcap) without ROS, damaged ones as far as they can be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import zstandard
from rosbags.typesys import Stores, get_typestore

from tr2m_core.images import FrameError
from tr2m_core.replay.bag_files import storage_files
from tr2m_core.replay.mcap_file import McapFile
from tr2m_core.replay.sqlite_file import SqliteFile
from tr2m_core.replay.storage import MAX_RECORD, ZSTD_MAGIC, Damage, Message, Storage, Topic, inflate_zstd, one_line
from tr2m_core.types import InputError

__all__ = ["Bag", "Message", "Topic"]


class Bag:
    """An open bag: a rosbag2 folder, or one .db3 or .mcap file, compressed or not. Use as a context manager.

    topics: message type and number of messages by topic name.
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
        message_type, count = self.topics[topic].type, self.topics[topic].count
        for message in self.messages([topic]) if count else ():
            try:
                return self.decode(message.data, message_type)
            except FrameError:
                continue
        return None

    def describe_topics(self) -> str:
        """The topics in one line, for error messages."""
        listed = (f"{name} ({topic.type}, {topic.count})" for name, topic in sorted(self.topics.items()))
        return ", ".join(listed) or "none"

    def _add(self, file: Path, stack: ExitStack) -> None:
        """Opens a storage file and adds its topics; of a damaged one, what can be read."""
        try:
            if file.suffix == ".zstd":
                file = _unpack(file, Path(stack.enter_context(TemporaryDirectory(prefix="tr2m-"))))
            storage: Storage = McapFile(file) if file.suffix == ".mcap" else SqliteFile(file)
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
