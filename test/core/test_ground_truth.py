"""Depth of other cameras and of lidars, seen from the colour camera: small scenes worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from geometry_messages import HALF, camera_info, cloud, image, transform

from tr2m_core.bags.bag import Bag
from tr2m_core.bags.topics import Topics
from tr2m_core.errors import FrameError
from tr2m_core.messages.depth_images import decode_depth
from tr2m_core.messages.point_clouds import CLOUD_TYPE
from tr2m_core.replay.ground_truth import GroundTruth, nearest_depth

IMAGE_TYPE = "sensor_msgs/msg/Image"
SIZE = (30, 40)
FOCAL, CENTRE = 20.0, (20.0, 15.0)
TOPICS = Topics("/rgb/image_raw", "/depth/image_raw", "/rgb/camera_info", "/depth/camera_info", None)
REAL_IMAGE, REAL_DEPTH = "/camera/color/image_raw", "/camera/aligned_depth_to_color/image_raw"
NAN = np.float32(np.nan)
COLOUR = image(np.zeros((*SIZE, 3), np.uint8), "rgb8", "rgb")
PLANE = np.full(SIZE, 2, np.float32)
RGB_INFO, DEPTH_INFO = camera_info(SIZE, FOCAL, CENTRE, "rgb"), camera_info(SIZE, FOCAL, CENTRE, "depth")


@pytest.fixture
def truth(tmp_path, messages):
    """Builds the ground truth of a bag with these messages; what is None is not in the bag."""

    def build(tf=None, info=RGB_INFO, depth_info=DEPTH_INFO, topics=TOPICS, **options):
        found = {"/tf_static": tf, topics.info: info, topics.depth_info: depth_info, "/rgb/image_raw": COLOUR}
        entries = [(topic, 1, message) for topic, message in found.items() if message is not None and topic]
        path = messages.write(tmp_path / "bag", "mcap", entries)
        topics = topics._replace(info=info and topics.info, depth_info=depth_info and topics.depth_info)
        with Bag(path) as bag:
            return GroundTruth(bag, topics, **options)

    return build


def depth_image(metres, frame="depth"):
    return image(np.asarray(metres, np.float32), "32FC1", frame)


def lidar(*points):
    return cloud(np.array(points, np.float64), "lidar")


FORWARD_LIDAR = transform("lidar", "rgb", (0, 0, 0), (-0.5, 0.5, -0.5, 0.5))  # x forward, y left, z up


@pytest.mark.parametrize(
    ("colour_frame", "depth_frame"), [("rgb", "rgb"), ("rgb", "/rgb"), ("", "depth"), ("rgb", ""), ("", "")]
)
def test_aligned_depth_is_taken_as_it_is(truth, colour_frame, depth_frame):
    metres = np.random.default_rng(0).uniform(0.5, 4, SIZE).astype(np.float32)
    metres[0, :4] = 0, -1, np.inf, np.nan
    colour = image(np.zeros((*SIZE, 3), np.uint8), "rgb8", colour_frame)
    seen = truth(info=None, depth_info=None).depth_for(colour, depth_image(metres, depth_frame), IMAGE_TYPE, SIZE)
    assert seen.dtype == np.float32
    assert np.isnan(seen[0, :4]).all()
    np.testing.assert_array_equal(seen.ravel()[4:], metres.ravel()[4:])


def test_a_plane_seen_from_ten_centimetres_to_the_right(truth):
    found = truth(transform("rgb", "depth", (0.1, 0, 0)))
    seen = found.depth_for(COLOUR, depth_image(PLANE), IMAGE_TYPE, SIZE)
    # 0.1 m at 2 m is 20 * 0.1 / 2 = 1 pixel: nothing is known of the first column.
    assert np.isnan(seen[:, 0]).all()
    np.testing.assert_array_equal(seen[:, 1:], 2.0)


def test_the_nearer_surface_hides_the_farther_one(truth):
    metres = PLANE.copy()
    metres[:, 10] = 0.5  # a post; 0.1 m is 4 pixels there: it lands on 14, in front of the plane's column 13
    metres[5, 20] = 0.0  # not measured
    seen = truth(transform("rgb", "depth", (0.1, 0, 0))).depth_for(COLOUR, depth_image(metres), IMAGE_TYPE, SIZE)
    np.testing.assert_array_equal(seen[:, 14], 0.5)
    assert np.isnan(seen[:, 11]).all()  # what the depth camera saw there is the post
    assert np.isnan(seen[5, 21])
    rest = np.delete(seen, [0, 11, 14, 21], axis=1)
    np.testing.assert_array_equal(rest, 2.0)


def test_depth_along_the_axis_of_the_colour_camera(truth):
    found = truth(transform("depth", "rgb", (0, 0, -0.5)))  # half a metre behind the depth camera
    seen = found.depth_for(COLOUR, depth_image(PLANE), IMAGE_TYPE, SIZE)
    assert np.unique(seen[np.isfinite(seen)]).tolist() == [2.5]
    assert seen[15, 20] == 2.5
    # The edge pixels (0, 0) and (39, 29) come to 20 + 0.8 * (-20, 19) and 15 + 0.8 * (-15, 14).
    rows, columns = np.nonzero(np.isfinite(seen))
    assert (columns.min(), columns.max(), rows.min(), rows.max()) == (4, 35, 3, 26)


def test_a_camera_on_its_side(truth):
    metres = np.random.default_rng(0).uniform(1, 3, (31, 31)).astype(np.float32)
    info = camera_info((31, 31), FOCAL, (15.0, 15.0))
    found = truth(transform("rgb", "depth", (0, 0, 0), (0, 0, HALF, HALF)), info, info)
    colour = image(np.zeros((31, 31, 3), np.uint8), "rgb8", "rgb")
    seen = found.depth_for(colour, depth_image(metres), IMAGE_TYPE, (31, 31))
    # The turn takes x to y and y to -x: pixel (u, v) comes to (30 - v, u).
    expected = np.array([[metres[30 - column, row] for column in range(31)] for row in range(31)])
    np.testing.assert_allclose(seen, expected, rtol=1e-6)


def test_a_camera_that_looks_to_the_right(truth):
    # Its axis is the colour camera's x, its x the colour camera's -z: the pixel (6, 15) looks at x = -0.7 z.
    found = truth(transform("rgb", "depth", (-2, 0, 0), (0, HALF, 0, HALF)))
    metres = np.full(SIZE, np.nan, np.float32)
    metres[15, 6], metres[15, 30] = 2.0, 2.0
    seen = found.depth_for(COLOUR, depth_image(metres), IMAGE_TYPE, SIZE)
    # (-1.4, 0, 2) of the depth camera is (2 - 2, 0, 1.4); (1, 0, 2) is behind the colour camera.
    assert np.argwhere(np.isfinite(seen)).tolist() == [[15, 20]]
    assert seen[15, 20] == pytest.approx(1.4)


def test_depth_of_half_the_size_leaves_gaps(truth):
    small = camera_info((15, 20), FOCAL / 2, (9.75, 7.25))
    seen = truth(depth_info=small).depth_for(COLOUR, depth_image(np.full((15, 20), 3), "rgb"), IMAGE_TYPE, SIZE)
    assert np.isfinite(seen).sum() == 15 * 20
    assert np.nanmax(seen) == np.nanmin(seen) == 3


def test_camera_info_of_another_size_is_scaled(truth):
    double = camera_info((60, 80), 2 * FOCAL, (40.5, 30.5))
    seen = truth(transform("rgb", "depth", (0.1, 0, 0)), double).depth_for(COLOUR, depth_image(PLANE), IMAGE_TYPE, SIZE)
    assert np.isnan(seen[:, 0]).all()
    np.testing.assert_array_equal(seen[:, 1:], 2.0)


def test_a_lens_with_distortion(truth):
    bent = camera_info(SIZE, FOCAL, CENTRE, "rgb", d=np.array([-0.5, 0.0, 0.0, 0.0, 0.0]))
    points = lidar((4, 2, 0), (4, -4, 0))  # r = 0.5 -> 0.4375; r = 1 is past the fold, and 0.5 would be in the image
    seen = truth(FORWARD_LIDAR, bent).depth_for(COLOUR, points, CLOUD_TYPE, SIZE)
    assert np.argwhere(np.isfinite(seen)).tolist() == [[15, 11]]  # 20 - 20 * 0.4375 = 11.25


def test_a_rectified_image_has_no_distortion(truth):
    bent = camera_info(SIZE, FOCAL, CENTRE, "rgb", d=np.array([-0.5, 0.0, 0.0, 0.0, 0.0]))
    found = truth(FORWARD_LIDAR, bent, topics=TOPICS._replace(image="/rgb/image_rect"))
    seen = found.depth_for(COLOUR, lidar((4, 2, 0)), CLOUD_TYPE, SIZE)
    assert np.argwhere(np.isfinite(seen)).tolist() == [[15, 10]]


@pytest.mark.parametrize(("topic", "column"), [("/depth/image_raw", 31), ("/depth/image_rect_raw", 30)])
def test_the_lens_of_the_depth_camera(truth, topic, column):
    bent = camera_info(SIZE, FOCAL, CENTRE, d=np.array([-0.25, 0.0, 0.0, 0.0, 0.0]))
    metres = np.full(SIZE, np.nan, np.float32)
    metres[15, 30] = 2.0  # half a focal length off: the ray that x - 0.25 x^3 brings there is 0.537, pixel 30.7
    found = truth(transform("rgb", "depth"), depth_info=bent, topics=TOPICS._replace(depth=topic))
    seen = found.depth_for(COLOUR, depth_image(metres), IMAGE_TYPE, SIZE)
    assert np.argwhere(np.isfinite(seen)).tolist() == [[15, column]]


def test_a_box_in_front_of_a_wall_by_lidar(truth):
    wall = [(8, y, z) for y in (-4, -2, 0, 2, 4) for z in (-1.6, 0, 0.8)]
    box = [(4, y, z) for y in (-1, 0, 1) for z in (-0.4, 0, 0.4)]
    behind = [(-4, 1, 0.4), (0, 1, 0)]
    found = truth(FORWARD_LIDAR)
    seen = found.depth_for(COLOUR, lidar(*wall, *box, *behind), CLOUD_TYPE, SIZE)
    expected = np.full(SIZE, NAN)
    for x, y, z in wall + box:  # the box comes last: it is nearer
        expected[round(15 - 20 * z / x), round(20 - 20 * y / x)] = x
    assert np.isfinite(expected).sum() == 15 + 9 - 6  # six points of the wall lie behind the box's
    np.testing.assert_array_equal(seen, expected)
    np.testing.assert_array_equal(found.depth_for(COLOUR, lidar(*box, *behind, *wall), CLOUD_TYPE, SIZE), expected)


def test_the_order_of_points_does_not_matter():
    pixels = np.array(
        [[1.0, 0.0], [1.2, 0.4], [0.6, -0.4], [2.6, 0.0], [-0.6, 0.0], [np.nan, 0.0], [0.0, 1.0], [2.0, -1.0]]
    )
    z = np.array([3.0, 2.0, 4.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    for order in (slice(None), slice(None, None, -1)):
        np.testing.assert_array_equal(nearest_depth(pixels[order], z[order], (1, 3)), [[NAN, 2.0, NAN]])


def test_a_cloud_without_points_measures_nothing(truth):
    empty = cloud(np.zeros((0, 3)), "lidar")
    assert np.isnan(truth(FORWARD_LIDAR).depth_for(COLOUR, empty, CLOUD_TYPE, SIZE)).all()


def test_a_cloud_in_the_cameras_own_frame_needs_no_transform(truth):
    seen = truth().depth_for(COLOUR, cloud(np.array([[0.0, 0.0, 3.0]]), "rgb"), CLOUD_TYPE, SIZE)
    assert np.argwhere(np.isfinite(seen)).tolist() == [[15, 20]]


def rejection(found, depth, kind=IMAGE_TYPE):
    with pytest.raises(FrameError) as caught:
        found.depth_for(COLOUR, depth, kind, SIZE)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_depth_of_an_unknown_frame_is_rejected(truth):
    text = rejection(truth(transform("map", "odom")), depth_image(PLANE))
    assert "no transform between frames 'rgb' and 'depth': tf_static has map, odom" in text
    assert "record /tf_static and camera_info of both" in text
    assert "--assume-aligned" in text
    assert "no camera_info" not in text


def test_all_that_is_missing_is_named(truth):
    text = rejection(truth(info=None, depth_info=None), depth_image(PLANE[:15]))
    assert "depth of 40x15 pixels for an image of 40x30" in text
    assert "no camera_info of the image; no camera_info of the depth image; no transform" in text
    assert "there is no tf_static" in text
    assert "--assume-aligned" not in text  # another size would not be taken as it is


def test_a_cloud_needs_transform_and_camera_info(truth):
    text = rejection(truth(info=None), lidar((1, 0, 0)), CLOUD_TYPE)
    assert "no camera_info of the image" in text
    assert "'rgb' and 'lidar'" in text
    assert "depth image" not in text


def test_names_of_frames_can_be_overruled(truth):
    found = truth(transform("map", "odom"), assume_aligned=True)
    np.testing.assert_array_equal(found.depth_for(COLOUR, depth_image(PLANE), IMAGE_TYPE, SIZE), PLANE)
    assert "--assume-aligned" not in rejection(found, depth_image(PLANE[:15]))
    assert "cannot be projected" in rejection(found, lidar((1, 0, 0)), CLOUD_TYPE)


@pytest.mark.parametrize(
    ("infos", "words"),
    [
        ({"info": camera_info((30, 30), FOCAL, CENTRE)}, "/rgb/camera_info: camera_info is for 30x30 pixels"),
        ({"depth_info": camera_info((9, 9), FOCAL, CENTRE)}, "/depth/camera_info: camera_info is for 9x9 pixels"),
        ({"info": camera_info(SIZE, 0.0, CENTRE)}, "/rgb/camera_info: camera_info is not calibrated"),
        ({"depth_info": camera_info(SIZE, np.nan, CENTRE)}, "/depth/camera_info: camera_info with NaN"),
    ],
)
def test_cameras_that_cannot_project(truth, infos, words):
    assert words in rejection(truth(transform("rgb", "depth"), **infos), depth_image(PLANE))


def test_damaged_messages_are_rejected(truth):
    found = truth(FORWARD_LIDAR)
    assert "depth encoding 'rgb8'" in rejection(found, image(np.zeros((*SIZE, 3), np.uint8), "rgb8"))
    damaged = lidar((1, 0, 0))
    damaged.point_step = 2
    assert "point_step 2" in rejection(found, damaged, CLOUD_TYPE)


@pytest.mark.parametrize("name", ["d435_desk_sqlite3", "d435_desk_mcap"])
def test_a_real_recording_is_aligned(kit, name):
    with Bag(kit / "bags" / name) as bag:
        topics = Topics(REAL_IMAGE, REAL_DEPTH, None, None, None)
        colour, depth = bag.first(topics.image), bag.first(topics.depth)
        seen = GroundTruth(bag, topics).depth_for(colour, depth, IMAGE_TYPE, (480, 640))
    np.testing.assert_array_equal(seen, decode_depth(depth))
    assert np.nanmedian(seen) == pytest.approx(0.592)
