"""ROS messages to arrays and back, without trusting the message and without copying more than once."""

from __future__ import annotations

import array
import functools
from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from tr2m_core.errors import FrameError
from tr2m_core.messages.images import COLOUR_ENCODINGS, check_colour, decode_colour, pixel_format
from tr2m_core.messages.packing import pack_depth, pack_millimetres

Picture: TypeAlias = "Image | CompressedImage"


class Memory:
    """Messages and arrays that are used again from frame to frame: fresh pages cost more than the arithmetic on them.

    What was made with it is good until the next one of its name; publishing a message copies it.
    """

    def __init__(self) -> None:
        self._messages: dict[str, tuple[Any, npt.NDArray[np.uint8]]] = {}
        self._arrays: dict[str, npt.NDArray[np.uint8]] = {}

    def message(self, name: str, kind: type, size: int) -> tuple[Any, npt.NDArray[np.uint8]]:
        """A message of this kind and the `size` bytes of its data, of any content, as numpy sees them."""
        kept = self._messages.get(name)
        if kept is None or kept[1].size != size:
            msg = kind()
            # Humble checks bytes and lists assigned to uint8[] fields one by one; array.array goes straight through.
            msg.data = array.array("B", (0,)) * size
            kept = self._messages[name] = msg, np.frombuffer(msg.data, np.uint8)
        return kept

    def array(self, name: str, *shape: int) -> npt.NDArray[np.uint8]:
        """Scratch space of this shape, of any content."""
        kept = self._arrays.get(name)
        if kept is None or kept.shape != shape:
            kept = self._arrays[name] = np.empty(shape, np.uint8)
        return kept


def nanoseconds(msg: Any) -> int:
    """Of the stamp in the header, which may be any number: rclpy.time refuses negative ones."""
    return int(msg.header.stamp.sec) * 10**9 + int(msg.header.stamp.nanosec)


def check_picture(msg: Picture) -> None:
    """Raises FrameError unless the fields of the message agree with its data. Decodes no pixel.

    Encodings that are not decoded here pass where cv_bridge is installed.
    """
    if not _needs_cv_bridge(msg):
        check_colour(msg)


def rgb_from_picture(msg: Picture, memory: Memory | None = None) -> npt.NDArray[np.uint8]:
    """The picture as contiguous (H, W, 3) RGB. Raises FrameError for anything that is not one.

    An rgb8 message without padding is not copied: the result then shares the message's memory.
    """
    check_picture(msg)
    if _needs_cv_bridge(msg):
        return _rgb_by_cv_bridge(msg)
    out = None
    if memory is not None and isinstance(msg, Image):
        out = memory.array("rgb", msg.height, msg.width, 3)
    return decode_colour(msg, out, copy=False)


def resized_rgb(rgb: npt.NDArray[np.uint8], size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """The picture at another size (height, width)."""
    if rgb.shape[:2] == size:
        return rgb
    return np.asarray(cv2.resize(rgb, (size[1], size[0]), interpolation=cv2.INTER_AREA), np.uint8)


def depth_to_image(
    depth: npt.NDArray[np.float32], header: Header, min_depth: float, max_depth: float, memory: Memory | None = None
) -> Image:
    """(H, W) metres -> 32FC1 as REP 117 wants it, see `pack_depth`."""
    msg, pixels = _image("depth", header, depth.shape, "32FC1", np.float32, memory)
    pack_depth(depth, min_depth, max_depth, out=pixels)
    return msg


def millimetres_to_image(depth: Image, memory: Memory | None = None) -> Image:
    """A 32FC1 image -> 16UC1 millimetres, see `pack_millimetres`."""
    metres = depth_from_image(depth)
    msg, pixels = _image("mm", depth.header, metres.shape, "16UC1", np.uint16, memory)
    pack_millimetres(metres, pixels)
    return msg


def map_to_image(name: str, values: npt.NDArray[np.float32], header: Header, memory: Memory | None = None) -> Image:
    """(H, W) numbers -> 32FC1, as they are. name: of the memory."""
    msg, pixels = _image(name, header, values.shape, "32FC1", np.float32, memory)
    pixels[:] = values
    return msg


def rgb_to_image(rgb: npt.NDArray[np.uint8], header: Header, memory: Memory | None = None) -> Image:
    """(H, W, 3) -> rgb8."""
    msg, pixels = _image("picture", header, (rgb.shape[0], rgb.shape[1] * 3), "rgb8", np.uint8, memory)
    pixels[:] = rgb.reshape(pixels.shape)
    msg.width = rgb.shape[1]
    return msg


def _image(
    name: str, header: Header, shape: tuple[int, ...], encoding: str, kind: type, memory: Memory | None
) -> tuple[Image, npt.NDArray[Any]]:
    """An image of (height, samples per row) and its samples to write into."""
    height, width = shape
    step = width * np.dtype(kind).itemsize
    msg, data = (memory or Memory()).message(name, Image, height * step)
    msg.header, msg.height, msg.width = header, height, width
    msg.encoding, msg.step, msg.is_bigendian = encoding, step, 0
    return msg, data.view(kind).reshape(height, width)


def depth_from_image(msg: Image) -> npt.NDArray[np.float32]:
    """The (H, W) metres of a message made by `depth_to_image`, sharing its memory."""
    return np.frombuffer(msg.data, np.float32).reshape(msg.height, msg.width)


def _needs_cv_bridge(msg: Picture) -> bool:
    return isinstance(msg, Image) and pixel_format(msg) not in COLOUR_ENCODINGS and _cv_bridge() is not None


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
        reason = " ".join(str(error).split())[:200]
        raise FrameError(
            f"encoding {msg.encoding[:40]!r} is not supported, nor by cv_bridge: {reason}", "encoding"
        ) from None
