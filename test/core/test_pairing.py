from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from tr2m_core.bags.bag import Bag
from tr2m_core.bags.topics import Topics, find_topics
from tr2m_core.messages.depth_images import decode_depth
from tr2m_core.messages.images import CheckedImage
from tr2m_core.replay.pairing import Pair, Stamped, plan_pairs, read_frames

IMAGE, DEPTH = "/camera/image_raw", "/camera/depth/image_raw"
IMAGE_TYPE = "sensor_msgs/msg/Image"
START, PERIOD = 1_600_000_000_000_000_000, 100_000_000
TOPICS = Topics(IMAGE, DEPTH, None, None, None)


@pytest.fixture
def colour(messages):
    return lambda stamp, value=0: messages.image(stamp, "rgb8", np.full((4, 5, 3), value, np.uint8))


@pytest.fixture
def depth(messages):
    return lambda stamp, millimetres=900: messages.image(stamp, "16UC1", np.full((4, 5), millimetres, "<u2"))


def pairs_of(bag, tolerance, topics=TOPICS):
    return [
        (pair.image.stamp - START, None if pair.depth is None else pair.depth.stamp - START)
        for pair in plan_pairs(bag, topics, tolerance)
    ]


def values(bag, frames):
    """Brightness and metres of frames."""
    frames = list(frames)
    brightness = [int(CheckedImage.parse(bag.decode(frame.image, IMAGE_TYPE)).rgb()[1, 1, 0]) for frame in frames]
    metres = [f.depth and round(float(decode_depth(bag.decode(f.depth, IMAGE_TYPE))[1, 1]), 3) for f in frames]
    return list(zip(brightness, metres, strict=True))


def test_pairs_are_in_stamp_order_whatever_the_recording_order(write_bag, messages):
    entries = messages.recording(5)
    stamps = [entry[1] for entry in entries]
    shuffled = [(topic, stamps[-1 - i], message) for i, (topic, _, message) in enumerate(entries)]
    with Bag(write_bag(sorted(shuffled, key=lambda entry: entry[1]))) as bag:
        topics = find_topics(bag)
        pairs = plan_pairs(bag, topics, 0)
        assert [pair.image.stamp for pair in pairs] == [START + i * PERIOD for i in range(5)]
        assert [pair.image.place for pair in pairs] == [4, 3, 2, 1, 0]
        assert [pair.gap for pair in pairs] == [0] * 5
        assert values(bag, read_frames(bag, topics, pairs)) == [(20 * i, round(1 + 0.1 * i, 3)) for i in range(5)]


def test_nearest_depth_within_the_tolerance(write_bag, colour, depth):
    entries = [(IMAGE, START + i * 100, colour(START + i * 100, i)) for i in range(4)]
    entries += [(DEPTH, START + t, depth(START + t, 1000 + t)) for t in (10, 95, 310)]
    with Bag(write_bag(sorted(entries, key=lambda entry: entry[1]))) as bag:
        assert pairs_of(bag, 0) == [(0, None), (100, None), (200, None), (300, None)]
        assert pairs_of(bag, 9) == [(0, None), (100, 95), (200, None), (300, None)]
        assert pairs_of(bag, 10) == [(0, 10), (100, 95), (200, None), (300, 310)]
        assert pairs_of(bag, 10**9) == [(0, 10), (100, 95), (200, 95), (300, 310)]
        frames = read_frames(bag, TOPICS, plan_pairs(bag, TOPICS, 10**9))
        assert values(bag, frames) == [(0, 1.01), (1, 1.095), (2, 1.095), (3, 1.31)]  # one depth serves two frames


def test_of_two_as_near_the_earlier_is_taken(write_bag, colour, depth):
    entries = [(DEPTH, START - 10, depth(START - 10, 1000)), (IMAGE, START, colour(START))]
    entries += [(DEPTH, START + 10, depth(START + 10, 2000))]
    with Bag(write_bag(entries)) as bag:
        assert pairs_of(bag, 10) == [(0, -10)]


def test_equal_stamps_are_frames_of_their_own_in_order_of_recording(write_bag, colour, depth):
    entries = [(IMAGE, START + i, colour(START, i)) for i in range(3)]
    entries += [(DEPTH, START + 3 + i, depth(START, 1000 + i)) for i in range(2)]
    entries += [(IMAGE, START + 6, colour(START + 1, 9))]
    with Bag(write_bag(entries)) as bag:
        pairs = plan_pairs(bag, TOPICS, 5)
        assert [pair.image.place for pair in pairs] == [0, 1, 2, 3]
        # The first of the depths of equal stamps, from before as from behind.
        assert values(bag, read_frames(bag, TOPICS, pairs)) == [(0, 1.0), (1, 1.0), (2, 1.0), (9, 1.0)]


def test_unset_stamps_fall_back_to_the_recording_time(write_bag, colour, depth):
    with Bag(write_bag([(IMAGE, START, colour(0)), (DEPTH, START + 5, depth(0))])) as bag:
        assert pairs_of(bag, 10) == [(0, 5)]


def test_bags_without_measured_depth(write_bag, colour):
    topics = TOPICS._replace(depth=None)
    with Bag(write_bag([(IMAGE, START + i, colour(START + 9 - i, i)) for i in range(3)])) as bag:
        assert pairs_of(bag, 10**9, topics) == [(7, None), (8, None), (9, None)]
        frames = list(read_frames(bag, topics, plan_pairs(bag, topics, 0)))
        assert values(bag, frames) == [(2, None), (1, None), (0, None)]
        assert frames[0].pair == Pair(Stamped(START + 7, START + 2, 2), None)


def test_chosen_pairs_only(write_bag, messages):
    with Bag(write_bag(messages.recording(6))) as bag:
        pairs = plan_pairs(bag, TOPICS, 0)
        assert values(bag, read_frames(bag, TOPICS, pairs[1::2])) == [(20, 1.1), (60, 1.3), (100, 1.5)]
        assert list(read_frames(bag, TOPICS, [])) == []


def test_memory_holds_only_what_waits(tmp_path, messages):
    pixels = np.zeros((100, 100, 3), np.uint8)
    entries = [(IMAGE, START + i, messages.image(START + (i ^ 1), "rgb8", pixels)) for i in range(2000)]
    topics = TOPICS._replace(depth=None)
    with Bag(messages.write(tmp_path / "long", "sqlite3", entries)) as bag:
        pairs = plan_pairs(bag, topics, 0)
        tracemalloc.start()
        assert sum(1 for _ in read_frames(bag, topics, pairs)) == 2000
        assert tracemalloc.get_traced_memory()[1] < 2e6 + 10 * pixels.nbytes  # of 60 MB
        tracemalloc.stop()
