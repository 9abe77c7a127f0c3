"""Points out of every layout of a cloud, and out of none that its sizes contradict."""

from __future__ import annotations

import numpy as np
import pytest
from geometry_messages import build, cloud

from tr2m_core.errors import FrameError
from tr2m_core.messages.point_clouds import read_points

GRID = np.arange(24, dtype=np.float64).reshape(2, 4, 3) / 8
POINTS = GRID.reshape(-1, 3)


@pytest.mark.parametrize("kind", ["<f4", ">f4", "<f8", ">f8"])
@pytest.mark.parametrize("shape", [POINTS, GRID], ids=["list", "organised"])
def test_every_layout(kind, shape):
    np.testing.assert_array_equal(read_points(cloud(shape, kind=kind)), POINTS)


def test_rows_may_be_padded():
    tight = cloud(GRID)
    rows = np.full((2, tight.row_step + 5), 77, np.uint8)
    rows[:, : tight.row_step] = tight.data.reshape(2, -1)
    np.testing.assert_array_equal(read_points(cloud(GRID, row_step=rows.shape[1], data=rows.ravel())), POINTS)


def test_a_list_needs_no_row_step():
    np.testing.assert_array_equal(read_points(cloud(POINTS, row_step=0)), POINTS)


def test_points_that_are_not_finite_are_left_out():
    points = POINTS.copy()
    points[1, 0], points[4, 2], points[6, 1] = np.nan, np.inf, -np.inf
    np.testing.assert_array_equal(read_points(cloud(points)), POINTS[[0, 2, 3, 5, 7]])


def test_clouds_without_points():
    for size in ({"width": 0}, {"height": 0}, {"width": 0, "height": 0}):
        assert read_points(cloud(POINTS, **size)).shape == (0, 3)


def field(name, datatype=7, offset=0):
    return build("sensor_msgs/msg/PointField", name=name, offset=offset, datatype=datatype, count=1)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"point_step": 15}, "point_step 15 is less than the 16 bytes"),
        ({"point_step": 0}, "point_step 0"),
        ({"row_step": 71}, "row_step 71 is less than 4 points of 18 bytes"),
        ({"height": 3}, "144 bytes of data for 3 rows"),
        ({"height": 2**32 - 1, "width": 2**32 - 1, "row_step": 2**32 - 1}, "row_step 4294967295 is less"),
        ({"height": 1, "width": 2**32 - 1}, "144 bytes of data for 1 rows of 4294967295 points"),
        ({"fields": [field("x"), field("y")]}, "without a float field 'z'; its fields are x, y"),
        ({"fields": [field("x"), field("y"), field("z", datatype=5)]}, "without a float field 'z'"),
        ({"fields": [field("x"), field("y"), field("z", offset=2**32 - 1)]}, "less than the 4294967299 bytes"),
        ({"fields": []}, "its fields are none"),
    ],
)
def test_clouds_that_contradict_themselves(changes, words):
    with pytest.raises(FrameError, match=words):
        read_points(cloud(GRID, **changes))
