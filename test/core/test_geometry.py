from __future__ import annotations

import numpy as np
import pytest

from tr2m_core.camera.pinhole import parse_intrinsics, pixel_rays, unproject
from tr2m_core.errors import InputError
from tr2m_core.types import Intrinsics

CAMERA = Intrinsics(fx=500, fy=400, cx=320, cy=240)


def test_rays_and_points():
    rays = pixel_rays(CAMERA, (480, 640))
    assert rays.shape == (480, 640, 3)
    assert rays.dtype == np.float32
    assert rays[240, 320].tolist() == [0, 0, 1]
    assert rays[0, 0] == pytest.approx([-0.64, -0.6, 1])
    points = unproject(np.full((480, 640), 2.0), CAMERA)
    assert points[40, 420] == pytest.approx([0.4, -1.0, 2.0])


def test_points_project_back_to_their_pixels():
    depth = np.random.default_rng(0).uniform(0.5, 9, (30, 40)).astype(np.float32)
    x, y, z = np.moveaxis(unproject(depth, CAMERA).astype(np.float64), -1, 0)
    rows, columns = np.mgrid[:30, :40]
    assert np.allclose(x / z * CAMERA.fx + CAMERA.cx, columns, atol=1e-3)
    assert np.allclose(y / z * CAMERA.fy + CAMERA.cy, rows, atol=1e-3)


def test_invalid_depth_stays_invalid():
    assert np.isnan(unproject(np.array([[np.nan]]), CAMERA)).all()
    with pytest.raises(ValueError, match="H, W"):
        unproject(np.ones((2, 2, 1)), CAMERA)


def test_parse_intrinsics():
    assert parse_intrinsics("500, 400,320,240") == CAMERA


@pytest.mark.parametrize(
    "text", ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "0,400,1,1", "500,-1,1,1", "nan,1,1,1", "1,1,inf,1"]
)
def test_bad_intrinsics_name_themselves(text):
    with pytest.raises(InputError, match="intrinsics"):
        parse_intrinsics(text)
