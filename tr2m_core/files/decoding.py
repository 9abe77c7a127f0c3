"""Encoded images of messages: what the first bytes say they are, whether they are whole, and their pixels.

Only jpeg and png are decoded; whatever the bytes are, the only exception is `FrameError`.
"""

from __future__ import annotations

import io
import struct
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from tr2m_core.errors import FrameError

Bytes = npt.NDArray[np.uint8]

MAX_PIXELS = 50_000_000
IMAGE_FORMATS = {"jpeg": b"\xff\xd8\xff", "png": b"\x89PNG\r\n\x1a\n"}  # and what their files begin with
COMPRESSED_DEPTH = "compressedDepth"
CONFIG_HEADER = np.dtype([("format", "<i4"), ("a", "<f4"), ("b", "<f4")])  # of compressed_depth_image_transport
# What else is sent as CompressedImage: place and bytes.
_OTHER_KINDS = (
    (COMPRESSED_DEPTH, CONFIG_HEADER.itemsize, IMAGE_FORMATS["png"]),
    ("webp", 8, b"WEBP"),
    ("bmp", 0, b"BM"),
    ("tiff", 0, b"II*\0"),
    ("tiff", 0, b"MM\0*"),
    ("gif", 0, b"GIF8"),
    ("jpeg 2000", 0, b"\0\0\0\x0cjP  "),
    ("jpeg 2000", 0, b"\xff\x4f\xff\x51"),
    ("jpeg xl", 0, b"\0\0\0\x0cJXL "),
    ("jpeg xl", 0, b"\xff\x0a"),
    ("avif or heif", 4, b"ftyp"),
    ("qoi", 0, b"qoif"),
    ("zstd data", 0, b"\x28\xb5\x2f\xfd"),
    ("gzip data", 0, b"\x1f\x8b"),
    ("h264 or h265 video", 0, b"\0\0\0\x01"),
    ("h264 or h265 video", 0, b"\0\0\x01"),
)
_LONGEST = 32  # bytes that say what an image is
JPEG_END = b"\xff\xd9"
JPEG_PIXELS_PER_BYTE = 512  # at most: a block of 8x8 takes one bit


class Header(NamedTuple):
    """Of a jpeg or png. grey: one sample per pixel, without alpha and palette."""

    height: int
    width: int
    grey: bool


def image_kind(data: Bytes) -> str:
    """A key of IMAGE_FORMATS, COMPRESSED_DEPTH, or the name of something that is not decoded; empty: unknown."""
    start = data[:_LONGEST].tobytes()
    kinds = [(name, 0, beginning) for name, beginning in IMAGE_FORMATS.items()]
    return next((name for name, place, part in (*kinds, *_OTHER_KINDS) if start.startswith(part, place)), "")


def is_deep_grey_png(data: Bytes) -> bool:
    """Whether the bytes begin as a png of one sample of 16 bits per pixel."""
    return image_kind(data) == "png" and data[24:26].tobytes() == b"\x10\x00"  # bits and colours in its first chunk


def check_image(data: Bytes, label: str = "") -> Header:
    """The header of a jpeg or png that is whole. Raises FrameError for anything else; decodes no pixel.

    label: what the sender calls it, for the error.
    """
    content = data.tobytes()
    kind = image_kind(data)
    if kind not in IMAGE_FORMATS:
        raise FrameError(f"neither a jpeg nor a png image{_but(kind, label)}", "compressed image")
    if kind == "png":
        _check_png_chunks(content)
    file = io.BytesIO(content)
    try:
        # Not Image.open: the warning of its own limit takes more threads than one badly to silence.
        image = PngImageFile(file) if kind == "png" else JpegImageFile(file)
    except Exception:  # Pillow's parsers raise anything for damaged data
        raise FrameError(f"a {kind} image with a damaged header", "compressed image") from None
    width, height = image.size
    check_area(height, width)
    if kind == "jpeg":
        # OpenCV makes up what is missing. A thumbnail in the header has an end, too.
        ended = content.rfind(JPEG_END, file.tell()) >= 0
        if not ended or height * width > JPEG_PIXELS_PER_BYTE * len(content):
            raise FrameError("the image is cut short", "compressed image")
        return Header(height, width, grey=image.mode == "L")
    return Header(height, width, grey=content[25] == 0)


def check_area(height: int, width: int) -> None:
    if height * width > MAX_PIXELS:
        raise FrameError(f"image of {width}x{height} pixels: at most {MAX_PIXELS:,} are accepted", "image size")


def decode_image(data: Bytes, flags: int, header: Header) -> npt.NDArray[Any]:
    """The image of this header as OpenCV has it, not turned as its EXIF data say: calibrations are of the stored one.

    Raises FrameError when it is damaged.
    """
    try:
        image = cv2.imdecode(data, flags | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:
        image = None
    if image is None or image.shape[:2] != (header.height, header.width):
        raise FrameError("the image is damaged", "compressed image")
    return image


def shortened(text: str, quoted: bool = True) -> str:
    """Text of a message as it may be shown: not long, and nothing in it that a terminal obeys."""
    short = repr(text if len(text) <= 40 else text[:40] + "...")
    return short if quoted else short[1:-1]


def _but(kind: str, label: str) -> str:
    """What the bytes are instead, as far as that is known."""
    if kind:
        return f" but {kind}; republish it as one of them"
    return f" (format {shortened(label)})" if label else ""


def _check_png_chunks(content: bytes) -> None:
    """Raises FrameError unless the chunks lead to the end. OpenCV allocates gigabytes for a chunk that says so."""
    place = len(IMAGE_FORMATS["png"])
    while place + 12 <= len(content):
        length, name = struct.unpack_from(">I4s", content, place)
        if name == b"IEND":
            return
        if name == b"acTL":  # damaged ones end the process in OpenCV 4.12
            raise FrameError("an animated png", "compressed image")
        place += 12 + length
    raise FrameError("the image is cut short", "compressed image")
