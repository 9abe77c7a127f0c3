"""Transforms of bags against matrices worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from geometry_messages import HALF, build, transform

from tr2m_core.bags.bag import Bag
from tr2m_core.bags.transforms import TF_TYPE, StaticTransforms, TransformError
from tr2m_core.errors import FrameError

LEFT_TURN = (0, 0, HALF, HALF)  # 90 degrees about z: x becomes y, y becomes -x
FORWARD_TO_OPTICAL = (-0.5, 0.5, -0.5, 0.5)


def transforms(*messages):
    found = StaticTransforms()
    for message in messages:
        found.add(message)
    return found


def moved(matrix, *point):
    return (matrix @ [*point, 1.0])[:3]


def test_one_transform_and_its_inverse():
    found = transforms(transform("base", "camera", (1, 2, 3), LEFT_TURN))
    np.testing.assert_allclose(moved(found.between("base", "camera"), 10, 20, 30), (-19, 12, 33), atol=1e-12)
    np.testing.assert_allclose(moved(found.between("camera", "base"), -19, 12, 33), (10, 20, 30), atol=1e-12)


def test_optical_frame_of_a_camera_that_looks_forward():
    found = transforms(transform("base", "optical", (0.5, 0, 1.2), FORWARD_TO_OPTICAL))
    # 4 m ahead of the camera, 1 m to the left, 0.4 m up -> x right, y down, z forward.
    np.testing.assert_allclose(moved(found.between("optical", "base"), 4.5, 1, 1.6), (-1, -0.4, 4), atol=1e-12)


def test_chains_go_up_and_down_through_the_tree():
    found = transforms(
        transform("base", "mast", (0, 0, 1)),
        transform("mast", "camera", (1, 0, 0), LEFT_TURN),
        transform("base", "lidar", (0, 5, 0)),
        transform("world", "base", (100, 100, 100)),
    )
    # (1, 2, 3) of the lidar is (1, 7, 3) of the base, (1, 7, 2) of the mast, (0, 7, 2) before the turn.
    np.testing.assert_allclose(moved(found.between("camera", "lidar"), 1, 2, 3), (7, 0, 2), atol=1e-12)
    np.testing.assert_allclose(
        found.between("lidar", "camera") @ found.between("camera", "lidar"), np.eye(4), atol=1e-12
    )


def test_leading_slashes_and_lengths_of_quaternions_do_not_matter():
    found = transforms(transform("/base", "camera", (1, 2, 3), (0, 0, 5, 5)))
    np.testing.assert_allclose(moved(found.between("base", "/camera"), 10, 20, 30), (-19, 12, 33), atol=1e-12)


def test_a_frame_is_where_it_is():
    np.testing.assert_array_equal(StaticTransforms().between("camera", "/camera"), np.eye(4))


def test_the_last_word_counts():
    found = transforms(transform("base", "camera", (1, 0, 0)), transform("base", "camera", (2, 0, 0)))
    assert found.between("base", "camera")[0, 3] == 2


def test_a_circle_ends():
    found = transforms(transform("a", "b"), transform("b", "c"), transform("c", "a"), transform("d", "d"))
    np.testing.assert_array_equal(found.between("a", "c"), np.eye(4))
    with pytest.raises(TransformError):
        found.between("a", "d")


def test_frames_that_nothing_connects():
    found = transforms(transform("base", "camera"), transform("map", "lidar"))
    with pytest.raises(
        TransformError, match=r"'camera' and 'lidar': tf_static has base, camera, lidar, map$"
    ) as caught:
        found.between("camera", "lidar")
    assert isinstance(caught.value, FrameError)
    with pytest.raises(TransformError, match="'camera' and 'lidar': there is no tf_static"):
        StaticTransforms().between("camera", "lidar")


@pytest.mark.parametrize(
    ("position", "quaternion"),
    [((0, 0, 0), (0, 0, 0, 0)), ((0, 0, 0), (0, 0, np.nan, 1)), ((0, np.inf, 0), (0, 0, 0, 1))],
)
def test_what_is_no_transform_is_rejected_where_it_is_used(position, quaternion):
    found = transforms(transform("base", "lidar", position, quaternion), transform("base", "camera", (1, 0, 0)))
    assert found.between("base", "camera")[0, 3] == 1
    with pytest.raises(TransformError, match="'base' to 'lidar' is not a rotation"):
        found.between("camera", "lidar")


def test_transforms_of_a_bag(write_bag):
    both = build(
        TF_TYPE,
        transforms=[
            *transform("base", "camera", (1, 0, 0)).transforms,
            *transform("base", "lidar", (0, 2, 0)).transforms,
        ],
    )
    entries = [
        ("/tf_static", 1, both),
        ("/robot/tf_static", 2, transform("lidar", "radar", (0, 0, 3))),
        ("/tf", 3, transform("base", "camera", (50, 0, 0))),
        ("/tf_static", 4, (TF_TYPE, b"\0\1\0\0\xff\xff\xff\xff")),
        ("/tf_static", 5, transform("radar", "sonar", (7, 0, 0))),
    ]
    with Bag(write_bag(entries)) as bag:
        found = StaticTransforms.from_bag(bag)
    np.testing.assert_allclose(moved(found.between("camera", "sonar"), 0, 0, 0), (6, 2, 3))


def test_a_bag_without_transforms(write_bag, messages):
    with Bag(write_bag(messages.recording())) as bag, pytest.raises(TransformError, match="no tf_static"):
        StaticTransforms.from_bag(bag).between("a", "b")
