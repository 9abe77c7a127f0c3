"""Turns depth images of ROS messages (REP 118) into metres, whoever decoded the messages: rosbags or rclpy.

Every size is checked before it is used; whatever a message holds, the only exception is `FrameError`.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from tr2m_core.errors import FrameError
from tr2m_core.files.decoding import (
    COMPRESSED_DEPTH,
    CONFIG_HEADER,
    MAX_PIXELS,
    Bytes,
    check_image,
    decode_image,
    image_kind,
    shortened,
)
from tr2m_core.messages.images import check_rows, pixel_format, pixel_samples, read_label
from tr2m_core.messages.rvl import decode_rvl

# numpy type and metres per unit.
DEPTH_ENCODINGS = {"16UC1": ("u2", 0.001), "32FC1": ("f4", 1.0), "mono16": ("u2", 0.001)}
FARTHEST = 500  # metres; where most depth lies beyond, it is in millimetres

Depth = npt.NDArray[np.float32]


def decode_depth(message: Any) -> Depth:
    """A 16UC1, mono16 (millimetres) or 32FC1 (metres) sensor_msgs/Image, or a CompressedImage of one by the transports
    compressedDepth (png, rvl) or compressed (png), as (H, W) float32 metres, a copy; NaN where nothing was measured.

    Raises FrameError when it cannot be decoded, and for 32FC1 that holds millimetres.
    """
    encoding = pixel_format(message)
    if encoding == COMPRESSED_DEPTH:
        raise FrameError(
            f"format {shortened(message.format)} of compressedDepth names neither 16UC1 nor 32FC1", "encoding"
        )
    if encoding not in DEPTH_ENCODINGS:
        accepted = ", ".join(DEPTH_ENCODINGS)
        raise FrameError(f"depth encoding {shortened(encoding)} is not one of {accepted}", "encoding")
    kind, unit = DEPTH_ENCODINGS[encoding]
    if hasattr(message, "encoding"):
        metres = _raw_samples(message, kind).astype(np.float32) * np.float32(unit)
    else:
        metres = _decode_compressed_depth(message, encoding)
    with np.errstate(invalid="ignore"):
        metres[~(np.isfinite(metres) & (metres > 0))] = np.nan
    if encoding == "32FC1":
        _reject_millimetres(metres)
    return metres


def _reject_millimetres(metres: Depth) -> None:
    some = metres[::4, ::4]
    measured = some[np.isfinite(some)]
    near = np.quantile(measured, 0.25) if measured.size else 0
    if near > FARTHEST:
        raise FrameError(f"32FC1 depth is in metres, and most of this is beyond {near:.0f}: millimetres are 16UC1")


def _raw_samples(message: Any, kind: str) -> npt.NDArray[Any]:
    height, width = int(message.height), int(message.width)
    if min(height, width) < 1 or height * width > MAX_PIXELS:
        raise FrameError(f"depth image of {width}x{height} pixels: 1 to {MAX_PIXELS:,} are accepted", "image size")
    row_bytes = width * np.dtype(kind).itemsize
    check_rows(message, height, row_bytes)
    return pixel_samples(message, height, row_bytes, kind, 1)


def _decode_compressed_depth(message: Any, encoding: str) -> Depth:
    """Metres (H, W), zero or not finite where nothing was measured.

    Millimetres are stored as they are; metres as quantised inverse depth q with metres = a / (q - b), a and b in the
    header before the image, q = 0 where nothing was measured.
    """
    data = np.frombuffer(message.data, np.uint8)
    kind = image_kind(data)
    # The first bytes say whether there is a header: some write compressedDepth without one, or leave out the name.
    if kind == "png" or not (read_label(message).depth or kind == COMPRESSED_DEPTH):
        if encoding == "32FC1":
            raise FrameError(f"format {shortened(message.format)}: metres come by compressedDepth only")
        return _decode_counts(data, message.format) * np.float32(0.001)
    if len(data) < CONFIG_HEADER.itemsize:
        raise FrameError(f"{len(data)} bytes of data, less than the header of compressedDepth")
    header = data[: CONFIG_HEADER.itemsize].view(CONFIG_HEADER)[0]
    content = data[CONFIG_HEADER.itemsize :]
    is_rvl = kind != COMPRESSED_DEPTH and str(message.format).strip().lower().endswith("rvl")
    counts = _decode_rvl_image(content) if is_rvl else _decode_counts(content, message.format)
    if encoding != "32FC1":
        return counts * np.float32(0.001)
    with np.errstate(all="ignore"):
        return np.where(counts > 0, header["a"] / (counts - header["b"]), np.float32(np.nan)).astype(np.float32)


def _decode_counts(data: Bytes, label: str) -> npt.NDArray[np.uint16]:
    counts = decode_image(data, cv2.IMREAD_UNCHANGED, check_image(data, label))
    if counts.dtype != np.uint16 or counts.ndim != 2:
        kind, channels = image_kind(data), 1 if counts.ndim == 2 else counts.shape[2]
        found = f"a {kind} of {channels} channel{'s' * (channels > 1)} of {counts.dtype.itemsize * 8} bits"
        raise FrameError(f"the image of the depth is {found}, not a png of one 16-bit count per pixel")
    return counts


def _decode_rvl_image(data: Bytes) -> npt.NDArray[np.uint16]:
    """Width and height as 32-bit numbers, then the pixels."""
    if len(data) < 8:
        raise FrameError("rvl data without a size")
    width, height = (int(number) for number in data[:8].view("<u4"))
    if not 0 < width * height <= MAX_PIXELS:
        raise FrameError(f"rvl data of {width}x{height}, not between one and {MAX_PIXELS:,} pixels")
    try:
        return decode_rvl(data[8:], width * height).reshape(height, width)
    except ValueError as error:
        raise FrameError(f"damaged rvl data ({error})") from None
