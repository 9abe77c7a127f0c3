"""Finds the topics of a bag that a replay reads."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from tr2m_core.images import COLOUR_ENCODINGS, PICTURE_FORMATS, FrameError, pixel_format
from tr2m_core.replay.bag import Bag
from tr2m_core.replay.depth_images import DEPTH_ENCODINGS
from tr2m_core.replay.points import CLOUD_TYPE
from tr2m_core.types import InputError

IMAGE_TYPE = "sensor_msgs/msg/Image"
COMPRESSED_TYPE = "sensor_msgs/msg/CompressedImage"
INFO_TYPE = "sensor_msgs/msg/CameraInfo"
TEXT_TYPE = "std_msgs/msg/String"
IMAGE_TYPES = (IMAGE_TYPE, COMPRESSED_TYPE)
DEPTH_TYPES = (*IMAGE_TYPES, CLOUD_TYPE)

# What makes a topic the likelier one of several.
COLOUR_HINTS = ("color", "colour", "rgb")
DEPTH_HINTS = ("aligned", "registered")
TRANSPORTS = ("compressed", "compressedDepth")  # the last part of the topic of a compressed image
OWN_OUTPUT = "metric_depth"  # this project's node; what it predicted is no measurement
# 16-bit grey is either, so it is taken where it is named and never found.
FOUND_COLOURS = {*COLOUR_ENCODINGS, *PICTURE_FORMATS, "jpg"} - DEPTH_ENCODINGS.keys()
FOUND_DEPTHS = DEPTH_ENCODINGS.keys() - set(COLOUR_ENCODINGS)


class Topics(NamedTuple):
    """The topics that a replay reads; None where the bag has none.

    image: Image or CompressedImage. depth: one of those or PointCloud2. info, depth_info: CameraInfo of image and
    depth. description: String.
    """

    image: str
    depth: str | None
    info: str | None
    depth_info: str | None
    description: str | None


def find_topics(
    bag: Bag,
    image: str | None = None,
    depth: str | None = None,
    info: str | None = None,
    description: str | None = None,
    depth_info: str | None = None,
) -> Topics:
    """The named topics, and where none is named the one that fits: colour images; measured depth, as images or else as
    point clouds; the CameraInfo beside each; the String with the sentences.

    Raises InputError, listing the bag's topics, when a named one is missing or of another type, there is no image
    topic, or several image or depth topics fit.
    """
    named = (
        ("image", image, IMAGE_TYPES),
        ("depth", depth, DEPTH_TYPES),
        ("info", info, (INFO_TYPE,)),
        ("text", description, (TEXT_TYPE,)),
        ("depth-info", depth_info, (INFO_TYPE,)),
    )
    for option, name, kinds in named:
        if name is not None and (name not in bag.topics or bag.topics[name].type not in kinds):
            missing = f"--{option}-topic: no topic {name} of type {' or '.join(kinds)}"
            raise InputError(f"{bag.path}: {missing}; the bag has {bag.describe_topics()}")
    for option, name, wrong, what in (
        ("image", image, FOUND_DEPTHS, "depth, not pictures"),
        ("depth", depth, FOUND_COLOURS, "pictures, not depth"),
    ):
        if name is not None and bag.topics[name].type in IMAGE_TYPES and _format(bag, name) in wrong:
            raise InputError(f"{bag.path}: --{option}-topic: {name} holds {what}; the bag has {bag.describe_topics()}")
    if image is None:
        image = _the_one(bag, _images(bag, FOUND_COLOURS), COLOUR_HINTS, "image")
    if image is None:
        raise InputError(f"{bag.path}: no image topic (colour images); the bag has {bag.describe_topics()}")
    if depth is None:
        depth = _the_one(bag, [name for name in _images(bag, FOUND_DEPTHS) if not _is_own(name)], DEPTH_HINTS, "depth")
    if depth is None:
        depth = _the_one(bag, [name for name in _of_type(bag, CLOUD_TYPE) if not _is_own(name)], (), "depth")
    info = info or _info_beside(bag, image)
    if depth_info is None and depth is not None and bag.topics[depth].type != CLOUD_TYPE:
        depth_info = _info_beside(bag, depth)
    return Topics(image, depth, info, depth_info, description or _find_description(bag))


def read_sentences(bag: Bag, topic: str) -> list[tuple[int, str]]:
    """Recording time (ns) and text of every readable message on a String topic."""
    sentences = []
    for _, recorded, data in bag.messages([topic]):
        try:
            sentences.append((recorded, str(bag.decode(data, TEXT_TYPE).data)))
        except FrameError:
            continue
    return sentences


def first_info(bag: Bag, topic: str | None) -> Any:
    """The first readable CameraInfo of a topic, None without a topic or a message."""
    return None if topic is None else bag.first(topic)


def _of_type(bag: Bag, kind: str) -> list[str]:
    return [name for name, topic in bag.topics.items() if topic.type == kind]


def _images(bag: Bag, formats: Collection[str]) -> list[str]:
    """The image topics whose first message has one of the formats; of one in several transports, the raw one."""
    fitting: dict[str, str] = {}
    for kind in IMAGE_TYPES:
        for name in _of_type(bag, kind):
            if _format(bag, name) in formats:
                fitting.setdefault(_base(name), name)
    return list(fitting.values())


def _format(bag: Bag, name: str) -> str | None:
    """Of the first image that can be read."""
    message = bag.first(name)
    return None if message is None else pixel_format(message)


def _the_one(bag: Bag, fitting: list[str], hints: tuple[str, ...], role: str) -> str | None:
    """The one that fits, of several the one with a hint in its name. Raises InputError when several remain."""
    if len(fitting) > 1:
        fitting = [name for name in fitting if any(hint in name for hint in hints)] or fitting
    if len(fitting) > 1:
        listed = ", ".join(sorted(fitting))
        raise InputError(f"{bag.path}: several {role} topics; choose one with --{role}-topic: {listed}")
    return fitting[0] if fitting else None


def _base(name: str) -> str:
    """The topic of the image before its transport compressed it."""
    parent, _, last = name.rpartition("/")
    return parent if last in TRANSPORTS else name


def _is_own(name: str) -> bool:
    return OWN_OUTPUT in name.split("/")


def _info_beside(bag: Bag, topic: str) -> str | None:
    """The CameraInfo that image_transport publishes with an image topic."""
    beside = _base(topic).rpartition("/")[0] + "/camera_info"
    return beside if beside in _of_type(bag, INFO_TYPE) else None


def _find_description(bag: Bag) -> str | None:
    texts = _of_type(bag, TEXT_TYPE)
    named = [name for name in texts if "description" in name]
    return next((only[0] for only in (named, texts) if len(only) == 1), None)
