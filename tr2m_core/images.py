"""Turns colour images of ROS messages into arrays, whoever decoded the messages: rosbags or rclpy.

Encodings: sensor_msgs/image_encodings.hpp. Every size is checked before it is used; whatever a message holds, the only
exception is `FrameError`. Depth is in depth_images.py.
"""

from __future__ import annotations

import io
import struct
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from tr2m_core.files import MAX_PIXELS

# numpy type of a sample, samples per pixel, and OpenCV's conversion to RGB.
PACKED = {
    "rgb8": ("u1", 3, None),
    "bgr8": ("u1", 3, cv2.COLOR_BGR2RGB),
    "8UC3": ("u1", 3, cv2.COLOR_BGR2RGB),
    "rgba8": ("u1", 4, cv2.COLOR_RGBA2RGB),
    "bgra8": ("u1", 4, cv2.COLOR_BGRA2RGB),
    "mono8": ("u1", 1, cv2.COLOR_GRAY2RGB),
    "8UC1": ("u1", 1, cv2.COLOR_GRAY2RGB),
    "mono16": ("u2", 1, cv2.COLOR_GRAY2RGB),
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
PICTURE_FORMATS = {"jpeg": b"\xff\xd8\xff", "png": b"\x89PNG\r\n\x1a\n"}  # and what their files begin with
JPEG_END = b"\xff\xd9"
JPEG_PIXELS_PER_BYTE = 512  # at most: a block of 8x8 takes one bit
MIN_SIDE = 2  # pixels; the model cannot resize less
TO_EIGHT_BITS = 255 / 65535  # as cv_bridge does it

Colour = npt.NDArray[np.uint8]
Bytes = npt.NDArray[np.uint8]


class FrameError(Exception):
    """One message cannot be used; the text is one line that says why, `reason` a short constant to count by."""

    def __init__(self, text: str, reason: str = "unusable") -> None:
        super().__init__(text)
        self.reason = reason


def pixel_format(message: Any) -> str:
    """The encoding of the pixels of an Image or a CompressedImage; jpeg or png where that is all the message says."""
    return str(message.encoding) if hasattr(message, "encoding") else _compressed_encoding(message)


def check_colour(message: Any) -> None:
    """Raises FrameError unless the fields of an Image or CompressedImage agree with its data. Decodes no pixel.

    A raw image that passes can be decoded; a compressed one may still turn out to be damaged.
    """
    if hasattr(message, "encoding"):
        _check_raw(message)
    else:
        _check_transport(message)
        _check_sides(*check_picture(np.frombuffer(message.data, np.uint8)))


def decode_colour(message: Any, out: Colour | None = None, copy: bool = True) -> Colour:
    """An Image or CompressedImage (jpeg, png) as contiguous (H, W, 3) uint8 RGB; 16 bits are reduced to 8.

    out: (H, W, 3) uint8 to write a raw image into. copy=False: rgb8 without padding is returned as a view of the
    message's memory. Raises FrameError when it cannot be decoded.
    """
    if hasattr(message, "encoding"):
        return _decode_raw(message, out, copy)
    _check_transport(message)
    encoding = _compressed_encoding(message)
    flags = cv2.IMREAD_GRAYSCALE if encoding in BAYER else cv2.IMREAD_COLOR
    # ANYDEPTH: OpenCV's own way from 16 bits to 8 takes the high byte, which is not what a raw image gives.
    picture = decode_picture(np.frombuffer(message.data, np.uint8), flags | cv2.IMREAD_ANYDEPTH)
    _check_sides(*picture.shape[:2])
    if encoding in BAYER:
        picture = _convert(picture, BAYER[encoding][2])
    elif "compressed rgb" not in message.format:
        # The transport writes pictures in the order their format wants, unless it says that red and blue are swapped.
        picture = _convert(picture, cv2.COLOR_BGR2RGB)
    return _eight_bits(picture)


def _decode_raw(message: Any, out: Colour | None, copy: bool) -> Colour:
    rows, row_bytes = _check_raw(message)
    kind, channels, conversion = FORMATS[message.encoding]
    samples = pixel_samples(message, rows, row_bytes, kind, channels)
    if conversion is None:
        if not copy and samples.flags.c_contiguous:
            return samples
        out = np.empty(samples.shape, np.uint8) if out is None or out.shape != samples.shape else out
        np.copyto(out, samples)
        return out
    if message.encoding in BAYER:  # of 16 bits to the end, as cv_bridge does it
        return _eight_bits(_convert(samples, conversion, out if kind == "u1" else None))
    return _convert(_eight_bits(samples), conversion, out)


def _check_raw(message: Any) -> tuple[int, int]:
    """Rows of pixel data and the bytes of one. Raises FrameError unless the message holds them."""
    encoding, height, width = str(message.encoding), int(message.height), int(message.width)
    _check_sides(height, width)
    _check_area(height, width)
    if encoding not in FORMATS:
        supported = ", ".join(COLOUR_ENCODINGS)
        raise FrameError(f"encoding {shortened(encoding)} is not supported; supported are {supported}", "encoding")
    kind, channels, _ = FORMATS[encoding]
    odd = (width % 2 and encoding in (*YUV422, *YUV420)) or (height % 2 and encoding in YUV420)
    if odd:
        raise FrameError(f"image of {width}x{height} pixels: {encoding} has even sides", "image size")
    rows = height * 3 // 2 if encoding in YUV420 else height
    row_bytes = width * channels * np.dtype(kind).itemsize
    check_rows(message, rows, row_bytes)
    return rows, row_bytes


def _check_sides(height: int, width: int) -> None:
    if min(height, width) < MIN_SIDE:
        raise FrameError(f"image of {width}x{height} pixels: at least 2x2 are needed", "image size")


def _check_area(height: int, width: int) -> None:
    if height * width > MAX_PIXELS:
        raise FrameError(f"image of {width}x{height} pixels: at most {MAX_PIXELS:,} are accepted", "image size")


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


def shortened(text: str, quoted: bool = True) -> str:
    """Text of a message as it may be shown: not long, and nothing in it that a terminal obeys."""
    short = repr(text if len(text) <= 40 else text[:40] + "...")
    return short if quoted else short[1:-1]


def _eight_bits(samples: npt.NDArray[Any]) -> Colour:
    if samples.dtype == np.uint8:
        return samples
    return np.asarray(cv2.convertScaleAbs(samples, alpha=TO_EIGHT_BITS), np.uint8).reshape(samples.shape)


def _convert(pixels: npt.NDArray[Any], conversion: int | None, out: Colour | None = None) -> npt.NDArray[Any]:
    """OpenCV's conversion to RGB. Raises FrameError for sizes that the encoding cannot have."""
    assert conversion is not None
    try:
        return cv2.cvtColor(pixels, conversion) if out is None else cv2.cvtColor(pixels, conversion, dst=out)
    except cv2.error:
        size = f"{pixels.shape[1]}x{pixels.shape[0]}"
        raise FrameError(f"pixels of {size} do not go with the encoding", "image size") from None


def _compressed_encoding(message: Any) -> str:
    """What the format field of a CompressedImage names first, as rgb8 in "rgb8; jpeg compressed bgr8"."""
    return str(message.format).partition(";")[0].strip()


def _check_transport(message: Any) -> None:
    if "compresseddepth" in message.format.lower():
        raise FrameError(f"format {shortened(message.format)} holds depth, not colour", "encoding")


def check_picture(data: Bytes) -> tuple[int, int]:
    """(height, width) of a jpeg or png file that is whole. Raises FrameError for anything else; decodes no pixel."""
    content = data.tobytes()
    kind = next((name for name, beginning in PICTURE_FORMATS.items() if content.startswith(beginning)), None)
    if kind is None:
        raise FrameError("neither a jpeg nor a png picture", "compressed picture")
    if kind == "png":
        _check_png_chunks(content)
    file = io.BytesIO(content)
    try:
        # Not Image.open: the warning of its own limit takes more threads than one badly to silence.
        width, height = (PngImageFile(file) if kind == "png" else JpegImageFile(file)).size
    except Exception:  # Pillow's parsers raise anything for damaged data
        raise FrameError(f"a {kind} picture with a damaged header", "compressed picture") from None
    _check_area(height, width)
    if kind == "jpeg":
        # OpenCV makes up what is missing. A thumbnail in the header has an end, too.
        ended = content.rfind(JPEG_END, file.tell()) >= 0
        if not ended or height * width > JPEG_PIXELS_PER_BYTE * len(content):
            raise FrameError("the picture is cut short", "compressed picture")
    return height, width


def _check_png_chunks(content: bytes) -> None:
    """Raises FrameError unless the chunks lead to the end. OpenCV allocates gigabytes for a chunk that says so."""
    place = len(PICTURE_FORMATS["png"])
    while place + 12 <= len(content):
        length, name = struct.unpack_from(">I4s", content, place)
        if name == b"IEND":
            return
        if name == b"acTL":  # damaged ones end the process in OpenCV 4.12
            raise FrameError("an animated png", "compressed picture")
        place += 12 + length
    raise FrameError("the picture is cut short", "compressed picture")


def decode_picture(data: Bytes, flags: int) -> npt.NDArray[Any]:
    """A jpeg or png file as OpenCV has it, not turned as its EXIF data say: calibrations are of the stored picture."""
    size = check_picture(data)
    try:
        picture = cv2.imdecode(data, flags | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:
        picture = None
    if picture is None or picture.shape[:2] != size:
        raise FrameError("the picture is damaged", "compressed picture")
    return picture
