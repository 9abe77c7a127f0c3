"""Turns image messages into arrays, whoever decoded them: rosbags or rclpy.

Encodings: sensor_msgs/image_encodings.hpp; depth: REP 118. Every size is checked before it is used; whatever a message
holds, the only exception is `FrameError`.
"""

from __future__ import annotations

import io
import warnings
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from tr2m_core.files import MAX_PIXELS
from tr2m_core.replay.rvl import decode_rvl

# numpy type of a sample, samples per pixel, and the positions of red, green and blue among them.
PACKED = {
    "rgb8": ("u1", 3, [0, 1, 2]),
    "bgr8": ("u1", 3, [2, 1, 0]),
    "8UC3": ("u1", 3, [2, 1, 0]),
    "rgba8": ("u1", 4, [0, 1, 2]),
    "bgra8": ("u1", 4, [2, 1, 0]),
    "mono8": ("u1", 1, [0, 0, 0]),
    "8UC1": ("u1", 1, [0, 0, 0]),
    "mono16": ("u2", 1, [0, 0, 0]),
}
BAYER = {
    f"bayer_{order}{bits}": (kind, conversion)
    for order, conversion in (
        ("rggb", cv2.COLOR_BayerRGGB2RGB),
        ("bggr", cv2.COLOR_BayerBGGR2RGB),
        ("gbrg", cv2.COLOR_BayerGBRG2RGB),
        ("grbg", cv2.COLOR_BayerGRBG2RGB),
    )
    for bits, kind in ((8, "u1"), (16, "u2"))
}
YUV422 = {
    "yuv422": cv2.COLOR_YUV2RGB_UYVY,
    "uyvy": cv2.COLOR_YUV2RGB_UYVY,
    "yuv422_yuy2": cv2.COLOR_YUV2RGB_YUY2,
    "yuyv": cv2.COLOR_YUV2RGB_YUY2,
}
YUV420 = {"nv12": cv2.COLOR_YUV2RGB_NV12, "nv21": cv2.COLOR_YUV2RGB_NV21}
COLOUR_ENCODINGS = (*PACKED, *BAYER, *YUV422, *YUV420)
# numpy type and metres per unit.
DEPTH_ENCODINGS = {"16UC1": ("u2", 0.001), "32FC1": ("f4", 1.0), "mono16": ("u2", 0.001)}
PICTURE_FORMATS = {"jpeg": b"\xff\xd9", "png": b"IEND"}  # and what stands at the end of a whole file
CONFIG_HEADER = np.dtype([("format", "<i4"), ("a", "<f4"), ("b", "<f4")])  # of compressed_depth_image_transport

Colour = npt.NDArray[np.uint8]
Depth = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]


class FrameError(Exception):
    """One message cannot be used; the text says why. The run counts it and goes on."""


def pixel_format(message: Any) -> str:
    """The encoding of the pixels of an Image or a CompressedImage; jpeg or png where that is all the message says."""
    return str(message.encoding) if hasattr(message, "encoding") else _compressed_encoding(message)


def decode_colour(message: Any) -> Colour:
    """A sensor_msgs/Image or CompressedImage (jpeg, png) as (H, W, 3) uint8 RGB, a copy; 16 bits are reduced to 8.

    Raises FrameError when it cannot be decoded.
    """
    if hasattr(message, "encoding"):
        return _decode_raw_colour(message)
    if "compresseddepth" in message.format.lower():
        raise FrameError(f"format '{_short(message.format)}' holds depth, not colour")
    encoding = _compressed_encoding(message)
    flags = cv2.IMREAD_GRAYSCALE if encoding in BAYER else cv2.IMREAD_COLOR
    picture = _decode_picture(np.frombuffer(message.data, np.uint8), flags)
    if encoding in BAYER:
        return _convert(picture, BAYER[encoding][1])
    # The transport writes pictures in the order their format wants, unless it says that red and blue are swapped.
    swapped = "compressed rgb" in message.format
    return picture if swapped else _convert(picture, cv2.COLOR_BGR2RGB)


def decode_depth(message: Any) -> Depth:
    """A 16UC1, mono16 (millimetres) or 32FC1 (metres) sensor_msgs/Image, or a CompressedImage of one by the transports
    compressedDepth (png, rvl) or compressed (png), as (H, W) float32 metres, a copy; NaN where nothing was measured.

    Raises FrameError when it cannot be decoded.
    """
    encoding = pixel_format(message)
    if encoding not in DEPTH_ENCODINGS:
        raise FrameError(f"depth encoding '{_short(encoding)}' is not one of {', '.join(DEPTH_ENCODINGS)}")
    kind, unit = DEPTH_ENCODINGS[encoding]
    if hasattr(message, "encoding"):
        metres = _samples(message, kind, 1)[..., 0].astype(np.float32) * np.float32(unit)
    else:
        metres = _decode_compressed_depth(message, encoding)
    with np.errstate(invalid="ignore"):
        metres[~(np.isfinite(metres) & (metres > 0))] = np.nan
    return metres


def _decode_raw_colour(message: Any) -> Colour:
    encoding = message.encoding
    if encoding in PACKED:
        kind, channels, order = PACKED[encoding]
        return np.ascontiguousarray(_eight_bits(_samples(message, kind, channels))[..., order])
    if encoding in BAYER:
        kind, conversion = BAYER[encoding]
        return _eight_bits(_convert(np.ascontiguousarray(_samples(message, kind, 1)[..., 0]), conversion))
    if encoding in YUV422:
        return _convert(_samples(message, "u1", 2), YUV422[encoding])
    if encoding in YUV420:
        if message.height % 2:
            raise FrameError(f"{encoding} of an odd height, {message.height}")
        return _convert(_rows(message, message.height * 3 // 2, message.width), YUV420[encoding])
    raise FrameError(f"encoding '{_short(encoding)}' is not one of {', '.join(COLOUR_ENCODINGS)}")


def _samples(message: Any, kind: str, channels: int) -> npt.NDArray[Any]:
    """The samples (H, W, channels) of a raw image in the machine's byte order."""
    stored = np.dtype((">" if message.is_bigendian else "<") + kind)
    rows = _rows(message, message.height, message.width * channels * stored.itemsize)
    samples: npt.NDArray[Any] = rows.view(stored).reshape(message.height, message.width, channels)
    return samples.astype(stored.newbyteorder("="), copy=False)


def _rows(message: Any, rows: int, row_bytes: int) -> Bytes:
    """The bytes of the pixels (rows, row_bytes), padding removed; every size is checked before it is used."""
    height, width, step = int(message.height), int(message.width), int(message.step)
    if height == 0 or width == 0 or height * width > MAX_PIXELS:
        raise FrameError(f"the image is {width}x{height}")
    if step < row_bytes:
        raise FrameError(f"step {step} is less than a row of {width} {message.encoding} pixels, {row_bytes}")
    data = np.frombuffer(message.data, np.uint8)
    if len(data) != rows * step:
        raise FrameError(f"{len(data)} bytes of data instead of {rows} rows of {step}")
    return np.ascontiguousarray(data.reshape(rows, step)[:, :row_bytes])


def _eight_bits(samples: npt.NDArray[Any]) -> Colour:
    return samples if samples.dtype == np.uint8 else (samples >> 8).astype(np.uint8)


def _convert(pixels: npt.NDArray[Any], conversion: int) -> npt.NDArray[Any]:
    """OpenCV's conversion to RGB. Raises FrameError for sizes that the encoding cannot have."""
    try:
        return cv2.cvtColor(pixels, conversion)
    except cv2.error:
        raise FrameError(f"pixels of {pixels.shape[1]}x{pixels.shape[0]} do not go with the encoding") from None


def _compressed_encoding(message: Any) -> str:
    """What the format field of a CompressedImage names first, as rgb8 in "rgb8; jpeg compressed bgr8"."""
    return str(message.format).partition(";")[0].strip()


def _decode_picture(data: Bytes, flags: int) -> npt.NDArray[Any]:
    """A jpeg or png file as OpenCV has it, not turned as its EXIF data say: calibrations are of the stored picture."""
    content = data.tobytes()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=list(PICTURE_FORMATS)) as header:
                width, height = header.size
                ending = PICTURE_FORMATS[str(header.format).lower()]
    except Image.DecompressionBombError:
        raise FrameError(f"more than {MAX_PIXELS:,} pixels") from None
    except Exception:  # Pillow's parsers raise anything for damaged data
        raise FrameError("neither a jpeg nor a png picture") from None
    if width * height > MAX_PIXELS:
        raise FrameError(f"{width}x{height} is more than {MAX_PIXELS:,} pixels")
    if ending not in content:  # OpenCV would make up the rest
        raise FrameError("the picture is cut short")
    try:
        picture = cv2.imdecode(data, flags | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:
        picture = None
    if picture is None or picture.shape[:2] != (height, width):
        raise FrameError("the picture is damaged")
    return picture


def _decode_compressed_depth(message: Any, encoding: str) -> Depth:
    """Metres (H, W), zero or not finite where nothing was measured.

    Millimetres are stored as they are; metres as quantised inverse depth q with metres = a / (q - b), a and b in the
    header before the picture, q = 0 where nothing was measured.
    """
    data = np.frombuffer(message.data, np.uint8)
    transport = str(message.format).partition(";")[2].lower()
    if "compresseddepth" not in transport:
        if encoding == "32FC1":
            raise FrameError(f"format '{_short(message.format)}': metres come by compressedDepth only")
        return _decode_counts(data) * np.float32(0.001)
    if len(data) < CONFIG_HEADER.itemsize:
        raise FrameError(f"{len(data)} bytes of data, less than the header of compressedDepth")
    header = data[: CONFIG_HEADER.itemsize].view(CONFIG_HEADER)[0]
    content = data[CONFIG_HEADER.itemsize :]
    counts = _decode_rvl_image(content) if transport.endswith("rvl") else _decode_counts(content)
    if encoding != "32FC1":
        return counts * np.float32(0.001)
    with np.errstate(all="ignore"):
        return np.where(counts > 0, header["a"] / (counts - header["b"]), np.float32(np.nan)).astype(np.float32)


def _decode_counts(data: Bytes) -> npt.NDArray[np.uint16]:
    counts = _decode_picture(data, cv2.IMREAD_UNCHANGED)
    if counts.dtype != np.uint16 or counts.ndim != 2:
        raise FrameError("the picture of the depth is not one of 16-bit counts")
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


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:40] + "..."
