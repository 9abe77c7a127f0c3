"""Messages to arrays and back: every encoding, padding, and everything that can be wrong with a message."""

from __future__ import annotations

import array

import numpy as np
import pytest
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from tr2m_ros import conversions
from tr2m_ros.conversions import (
    Memory,
    MessageError,
    check_image,
    clean_description,
    depth_from_image,
    depth_to_image,
    rgb_from_image,
)

RGB = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
ALPHA = np.full((5, 7, 1), 9, np.uint8)
PIXELS = {
    "rgb8": RGB,
    "bgr8": RGB[..., ::-1],
    "rgba8": np.concatenate((RGB, ALPHA), axis=-1),
    "bgra8": np.concatenate((RGB[..., ::-1], ALPHA), axis=-1),
    "mono8": RGB[..., :1],
}


def image_message(pixels: np.ndarray, encoding: str, padding: int = 0, is_bigendian: int = 0) -> Image:
    height, width, channels = pixels.shape
    rows = np.full((height, width * channels + padding), 77, np.uint8)
    rows[:, : width * channels] = pixels.reshape(height, -1)
    msg = Image(height=height, width=width, encoding=encoding, step=rows.shape[1], is_bigendian=is_bigendian)
    msg.data = array.array("B", rows.tobytes())
    return msg


@pytest.mark.parametrize("is_bigendian", [0, 1])
@pytest.mark.parametrize("padding", [0, 5])
@pytest.mark.parametrize("encoding", PIXELS)
def test_every_encoding_with_padding_and_either_endianness(encoding: str, padding: int, is_bigendian: int) -> None:
    rgb = rgb_from_image(image_message(PIXELS[encoding], encoding, padding, is_bigendian))
    expected = np.repeat(RGB[..., :1], 3, axis=-1) if encoding == "mono8" else RGB
    np.testing.assert_array_equal(rgb, expected)
    assert rgb.flags["C_CONTIGUOUS"]
    assert rgb.dtype == np.uint8


def test_packed_rgb_is_not_copied() -> None:
    msg = image_message(RGB, "rgb8")
    assert np.shares_memory(rgb_from_image(msg), np.frombuffer(msg.data, np.uint8))


def refused(msg: Image) -> MessageError:
    with pytest.raises(MessageError) as caught:
        rgb_from_image(msg)
    assert "\n" not in str(caught.value)
    return caught.value


def test_truncated_data() -> None:
    msg = image_message(RGB, "rgb8")
    msg.data = msg.data[:-1]
    error = refused(msg)
    assert error.reason == "truncated image"
    assert "104" in str(error)
    assert "105" in str(error)


def test_step_shorter_than_a_row() -> None:
    msg = image_message(RGB, "rgb8")
    msg.step = 20
    error = refused(msg)
    assert error.reason == "step"
    assert "20" in str(error)
    assert "21" in str(error)


def test_step_longer_than_the_data() -> None:
    msg = image_message(RGB, "rgb8")
    msg.step = 1000
    assert refused(msg).reason == "truncated image"


def test_unknown_encodings_are_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversions, "_cv_bridge", lambda: None)
    for encoding in ("yuv422", "bayer_rggb8", "16UC1", "", "no such encoding"):
        error = refused(image_message(RGB, encoding))
        assert error.reason == "encoding"
        assert repr(encoding) in str(error)
        assert all(name in str(error) for name in conversions.SUPPORTED_ENCODINGS)


def test_an_encoding_of_100_kb_does_not_fill_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversions, "_cv_bridge", lambda: None)
    assert len(str(refused(image_message(RGB, "x" * 100_000)))) < 200


@pytest.mark.parametrize(("width", "height"), [(0, 5), (7, 0), (0, 0), (1, 1), (7, 1)])
def test_sizes_that_are_no_picture(width: int, height: int) -> None:
    msg = image_message(RGB, "rgb8")
    msg.width, msg.height = width, height
    error = refused(msg)
    assert error.reason == "image size"
    assert f"{width}x{height}" in str(error)


@pytest.mark.parametrize("step", [3 * 7, 2**32 - 1])
def test_a_bogus_size_allocates_nothing(step: int) -> None:
    msg = image_message(RGB, "rgb8")
    msg.width = msg.height = 2**31
    msg.step = step
    assert refused(msg).reason in ("step", "truncated image")


def test_check_touches_no_pixel() -> None:
    check_image(image_message(RGB, "rgb8"))


def test_depth_follows_rep_117() -> None:
    depth = np.array([[1.5, np.nan, 0.0, -1.0], [0.05, 200.0, np.inf, -np.inf]], np.float32)
    header = Header(frame_id="camera")
    msg = depth_to_image(depth, header, min_depth=0.1, max_depth=100.0)
    nan, inf = np.nan, np.inf
    np.testing.assert_array_equal(depth_from_image(msg), np.array([[1.5, nan, nan, nan], [-inf, inf, inf, nan]], "f4"))
    assert (msg.encoding, msg.width, msg.height, msg.step, msg.is_bigendian) == ("32FC1", 4, 2, 16, 0)
    assert msg.header == header
    assert isinstance(msg.data, array.array)


def test_depth_within_limits_is_unchanged() -> None:
    depth = np.random.default_rng(0).uniform(0.5, 9, (48, 64)).astype(np.float32)
    np.testing.assert_array_equal(depth_from_image(depth_to_image(depth, Header(), 0.1, 100.0)), depth)


@pytest.mark.parametrize("bad", [np.nan, 0.0, -2.0, 0.01, 300.0])
def test_one_bad_pixel_is_found(bad: float) -> None:
    depth = np.full((48, 64), 2.0, np.float32)
    depth[20, 30] = bad
    out = depth_from_image(depth_to_image(depth, Header(), 0.1, 100.0))
    assert not np.isfinite(out[20, 30])
    assert np.isfinite(out).sum() == out.size - 1


def test_memory_is_used_again_and_grows_with_the_picture() -> None:
    memory = Memory()
    small, large = np.full((4, 5), 2.0, np.float32), np.full((8, 5), 3.0, np.float32)
    first = depth_to_image(small, Header(), 0.1, 100.0, memory)
    again = depth_to_image(small, Header(), 0.1, 100.0, memory)
    assert first is again
    np.testing.assert_array_equal(depth_from_image(depth_to_image(large, Header(), 0.1, 100.0, memory)), large)


def test_descriptions_lose_control_characters() -> None:
    assert clean_description("  A\x00small\n\toffice\x7f. ", 100) == "A small office ."
    assert clean_description("Ein Büro – 日本", 100) == "Ein Büro – 日本"  # noqa: RUF001


@pytest.mark.parametrize(
    ("text", "reason"), [("x" * 100_000, "description too long"), (" \n\x00", "description empty")]
)
def test_descriptions_that_say_nothing_or_too_much(text: str, reason: str) -> None:
    with pytest.raises(MessageError) as caught:
        clean_description(text, 1000)
    assert caught.value.reason == reason
    assert len(str(caught.value)) < 200
