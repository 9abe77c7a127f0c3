"""Every encoding of sensor_msgs, against cv_bridge where it works and OpenCV's own conversion where it does not."""

from __future__ import annotations

import array
from typing import Any

import cv2
import numpy as np
import pytest
from sensor_msgs.msg import CompressedImage, Image

from tr2m_core.messages.images import COLOUR_ENCODINGS
from tr2m_ros.conversions import parse_image

HEIGHT, WIDTH = 24, 32
RANDOM = np.random.default_rng(0)
NOISE = RANDOM.integers(0, 256, (HEIGHT, WIDTH, 4), np.uint8)
SMOOTH = cv2.resize(RANDOM.integers(0, 256, (4, 4, 4), np.uint8), (WIDTH, HEIGHT))
# ROS names a Bayer pattern by its first row, OpenCV's older names by the second one's second pixel on.
BAYER = {
    "rggb": cv2.COLOR_BayerBG2RGB,
    "bggr": cv2.COLOR_BayerRG2RGB,
    "gbrg": cv2.COLOR_BayerGR2RGB,
    "grbg": cv2.COLOR_BayerGB2RGB,
}
YUV = {
    "yuv422": cv2.COLOR_YUV2RGB_Y422,
    "uyvy": cv2.COLOR_YUV2RGB_UYNV,
    "yuv422_yuy2": cv2.COLOR_YUV2RGB_YUNV,
    "yuyv": cv2.COLOR_YUV2RGB_YUNV,
    "nv12": cv2.COLOR_YUV2RGB_NV12,
    "nv21": cv2.COLOR_YUV2RGB_NV21,
}


def samples(encoding: str, colours: np.ndarray) -> np.ndarray:
    """The pixels (rows, W[, C]) of an image of this encoding, made of an image of four channels."""
    if encoding.endswith("16") or encoding.startswith("16UC"):
        deep = colours.astype(np.uint16) * 256 + colours[..., ::-1]
        if encoding.startswith(("mono", "bayer")):
            return deep[..., 0]
        return deep if encoding.endswith(("a16", "C4")) else deep[..., :3]
    if encoding.startswith(("bayer", "mono8", "8UC1")):
        return colours[..., 0]
    if encoding in ("nv12", "nv21"):
        return np.concatenate((colours[..., 0], colours[: HEIGHT // 2, :, 1]))
    channels = 2 if encoding in YUV else 4 if encoding.endswith(("a8", "C4")) else 3
    return colours[..., :channels]


def by_opencv(encoding: str, pixels: np.ndarray) -> np.ndarray:
    if encoding in YUV:
        return cv2.cvtColor(np.ascontiguousarray(pixels), YUV[encoding])
    if encoding.startswith("bayer"):
        rgb = cv2.cvtColor(np.ascontiguousarray(pixels), BAYER[encoding[6:10]])
    elif pixels.ndim == 2:
        rgb = np.repeat(pixels[..., np.newaxis], 3, axis=2)
    else:
        rgb = pixels[..., :3] if encoding.startswith("rgb") else pixels[..., 2::-1]
    return rgb if rgb.dtype == np.uint8 else np.rint(rgb / 257).astype(np.uint8)


def reference(encoding: str, pixels: np.ndarray) -> tuple[str, np.ndarray]:
    """Who says so, and what the image is."""
    # cv_bridge shears images whose padding is not of whole pixels, so it gets none.
    msg = image(encoding, pixels, padding=0, big=False)
    try:
        from cv_bridge import CvBridge

        return "cv_bridge", CvBridge().imgmsg_to_cv2(msg, "rgb8")
    except Exception:  # not installed, broken by this NumPy, or an encoding that it does not convert
        return "OpenCV", by_opencv(encoding, pixels)


def image(encoding: str, pixels: np.ndarray, padding: int, big: bool) -> Image:
    stored = pixels.astype(pixels.dtype.newbyteorder(">" if big else "<"))
    rows = np.pad(stored.reshape(len(stored), -1).view(np.uint8), ((0, 0), (0, padding)), constant_values=99)
    msg = Image(height=HEIGHT, width=WIDTH, encoding=encoding, step=rows.shape[1], is_bigendian=int(big))
    msg.data = array.array("B", rows.tobytes())
    return msg


@pytest.mark.parametrize("colours", [NOISE, SMOOTH], ids=["noise", "smooth"])
@pytest.mark.parametrize(("padding", "big"), [(0, False), (7, False), (8, True)])
@pytest.mark.parametrize("encoding", COLOUR_ENCODINGS)
def test_every_encoding(encoding: str, padding: int, big: bool, colours: np.ndarray) -> None:
    pixels = samples(encoding, colours)
    msg = image(encoding, pixels, padding, big)
    who, expected = reference(encoding, pixels)
    checked = parse_image(msg)
    for rgb in (checked.rgb(), checked.rgb(np.empty((HEIGHT, WIDTH, 3), np.uint8))):
        np.testing.assert_array_equal(rgb, expected, err_msg=who)
        assert rgb.flags["C_CONTIGUOUS"]
        assert rgb.dtype == np.uint8


def encoded(suffix: str, pixels: np.ndarray, options: tuple[int, ...] = ()) -> array.array[int]:
    return array.array("B", cv2.imencode(suffix, pixels, options)[1].tobytes())


BGR = np.ascontiguousarray(SMOOTH[..., 2::-1])
DEEP = (SMOOTH[..., 0].astype(np.uint16) << 8) + 200
EIGHT_BITS = np.rint(DEEP[..., np.newaxis] / 257).astype(np.uint8)


@pytest.mark.parametrize(
    ("kind", "data", "expected", "tolerance"),
    [
        ("rgb8; jpeg compressed bgr8", encoded(".jpg", BGR, (cv2.IMWRITE_JPEG_QUALITY, 95)), SMOOTH[..., :3], 4),
        ("jpeg", encoded(".jpg", BGR, (cv2.IMWRITE_JPEG_QUALITY, 95)), SMOOTH[..., :3], 4),
        ("mono8; jpeg compressed mono8", encoded(".jpg", BGR[..., 0]), np.repeat(BGR[..., :1], 3, axis=2), 4),
        ("bgr8; png compressed bgr8", encoded(".png", BGR), SMOOTH[..., :3], 0),
        ("png", encoded(".png", BGR), SMOOTH[..., :3], 0),
        ("mono8; png compressed mono8", encoded(".png", BGR[..., 0]), np.repeat(BGR[..., :1], 3, axis=2), 0),
        ("mono16; png compressed mono16", encoded(".png", DEEP), np.repeat(EIGHT_BITS, 3, axis=2), 0),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_compressed_images(kind: str, data: Any, expected: np.ndarray, tolerance: int) -> None:
    msg = CompressedImage(format=kind, data=data)
    error = np.abs(parse_image(msg).rgb().astype(int) - expected)
    assert error.mean() <= tolerance
