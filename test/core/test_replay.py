from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from tr2m_core.metrics import METRIC_NAMES
from tr2m_core.replay.bag_reader import Bag, find_topics
from tr2m_core.replay.replay import ReplayOptions, replay_bag
from tr2m_core.types import InputError

IMAGE, DEPTH, INFO, TEXT = "/camera/image_raw", "/camera/depth/image_raw", "/camera/camera_info", "/scene_description"
START, PERIOD = 1_600_000_000_000_000_000, 100_000_000


@pytest.fixture
def replay(tmp_path, constant_predictor):
    def run(bag_path, output="out", **options):
        with Bag(bag_path) as bag:
            return replay_bag(
                bag,
                find_topics(bag),
                lambda: constant_predictor,
                tmp_path / output,
                ReplayOptions(**{"pictures": 0} | options),
            )

    return run


def test_every_frame_is_measured(write_bag, messages, replay, tmp_path):
    result = replay(write_bag(messages.recording(4)), pictures=2, save_predictions=True)
    depths = np.array([1.0, 1.1, 1.2, 1.3])
    assert [frame.metrics["abs_rel"] for frame in result.frames] == pytest.approx(abs(depths - 1) / depths)
    assert [frame.valid_pixels for frame in result.frames] == [47] * 4
    assert result.metrics()["abs_rel"] == pytest.approx(np.mean(abs(depths - 1) / depths))
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report == json.loads(json.dumps(result.report()))
    assert report["frames"] == {
        "total": 4,
        "processed": 4,
        "measured": 4,
        "without_ground_truth": 0,
        "paired_by_equal_stamps": 4,
        "paired_by_nearest_stamp": 0,
        "largest_gap_s": 0,
    }
    assert report["intrinsics"] == {"fx": 500, "fy": 510, "cx": 4, "cy": 3}
    rows = list(csv.DictReader((tmp_path / "out" / "frames.csv").open()))
    assert [float(row["abs_rel"]) for row in rows] == [frame.metrics["abs_rel"] for frame in result.frames]
    assert set(METRIC_NAMES) < set(rows[0])
    pictures = sorted(path.name for path in (tmp_path / "out" / "pictures").iterdir())
    assert pictures == ["frame_000000.png", "frame_000003.png"]
    saved = np.load(tmp_path / "out" / "predictions" / "frame_000002.npy", allow_pickle=False)
    assert saved.shape == (6, 8)
    assert saved.dtype == np.float32


def test_sqlite3_and_mcap_agree_to_the_last_digit(tmp_path, messages, replay):
    results = [
        replay(messages.write(tmp_path / storage, storage, messages.recording(5)), output=f"out_{storage}")
        for storage in ("sqlite3", "mcap")
    ]
    assert results[0].frames == results[1].frames
    assert (tmp_path / "out_sqlite3/frames.csv").read_bytes() == (tmp_path / "out_mcap/frames.csv").read_bytes()


def test_sentences_change_with_time(write_bag, messages, replay, constant_predictor):
    entries = [entry for entry in messages.recording(4) if entry[0] != TEXT]
    entries.append(
        (TEXT, START + 1, messages.text("First."))
    )  # after the first frame: recorders write latched text late
    entries.append((TEXT, START + 2 * PERIOD, messages.text("  Second. ")))
    entries.append((TEXT, START + 3 * PERIOD - 1, messages.text("   ")))
    result = replay(write_bag(sorted(entries, key=lambda entry: entry[1])))
    assert [text for text, _ in constant_predictor.seen] == ["First.", "First.", "Second.", "Second."]
    assert sum(result.skipped_sentences.values()) == 1
    assert result.report()["descriptions"] == ["First.", "Second."]


def test_given_text_wins(write_bag, messages, replay, constant_predictor):
    replay(write_bag(messages.recording(2)), text="A hangar.")
    assert {text for text, _ in constant_predictor.seen} == {"A hangar."}


@pytest.mark.parametrize("sentence", [None, "", "x" * 100_000])
def test_without_a_usable_sentence(write_bag, messages, replay, sentence):
    with pytest.raises(InputError, match=r"no scene description.*--text"):
        replay(write_bag(messages.recording(2, sentence)))


def test_bad_frames_are_counted_and_the_run_goes_on(write_bag, messages, replay, tmp_path):
    good = np.zeros((6, 8, 3), np.uint8)
    depth = np.full((6, 8), 2000, "<u2")
    damaged = [
        messages.image(START + 0 * PERIOD, "rgb8", good, data=np.zeros(100, np.uint8)),
        messages.image(START + 1 * PERIOD, "rgb8", good, step=3),
        messages.image(START + 2 * PERIOD, "yuv422", good),
        messages.image(START + 3 * PERIOD, "rgb8", good, width=0),
        ("sensor_msgs/msg/Image", b"\x00\x01\x00\x00junk"),
        messages.image(START + 5 * PERIOD, "rgb8", good[:1, :1]),
        messages.image(START + 6 * PERIOD, "rgb8", good),
    ]
    entries = messages.recording(0)
    for i, message in enumerate(damaged):
        stamp = START + i * PERIOD
        entries.append((IMAGE, stamp, message))
        entries.append((DEPTH, stamp, messages.image(stamp, "16UC1", depth)))
    path = write_bag(entries)
    with Bag(path) as bag:  # the first image is damaged but tells its encoding
        assert find_topics(bag).image == IMAGE
    result = replay(path)
    assert len(result.frames) == 7
    words = ["100 bytes", "step 3", "yuv422", "0x6", "not a readable", "1x1", None]
    for frame, word in zip(result.frames, words, strict=True):
        assert (frame.problem is None) if word is None else (word in frame.problem)
    assert result.metrics()["abs_rel"] == pytest.approx(0.5)
    assert sum(result.problems().values()) == 6
    assert json.loads((tmp_path / "out" / "report.json").read_text())["frames"]["processed"] == 1


def test_ground_truth_of_another_size_is_refused_with_both_sizes(write_bag, messages, replay):
    entries = messages.recording(0)
    entries.append((IMAGE, START, messages.image(START, "rgb8", np.zeros((6, 8, 3), np.uint8))))
    entries.append((DEPTH, START, messages.image(START, "16UC1", np.ones((3, 4), "<u2"))))
    result = replay(write_bag(entries), pictures=1)
    assert result.metrics() is None
    assert result.frames[0].processed
    assert "4x3" in result.frames[0].problem
    assert "8x6" in result.frames[0].problem


def test_frames_without_partner_and_without_valid_depth(write_bag, messages, replay, constant_predictor):
    entries = [entry for entry in messages.recording(3) if not (entry[0] == DEPTH and entry[1] == START + PERIOD)]
    empty = messages.image(START + 2 * PERIOD, "16UC1", np.zeros((6, 8), "<u2"))
    entries[-2] = (DEPTH, START + 2 * PERIOD, empty)
    result = replay(write_bag(entries))
    assert [frame.metrics is not None for frame in result.frames] == [True, False, False]
    assert len(constant_predictor.seen) == 3
    assert result.report()["frames"]["without_ground_truth"] == 1


def test_prediction_is_clamped_to_the_range(write_bag, messages, replay, constant_predictor):
    constant_predictor.depth = 500.0
    result = replay(write_bag(messages.recording(1)), max_depth=4.0)
    assert result.metrics()["abs_rel"] == pytest.approx(3.0)


def test_kit_recordings_agree(kit, tmp_path, embedded):
    reports = []
    for name in ("d435_desk_sqlite3", "d435_desk_mcap"):
        with Bag(kit / "bags" / name) as bag:
            replay_bag(bag, find_topics(bag), lambda: embedded, tmp_path / name, ReplayOptions(pictures=1))
        reports.append(json.loads((tmp_path / name / "report.json").read_text()))
    assert reports[0]["frames"]["processed"] == reports[0]["frames"]["measured"] == 20
    assert reports[0].pop("bag") != reports[1].pop("bag")
    assert reports[0] == reports[1]
    csvs = [(tmp_path / name / "frames.csv").read_bytes() for name in ("d435_desk_sqlite3", "d435_desk_mcap")]
    assert csvs[0] == csvs[1]
