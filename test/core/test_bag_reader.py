from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from tr2m_core.replay.bag_reader import (
    Bag,
    FrameError,
    decode_colour,
    decode_depth,
    find_topics,
    plan_pairs,
    read_frames,
    read_intrinsics,
    read_sentences,
)
from tr2m_core.types import InputError, Intrinsics

IMAGE, DEPTH, INFO, TEXT = "/camera/image_raw", "/camera/depth/image_raw", "/camera/camera_info", "/scene_description"
START, PERIOD = 1_600_000_000_000_000_000, 100_000_000
RGB = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3)


def image(encoding, data, width=5, height=4, step=None, is_bigendian=0):
    data = np.frombuffer(data, np.uint8)
    step = len(data) // height if step is None else step
    return SimpleNamespace(
        encoding=encoding, width=width, height=height, step=step, is_bigendian=is_bigendian, data=data
    )


def padded(pixels, padding=7):
    rows = pixels.reshape(pixels.shape[0], -1).view(np.uint8)
    return np.pad(rows, ((0, 0), (0, padding)), constant_values=99).tobytes()


ALPHA = np.full((4, 5, 1), 7, np.uint8)
LAYOUTS = {
    "rgb8": RGB,
    "bgr8": RGB[..., ::-1],
    "rgba8": np.concatenate((RGB, ALPHA), axis=2),
    "bgra8": np.concatenate((RGB[..., ::-1], ALPHA), axis=2),
}


@pytest.mark.parametrize("encoding", LAYOUTS)
@pytest.mark.parametrize("padding", [0, 7])
def test_colour_encodings_and_row_padding(encoding, padding):
    decoded = decode_colour(image(encoding, padded(np.ascontiguousarray(LAYOUTS[encoding]), padding)))
    assert np.array_equal(decoded, RGB)
    assert decoded.flags.c_contiguous
    assert decoded.flags.writeable


def test_mono8_is_repeated():
    grey = RGB[..., 0]
    assert np.array_equal(decode_colour(image("mono8", grey.tobytes())), np.repeat(grey[..., None], 3, axis=2))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("padding", [0, 8, 3])
def test_depth_encodings_byte_order_and_padding(order, padding):
    metres = np.linspace(0.5, 9.5, 20, dtype=np.float32).reshape(4, 5)
    counts = np.round(metres * 1000).astype(order + "u2")
    counts[0, 0] = 0
    decoded = decode_depth(image("16UC1", padded(counts, padding), is_bigendian=int(order == ">")))
    assert decoded.dtype == np.float32
    assert np.isnan(decoded[0, 0])
    assert decoded.ravel()[1:] == pytest.approx(np.round(metres * 1000).ravel()[1:] / 1000)
    floats = metres.astype(order + "f4")
    floats[0, 0] = np.nan
    decoded = decode_depth(image("32FC1", padded(floats, padding), is_bigendian=int(order == ">")))
    assert np.isnan(decoded[0, 0])
    assert np.array_equal(decoded.ravel()[1:], metres.ravel()[1:])


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (image("yuv422", bytes(40)), "encoding 'yuv422'"),
        (image("rgb8", bytes(60), width=0), "0x4"),
        (image("rgb8", bytes(60), height=0, step=15), "5x0"),
        (image("rgb8", bytes(60), step=14), "step 14"),
        (image("rgb8", bytes(60), step=0), "step 0"),
        (image("rgb8", bytes(59), step=15), "59 bytes"),
        (image("rgb8", b"", step=15), "0 bytes"),
        (image("rgb8", bytes(60), step=16), "60 bytes"),
        (image("rgb8", bytes(60), width=2**32 - 1, height=2**32 - 1, step=2**32 - 1), "step 4294967295"),
        (image("rgb8", bytes(60), height=2**32 - 1, step=15), "60 bytes"),
    ],
)
def test_unusable_images_say_why(message, words):
    with pytest.raises(FrameError, match=words):
        decode_colour(message)


def test_unusable_depth_says_why():
    with pytest.raises(FrameError, match="depth encoding 'rgb8'"):
        decode_depth(image("rgb8", bytes(60)))


def test_topics_are_found_by_type(write_bag, messages):
    with Bag(write_bag(messages.recording())) as bag:
        assert find_topics(bag) == (IMAGE, DEPTH, INFO, TEXT)
        assert read_intrinsics(bag, INFO) == Intrinsics(500, 510, 4, 3)
        assert read_sentences(bag, TEXT) == [(START - PERIOD, "A desk.")]


def test_named_topics_win_and_hints_choose(write_bag, messages):
    entries = messages.recording(1)
    entries.append(("/camera/color/image_raw", START, messages.image(START, "bgr8", RGB)))
    entries.append(("/camera/infra/image_raw", START, messages.image(START, "mono8", RGB[..., 0])))
    entries.append(("/status", START, messages.text("ok")))
    with Bag(write_bag(entries)) as bag:
        topics = find_topics(bag)
        assert topics.image == "/camera/color/image_raw"
        assert topics.description == TEXT
        assert find_topics(bag, image=IMAGE, description="/status")[::3] == (IMAGE, "/status")


def test_ambiguous_topics_are_refused_by_name(write_bag, messages):
    entries = [*messages.recording(1), ("/other/image", START, messages.image(START, "bgr8", RGB))]
    with (
        Bag(write_bag(entries)) as bag,
        pytest.raises(InputError, match=r"--image-topic.*/camera/image_raw, /other/image"),
    ):
        find_topics(bag)


def test_missing_topics_list_what_there_is(write_bag, messages):
    with Bag(write_bag(messages.recording(2))) as bag:
        with pytest.raises(InputError, match=r"/nope.*/camera/image_raw \(sensor_msgs/msg/Image, 2\)"):
            find_topics(bag, image="/nope")
        with pytest.raises(InputError, match=r"/scene_description of type sensor_msgs/msg/Image"):
            find_topics(bag, depth=TEXT)


@pytest.mark.parametrize(("left_out", "words"), [(IMAGE, "no image topic"), (DEPTH, "no depth topic")])
def test_bags_without_images_or_depth(write_bag, messages, left_out, words):
    entries = [entry for entry in messages.recording() if entry[0] != left_out]
    with Bag(write_bag(entries)) as bag, pytest.raises(InputError, match=f"{words}.*the bag has.*/scene_description"):
        find_topics(bag)


def pairs_of(bag, tolerance):
    return [
        (pair.image.stamp - START, None if pair.depth is None else pair.depth.stamp - START)
        for pair in plan_pairs(bag, find_topics(bag), tolerance)
    ]


def test_pairs_are_in_stamp_order_whatever_the_recording_order(write_bag, messages):
    entries = messages.recording(5)
    stamps = [entry[1] for entry in entries]
    shuffled = [(topic, stamps[-1 - i], message) for i, (topic, _, message) in enumerate(entries)]
    with Bag(write_bag(sorted(shuffled, key=lambda entry: entry[1]))) as bag:
        topics = find_topics(bag)
        pairs = plan_pairs(bag, topics, 0)
        assert [pair.image.stamp for pair in pairs] == [START + i * PERIOD for i in range(5)]
        assert [pair.gap for pair in pairs] == [0] * 5
        frames = list(read_frames(bag, topics, pairs))
        brightness = [decode_colour(bag.decode(f.image, "sensor_msgs/msg/Image"))[0, 0, 0] for f in frames]
        assert brightness == [0, 20, 40, 60, 80]
        depths = [decode_depth(bag.decode(f.depth, "sensor_msgs/msg/Image"))[1, 1] for f in frames]
        assert depths == pytest.approx([1, 1.1, 1.2, 1.3, 1.4])


def test_nearest_depth_within_the_tolerance(write_bag, messages):
    depth = np.full((4, 5), 1000, "<u2")
    entries = [(IMAGE, START + i * 100, messages.image(START + i * 100, "rgb8", RGB)) for i in range(4)]
    entries += [(DEPTH, START + t, messages.image(START + t, "16UC1", depth)) for t in (10, 95, 310)]
    with Bag(write_bag(sorted(entries, key=lambda entry: entry[1]))) as bag:
        assert pairs_of(bag, 0) == [(0, None), (100, None), (200, None), (300, None)]
        assert pairs_of(bag, 10) == [(0, 10), (100, 95), (200, None), (300, 310)]
        assert pairs_of(bag, 10**9) == [(0, 10), (100, 95), (200, 95), (300, 310)]
        topics = find_topics(bag)
        frames = list(read_frames(bag, topics, plan_pairs(bag, topics, 10**9)))
        assert [frame.depth is not None for frame in frames] == [True] * 4  # one depth image may serve two frames


def test_unset_stamps_fall_back_to_the_recording_time(write_bag, messages):
    entries = [
        (IMAGE, START, messages.image(0, "rgb8", RGB)),
        (DEPTH, START + 5, messages.image(0, "16UC1", RGB[..., 0])),
    ]
    entries[1] = (DEPTH, START + 5, messages.image(0, "16UC1", np.full((4, 5), 900, "<u2")))
    with Bag(write_bag(entries)) as bag:
        assert pairs_of(bag, 10) == [(0, 5)]


def test_a_single_storage_file_is_a_bag_too(write_bag, messages):
    folder = write_bag(messages.recording(2))
    file = next(path for path in folder.iterdir() if path.suffix in (".db3", ".mcap"))
    with Bag(file) as bag:
        assert find_topics(bag) == (IMAGE, DEPTH, INFO, TEXT)


def test_missing_and_foreign_paths(tmp_path):
    with pytest.raises(InputError, match="no such bag"):
        Bag(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"metadata\.yaml"):
        Bag(tmp_path)
    text = tmp_path / "notes.txt"
    text.write_text("hello")
    with pytest.raises(InputError, match="not a readable"):
        Bag(text)
    (tmp_path / "metadata.yaml").write_text("rosbag2_bagfile_information: 3")
    with pytest.raises(InputError, match="not a readable"):
        Bag(tmp_path)


def test_truncated_storage_is_one_clear_error(write_bag, messages):
    folder = write_bag(messages.recording(30))
    file = next(path for path in folder.iterdir() if path.suffix in (".db3", ".mcap"))
    file.write_bytes(file.read_bytes()[:5000])

    def read():
        with Bag(folder) as bag:
            list(bag.messages([IMAGE, DEPTH]))

    with pytest.raises(InputError, match=r"readable|damaged"):
        read()


def test_damaged_message_is_a_frame_error(write_bag, messages):
    with Bag(write_bag(messages.recording(1))) as bag, pytest.raises(FrameError, match="not a readable"):
        bag.decode(b"\x00\x01\x00\x00\x01\x02", "sensor_msgs/msg/Image")
