"""ROS messages to arrays and back, without trusting the message and without copying more than once."""

from __future__ import annotations

import array
import functools
import unicodedata
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from tr2m_core.packing import pack_depth

# Encoding -> bytes per pixel and the OpenCV conversion to RGB. All are 8 bit: is_bigendian has no bearing on them.
_TO_RGB: dict[str, tuple[int, int | None]] = {
    "rgb8": (3, None),
    "bgr8": (3, cv2.COLOR_BGR2RGB),
    "rgba8": (4, cv2.COLOR_RGBA2RGB),
    "bgra8": (4, cv2.COLOR_BGRA2RGB),
    "mono8": (1, cv2.COLOR_GRAY2RGB),
}
SUPPORTED_ENCODINGS = tuple(_TO_RGB)
MIN_SIDE = 2  # pixels; the model cannot resize less


class MessageError(ValueError):
    """A message that cannot be used.

    The text is one line that names what is wrong and what would do; `reason` is a short constant to count by.
    """

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


class Memory:
    """Messages and arrays that are used again from frame to frame: fresh pages cost more than the arithmetic on them.

    What was made with it is good until the next one of its kind; publishing a message copies it.
    """

    def __init__(self) -> None:
        self._messages: dict[type, tuple[Any, npt.NDArray[np.uint8]]] = {}
        self._arrays: dict[str, npt.NDArray[np.uint8]] = {}

    def message(self, kind: type, size: int) -> tuple[Any, npt.NDArray[np.uint8]]:
        """A message of this kind and the `size` bytes of its data, of any content, as numpy sees them."""
        kept = self._messages.get(kind)
        if kept is None or kept[1].size != size:
            msg = kind()
            # Humble checks bytes and lists assigned to uint8[] fields one by one; array.array goes straight through.
            msg.data = array.array("B", (0,)) * size
            kept = self._messages[kind] = msg, np.frombuffer(msg.data, np.uint8)
        return kept

    def array(self, name: str, *shape: int) -> npt.NDArray[np.uint8]:
        """Scratch space of this shape, of any content."""
        kept = self._arrays.get(name)
        if kept is None or kept.shape != shape:
            kept = self._arrays[name] = np.empty(shape, np.uint8)
        return kept


def check_image(msg: Image) -> None:
    """Raises MessageError unless the header fields of the image agree with its data. Touches no pixel.

    Encodings that numpy does not decode pass where cv_bridge is installed.
    """
    if msg.width < MIN_SIDE or msg.height < MIN_SIDE:
        raise MessageError("image size", f"image of {msg.width}x{msg.height} pixels: at least 2x2 are needed")
    known = msg.encoding in _TO_RGB
    if not known and _cv_bridge() is None:
        raise MessageError("encoding", _unsupported(msg.encoding))
    row = msg.width * (_TO_RGB[msg.encoding][0] if known else 1)
    if msg.step < row:
        raise MessageError("step", f"step of {msg.step} bytes: {msg.width} {msg.encoding} pixels take {row}")
    if len(msg.data) < msg.step * msg.height:
        wanted = f"{msg.height} rows of step {msg.step} take {msg.step * msg.height}"
        raise MessageError("truncated image", f"image data of {len(msg.data)} bytes: {wanted}")


def rgb_from_image(msg: Image, memory: Memory | None = None) -> npt.NDArray[np.uint8]:
    """The picture as contiguous (H, W, 3) RGB. Raises MessageError for anything that is not one.

    An rgb8 message without padding is not copied: the result then shares the message's memory.
    """
    check_image(msg)
    if msg.encoding not in _TO_RGB:
        return _rgb_by_cv_bridge(msg)
    channels, conversion = _TO_RGB[msg.encoding]
    rows = np.frombuffer(msg.data, np.uint8, count=msg.step * msg.height).reshape(msg.height, msg.step)
    pixels = rows[:, : msg.width * channels].reshape(msg.height, msg.width, channels)
    if conversion is None:
        return np.ascontiguousarray(pixels)
    rgb = (memory or Memory()).array("rgb", msg.height, msg.width, 3)
    cv2.cvtColor(pixels, conversion, dst=rgb)
    return rgb


def depth_to_image(
    depth: npt.NDArray[np.float32], header: Header, min_depth: float, max_depth: float, memory: Memory | None = None
) -> Image:
    """(H, W) metres -> 32FC1 as REP 117 wants it, see `pack_depth`."""
    height, width = depth.shape
    msg, data = (memory or Memory()).message(Image, 4 * height * width)
    pack_depth(depth, min_depth, max_depth, out=data.view(np.float32).reshape(height, width))
    msg.header, msg.height, msg.width = header, height, width
    msg.encoding, msg.step, msg.is_bigendian = "32FC1", 4 * width, 0
    return msg


def depth_from_image(msg: Image) -> npt.NDArray[np.float32]:
    """The (H, W) metres of a message made by `depth_to_image`, sharing its memory."""
    return np.frombuffer(msg.data, np.float32).reshape(msg.height, msg.width)


def clean_description(text: str, max_length: int) -> str:
    """The sentence with control characters and surplus blanks removed.

    Raises MessageError when it is longer than `max_length` characters or says nothing.
    """
    if len(text) > max_length:
        limit = f"at most {max_length} are allowed (max_description_length)"
        raise MessageError("description too long", f"description of {len(text)} characters: {limit}")
    visible = "".join(" " if unicodedata.category(c) == "Cc" else c for c in text)
    sentence = " ".join(visible.split())
    if not sentence:
        raise MessageError("description empty", "description without a word in it: give one sentence about the scene")
    return sentence


def _unsupported(encoding: str) -> str:
    name = encoding if len(encoding) <= 40 else encoding[:40] + "..."
    return f"encoding {name!r} is not supported; supported are {', '.join(SUPPORTED_ENCODINGS)}"


@functools.lru_cache(maxsize=1)
def _cv_bridge() -> Any:
    """A CvBridge, or None where it is missing or broken (its compiled part fails under another major NumPy)."""
    try:
        from cv_bridge import CvBridge

        return CvBridge()
    except Exception:
        return None


def _rgb_by_cv_bridge(msg: Image) -> npt.NDArray[np.uint8]:
    try:
        return np.ascontiguousarray(_cv_bridge().imgmsg_to_cv2(msg, "rgb8"), np.uint8)
    except Exception as error:  # cv_bridge raises KeyError, TypeError, CvBridgeError and more
        raise MessageError("encoding", f"{_unsupported(msg.encoding)} (cv_bridge: {error})") from None
