"""Which topics of a bag are of a type and hold images of a kind, before one of them is chosen."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from itertools import islice
from typing import NamedTuple

from tr2m_core.bags.bag import IMAGE_TYPES, Bag
from tr2m_core.messages.depth_images import DEPTH_ENCODINGS
from tr2m_core.messages.images import COLOUR_ENCODINGS, IMAGE_FORMATS, pixel_format

TRANSPORTS = ("compressed", "compressedDepth")  # the last part of the topic of a compressed image
OWN_OUTPUT = "metric_depth"  # this project's node; what it predicted is no measurement
# 16-bit grey is either, so it is taken where it is named and never found.
FOUND_COLOURS = {*COLOUR_ENCODINGS, *IMAGE_FORMATS, "jpg"} - DEPTH_ENCODINGS.keys()
FOUND_DEPTHS = DEPTH_ENCODINGS.keys() - set(COLOUR_ENCODINGS)
FORMATS_TRIED = 5  # images until one tells what the topic holds; the first of a driver may be none


class Found(NamedTuple):
    """The topic that fits; None where none or more than one does, and `why` then, in one line."""

    topic: str | None
    why: str = ""


def of_type(bag: Bag, kind: str) -> list[str]:
    """The topics of a type, those without a message last."""
    names = [name for name, topic in bag.topics.items() if topic.type == kind]
    return sorted(names, key=lambda name: bag.topics[name].count == 0)


def recorded(bag: Bag, kind: str) -> list[str]:
    """The topics of a type that have messages."""
    return [name for name in of_type(bag, kind) if bag.topics[name].count]


def images(bag: Bag, formats: Collection[str]) -> list[str]:
    """The image topics that hold one of the formats; of one in several transports, the raw one."""
    fitting: dict[str, str] = {}
    for kind in IMAGE_TYPES:
        for name in recorded(bag, kind):
            if format_of(bag, name) in formats:
                fitting.setdefault(base(name), name)
    return list(fitting.values())


def format_of(bag: Bag, name: str) -> str | None:
    """Of the first of a topic's images that has a known one, else of its first; None where no image can be read."""
    formats = list(islice(map(pixel_format, bag.readable(name)), 1))
    if formats and formats[0] not in FOUND_COLOURS | FOUND_DEPTHS:
        formats = list(islice(map(pixel_format, bag.readable(name)), FORMATS_TRIED))
    known = (each for each in formats if each in FOUND_COLOURS | FOUND_DEPTHS)
    return next(known, formats[0] if formats else None)


def base(name: str) -> str:
    """The topic of the image before its transport compressed it."""
    parent, _, last = name.rpartition("/")
    return parent if last in TRANSPORTS else name


def is_own(name: str) -> bool:
    return OWN_OUTPUT in name.split("/")


def hinted(names: Iterable[str], hints: Collection[str]) -> list[str]:
    """The names with one of the hints in them."""
    return [name for name in names if any(hint in name.lower() for hint in hints)]


def words_of(name: str) -> list[str]:
    """The words of a topic's name: laser, cloud and map of /laserCloud/map_1."""
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)]
