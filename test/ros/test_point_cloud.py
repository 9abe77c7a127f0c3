"""Cloud layout, exact projection, and cameras that allow no cloud."""

from __future__ import annotations

import numpy as np
import pytest
from sensor_msgs.msg import CameraInfo, PointCloud2
from std_msgs.msg import Header

from tr2m_core.camera import CameraError, ray_table
from tr2m_ros.conversions import MessageError, depth_to_image
from tr2m_ros.point_cloud import RayTables, build_cloud, check_camera_info

HEIGHT, WIDTH = 6, 8
FX, FY, CX, CY = 10.0, 12.0, 3.5, 2.5
K = [FX, 0.0, CX, 0.0, FY, CY, 0.0, 0.0, 1.0]
RANDOM = np.random.default_rng(0)
DEPTH = RANDOM.uniform(0.5, 5, (HEIGHT, WIDTH)).astype(np.float32)
RGB = RANDOM.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
HEADER = Header(frame_id="camera")


def camera(k: list[float] = K, p: list[float] | None = None, model: str = "plumb_bob", d: tuple = ()) -> CameraInfo:
    return CameraInfo(width=WIDTH, height=HEIGHT, k=k, p=p or [0.0] * 12, distortion_model=model, d=list(d))


def cloud_of(info: CameraInfo, depth: np.ndarray = DEPTH, stride: int = 1, rectified: bool = False) -> PointCloud2:
    image = depth_to_image(depth, HEADER, 0.1, 100.0)
    return build_cloud(image, RGB, ray_table(info, rectified), HEADER, stride)


def points(cloud: PointCloud2) -> np.ndarray:
    return np.frombuffer(cloud.data, np.float32).reshape(cloud.height, cloud.width, 4)


def colours(cloud: PointCloud2) -> np.ndarray:
    packed = np.frombuffer(cloud.data, np.uint32).reshape(cloud.height, cloud.width, 4)[..., 3]
    return np.stack((packed >> 16, packed >> 8 & 255, packed & 255), axis=-1)


def test_layout() -> None:
    cloud = cloud_of(camera())
    assert [(f.name, f.offset, f.datatype, f.count) for f in cloud.fields] == [
        ("x", 0, 7, 1), ("y", 4, 7, 1), ("z", 8, 7, 1), ("rgb", 12, 7, 1),
    ]  # fmt: skip
    assert (cloud.width, cloud.height, cloud.point_step, cloud.row_step) == (WIDTH, HEIGHT, 16, 16 * WIDTH)
    assert len(cloud.data) == 16 * WIDTH * HEIGHT
    assert not cloud.is_dense
    assert not cloud.is_bigendian
    assert cloud.header == HEADER


def test_projection_and_colour() -> None:
    cloud = cloud_of(camera())
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    expected = np.stack(((columns - CX) / FX * DEPTH, (rows - CY) / FY * DEPTH, DEPTH), axis=-1)
    np.testing.assert_allclose(points(cloud)[..., :3], expected, rtol=1e-6)
    np.testing.assert_array_equal(colours(cloud), RGB)


def test_no_colour_is_a_nan() -> None:
    assert np.isfinite(points(cloud_of(camera()))[..., 3]).all()


def test_invalid_and_out_of_range_points_are_nan() -> None:
    depth = DEPTH.copy()
    depth[0, :4] = np.nan, 0.0, 0.05, 200.0
    cloud = points(cloud_of(camera(), depth))
    assert np.isnan(cloud[0, :4, :3]).all()
    assert np.isfinite(cloud[0, 4:, :3]).all()
    assert np.isfinite(cloud[1:, :, :3]).all()


@pytest.mark.parametrize("stride", [2, 3, 5, 64])
def test_stride_thins_rows_and_columns(stride: int) -> None:
    thin, full = cloud_of(camera(), stride=stride), cloud_of(camera())
    assert (thin.height, thin.width) == (-(-HEIGHT // stride), -(-WIDTH // stride))
    np.testing.assert_array_equal(points(thin), points(full)[::stride, ::stride])


def test_cameras_without_a_cloud() -> None:
    image = depth_to_image(DEPTH, HEADER, 0.1, 100.0)
    wrong_size = camera()
    wrong_size.width = 640
    wrong_size.height = 480
    distorted = (0.1, 0.0, 0.0, 0.0, 0.0)
    for info, words in (
        (camera(k=[0.0] * 9), ("not calibrated",)),
        (wrong_size, ("640x480", "8x6")),
        (camera(model="magic", d=distorted), ("'magic'", "plumb_bob")),
        (camera(d=distorted[:3]), ("3 distortion coefficients",)),
    ):
        with pytest.raises(CameraError) as caught:
            RayTables().get(info, image, rectified=False)
        assert all(word in str(caught.value) for word in (*words, "no point cloud"))


@pytest.mark.parametrize("field", ["k", "p", "d"])
def test_intrinsics_must_be_finite(field: str) -> None:
    info = camera(d=(0.0,) * 5)
    getattr(info, field)[0] = np.nan
    with pytest.raises(MessageError) as caught:
        check_camera_info(info)
    assert caught.value.reason == "camera_info not finite"


def test_tables_follow_the_camera() -> None:
    image, tables, info = depth_to_image(DEPTH, HEADER, 0.1, 100.0), RayTables(), camera()
    first = tables.get(info, image, rectified=False)
    info.header.stamp.sec = 5
    assert tables.get(info, image, rectified=False) is first
    info.k[0] = 11.0
    assert tables.get(info, image, rectified=False) is not first
