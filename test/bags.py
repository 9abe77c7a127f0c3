"""Bags that rosbags does not write: mcap files with chunks of any size and compression, and damaged ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from mcap.writer import CompressionType, Writer

from tr2m_core.bags.bag import Bag


def write_mcap(
    path: Path,
    messages: Any,
    entries: Sequence[tuple[str, int, Any]],
    compression: str = "none",
    profile: str = "ros2",
    qos: Mapping[str, str] = MappingProxyType({}),
    **options: Any,
) -> Path:
    """Writes (topic, recording time, message) entries by the mcap package; messages: the fixture.

    qos: offered profiles, as YAML, by topic.
    """
    with path.open("wb") as file:
        writer = Writer(file, compression=CompressionType[compression.upper()], **options)
        writer.start(profile=profile, library="test")
        channels: dict[str, int] = {}
        for topic, recorded, message in entries:
            kind = message.__msgtype__
            if topic not in channels:
                schema = writer.register_schema(kind, "ros2msg", b"")
                channels[topic] = writer.register_channel(
                    topic, "cdr", schema, {"offered_qos_profiles": qos.get(topic, "")}
                )
            data = bytes(messages.store.serialize_cdr(message, kind))
            writer.add_message(channels[topic], recorded, data, recorded)
        writer.finish()
    return path


def storage_file(folder: Path) -> Path:
    """The one storage file of a bag folder."""
    return next(path for path in folder.iterdir() if path.suffix != ".yaml")


def contents(path: Path, topics: Sequence[str] | None = None) -> list[tuple[str, int, bytes]]:
    """All messages of a bag."""
    with Bag(path) as bag:
        return [tuple(message) for message in bag.messages(bag.topics if topics is None else topics)]


def expected(messages: Any, entries: Sequence[tuple[str, int, Any]]) -> list[tuple[str, int, bytes]]:
    """What `contents` gives for the entries, when they are in order of recording."""
    return [(topic, recorded, bytes(messages.store.serialize_cdr(m, m.__msgtype__))) for topic, recorded, m in entries]
