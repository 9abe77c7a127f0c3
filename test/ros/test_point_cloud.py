"""Clouds as they are published: layout and exact projection."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sensor_msgs.msg import CameraInfo, PointCloud2
from stand_ins import Told
from std_msgs.msg import Header

from tr2m_core.messages.packing import CloudOptions
from tr2m_core.pipeline.frame_pipeline import FrameInput, FramePipeline, PipelineOptions, Product
from tr2m_ros.conversions import MessageMemory
from tr2m_ros.parameters import Settings

HEIGHT, WIDTH = 6, 8
FX, FY, CX, CY = 10.0, 12.0, 3.5, 2.5
K = [FX, 0.0, CX, 0.0, FY, CY, 0.0, 0.0, 1.0]
RANDOM = np.random.default_rng(0)
DEPTH = RANDOM.uniform(0.5, 5, (HEIGHT, WIDTH)).astype(np.float32)
RGB = RANDOM.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
HEADER = Header(frame_id="camera")


def camera(k: list[float] = K, p: list[float] | None = None, model: str = "plumb_bob", d: tuple = ()) -> CameraInfo:
    return CameraInfo(width=WIDTH, height=HEIGHT, k=k, p=p or [0.0] * 12, distortion_model=model, d=list(d))


def pipeline_and_memory(depth: np.ndarray = DEPTH, edges: np.ndarray | None = None) -> tuple[Any, MessageMemory]:
    return FramePipeline(Told(depth, edges)), MessageMemory({Product.CLOUD: PointCloud2})


def message(pipeline: Any, memory: MessageMemory, info: CameraInfo, **wanted: Any) -> PointCloud2:
    frame = FrameInput(RGB, "A room.", 0, products=frozenset([Product.CLOUD]), info=lambda: info, memory=memory)
    (output,) = pipeline.process([frame], PipelineOptions(0.1, 100.0, edge_jump=0.1, cloud=CloudOptions(**wanted)))
    return memory.message(Product.CLOUD, output.packed[Product.CLOUD], HEADER)


def cloud_of(
    info: CameraInfo, depth: np.ndarray = DEPTH, edges: np.ndarray | None = None, **wanted: Any
) -> PointCloud2:
    return message(*pipeline_and_memory(depth, edges), info, **wanted)


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


def test_colour_is_left_out_on_demand() -> None:
    plain, full = cloud_of(camera(), colour=False), cloud_of(camera())
    assert [(f.name, f.offset) for f in plain.fields] == [("x", 0), ("y", 4), ("z", 8)]
    assert (plain.point_step, plain.row_step, len(plain.data)) == (12, 12 * WIDTH, 12 * WIDTH * HEIGHT)
    xyz = np.frombuffer(plain.data, np.float32).reshape(HEIGHT, WIDTH, 3)
    np.testing.assert_array_equal(xyz, points(full)[..., :3])


def test_valid_points_only_on_demand() -> None:
    depth = DEPTH.copy()
    depth[0, :5] = np.nan
    edges = np.zeros(DEPTH.shape, bool)
    edges[1, 2] = True
    dense, full = cloud_of(camera(), depth, edges=edges, organised=False), cloud_of(camera(), depth, edges=edges)
    assert (dense.height, dense.width, dense.row_step) == (1, WIDTH * HEIGHT - 6, 16 * (WIDTH * HEIGHT - 6))
    assert dense.is_dense
    kept = points(full).reshape(-1, 4)
    np.testing.assert_array_equal(points(dense)[0], kept[np.isfinite(kept[:, 2])])


def test_a_cloud_without_a_point_is_empty() -> None:
    empty = cloud_of(camera(), np.full_like(DEPTH, np.nan), organised=False)
    assert (empty.height, empty.width, len(empty.data)) == (1, 0, 0)


def test_ranges_of_the_parameters() -> None:
    options = (
        Settings(cloud_min_range=1.0, cloud_max_range=3.0, cloud_stride=2, cloud_color=False).pipeline_options().cloud
    )
    assert options == CloudOptions(stride=2, min_range=1.0, max_range=3.0, colour=False)
    z = points(cloud_of(camera(), min_range=1.0, max_range=3.0))[..., 2]
    np.testing.assert_array_equal(np.isfinite(z), (DEPTH >= 1) & (DEPTH <= 3))


def test_ranges_that_depth_keeps_to_anyway_are_not_looked_at() -> None:
    assert Settings().pipeline_options().cloud == CloudOptions()
    narrow = Settings(min_depth=0.5, max_depth=8.0, cloud_min_range=0.4, cloud_max_range=9.0)
    assert narrow.pipeline_options().cloud == CloudOptions()


def test_memory_serves_every_kind_of_cloud() -> None:
    pipeline, memory = pipeline_and_memory()
    for wanted in ({}, {"stride": 2}, {"colour": False}, {"organised": False}):
        fresh, kept = cloud_of(camera(), **wanted), message(pipeline, memory, camera(), **wanted)
        assert kept.fields == fresh.fields
        assert kept.data == fresh.data
