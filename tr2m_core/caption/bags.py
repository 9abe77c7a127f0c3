"""Descriptions of a recording: which of its images are described, and the copy that has the sentences."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rosbags.rosbag2 import Reader, ReaderError, StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from tr2m_core.bags.bag import Bag
from tr2m_core.bags.description_topic import TEXT_TYPE
from tr2m_core.bags.writer import LATCHED
from tr2m_core.errors import FrameError, InputError
from tr2m_core.likeness import has_changed, thumbnail
from tr2m_core.messages.images import CheckedImage

if TYPE_CHECKING:
    from tr2m_core.types import Pixels

TOPIC = "/scene_description"
AHEAD = 1_000_000  # ns by which a sentence comes before the image that it describes


class Scene(NamedTuple):
    """An image that shows something new: time of recording and rgb (H, W, 3)."""

    recorded: int
    rgb: Pixels


def new_scenes(bag: Bag, topic: str, period: float, change: float) -> Iterator[Scene]:
    """The images of a topic that `describe_node` would describe, if it never was busy.

    Every `period` seconds of recording one is looked at; it counts where the scene `has_changed` since the last one
    that counted. Images that cannot be read are passed over.
    """
    looked, seen = None, None
    for message in bag.messages([topic]):
        if looked is not None and 0 <= message.recorded - looked < period * 1e9:
            continue
        try:
            rgb = CheckedImage.parse(bag.decode(message.data, bag.topics[topic].type)).rgb()
        except FrameError:
            continue
        looked, small = message.recorded, thumbnail(rgb)
        if has_changed(small, seen, change):
            seen = small
            yield Scene(message.recorded, rgb)


def json_lines(texts: Mapping[int, str]) -> Iterator[str]:
    """A JSON object per description: its time of recording (ns) and its sentences."""
    for recorded, text in texts.items():
        yield json.dumps({"recorded": recorded, "description": text.splitlines()})


def write_copy(source: Path, target: Path, texts: Mapping[int, str]) -> int:
    """A copy of a bag, in mcap, with the descriptions on TOPIC shortly before the images they are about.

    Messages that the source has on TOPIC are left out; returns how many. Raises InputError where the source is damaged
    or the target cannot be written; then no target is left.
    """
    types = get_typestore(Stores.ROS2_HUMBLE)
    waiting = sorted((recorded - AHEAD, text) for recorded, text in texts.items())
    left_out = 0
    if target.exists():
        raise InputError(f"{target} exists: choose a new folder for the bag, or remove it")
    try:
        with Reader(source) as reader, Writer(target, version=8, storage_plugin=StoragePlugin.MCAP) as writer:
            added = writer.add_connection(TOPIC, TEXT_TYPE, typestore=types, offered_qos_profiles=[LATCHED])
            connections = {
                known.id: writer.add_connection(
                    known.topic,
                    known.msgtype,
                    msgdef=known.msgdef.data,
                    rihs01=known.digest,
                    serialization_format=getattr(known.ext, "serialization_format", "cdr"),
                    offered_qos_profiles=getattr(known.ext, "offered_qos_profiles", ()),
                )
                for known in reader.connections
                if known.topic != TOPIC
            }

            def say(until: float) -> None:
                while waiting and waiting[0][0] <= until:
                    recorded, text = waiting.pop(0)
                    message = types.types[TEXT_TYPE](data=text)
                    writer.write(added, recorded, types.serialize_cdr(message, TEXT_TYPE))

            for known, recorded, data in reader.messages():
                say(recorded)
                if known.topic == TOPIC:
                    left_out += 1
                else:
                    writer.write(connections[known.id], recorded, data)
            say(float("inf"))
    except ReaderError as error:
        shutil.rmtree(target, ignore_errors=True)
        raise InputError(f"{source}: cannot be copied ({error}); -o FILE.jsonl takes the descriptions alone") from None
    except OSError as error:
        raise InputError(f"{target}: cannot write a bag there ({error.strerror})") from None
    return left_out
