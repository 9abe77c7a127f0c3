"""Finds the topics of a bag that a replay reads."""

from __future__ import annotations

from typing import Any, NamedTuple

from tr2m_core.bags.bag import IMAGE_TYPES, Bag, shown
from tr2m_core.bags.candidates import FOUND_COLOURS, FOUND_DEPTHS, base, format_of, hinted, images, of_type
from tr2m_core.bags.depth_topic import NO_DEPTH, find_depth
from tr2m_core.bags.description_topic import TEXT_TYPE, find_description
from tr2m_core.errors import FrameError, InputError
from tr2m_core.messages.point_clouds import CLOUD_TYPE

INFO_TYPE = "sensor_msgs/msg/CameraInfo"
DEPTH_TYPES = (*IMAGE_TYPES, CLOUD_TYPE)
COLOUR_HINTS = ("color", "colour", "rgb")  # what makes an image topic the likelier one of several


class Topics(NamedTuple):
    """The topics that a replay reads; None where the bag has none."""

    image: str
    """Of type Image or CompressedImage."""
    depth: str | None
    """Of type Image, CompressedImage or PointCloud2."""
    info: str | None
    """CameraInfo of the images."""
    depth_info: str | None
    """CameraInfo of the depth."""
    description: str | None
    """Of type String."""


def find_topics(
    bag: Bag,
    image: str | None = None,
    depth: str | None = None,
    info: str | None = None,
    description: str | None = None,
    depth_info: str | None = None,
) -> Topics:
    """The named topics, and where none is named the one that fits: colour images; measured depth, see `find_depth`;
    the CameraInfo beside each; the String with the sentences, see `find_description`. depth: "none" for no depth.

    Raises InputError, listing the bag's topics, when a named one is missing or of another type, there is no image
    topic, or several image topics or depth images fit.
    """
    named = (
        ("image", image, IMAGE_TYPES),
        ("depth", None if depth == NO_DEPTH else depth, DEPTH_TYPES),
        ("info", info, (INFO_TYPE,)),
        ("text", description, (TEXT_TYPE,)),
        ("depth-info", depth_info, (INFO_TYPE,)),
    )
    for option, name, kinds in named:
        if name is not None and (name not in bag.topics or bag.topics[name].type not in kinds):
            missing = f"--{option}-topic: no topic {name} of type {' or '.join(kinds)}"
            raise InputError(f"{bag.path}: {missing}; the bag has {bag.describe_topics()}")
    for (option, name, _), wrong, what in (
        (named[0], FOUND_DEPTHS, "depth, not images"),
        (named[1], FOUND_COLOURS, "images, not depth"),
    ):
        if name is not None and bag.topics[name].type in IMAGE_TYPES and format_of(bag, name) in wrong:
            raise InputError(f"{bag.path}: --{option}-topic: {name} holds {what}; the bag has {bag.describe_topics()}")
    image = image or _find_image(bag)
    depth = find_depth(bag, image).topic if depth is None else named[1][1]
    info = info or _info_beside(bag, image)
    if depth_info is None and depth is not None and bag.topics[depth].type != CLOUD_TYPE:
        depth_info = _info_beside(bag, depth)
    return Topics(image, depth, info, depth_info, description or find_description(bag, image).topic)


def read_descriptions(bag: Bag, topic: str) -> list[tuple[int, str]]:
    """Recording time (ns) and text of every readable message on a String topic, in order of time."""
    sentences = []
    for _, recorded, data in bag.messages([topic]):
        try:
            sentences.append((recorded, str(bag.decode(data, TEXT_TYPE).data)))
        except FrameError:
            continue
    return sorted(sentences, key=lambda description: description[0])


def first_info(bag: Bag, topic: str | None) -> Any:
    """The first readable CameraInfo of a topic, None without a topic or a message."""
    return None if topic is None else bag.first(topic)


def _find_image(bag: Bag) -> str:
    """The one topic of colour images, of several the one with a hint in its name."""
    fitting = images(bag, FOUND_COLOURS)
    if len(fitting) > 1:
        fitting = hinted(fitting, COLOUR_HINTS) or fitting
    if not fitting:
        raise InputError(f"{bag.path}: no image topic (colour images); the bag has {bag.describe_topics()}")
    if len(fitting) > 1:
        listed = ", ".join(map(shown, sorted(fitting)))
        raise InputError(f"{bag.path}: several image topics; choose one with --image-topic: {listed}")
    return fitting[0]


def _info_beside(bag: Bag, topic: str) -> str | None:
    """The CameraInfo that image_transport publishes with an image topic."""
    beside = base(topic).rpartition("/")[0] + "/camera_info"
    return beside if beside in of_type(bag, INFO_TYPE) else None
