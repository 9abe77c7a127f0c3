"""Bytes of depth images and clouds, value by value."""

from __future__ import annotations

import numpy as np
import pytest

from tr2m_core.camera import RayTable
from tr2m_core.packing import POINT_FIELDS, POINT_STEP, cloud_shape, pack_cloud, pack_depth

NAN, INF = np.nan, np.inf


def test_depth_follows_rep_117():
    depth = np.array([[1.5, NAN, 0.0, -1.0], [0.05, 200.0, INF, -INF]], np.float32)
    out = np.empty_like(depth)
    pack_depth(depth, 0.1, 100.0, out)
    np.testing.assert_array_equal(out, np.array([[1.5, NAN, NAN, NAN], [-INF, INF, INF, NAN]], np.float32))


def test_depth_at_the_limits_stays():
    depth = np.array([[0.5, 8.0]], np.float32)
    out = np.empty_like(depth)
    pack_depth(depth, 0.5, 8.0, out)
    np.testing.assert_array_equal(out, depth)


def test_zero_is_no_depth_even_without_a_least_one():
    out = np.empty((1, 2), np.float32)
    pack_depth(np.array([[0.0, 3.0]], np.float32), 0.0, 8.0, out)
    np.testing.assert_array_equal(out, [[NAN, 3.0]])


@pytest.mark.parametrize("distorted", [False, True])
def test_a_cloud_by_hand(distorted):
    x, y = np.array([[-1.0, 0.0, 1.0]], np.float32), np.array([[-0.5], [0.5]], np.float32)
    rays = RayTable(*np.broadcast_arrays(x, y)) if distorted else RayTable(x, y)
    depth = np.array([[2.0, 3.0, INF], [4.0, NAN, 0.5]], np.float32)
    rgb = np.array([[[1, 2, 3], [255, 255, 255], [0, 0, 9]], [[0, 0, 0], [7, 8, 9], [255, 0, 16]]], np.uint8)
    out, scratch = np.full((2, 3, 4), 99, np.float32), np.full((2, 3, 4), 99, np.uint8)
    pack_cloud(depth, rgb, rays, out, scratch)
    expected = [
        [[-2.0, -1.0, 2.0], [0.0, -1.5, 3.0], [NAN, NAN, NAN]],
        [[-4.0, 2.0, 4.0], [NAN, NAN, NAN], [0.5, 0.25, 0.5]],
    ]
    np.testing.assert_array_equal(out[..., :3], expected)
    colours = out.view(np.uint32)[..., 3]
    np.testing.assert_array_equal(colours, [[0x010203, 0xFFFFFF, 0x000009], [0x000000, 0x070809, 0xFF0010]])
    np.testing.assert_array_equal(rgb[1, 2], [255, 0, 16])


@pytest.mark.parametrize("stride", [1, 2, 3, 7])
def test_stride_takes_rows_and_columns(stride):
    random = np.random.default_rng(0)
    depth, rgb = random.uniform(1, 2, (5, 7)).astype(np.float32), random.integers(0, 256, (5, 7, 3), np.uint8)
    rays = RayTable(random.random((1, 7), np.float32), random.random((5, 1), np.float32))
    full, thin = np.empty((5, 7, 4), np.float32), np.empty((*cloud_shape((5, 7), stride), 4), np.float32)
    pack_cloud(depth, rgb, rays, full, np.empty((5, 7, 4), np.uint8))
    pack_cloud(depth, rgb, rays, thin, np.empty(thin.shape, np.uint8), stride)
    np.testing.assert_array_equal(thin, full[::stride, ::stride])


def test_layout():
    assert POINT_FIELDS == (("x", 0), ("y", 4), ("z", 8), ("rgb", 12))
    assert POINT_STEP == 16
