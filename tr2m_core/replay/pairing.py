"""Pairs images with the depth measured with them, by header stamp."""

from __future__ import annotations

import bisect
import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from tr2m_core.bags.bag import Bag
from tr2m_core.bags.topics import Topics


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


def plan_pairs(bag: Bag, topics: Topics, tolerance: int) -> list[Pair]:
    """Every image in order of its header stamp, with the depth of the nearest stamp within the tolerance (ns).

    Equal stamps keep the order of recording. Of two depths as near, the earlier is taken; one may serve several images.
    Messages without a stamp count as of the time of their recording. Without a depth topic no image has a partner.
    """
    stamps: dict[str, list[Stamped]] = {topic: [] for topic in (topics.image, topics.depth) if topic is not None}
    for topic, recorded, data in bag.messages(stamps):
        stamps[topic].append(Stamped(header_stamp(data) or recorded, recorded, len(stamps[topic])))
    depths = sorted(stamps[topics.depth], key=in_order) if topics.depth is not None else []
    keys = [depth.stamp for depth in depths]
    return [
        Pair(image, nearest(depths, keys, image.stamp, tolerance))
        for image in sorted(stamps[topics.image], key=in_order)
    ]


def in_order(message: Stamped) -> tuple[int, int]:
    return message.stamp, message.place


def nearest(depths: list[Stamped], stamps: list[int], stamp: int, tolerance: int) -> Stamped | None:
    """The depth of the nearest stamp, None when it is further away than the tolerance."""
    after = bisect.bisect_left(stamps, stamp)
    before = bisect.bisect_left(stamps, stamps[after - 1]) if after else 0  # the first of equal stamps
    near = [depths[place] for place in (before, after) if place < len(depths)]
    best = min(near, key=lambda depth: abs(depth.stamp - stamp), default=None)
    return best if best is not None and abs(best.stamp - stamp) <= tolerance else None


def header_stamp(data: bytes) -> int | None:
    """The header stamp (ns) at the start of a serialised message; None when it is 0 or the message is cut short."""
    if len(data) < 12:
        return None
    seconds, nanoseconds = struct.unpack_from("<iI" if data[1] & 1 else ">iI", data, 4)
    return int(seconds * 1_000_000_000 + nanoseconds) or None


def read_frames(bag: Bag, topics: Topics, pairs: list[Pair]) -> Iterator[BagFrame]:
    """The messages of the pairs, in the pairs' order, in one pass over the bag.

    Memory holds the messages between recording order and stamp order only.
    """
    uses = Counter(key for pair in pairs for key in _keys(topics, pair))
    places = Counter[str]()
    waiting: dict[tuple[str, int], bytes] = {}
    upcoming = iter(pairs)
    pair = next(upcoming, None)
    for topic, _, data in bag.messages({topic for topic, _ in uses}):
        key = (topic, places[topic])
        places[topic] += 1
        if key in uses:
            waiting[key] = data
        while pair is not None and all(key in waiting for key in _keys(topics, pair)):
            messages = []
            for key in _keys(topics, pair):
                uses[key] -= 1
                messages.append(waiting[key] if uses[key] else waiting.pop(key))
            yield BagFrame(pair, messages[0], messages[1] if pair.depth is not None else None)
            pair = next(upcoming, None)


def _keys(topics: Topics, pair: Pair) -> list[tuple[str, int]]:
    """Topic and place of the messages of a pair, the image first."""
    keys = [(topics.image, pair.image.place)]
    if topics.depth is not None and pair.depth is not None:
        keys.append((topics.depth, pair.depth.place))
    return keys
