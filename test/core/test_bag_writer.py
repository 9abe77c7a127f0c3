"""Bags of predicted depth, read back value by value."""

from __future__ import annotations

import numpy as np
import pytest
from geometry_messages import build, camera_info, image
from rosbags.interfaces import QosDurability
from rosbags.rosbag2 import Reader
from stand_ins import Told

from tr2m_core.bags.writer import DepthBagWriter
from tr2m_core.errors import InputError
from tr2m_core.messages.packing import CloudOptions
from tr2m_core.pipeline.frame_pipeline import FrameInput, FramePipeline, PipelineOptions, Product

DEPTH, INFO, CLOUD, TEXT = (f"/metric_depth{name}" for name in ("", "/camera_info", "/points", "/active_description"))
SIZE = HEIGHT, WIDTH = 3, 4
STAMP = 1_600_000_000_123_456_789
RGB = np.arange(36, dtype=np.uint8).reshape(HEIGHT, WIDTH, 3)
IMAGE = image(RGB, "rgb8", "camera_optical", STAMP)
METRES = np.arange(1, 13, dtype=np.float32).reshape(HEIGHT, WIDTH)
CAMERA = camera_info(SIZE, 2.0, (1.5, 1.0), "elsewhere")


def read(path, store):
    """(topic, recorded, message) of every message, read by rosbags."""
    with Reader(path) as reader:
        return [(c.topic, recorded, store.deserialize_cdr(data, c.msgtype)) for c, recorded, data in reader.messages()]


def write(writer, recorded, depth, rgb, info, description, rectified=False, **options):
    """Why there is no cloud, None when there is."""
    products = frozenset((Product.DEPTH, Product.CLOUD))
    frame = FrameInput(rgb, description, STAMP, products=products, info=lambda: info, rectified=rectified)
    (output,) = FramePipeline(Told(depth)).process([frame], PipelineOptions(**options))
    packed = output.packed
    writer.write(IMAGE.header, recorded, description, packed[Product.DEPTH], output.info, packed.get(Product.CLOUD))
    return output.camera_error


def test_a_frame_value_by_value(tmp_path, messages):
    depth = METRES.copy()
    depth[0] = np.nan, 0.0, 0.001, 500.0
    with DepthBagWriter(tmp_path / "out") as writer:
        assert write(writer, 77, depth, RGB, CAMERA, "A desk.") is None
    found = read(tmp_path / "out", messages.store)
    assert [(topic, recorded) for topic, recorded, _ in found] == [(TEXT, 77), (DEPTH, 77), (INFO, 77), (CLOUD, 77)]
    text, metric, info, cloud = (message for _, _, message in found)
    assert text.data == "A desk."
    for message in (metric, info, cloud):
        assert (message.header.stamp.sec, message.header.stamp.nanosec) == (1_600_000_000, 123_456_789)
        assert message.header.frame_id == "camera_optical"
        assert (message.height, message.width) == SIZE

    assert (metric.encoding, metric.step, metric.is_bigendian) == ("32FC1", 16, 0)
    expected = METRES.copy()
    expected[0] = np.nan, np.nan, -np.inf, np.inf
    np.testing.assert_array_equal(metric.data.view(np.float32).reshape(SIZE), expected)

    np.testing.assert_array_equal(info.k, CAMERA.k)
    assert info.distortion_model == "plumb_bob"
    assert CAMERA.header.frame_id == "elsewhere"

    assert [(f.name, f.offset, f.datatype, f.count) for f in cloud.fields] == [
        ("x", 0, 7, 1), ("y", 4, 7, 1), ("z", 8, 7, 1), ("rgb", 12, 7, 1),
    ]  # fmt: skip
    assert (cloud.point_step, cloud.row_step, cloud.is_bigendian, cloud.is_dense) == (16, 64, False, False)
    points = cloud.data.view(np.float32).reshape(HEIGHT, WIDTH, 4)
    assert np.isnan(points[0, :, :3]).all()
    np.testing.assert_array_equal(points[2, 3, :3], [0.75 * 12, 0.5 * 12, 12])  # ((3 - 1.5) / 2, (2 - 1) / 2, 1) * 12
    assert points.view(np.uint32)[2, 3, 3] == 33 << 16 | 34 << 8 | 35


def test_sentences_are_written_when_they_change_and_latched(tmp_path, messages):
    with DepthBagWriter(tmp_path / "out") as writer:
        for i, description in enumerate(("A desk.", "A desk.", "A hall.", "A desk.")):
            write(writer, i, METRES, RGB, None, description)
    found = [(r, m.data) for topic, r, m in read(tmp_path / "out", messages.store) if topic == TEXT]
    assert found == [(0, "A desk."), (2, "A hall."), (3, "A desk.")]
    with Reader(tmp_path / "out") as reader:
        qos = {c.topic: c.ext.offered_qos_profiles for c in reader.connections}
    assert [profile.durability for profile in qos[TEXT]] == [QosDurability.TRANSIENT_LOCAL]
    assert qos[DEPTH] == []


@pytest.mark.parametrize(
    ("info", "words", "topics"),
    [
        (None, "None", {TEXT, DEPTH}),
        (camera_info((6, 8), 2.0, (4, 3)), "8x6 pixels, the image has 4x3", {TEXT, DEPTH}),
        (camera_info((6, 8), 2.0, (4, 3), binning_x=4, binning_y=2), "2x3 pixels, the image has 4x3", {TEXT, DEPTH}),
        (camera_info(SIZE, 2.0, (4, 3), binning_x=9), "leaves nothing", {TEXT, DEPTH}),
        (camera_info(SIZE, 0.0, (2, 1)), "not calibrated", {TEXT, DEPTH, INFO}),
    ],
)
def test_without_a_camera_there_is_no_cloud(tmp_path, messages, info, words, topics):
    with DepthBagWriter(tmp_path / "out") as writer:
        reason = write(writer, 1, METRES, RGB, info, "A desk.")
    assert words in str(reason)
    assert {topic for topic, _, _ in read(tmp_path / "out", messages.store)} == topics


def test_limits_stride_and_rectified_images(tmp_path, messages):
    p = np.array([4, 0, 1, 0, 0, 4, 1, 0, 0, 0, 1, 0], np.float64)
    info = camera_info(SIZE, 2.0, (1.5, 1.0), d=np.array([0.1, 0, 0, 0, 0]), p=p)
    options = PipelineOptions(min_depth=2, max_depth=11, cloud=CloudOptions(stride=2))
    with DepthBagWriter(tmp_path / "out") as writer:
        assert write(writer, 1, METRES, RGB, info, "A desk.", rectified=True, **vars(options)) is None
    found = {topic: message for topic, _, message in read(tmp_path / "out", messages.store)}
    depth = found[DEPTH].data.view(np.float32).reshape(SIZE)
    assert (depth[0, 0], depth[0, 1], depth[2, 2], depth[2, 3]) == (-np.inf, 2, 11, np.inf)
    assert (found[CLOUD].height, found[CLOUD].width, found[CLOUD].row_step) == (2, 2, 32)
    points = found[CLOUD].data.view(np.float32).reshape(2, 2, 4)
    np.testing.assert_array_equal(points[1, 1, :3], [0.25 * 11, 0.25 * 11, 11])  # pixel (2, 2)


def test_an_image_cut_and_binned(tmp_path, messages):
    roi = build("sensor_msgs/msg/RegionOfInterest", x_offset=10, y_offset=5, width=8, height=6, do_rectify=False)
    info = camera_info((20, 30), 4.0, (13.0, 7.0), roi=roi, binning_x=2, binning_y=2)  # (1.5, 1) in the image
    with DepthBagWriter(tmp_path / "out") as writer:
        assert write(writer, 1, METRES, RGB, info, "A desk.") is None
    found = {topic: message for topic, _, message in read(tmp_path / "out", messages.store)}
    assert (found[INFO].width, found[INFO].binning_x, found[INFO].roi.x_offset) == (30, 2, 10)
    points = found[CLOUD].data.view(np.float32).reshape(HEIGHT, WIDTH, 4)
    np.testing.assert_array_equal(points[2, 3, :3], [0.75 * 12, 0.5 * 12, 12])


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_interrupted_bag_is_whole(tmp_path, messages, error):
    with pytest.raises(error), DepthBagWriter(tmp_path / "out") as writer:
        write(writer, 1, METRES, RGB, CAMERA, "A desk.")
        write(writer, 2, METRES, RGB, CAMERA, "A desk.")
        raise error
    assert [topic for topic, _, _ in read(tmp_path / "out", messages.store)].count(DEPTH) == 2


def test_a_bag_without_frames_can_be_read(tmp_path, messages):
    with DepthBagWriter(tmp_path / "out"):
        pass
    assert read(tmp_path / "out", messages.store) == []


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_an_existing_path_is_left_alone(tmp_path, kind):
    path = tmp_path / "out"
    path.write_text("mine") if kind == "file" else path.mkdir()
    with pytest.raises(InputError, match=r"out exists: choose a new folder"):
        DepthBagWriter(path)
    assert path.is_dir() or path.read_text() == "mine"


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="cannot write a bag there"), DepthBagWriter(tmp_path / "file" / "out"):
        pass


def test_images_of_any_memory_order(tmp_path, messages):
    with DepthBagWriter(tmp_path / "out") as writer:
        write(writer, 1, np.asfortranarray(METRES), RGB[:, ::-1][:, ::-1], CAMERA, "A desk.")
    found = {topic: message for topic, _, message in read(tmp_path / "out", messages.store)}
    np.testing.assert_array_equal(found[DEPTH].data.view(np.float32).reshape(SIZE), METRES)
