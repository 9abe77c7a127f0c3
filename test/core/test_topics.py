from __future__ import annotations

import cv2
import numpy as np
import pytest
from geometry_messages import HALF, cloud, image, transform

from tr2m_core.bags.bag import Bag
from tr2m_core.bags.depth_topic import find_depth
from tr2m_core.bags.description_topic import find_description
from tr2m_core.bags.topics import Topics, find_topics, first_info, read_descriptions
from tr2m_core.errors import InputError

IMAGE, DEPTH, INFO, TEXT = "/camera/image_raw", "/camera/depth/image_raw", "/camera/camera_info", "/scene_description"
START, PERIOD = 1_600_000_000_000_000_000, 100_000_000
RGB = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3)
COUNTS = np.full((4, 5), 900, "<u2")
JPEG = cv2.imencode(".jpg", RGB)[1].tobytes()
PNG = bytes(12) + cv2.imencode(".png", COUNTS)[1].tobytes()
CLOUD = ("sensor_msgs/msg/PointCloud2", b"\x00\x01\x00\x00" + bytes(60))


@pytest.fixture
def storage():
    return "mcap"  # what is looked for does not depend on the format


@pytest.fixture
def bag_of(write_bag):
    """An open bag of messages by topic."""
    bags = []

    def write(entries):
        bags.append(Bag(write_bag([(topic, START, message) for topic, message in entries.items()])))
        return bags[-1]

    yield write
    for bag in bags:
        bag.__exit__()


@pytest.fixture
def kinds(messages):
    return {
        "rgb8": messages.image(START, "rgb8", RGB),
        "mono8": messages.image(START, "mono8", RGB[..., 0]),
        "mono16": messages.image(START, "mono16", COUNTS),
        "yuyv": messages.image(START, "yuyv", RGB[:, :4, :2]),
        "16UC1": messages.image(START, "16UC1", COUNTS),
        "32FC1": messages.image(START, "32FC1", COUNTS.astype("<f4")),
        "jpeg": messages.compressed(START, "rgb8; jpeg compressed bgr8", JPEG),
        "plain jpeg": messages.compressed(START, "jpeg", JPEG),
        "jpeg of another name": messages.compressed(START, "BGR8; jpeg compressed bgr8", JPEG),
        "jpeg without a name": messages.compressed(START, "", JPEG),
        "png depth": messages.compressed(START, "16UC1; compressedDepth png", PNG),
        "info": messages.info(START, 500, 510, 4, 3),
        "text": messages.text("A desk."),
        "cloud": CLOUD,
    }


@pytest.mark.parametrize(
    ("topics", "wanted"),
    [
        ({IMAGE: "rgb8"}, Topics(IMAGE, None, None, None, None)),
        ({IMAGE: "yuyv", DEPTH: "32FC1", INFO: "info"}, Topics(IMAGE, DEPTH, INFO, None, None)),
        ({IMAGE: "mono8", TEXT: "text"}, Topics(IMAGE, None, None, None, TEXT)),
        (
            {IMAGE + "/compressed": "jpeg", DEPTH + "/compressedDepth": "png depth", INFO: "info"},
            Topics(IMAGE + "/compressed", DEPTH + "/compressedDepth", INFO, None, None),
        ),
        ({"/usb_cam": "plain jpeg", "/camera_info": "info"}, Topics("/usb_cam", None, "/camera_info", None, None)),
        ({"/usb_cam": "jpeg of another name"}, Topics("/usb_cam", None, None, None, None)),
        ({"/usb_cam": "jpeg without a name"}, Topics("/usb_cam", None, None, None, None)),
        (  # the raw one of several transports
            {IMAGE + "/compressed": "jpeg", IMAGE: "rgb8", DEPTH + "/compressedDepth": "png depth", DEPTH: "16UC1"},
            Topics(IMAGE, DEPTH, None, None, None),
        ),
        (  # infos beside both
            {IMAGE: "rgb8", DEPTH: "16UC1", INFO: "info", "/camera/depth/camera_info": "info"},
            Topics(IMAGE, DEPTH, INFO, "/camera/depth/camera_info", None),
        ),
        (  # a lidar where there is no depth camera
            {IMAGE: "rgb8", "/lidar/points": "cloud", "/lidar/camera_info": "info"},
            Topics(IMAGE, "/lidar/points", None, None, None),
        ),
        ({IMAGE: "rgb8", "/points": "cloud", DEPTH: "16UC1"}, Topics(IMAGE, DEPTH, None, None, None)),
        (  # predictions are no measurements
            {IMAGE: "rgb8", "/metric_depth": "32FC1", "/robot/metric_depth/points": "cloud"},
            Topics(IMAGE, None, None, None, None),
        ),
        (  # names help where types do not
            {
                "/left/color/image": "rgb8",
                "/infra": "mono8",
                "/depth": "16UC1",
                "/aligned_depth": "16UC1",
                TEXT: "text",
                "/status": "text",
            },
            Topics("/left/color/image", "/aligned_depth", None, None, TEXT),
        ),
        ({IMAGE: "rgb8", "/a": "text", "/b": "text"}, Topics(IMAGE, None, None, None, None)),
        ({IMAGE: "rgb8", "/thermal": "mono16"}, Topics(IMAGE, None, None, None, None)),  # grey or depth: not found
    ],
)
def test_topics_are_found_by_type_and_name(bag_of, kinds, topics, wanted):
    assert find_topics(bag_of({name: kinds[kind] for name, kind in topics.items()})) == wanted


def test_named_topics_win(bag_of, kinds):
    names = {
        "/a": "rgb8", "/b/compressed": "jpeg", "/d": "16UC1", "/metric_depth": "32FC1", "/points": "cloud",
        "/thermal": "mono16", "/i": "info", "/j": "info", "/s": "text", TEXT: "text",
    }  # fmt: skip
    bag = bag_of({name: kinds[kind] for name, kind in names.items()})
    named = ("/b/compressed", "/points", "/i", "/s", "/j")
    assert find_topics(bag, *named) == Topics("/b/compressed", "/points", "/i", "/j", "/s")
    assert find_topics(bag, image="/a", depth="/metric_depth").depth == "/metric_depth"
    assert find_topics(bag, image="/a", depth="/thermal").depth == "/thermal"


def test_ambiguous_topics_are_rejected_by_name(bag_of, kinds):
    names = {"/a": "rgb8", "/b": "jpeg", "/d": "16UC1", "/e": "32FC1", "/p": "cloud", "/q": "cloud"}
    bag = bag_of({name: kinds[kind] for name, kind in names.items()})
    with pytest.raises(InputError, match=r"several image topics; choose one with --image-topic: /a, /b$"):
        find_topics(bag)
    with pytest.raises(InputError, match=r"several depth topics; choose one with --depth-topic: /d, /e$"):
        find_topics(bag, image="/a")


@pytest.mark.parametrize(
    ("named", "words"),
    [
        (
            {"image": "/nope"},
            r"--image-topic: no topic /nope of type .*; the bag has .*/image_raw \(sensor_msgs/msg/Image, 1\)",
        ),
        (
            {"image": INFO},
            f"--image-topic: no topic {INFO} of type sensor_msgs/msg/Image or sensor_msgs/msg/Compressed",
        ),
        ({"depth": TEXT}, f"--depth-topic: no topic {TEXT} of type .* or sensor_msgs/msg/PointCloud2"),
        ({"info": IMAGE}, f"--info-topic: no topic {IMAGE} of type sensor_msgs/msg/CameraInfo"),
        ({"depth_info": "/nope"}, "--depth-info-topic: no topic /nope"),
        ({"description": IMAGE}, f"--text-topic: no topic {IMAGE} of type std_msgs/msg/String"),
    ],
)
def test_wrong_names_list_what_there_is(bag_of, kinds, named, words):
    bag = bag_of({IMAGE: kinds["rgb8"], INFO: kinds["info"], TEXT: kinds["text"]})
    with pytest.raises(InputError, match=words):
        find_topics(bag, **named)


@pytest.mark.parametrize("topics", [{TEXT: "text"}, {DEPTH: "16UC1", INFO: "info"}, {"/metric_depth": "32FC1"}])
def test_bags_without_images(bag_of, kinds, topics):
    bag = bag_of({name: kinds[kind] for name, kind in topics.items()})
    with pytest.raises(InputError, match=f"no image topic .*the bag has {min(topics)} "):
        find_topics(bag)


DESCRIPTION = "A small office with two desks."
URDF = '<?xml version="1.0"?><robot name="a small cart"><link name="base_link"/></robot>'


@pytest.mark.parametrize(
    ("texts", "wanted"),
    [
        ({"/robot_description": URDF}, None),
        ({"/robot_description": URDF, TEXT: DESCRIPTION}, TEXT),
        ({"/robot_description": URDF, "/robot/scene_description": DESCRIPTION}, "/robot/scene_description"),
        ({"/robot_description": URDF, "/vlm/caption": DESCRIPTION}, "/vlm/caption"),
        ({"/robot_description_semantic": "\n <robot/>", "/ScenePrompt": DESCRIPTION}, "/ScenePrompt"),
        ({TEXT: "office", "/caption": DESCRIPTION}, TEXT),  # as the node would hear it
        ({TEXT: "\u200b", "/caption": DESCRIPTION}, "/caption"),
        ({"/scene_graph": '{"desk": ["on the floor"]}', "/image_caption": DESCRIPTION}, "/image_caption"),
        ({"/scene_state": "mode: automatic", "/scene_name": "office"}, None),
        ({"/metric_depth/active_description": DESCRIPTION}, "/metric_depth/active_description"),
        ({"/metric_depth/active_description": DESCRIPTION, "/caption": DESCRIPTION}, "/caption"),
        ({"/words": DESCRIPTION}, "/words"),  # the only one
        ({"/words": "A desk.", "/state": "IDLE"}, None),
        ({"/state": "IDLE"}, None),
        ({"/state": "x: 1.0\ny: 2.0"}, None),
        ({"/caption": DESCRIPTION, "/prompt": DESCRIPTION}, None),
        (
            dict.fromkeys(("/left/scene_description", "/camera/scene_description"), DESCRIPTION),
            "/camera/scene_description",
        ),
        ({TEXT: DESCRIPTION, "/camera/scene_description": DESCRIPTION}, "/camera/scene_description"),
        ({"/a/scene_description": DESCRIPTION, "/b/scene_description": DESCRIPTION}, None),
    ],
)
def test_the_topic_with_the_sentences(bag_of, kinds, messages, texts, wanted):
    bag = bag_of({IMAGE: kinds["rgb8"]} | {name: messages.text(text) for name, text in texts.items()})
    assert find_topics(bag).description == wanted
    if wanted is None:
        for name in texts:
            assert name in find_description(bag, IMAGE).why


def test_what_most_texts_of_a_topic_are_counts(write_bag, messages, kinds):
    def entries(texts):
        said = [("/caption", START + i, messages.text(text)) for i, text in enumerate(texts)]
        broken = ("std_msgs/msg/String", b"\x00\x01\x00\x00\xff")
        return [(IMAGE, START, kinds["rgb8"]), ("/caption", START - 1, broken), *said]

    with Bag(write_bag(entries(["", "ready", DESCRIPTION, DESCRIPTION]))) as bag:
        assert find_topics(bag).description == "/caption"


def test_texts_that_are_not_read_say_so(bag_of, kinds, messages):
    assert find_description(bag_of({IMAGE: kinds["rgb8"]}), IMAGE).why == "the bag has no String topic to take it from"


def test_most_texts_are_no_sentences(bag_of, kinds, messages, write_bag):
    entries = [("/caption", START + i, messages.text(text)) for i, text in enumerate(["IDLE", "BUSY", DESCRIPTION])]
    with Bag(write_bag([(IMAGE, START, kinds["rgb8"]), *entries])) as bag:
        assert find_description(bag, IMAGE).why.endswith("/caption holds a single word")


@pytest.mark.parametrize(
    ("clouds", "wanted", "words"),
    [
        (["/lidar/points"], "/lidar/points", ""),
        (["/velodyne_points", "/rslidar_points"], None, "several point clouds may be it: /rslidar_points, /velo"),
        (["/octomap_point_cloud_centers"], None, "by their names no measurement: /octomap_point_cloud_centers; "),
        (["/rtabmap/cloud_map", "/lidar/points"], "/lidar/points", ""),
        (["/local_costmap/voxel_marked_cloud", "/laserCloudMap"], None, "no measurement: /laserCloudMap, "),
        (["/lidar/points", "/lidar/points_filtered", "/obstacles"], "/lidar/points", ""),
        (["/depth_anything/points"], None, "no measurement"),
        (["/metric_depth/points"], None, ""),
        ([], None, ""),
    ],
)
def test_clouds_that_may_be_ground_truth(bag_of, kinds, clouds, wanted, words):
    bag = bag_of({IMAGE: kinds["rgb8"]} | dict.fromkeys(clouds, CLOUD))
    assert find_topics(bag).depth == wanted
    why = find_depth(bag, IMAGE).why
    assert words in why and ("--depth-topic" in why) == bool(words)
    for name in clouds:
        assert find_topics(bag, depth=name).depth == name
        assert find_topics(bag, depth="none").depth is None


def test_of_several_lidars_the_one_that_tf_connects_with_the_camera(bag_of):
    points = np.ones((2, 3))
    bag = bag_of(
        {
            IMAGE: image(RGB, "rgb8", "camera"),
            "/front/points": cloud(points, "front"),
            "/rear/points": cloud(points, "rear"),
            "/tf_static": transform("camera", "front", (0, 0, 1), (0, 0, HALF, HALF)),
        }
    )
    assert find_topics(bag).depth == "/front/points"


@pytest.mark.parametrize(
    "name", ["/thermal/image_raw", "/camera/ir/image", "/confidence", "/midas/depth", "/camera/infra1/image"]
)
def test_images_of_counts_that_are_no_depth(bag_of, kinds, name):
    bag = bag_of({IMAGE: kinds["rgb8"], name: kinds["16UC1"]})
    assert find_topics(bag).depth is None
    assert find_depth(bag, IMAGE).why == f"by their names no measurement: {name}; take one with --depth-topic"
    assert find_topics(bag, depth=name).depth == name


def test_no_ground_truth_where_there_is_some(bag_of, kinds):
    bag = bag_of({IMAGE: kinds["rgb8"], "/d": kinds["16UC1"], "/e": kinds["32FC1"]})
    assert find_topics(bag, depth="none") == Topics(IMAGE, None, None, None, None)


def test_the_first_images_of_a_topic_may_be_none(write_bag, messages, kinds):
    odd = messages.image(START, "", RGB)
    entries = [(IMAGE, START, ("sensor_msgs/msg/Image", b"\x00\x01")), (IMAGE, START + 1, odd)]
    with Bag(write_bag([*entries, (IMAGE, START + 2, kinds["rgb8"])])) as bag:
        assert find_topics(bag).image == IMAGE


def test_hints_in_any_case(bag_of, kinds):
    bag = bag_of({"/Camera/RGB": kinds["rgb8"], "/other": kinds["mono8"]})
    assert find_topics(bag).image == "/Camera/RGB"


def test_sentences_come_in_order_of_time(write_bag, messages):
    entries = [(TEXT, START + 1, messages.text("Second.")), (TEXT, START, messages.text("First."))]
    with Bag(write_bag(entries)) as bag:
        assert [text for _, text in read_descriptions(bag, TEXT)] == ["First.", "Second."]


def test_sentences_and_infos(write_bag, messages):
    broken = ("std_msgs/msg/String", b"\x00\x01\x00\x00\xff")
    entries = [
        (TEXT, START - PERIOD, messages.text("A desk.")),
        (TEXT, START, broken),
        (INFO, START, ("sensor_msgs/msg/CameraInfo", b"\x00\x01")),
        (INFO, START, messages.info(START, 500, 510, 4, 3)),
        (TEXT, START + PERIOD, messages.text("A chair.")),
    ]
    with Bag(write_bag(entries)) as bag:
        assert read_descriptions(bag, TEXT) == [(START - PERIOD, "A desk."), (START + PERIOD, "A chair.")]
        assert first_info(bag, INFO).k[4] == 510
        assert first_info(bag, None) is None
