"""Bytes of depth images and clouds, value by value."""

from __future__ import annotations

import numpy as np
import pytest

from tr2m_core.camera.model import RayTable
from tr2m_core.messages.packing import (
    CloudOptions,
    cloud_shape,
    finite_points,
    pack_cloud,
    pack_depth,
    pack_millimetres,
    point_fields,
    point_step,
)

NAN, INF = np.nan, np.inf
X, Y = np.array([[-1.0, 0.0, 1.0]], np.float32), np.array([[-0.5], [0.5]], np.float32)
PLAIN, RAYS = CloudOptions(), RayTable(X, Y)
DEPTH = np.array([[2.0, 3.0, INF], [4.0, NAN, 0.5]], np.float32)
RGB = np.array([[[1, 2, 3], [255, 255, 255], [0, 0, 9]], [[0, 0, 0], [7, 8, 9], [255, 0, 16]]], np.uint8)


def cloud(options=PLAIN, depth=DEPTH, rgb=RGB, rays=RAYS, edges=None):
    shape = cloud_shape(depth.shape, options.stride)
    out = np.full((*shape, point_step(options.colour) // 4), 99, np.float32)
    scratch = np.full((*shape, 4), 99, np.uint8)
    pack_cloud(depth, rgb, rays, options, out, scratch, edges)
    return out


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


@pytest.mark.filterwarnings("error")
def test_millimetres_at_the_limits():
    below, above = (np.nextafter(np.float32(limit), np.float32(way)) for limit, way in ((0.0005, 0), (65.535, 100)))
    cases = [
        (1.0, 1000), (1.2344, 1234), (1.2346, 1235), (0.0005, 1), (below, 0), (0.0014, 1), (0.0016, 2),
        (65.5344, 65534), (65.535, 65535), (above, 0), (65.536, 0), (70.0, 0), (3e38, 0), (-3e38, 0),
        (0.0, 0), (-1.0, 0), (NAN, 0), (INF, 0), (-INF, 0),
    ]  # fmt: skip
    out = np.full((1, len(cases)), 99, np.uint16)
    pack_millimetres(np.array([[metres for metres, _ in cases]], np.float32), out)
    np.testing.assert_array_equal(out, [[value for _, value in cases]])


def test_every_millimetre_comes_back():
    millimetres = np.arange(1 << 16, dtype=np.uint16).reshape(256, 256)
    depth, out = np.empty((256, 256), np.float32), np.empty_like(millimetres)
    pack_depth((millimetres / 1000).astype(np.float32), 0.0, INF, depth)
    pack_millimetres(depth, out)
    np.testing.assert_array_equal(out, millimetres)


@pytest.mark.parametrize("distorted", [False, True])
def test_a_cloud_by_hand(distorted):
    rgb = RGB.copy()
    out = cloud(rgb=rgb, rays=RayTable(*np.broadcast_arrays(X, Y)) if distorted else RAYS)
    expected = [
        [[-2.0, -1.0, 2.0], [0.0, -1.5, 3.0], [NAN, NAN, NAN]],
        [[-4.0, 2.0, 4.0], [NAN, NAN, NAN], [0.5, 0.25, 0.5]],
    ]
    np.testing.assert_array_equal(out[..., :3], expected)
    colours = out.view(np.uint32)[..., 3]
    np.testing.assert_array_equal(colours, [[0x010203, 0xFFFFFF, 0x000009], [0x000000, 0x070809, 0xFF0010]])
    np.testing.assert_array_equal(rgb, RGB)


@pytest.mark.parametrize("colour", [True, False])
@pytest.mark.parametrize("stride", [1, 2, 3, 7])
def test_stride_takes_rows_and_columns(stride, colour):
    random = np.random.default_rng(0)
    depth, rgb = random.uniform(1, 2, (5, 7)).astype(np.float32), random.integers(0, 256, (5, 7, 3), np.uint8)
    rays = RayTable(random.random((1, 7), np.float32), random.random((5, 1), np.float32))
    edges = random.random((5, 7)) < 0.3
    full = cloud(CloudOptions(colour=colour), depth, rgb, rays, edges)
    thin = cloud(CloudOptions(stride, colour=colour), depth, rgb, rays, edges)
    np.testing.assert_array_equal(thin, full[::stride, ::stride])


@pytest.mark.parametrize(
    ("limits", "kept"),
    [
        ((0.0, INF), [2.0, 3.0, 4.0, 0.5]),
        ((2.0, INF), [2.0, 3.0, 4.0]),
        ((0.0, 3.0), [2.0, 3.0, 0.5]),
        ((2.0, 3.0), [2.0, 3.0]),
        ((2.1, 2.9), []),
    ],
)
def test_points_out_of_range_are_left_out(limits, kept):
    out = cloud(CloudOptions(min_range=limits[0], max_range=limits[1]))
    finite = np.isfinite(out[..., :3])
    np.testing.assert_array_equal(out[finite.all(axis=-1)][:, 2], kept)
    np.testing.assert_array_equal(finite.all(axis=-1), finite.any(axis=-1))
    np.testing.assert_array_equal(out.view(np.uint32)[..., 3], cloud().view(np.uint32)[..., 3])  # colour stays


def test_edges_are_left_out():
    edges = np.array([[False, True, True], [False, True, False]])
    out = cloud(edges=edges)
    np.testing.assert_array_equal(np.isnan(out[..., :3]), np.repeat(edges[..., np.newaxis], 3, axis=-1))
    np.testing.assert_array_equal(out[~edges], cloud()[~edges])


@pytest.mark.parametrize("hidden", ["x", "y"])
def test_where_the_lens_sees_nothing_there_is_no_point(hidden):
    x, y = (table.copy() for table in np.broadcast_arrays(X, Y))
    (x if hidden == "x" else y)[1, 0] = NAN
    out = cloud(rays=RayTable(x, y))
    assert np.isnan(out[1, 0, :3]).all()
    rest = np.array([[True, True, True], [False, True, True]])
    np.testing.assert_array_equal(out[rest], cloud()[rest])


def test_a_cloud_without_colour_needs_no_image():
    out = cloud(CloudOptions(colour=False), rgb=None)
    assert out.shape == (2, 3, 3)
    np.testing.assert_array_equal(out, cloud()[..., :3])
    assert out[0, 0].tobytes() == np.array([-2, -1, 2], "<f4").tobytes()


@pytest.mark.parametrize("rgb", [None, RGB[:, :2], np.zeros((4, 6, 3), np.uint8)])
def test_colour_of_another_size_is_rejected(rgb):
    with pytest.raises(ValueError, match=r"cloud of \(2, 3\) pixels needs an rgb of that size"):
        cloud(rgb=rgb)


@pytest.mark.parametrize("colour", [True, False])
def test_finite_points_are_those_of_the_organised_cloud(colour):
    organised = cloud(CloudOptions(colour=colour))
    points = finite_points(organised)
    width = point_step(colour) // 4
    assert points.shape == (4, width)
    assert points.dtype == np.float32
    assert points.flags.c_contiguous
    assert points.tobytes() == b"".join(organised[at].tobytes() for at in ((0, 0), (0, 1), (1, 0), (1, 2)))
    beyond = organised.copy()
    beyond[0, 0, 0], beyond[1, 2, 1] = INF, -INF
    assert len(finite_points(beyond)) == 2
    assert finite_points(np.full((2, 3, width), NAN, np.float32)).shape == (0, width)


def test_layout():
    assert point_fields(True) == (("x", 0), ("y", 4), ("z", 8), ("rgb", 12))
    assert point_fields(False) == (("x", 0), ("y", 4), ("z", 8))
    assert (point_step(True), point_step(False)) == (16, 12)
