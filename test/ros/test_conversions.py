"""Messages to arrays and back: what is rejected before it is decoded, and the images that are published.

Every encoding is in test_encodings.py.
"""

from __future__ import annotations

import array
import types

import numpy as np
import pytest
from sensor_msgs.msg import CompressedImage, Image
from stand_ins import Told
from std_msgs.msg import Header

from tr2m_core.errors import FrameError
from tr2m_core.messages.images import COLOUR_ENCODINGS
from tr2m_core.pipeline.frame_pipeline import MAPS, FrameInput, FramePipeline, PipelineOptions, Product
from tr2m_ros import conversions
from tr2m_ros.conversions import MessageMemory, depth_from_image, parse_image

HEADER = Header(frame_id="camera")
RGB = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)


def image_message(pixels: np.ndarray, encoding: str, padding: int = 0, is_bigendian: int = 0) -> Image:
    height, width, channels = pixels.shape
    rows = np.full((height, width * channels + padding), 77, np.uint8)
    rows[:, : width * channels] = pixels.reshape(height, -1)
    msg = Image(height=height, width=width, encoding=encoding, step=rows.shape[1], is_bigendian=is_bigendian)
    msg.data = array.array("B", rows.tobytes())
    return msg


def test_pixels_are_decoded_into_memory_that_is_kept() -> None:
    kept = np.empty_like(RGB)
    for padding in (5, 0):
        rgb = parse_image(image_message(RGB[..., ::-1], "bgr8", padding)).rgb(kept)
        np.testing.assert_array_equal(rgb, RGB)
        assert np.shares_memory(rgb, kept)


def test_packed_rgb_is_not_copied() -> None:
    msg = image_message(RGB, "rgb8")
    assert np.shares_memory(parse_image(msg).rgb(), np.frombuffer(msg.data, np.uint8))


def rejected(msg: Image) -> FrameError:
    with pytest.raises(FrameError) as caught:
        parse_image(msg).rgb()
    assert "\n" not in str(caught.value)
    return caught.value


def test_truncated_data() -> None:
    msg = image_message(RGB, "rgb8")
    msg.data = msg.data[:-1]
    error = rejected(msg)
    assert error.reason == "truncated image"
    assert "104" in str(error)
    assert "105" in str(error)


def test_step_shorter_than_a_row() -> None:
    msg = image_message(RGB, "rgb8")
    msg.step = 20
    error = rejected(msg)
    assert error.reason == "step"
    assert "20" in str(error)
    assert "21" in str(error)


def test_step_longer_than_the_data() -> None:
    msg = image_message(RGB, "rgb8")
    msg.step = 1000
    assert rejected(msg).reason == "truncated image"


def test_unknown_encodings_are_rejected_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversions, "_cv_bridge", lambda: None)
    for encoding in ("32FC3", "16UC1", "", "no such encoding"):
        error = rejected(image_message(RGB, encoding))
        assert error.reason == "encoding"
        assert repr(encoding) in str(error)
        assert all(name in str(error) for name in COLOUR_ENCODINGS)


def test_cv_bridge_decodes_what_is_not_decoded_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def convert(msg: Image, encoding: str) -> np.ndarray:
        assert encoding == "rgb8"
        if msg.encoding == "32FC3":
            raise TypeError("no\nway")
        return RGB

    monkeypatch.setattr(conversions, "_cv_bridge", lambda: types.SimpleNamespace(imgmsg_to_cv2=convert))
    np.testing.assert_array_equal(parse_image(image_message(RGB, "yuv444")).rgb(), RGB)
    error = rejected(image_message(RGB, "32FC3"))
    assert error.reason == "encoding"
    assert "'32FC3'" in str(error)


def test_an_encoding_of_100_kb_does_not_fill_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversions, "_cv_bridge", lambda: None)
    assert len(str(rejected(image_message(RGB, "x" * 100_000)))) < 500


@pytest.mark.parametrize(("width", "height"), [(0, 5), (7, 0), (0, 0), (1, 1), (7, 1)])
def test_sizes_that_are_no_image(width: int, height: int) -> None:
    msg = image_message(RGB, "rgb8")
    msg.width, msg.height = width, height
    error = rejected(msg)
    assert error.reason == "image size"
    assert f"{width}x{height}" in str(error)


@pytest.mark.parametrize("step", [3 * 7, 2**32 - 1])
def test_a_bogus_size_allocates_nothing(step: int) -> None:
    msg = image_message(RGB, "rgb8")
    msg.width = msg.height = 2**31
    msg.step = step
    assert rejected(msg).reason == "image size"


def test_a_compressed_image_is_checked_before_it_is_decoded() -> None:
    with pytest.raises(FrameError) as caught:
        parse_image(CompressedImage(format="jpeg", data=array.array("B", b"no image at all")))
    assert caught.value.reason == "compressed image"


KINDS = {product: Image for product in (Product.DEPTH, Product.MILLIMETRES, Product.COLOUR, *MAPS)}


def images(depth: np.ndarray, memory: MessageMemory | None = None) -> dict[Product, Image]:
    """All images that are published of a frame with this depth."""
    memory = memory or MessageMemory(KINDS)
    frame = FrameInput(RGB, "A room.", 0, products=frozenset(KINDS), memory=memory)
    (output,) = FramePipeline(Told(depth)).process([frame], PipelineOptions(0.1, 100.0))
    return {product: memory.message(product, pixels, HEADER) for product, pixels in output.packed.items()}


def test_depth_follows_rep_117() -> None:
    depth = np.array([[1.5, np.nan, 0.0, -1.0], [0.05, 200.0, np.inf, -np.inf]], np.float32)
    msg = images(depth)[Product.DEPTH]
    nan, inf = np.nan, np.inf
    np.testing.assert_array_equal(depth_from_image(msg), np.array([[1.5, nan, nan, nan], [-inf, inf, inf, nan]], "f4"))
    assert (msg.encoding, msg.width, msg.height, msg.step, msg.is_bigendian) == ("32FC1", 4, 2, 16, 0)
    assert msg.header == HEADER
    assert isinstance(msg.data, array.array)


def test_memory_is_used_again_and_grows_with_the_image() -> None:
    memory = MessageMemory(KINDS)
    small, large = np.full((4, 5), 2.0, np.float32), np.full((8, 5), 3.0, np.float32)
    first, again = images(small, memory), images(small, memory)
    assert all(first[product] is again[product] for product in KINDS)
    np.testing.assert_array_equal(depth_from_image(images(large, memory)[Product.DEPTH]), large)


def test_millimetres_have_no_depth_as_zero() -> None:
    depth = np.array([[1.5, np.nan, 0.05], [200.0, 70.0, 0.1234]], np.float32)
    msg = images(depth)[Product.MILLIMETRES]
    assert (msg.encoding, msg.step, msg.header.frame_id) == ("16UC1", 6, "camera")
    np.testing.assert_array_equal(np.frombuffer(msg.data, np.uint16), [1500, 0, 0, 0, 0, 123])


def test_maps_and_colours() -> None:
    found = images(np.full((5, 7), 2.0, np.float32))
    for product, value in ((Product.SCALE_MAP, 2.0), (Product.SHIFT_MAP, 0.25)):
        msg = found[product]
        assert (msg.encoding, msg.width, msg.height, msg.step) == ("32FC1", 7, 5, 28)
        np.testing.assert_array_equal(depth_from_image(msg), np.full((5, 7), value))
    msg = found[Product.COLOUR]
    assert (msg.encoding, msg.width, msg.height, msg.step) == ("rgb8", 7, 5, 21)
    assert parse_image(msg).rgb().shape == (5, 7, 3)
