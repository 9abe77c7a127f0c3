"""Turns colour images of ROS messages into arrays, whoever decoded the messages: rosbags or rclpy.

Encodings: sensor_msgs/image_encodings.hpp. Every size is checked before it is used; whatever a message holds, the only
exception is `FrameError`. Depth is in depth_images.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from tr2m_core.errors import FrameError
from tr2m_core.files.decoding import (
    COMPRESSED_DEPTH,
    Header,
    check_area,
    check_image,
    decode_image,
    image_kind,
    is_deep_grey_png,
    shortened,
)
from tr2m_core.files.decoding import IMAGE_FORMATS as IMAGE_FORMATS
from tr2m_core.files.eight_bits import eight_bits

# numpy type of a sample, samples per pixel, and OpenCV's conversion to RGB.
PACKED = {
    "rgb8": ("u1", 3, None),
    "bgr8": ("u1", 3, cv2.COLOR_BGR2RGB),
    "8UC3": ("u1", 3, cv2.COLOR_BGR2RGB),
    "rgba8": ("u1", 4, cv2.COLOR_RGBA2RGB),
    "bgra8": ("u1", 4, cv2.COLOR_BGRA2RGB),
    "8UC4": ("u1", 4, cv2.COLOR_BGRA2RGB),
    "mono8": ("u1", 1, cv2.COLOR_GRAY2RGB),
    "8UC1": ("u1", 1, cv2.COLOR_GRAY2RGB),
    "mono16": ("u2", 1, cv2.COLOR_GRAY2RGB),
    "rgb16": ("u2", 3, None),
    "bgr16": ("u2", 3, cv2.COLOR_BGR2RGB),
    "16UC3": ("u2", 3, cv2.COLOR_BGR2RGB),
    "rgba16": ("u2", 4, cv2.COLOR_RGBA2RGB),
    "bgra16": ("u2", 4, cv2.COLOR_BGRA2RGB),
    "16UC4": ("u2", 4, cv2.COLOR_BGRA2RGB),
}
BAYER = {
    f"bayer_{order}{bits}": (kind, 1, conversion)
    for order, conversion in (
        ("rggb", cv2.COLOR_BayerRGGB2RGB),
        ("bggr", cv2.COLOR_BayerBGGR2RGB),
        ("gbrg", cv2.COLOR_BayerGBRG2RGB),
        ("grbg", cv2.COLOR_BayerGRBG2RGB),
    )
    for bits, kind in ((8, "u1"), (16, "u2"))
}
YUV422 = {
    "yuv422": ("u1", 2, cv2.COLOR_YUV2RGB_UYVY),
    "uyvy": ("u1", 2, cv2.COLOR_YUV2RGB_UYVY),
    "yuv422_yuy2": ("u1", 2, cv2.COLOR_YUV2RGB_YUY2),
    "yuyv": ("u1", 2, cv2.COLOR_YUV2RGB_YUY2),
}
# Brightness of every pixel, then colour of every second one of every second row: half as many rows again.
YUV420 = {"nv12": ("u1", 1, cv2.COLOR_YUV2RGB_NV12), "nv21": ("u1", 1, cv2.COLOR_YUV2RGB_NV21)}
FORMATS: dict[str, tuple[str, int, int | None]] = {**PACKED, **BAYER, **YUV422, **YUV420}
COLOUR_ENCODINGS = tuple(FORMATS)
DEPTH_ONLY = ("16UC1", "32FC1")
DEEP_GREY = (*DEPTH_ONLY, "mono16", *(name for name in BAYER if name.endswith("16")))
MIN_SIDE = 2  # pixels; the model cannot resize less

Colour = npt.NDArray[np.uint8]
Bytes = npt.NDArray[np.uint8]


class Label(NamedTuple):
    """The format of a CompressedImage, such as "rgb8; jpeg compressed bgr8"."""

    camera: str
    """Encoding of the image that was compressed, or everything the format says."""
    data: str
    """Encoding of the image in the message; empty where it is the camera's."""
    depth: bool
    """Whether compressed_depth_image_transport made the message."""


def pixel_format(message: Any) -> str:
    """The encoding of the pixels of an Image or a CompressedImage, spelled as in COLOUR_ENCODINGS.

    In a CompressedImage the first bytes count, and the format where it does not contradict them: the camera's encoding
    where it names one, else jpeg, png, mono16 (grey of 16 bits, which may be depth) or what other kind of data it is.
    """
    if hasattr(message, "encoding"):
        return _spelled(message.encoding)
    label, data = read_label(message), np.frombuffer(message.data, np.uint8)
    kind = image_kind(data)
    if label.depth or not kind:
        return label.camera
    if kind in IMAGE_FORMATS:
        return _format_of_image(label.camera, kind, is_deep_grey_png(data))
    return label.camera if kind == COMPRESSED_DEPTH and label.camera in DEPTH_ONLY else kind


def _format_of_image(camera: str, kind: str, deep_grey: bool) -> str:
    if deep_grey:
        return camera if camera in DEEP_GREY else "mono16"
    return camera if camera in DEPTH_ONLY or (camera in FORMATS and camera not in DEEP_GREY) else kind


def read_label(message: Any) -> Label:
    """What the format of a CompressedImage says."""
    camera, _, transport = str(message.format).partition(";")
    data = transport.lower().partition("compressed ")[2]
    depth = COMPRESSED_DEPTH.lower() in str(message.format).lower()
    return Label(_spelled(camera).removeprefix("image/"), _spelled(data), depth)


def _spelled(encoding: str) -> str:
    """An encoding as sensor_msgs spells it: RGB8 is rgb8, 16uc1 is 16UC1."""
    if encoding in FORMATS:
        return encoding
    lower = encoding.strip().lower()
    return lower.upper() if re.fullmatch(r"\d+[usf]c\d+", lower) else lower


class CheckedImage:
    """A colour image whose message has been looked at, once: the fields agree with the data. size: (height, width).

    A raw image can be decoded then; a compressed one may still turn out to be damaged.
    """

    def __init__(self, size: tuple[int, int], decode: Callable[[Colour | None], Colour]) -> None:
        """decode: see `rgb`."""
        self.size, self._decode = size, decode

    @classmethod
    def parse(cls, message: Any) -> CheckedImage:
        """Of an Image or CompressedImage (jpeg, png). Raises FrameError when it is unusable. Decodes no pixel."""
        if hasattr(message, "encoding"):
            encoding = _spelled(message.encoding)
            rows, row_bytes = _check_raw(message, encoding)
            decode = partial(_decode_raw, message, encoding, rows, row_bytes)
            return cls((int(message.height), int(message.width)), decode)
        label, data = read_label(message), np.frombuffer(message.data, np.uint8)
        if label.depth or label.camera in DEPTH_ONLY:
            raise FrameError(f"format {shortened(message.format)} holds depth, not colour", "encoding")
        header = check_image(data, message.format)
        check_size(header.height, header.width)
        return cls((header.height, header.width), partial(_decode_compressed, data, label, header))

    def rgb(self, out: Colour | None = None) -> Colour:
        """Contiguous (H, W, 3) uint8 RGB; 16 bits are reduced to 8. Raises FrameError when it cannot be decoded.

        out: (H, W, 3) uint8, written to where that saves memory. rgb8 without padding is a view of the message's.
        """
        return self._decode(out)


def _decode_compressed(data: Bytes, label: Label, header: Header, out: Colour | None) -> Colour:
    # The transport leaves a mosaic as it is or makes it colour or grey, and says which.
    mosaic = BAYER.get(label.data or label.camera) if header.grey else None
    flags = cv2.IMREAD_GRAYSCALE if mosaic else cv2.IMREAD_COLOR
    # ANYDEPTH: OpenCV's own way from 16 bits to 8 takes the high byte, which is not what a raw image gives.
    image = decode_image(data, flags | cv2.IMREAD_ANYDEPTH, header)
    if mosaic:
        image = _convert(image, mosaic[2])
    elif not label.data.startswith("rgb"):
        # The transport writes images in the order their format wants, unless it says that red and blue are swapped.
        image = _convert(image, cv2.COLOR_BGR2RGB)
    return eight_bits(image)


def _decode_raw(message: Any, encoding: str, rows: int, row_bytes: int, out: Colour | None) -> Colour:
    kind, channels, conversion = FORMATS[encoding]
    samples = pixel_samples(message, rows, row_bytes, kind, channels)
    if kind == "u2" and conversion is not None and encoding != "mono16":  # 16 bits to the end, as cv_bridge does it
        return eight_bits(_convert(samples, conversion))
    samples = eight_bits(samples)
    if conversion is not None:
        return _convert(samples, conversion, out)
    if samples.flags.c_contiguous:
        return samples
    out = np.empty(samples.shape, np.uint8) if out is None or out.shape != samples.shape else out
    np.copyto(out, samples)
    return out


def _check_raw(message: Any, encoding: str) -> tuple[int, int]:
    """Rows of pixel data and the bytes of one. Raises FrameError unless the message holds them."""
    height, width = int(message.height), int(message.width)
    check_size(height, width)
    if encoding not in FORMATS:
        supported = ", ".join(COLOUR_ENCODINGS)
        raise FrameError(
            f"encoding {shortened(message.encoding)} is not supported; supported are {supported}", "encoding"
        )
    kind, channels, _ = FORMATS[encoding]
    odd = (width % 2 and encoding in (*YUV422, *YUV420)) or (height % 2 and encoding in YUV420)
    if odd:
        raise FrameError(f"image of {width}x{height} pixels: {encoding} has even sides", "image size")
    rows = height * 3 // 2 if encoding in YUV420 else height
    row_bytes = width * channels * np.dtype(kind).itemsize
    check_rows(message, rows, row_bytes)
    return rows, row_bytes


def check_size(height: int, width: int) -> None:
    """Raises FrameError for fewer pixels than the model can resize, and for more than are accepted."""
    if min(height, width) < MIN_SIDE:
        raise FrameError(f"image of {width}x{height} pixels: at least 2x2 are needed", "image size")
    check_area(height, width)


def check_rows(message: Any, rows: int, row_bytes: int) -> None:
    """Raises FrameError unless a raw image has this many rows of at least this many bytes; more data may follow."""
    step, size = int(message.step), len(message.data)
    if step < row_bytes:
        pixels = f"{message.width} {shortened(message.encoding, quoted=False)} pixels"
        raise FrameError(f"step of {step} bytes: {pixels} take {row_bytes}", "step")
    if size < rows * step:
        raise FrameError(
            f"image data of {size} bytes: {rows} rows of step {step} take {rows * step}", "truncated image"
        )


def pixel_samples(message: Any, rows: int, row_bytes: int, kind: str, channels: int) -> npt.NDArray[Any]:
    """The samples (rows, W[, channels]) of a raw image in the machine's byte order, without padding.

    A view of the message's memory where that is possible.
    """
    step, stored = int(message.step), np.dtype((">" if message.is_bigendian else "<") + kind)
    data = np.frombuffer(message.data, np.uint8, count=rows * step)
    pixels = data.reshape(rows, step)[:, :row_bytes]
    if stored.itemsize > 1:
        pixels = np.ascontiguousarray(pixels)  # a step may be odd
    shape = (rows, int(message.width), channels) if channels > 1 else (rows, int(message.width))
    return pixels.view(stored).reshape(shape).astype(stored.newbyteorder("="), copy=False)


def _convert(pixels: npt.NDArray[Any], conversion: int | None, out: Colour | None = None) -> npt.NDArray[Any]:
    """OpenCV's conversion to RGB. Raises FrameError for sizes that the encoding cannot have."""
    assert conversion is not None
    try:
        return cv2.cvtColor(pixels, conversion) if out is None else cv2.cvtColor(pixels, conversion, dst=out)
    except cv2.error:
        size = f"{pixels.shape[1]}x{pixels.shape[0]}"
        raise FrameError(f"pixels of {size} do not go with the encoding", "image size") from None
