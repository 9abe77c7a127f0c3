"""ROS messages to arrays and back, without trusting the message and without copying more than once."""

from __future__ import annotations

import array
import functools
from collections.abc import Hashable, Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from sensor_msgs.msg import CompressedImage, Image, PointCloud2, PointField
from std_msgs.msg import Header

from tr2m_core.errors import FrameError
from tr2m_core.messages.images import COLOUR_ENCODINGS, CheckedImage, check_size, pixel_format
from tr2m_core.messages.packing import cloud_fields, image_fields, point_fields
from tr2m_core.pipeline.memory import Memory

ImageMessage: TypeAlias = "Image | CompressedImage"
POINT_FIELDS = {
    colour: tuple(
        PointField(name=name, offset=offset, datatype=PointField.FLOAT32, count=1)
        for name, offset in point_fields(colour)
    )
    for colour in (True, False)
}


class MessageMemory(Memory):
    """Memory whose arrays are the data of messages, for names that `kinds` has a type for: what is packed there goes
    out without another copy. Publishing a message copies it.
    """

    def __init__(self, kinds: Mapping[Hashable, type]) -> None:
        super().__init__()
        self._kinds = kinds
        self._messages: dict[Hashable, Any] = {}

    def message(self, name: Hashable, content: npt.NDArray[Any], header: Header) -> Any:
        """An Image of these pixels or a PointCloud2 of these points, see `image_fields` and `cloud_fields`.

        content: of this name's array, or points that were picked from it.
        """
        msg = self._messages[name]
        if self._kinds[name] is Image:
            fields = image_fields(content)
        else:
            fields = cloud_fields(content)
            if not np.may_share_memory(content, self._kept[name]):
                msg = PointCloud2(data=array.array("B", content.tobytes()))
            msg.fields = list(POINT_FIELDS[content.shape[-1] == 4])
        msg.header = header
        for field, value in fields.items():
            setattr(msg, field, value)
        return msg

    def _allocate(self, name: Hashable, size: int) -> npt.NDArray[np.uint8]:
        if name not in self._kinds:
            return super()._allocate(name, size)
        msg = self._messages[name] = self._kinds[name]()
        # Humble checks bytes and lists assigned to uint8[] fields one by one; array.array goes straight through.
        msg.data = array.array("B", (0,)) * size
        return np.frombuffer(msg.data, np.uint8)


def nanoseconds(header: Header) -> int:
    """Of the stamp, which may be any number: rclpy.time rejects negative ones."""
    return int(header.stamp.sec) * 10**9 + int(header.stamp.nanosec)


def parse_image(msg: ImageMessage) -> CheckedImage:
    """The image of a message. Raises FrameError unless its fields agree with its data. Decodes no pixel.

    Encodings that are not decoded here pass where cv_bridge is installed.
    """
    if isinstance(msg, Image) and pixel_format(msg) not in COLOUR_ENCODINGS and _cv_bridge() is not None:
        check_size(msg.height, msg.width)
        return CheckedImage((msg.height, msg.width), lambda out: _rgb_by_cv_bridge(msg))
    return CheckedImage.parse(msg)


def depth_from_image(msg: Image) -> npt.NDArray[np.float32]:
    """The (H, W) metres of a 32FC1 message without padding, sharing its memory."""
    return np.frombuffer(msg.data, np.float32).reshape(msg.height, msg.width)


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
