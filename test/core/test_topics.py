from __future__ import annotations

import cv2
import numpy as np
import pytest

from tr2m_core.replay.bag import Bag
from tr2m_core.replay.topics import Topics, find_topics, first_info, read_sentences
from tr2m_core.types import InputError

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


def test_ambiguous_topics_are_refused_by_name(bag_of, kinds):
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
        assert read_sentences(bag, TEXT) == [(START - PERIOD, "A desk."), (START + PERIOD, "A chair.")]
        assert first_info(bag, INFO).k[4] == 510
        assert first_info(bag, None) is None
