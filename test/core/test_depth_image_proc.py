"""Clouds hold the points that depth_image_proc would make of the same depth image and camera_info."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from geometry_messages import build, camera_info

from tr2m_core.camera.model import RayTables
from tr2m_core.messages.packing import CloudOptions, cloud_shape, pack_cloud, pack_depth

WHOLE = (0, 0, 0, 0)
VIEWS = {
    "whole": (WHOLE, (0, 0)),
    "roi": ((31, 18, 64, 50), (1, 1)),
    "binning": (WHOLE, (2, 3)),
    "roi and binning": ((31, 18, 65, 51), (2, 2)),
}


def message(size, fx, fy, cx, cy, roi=WHOLE, binning=(0, 0)):
    """A camera_info with P; K is another one, as of a lens before rectification, and must not count."""
    names = ("x_offset", "y_offset", "width", "height")
    region = build("sensor_msgs/msg/RegionOfInterest", **dict(zip(names, roi, strict=True)), do_rectify=False)
    p = np.array([fx, 0, cx, 0, 0, fy, cy, 0, 0, 0, 1, 0], np.float64)
    changes = {"p": p, "roi": region, "binning_x": binning[0], "binning_y": binning[1]}
    return camera_info(size, 1.1 * fx, (cx + 9, cy - 5), d=np.array([-0.2, 0.05, 0, 0, 0]), **changes)


def adjusted(info):
    """fx, fy, cx, cy of P as image_geometry's fromCameraInfo leaves them."""
    fx, cx, fy, cy = info.p[0], info.p[2], info.p[5], info.p[6]
    if info.roi.width or info.roi.height:
        cx, cy = cx - info.roi.x_offset, cy - info.roi.y_offset
    if info.binning_x > 1:
        fx, cx = fx / info.binning_x, cx / info.binning_x
    if info.binning_y > 1:
        fy, cy = fy / info.binning_y, cy / info.binning_y
    return fx, fy, cx, cy


def image(full, info):
    """What a camera sends of the full image: the roi, of which binning keeps one pixel in so many."""
    roi, across, down = info.roi, max(1, info.binning_x), max(1, info.binning_y)
    if roi.width:
        full = full[roi.y_offset : roi.y_offset + roi.height, roi.x_offset : roi.x_offset + roi.width]
    height, width = full.shape[0] // down, full.shape[1] // across
    return np.ascontiguousarray(full[: height * down : down, : width * across : across])


def depth_image_proc(depth, fx, fy, cx, cy):
    """(H, W, 3) in double precision: its convertDepth for 32FC1."""
    points = np.full((*depth.shape, 3), np.nan)
    for v, row in enumerate(depth.astype(np.float64)):
        u = np.arange(len(row))
        z = np.where(np.isfinite(row), row, np.nan)
        points[v] = np.stack(((u - cx) * z / fx, (v - cy) * z / fy, z), axis=-1)
    return points


def cloud(depth, info, size, output_size=None, stride=1):
    packed = np.empty_like(depth)
    pack_depth(depth, 0.01, 100.0, packed)
    rays = RayTables().get(info, size, True, output_size)
    shape = cloud_shape(depth.shape, stride)
    out, scratch = np.empty((*shape, 3), np.float32), np.empty((*shape, 4), np.uint8)
    pack_cloud(packed, None, rays, CloudOptions(stride, colour=False), out, scratch)
    return packed, out


def check(full, intrinsics, roi, binning, stride=1):
    info = message(full.shape, *intrinsics, roi, binning)
    depth = image(full, info)
    packed, points = cloud(depth, info, depth.shape, stride=stride)
    expected = depth_image_proc(packed, *adjusted(info))[::stride, ::stride]
    assert np.isfinite(points).any()
    np.testing.assert_allclose(points, expected, rtol=1e-6, atol=1e-6)


def check_smaller(full, intrinsics, roi, binning, scale):
    """Depth published smaller than the image: as of a camera_info that was scaled with the image."""
    info = message(full.shape, *intrinsics, roi, binning)
    size = image(full, info).shape
    small = round(size[0] * scale), round(size[1] * scale)
    depth = cv2.resize(image(full, info), small[::-1], interpolation=cv2.INTER_NEAREST)
    packed, points = cloud(depth, info, size, small)
    fx, fy, cx, cy = adjusted(info)
    across, down = small[1] / size[1], small[0] / size[0]
    scaled = fx * across, fy * down, (cx + 0.5) * across - 0.5, (cy + 0.5) * down - 0.5
    assert np.isfinite(points).any()
    np.testing.assert_allclose(points, depth_image_proc(packed, *scaled), rtol=1e-6, atol=1e-6)


@pytest.fixture
def synthetic():
    random = np.random.default_rng(0)
    depth = random.uniform(0.2, 9, (120, 160)).astype(np.float32)
    depth[random.random(depth.shape) < 0.2] = 0
    depth[0, :4] = np.nan, -1, np.inf, 200
    return depth, (131.3, 128.9, 78.4, 61.7)


@pytest.fixture
def real(kit):
    """(id, depth in metres, intrinsics) of the first frame of each source."""
    found = []
    for path in sorted((kit / "frames").glob("*/index.json")):
        frame = json.loads(path.read_text())["frames"][0]
        stored = cv2.imread(str(path.parent / frame["depth"]), cv2.IMREAD_UNCHANGED)
        assert stored.shape == (frame["height"], frame["width"])
        depth = (stored * frame["depth_scale"]).astype(np.float32)
        found.append((frame["id"], depth, tuple(frame[name] for name in ("fx", "fy", "cx", "cy"))))
    assert len(found) > 5
    return found


@pytest.mark.parametrize("stride", [1, 3])
@pytest.mark.parametrize("view", VIEWS)
def test_synthetic_depth(synthetic, view, stride):
    check(*synthetic, *VIEWS[view], stride)


@pytest.mark.parametrize("scale", [1.0, 0.5, 0.3, 0.1])
@pytest.mark.parametrize("view", VIEWS)
def test_smaller_synthetic_depth(synthetic, view, scale):
    check_smaller(*synthetic, *VIEWS[view], scale)


@pytest.mark.parametrize("view", VIEWS)
def test_real_depth(real, view):
    for _, depth, intrinsics in real:
        roi, binning = VIEWS[view]
        check(depth, intrinsics, middle(depth.shape) if roi != WHOLE else roi, binning)


@pytest.mark.parametrize("scale", [0.5, 0.3])
@pytest.mark.parametrize("view", VIEWS)
def test_smaller_real_depth(real, view, scale):
    for _, depth, intrinsics in real:
        roi, binning = VIEWS[view]
        check_smaller(depth, intrinsics, middle(depth.shape) if roi != WHOLE else roi, binning, scale)


def middle(size):
    """A roi about the middle, not at round numbers."""
    height, width = size
    return width // 4 + 1, height // 4 + 3, width // 2 + 1, height // 2 - 1
