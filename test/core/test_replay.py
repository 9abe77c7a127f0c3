from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from stand_ins import OneByOne

from tr2m_core.bags.bag import Bag
from tr2m_core.bags.topics import find_topics
from tr2m_core.errors import InputError
from tr2m_core.metrics.depth import METRIC_NAMES
from tr2m_core.processes import Processes
from tr2m_core.replay.runner import ReplayOptions, replay_bag
from tr2m_core.report.files import write_run
from tr2m_core.types import DepthPrediction

IMAGE, DEPTH, INFO, TEXT = "/camera/image_raw", "/camera/depth/image_raw", "/camera/camera_info", "/scene_description"
START, PERIOD = 1_600_000_000_000_000_000, 100_000_000


def replay_and_write(bag, load_predictor, output, options):
    run = replay_bag(bag, find_topics(bag), load_predictor, output, options)
    write_run(output, run, run.report())
    return run


@pytest.fixture
def replay(tmp_path, constant_predictor):
    def run(bag_path, output="out", **options):
        with Bag(bag_path) as bag:
            chosen = ReplayOptions(**{"panels": 0} | options)
            return replay_and_write(bag, lambda: constant_predictor, tmp_path / output, chosen)

    return run


def test_every_frame_is_measured(write_bag, messages, replay, tmp_path):
    result = replay(write_bag(messages.recording(4)), panels=2, save_predictions=True)
    depths = np.array([1.0, 1.1, 1.2, 1.3])
    assert [frame.metrics["abs_rel"] for frame in result.frames] == pytest.approx(abs(depths - 1) / depths)
    assert [frame.measurement.valid_pixels for frame in result.frames] == [47] * 4
    assert [frame.measurement.scale_factor for frame in result.frames] == pytest.approx(depths)
    assert [frame.median_m for frame in result.frames] == [1.0] * 4
    assert result.metrics()["abs_rel"] == pytest.approx(np.mean(abs(depths - 1) / depths))
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report == json.loads(json.dumps(result.report()))
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "report.json", "report.html", "frames.csv", "timing.csv", "panels", "predictions"
    }  # fmt: skip
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
    images = sorted(path.name for path in (tmp_path / "out" / "panels").iterdir())
    assert images == ["frame_000000.png", "frame_000003.png"]
    saved = np.load(tmp_path / "out" / "predictions" / "frame_000002.npy", allow_pickle=False)
    assert saved.shape == (6, 8)
    assert saved.dtype == np.float32


def test_sqlite3_and_mcap_agree_to_the_last_digit(tmp_path, messages, replay):
    results = [
        replay(messages.write(tmp_path / storage, storage, messages.recording(5)), output=f"out_{storage}")
        for storage in ("sqlite3", "mcap")
    ]
    first, second = (result.report() for result in results)
    assert first.pop("bag") != second.pop("bag")
    assert first.pop("timing").keys() == second.pop("timing").keys()
    assert first == second
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
    assert [(s["description"], s["frames"]) for s in result.report()["sentences"]] == [("First.", 2), ("Second.", 2)]


def test_given_text_wins(write_bag, messages, replay, constant_predictor):
    replay(write_bag(messages.recording(2)), texts=("A hangar.",))
    assert {text for text, _ in constant_predictor.seen} == {"A hangar."}


class DescriptionPredictor(OneByOne):
    """Predicts as many metres as the sentence has characters."""

    def predict(self, rgb, description, *, maps=True):
        return DepthPrediction(np.full(rgb.shape[:2], float(len(description)), np.float32))


def test_sentences_are_compared_and_the_first_decides(write_bag, messages, tmp_path):
    with Bag(write_bag(messages.recording(2))) as bag:
        options = ReplayOptions(texts=("xx", "a"), panels=0)
        result = replay_and_write(bag, DescriptionPredictor, tmp_path / "out", options)
    assert len(result.frames) == 4
    assert result.report()["frames"]["total"] == 2
    assert result.metrics()["abs_rel"] == pytest.approx((1.0 + 0.9 / 1.1) / 2)
    sentences = result.report()["sentences"]
    assert [s["median_m"] for s in sentences] == [2.0, 1.0]
    assert sentences[1]["metrics"]["abs_rel"] == pytest.approx((0.0 + 0.1 / 1.1) / 2, abs=1e-7)
    rows = list(csv.DictReader((tmp_path / "out" / "frames.csv").open()))
    assert [(row["index"], row["description"]) for row in rows] == [("0", "xx"), ("0", "a"), ("1", "xx"), ("1", "a")]


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({"every": 2}, [0, 2, 4]),
        ({"start": 0.15}, [2, 3, 4]),
        ({"duration": 0.25}, [0, 1, 2]),
        ({"start": 0.1, "duration": 0.3, "every": 2}, [1, 3]),
    ],
)
def test_part_of_the_recording(write_bag, messages, replay, options, kept):
    result = replay(write_bag(messages.recording(5)), **options)
    assert [frame.stamp for frame in result.frames] == [START + i * PERIOD for i in kept]
    assert [frame.index for frame in result.frames] == list(range(len(kept)))


def test_a_part_without_frames_is_rejected(write_bag, messages, replay):
    with pytest.raises(InputError, match=r"no messages on /camera/image_raw between --start 9 s and the end"):
        replay(write_bag(messages.recording(3)), start=9.0)


def test_bag_without_ground_truth(write_bag, messages, replay, tmp_path):
    result = replay(write_bag([entry for entry in messages.recording(3) if entry[0] != DEPTH]), panels=2)
    report = result.report()
    assert report["topics"]["depth"] is None
    assert report["metrics"] is None
    assert report["problems"] == {}
    assert report["sentences"][0]["median_m"] == 1.0
    assert [result.index for result, _ in result.shown()] == [0, 2]
    assert len(list((tmp_path / "out" / "panels").iterdir())) == 2


def test_new_bag_holds_the_depth_under_the_old_stamps(write_bag, messages, replay, tmp_path):
    replay(write_bag(messages.recording(3)), write_bag=tmp_path / "depth")
    with Bag(tmp_path / "depth") as bag:
        assert bag.topics["/metric_depth"].type == "sensor_msgs/msg/Image"
        found = [bag.decode(data, "sensor_msgs/msg/Image") for _, _, data in bag.messages(["/metric_depth"])]
        assert {"/metric_depth/camera_info", "/metric_depth/points"} <= set(bag.topics)
    stamps = [m.header.stamp.sec * 10**9 + m.header.stamp.nanosec for m in found]
    assert stamps == [START + i * PERIOD for i in range(3)]
    assert [m.encoding for m in found] == ["32FC1"] * 3
    assert all((np.frombuffer(m.data, np.float32) == 1.0).all() for m in found)


def test_damaged_bag_is_used_as_far_as_it_goes(messages, replay, tmp_path):
    whole = messages.write(tmp_path / "whole", "mcap", messages.recording(30))
    file = next(whole.glob("*.mcap"))
    cut = tmp_path / "cut.mcap"
    cut.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    result = replay(cut)
    assert 1 <= len(result.frames) < 30
    assert "cut.mcap" in result.damage
    complete = replay(whole, output="whole_out")
    last = len(result.frames) - 1  # its depth may lie beyond the end
    assert [f.metrics for f in result.frames[:last]] == [f.metrics for f in complete.frames[:last]]


@pytest.mark.parametrize("description", [None, "", "x" * 100_000])
def test_without_a_usable_sentence(write_bag, messages, replay, description):
    with pytest.raises(InputError, match=r"no scene description.*--text"):
        replay(write_bag(messages.recording(2, description)))


def test_bad_frames_are_counted_and_the_run_goes_on(write_bag, messages, replay, tmp_path):
    good = np.zeros((6, 8, 3), np.uint8)
    depth = np.full((6, 8), 2000, "<u2")
    damaged = [
        messages.image(START + 0 * PERIOD, "rgb8", good, data=np.zeros(100, np.uint8)),
        messages.image(START + 1 * PERIOD, "rgb8", good, step=3),
        messages.image(START + 2 * PERIOD, "32SC4", good),
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
    words = ["100 bytes", "step of 3", "32SC4", "0x6", "not a readable", "1x1", None]
    for frame, word in zip(result.frames, words, strict=True):
        assert (frame.problem is None) if word is None else (word in frame.problem)
    assert result.metrics()["abs_rel"] == pytest.approx(0.5)
    assert sum(result.problems().values()) == 6
    assert json.loads((tmp_path / "out" / "report.json").read_text())["frames"]["processed"] == 1


def test_ground_truth_of_another_size_is_rejected_with_both_sizes(write_bag, messages, replay):
    entries = messages.recording(0)
    entries.append((IMAGE, START, messages.image(START, "rgb8", np.zeros((6, 8, 3), np.uint8))))
    entries.append((DEPTH, START, messages.image(START, "16UC1", np.ones((3, 4), "<u2"))))
    result = replay(write_bag(entries), panels=1)
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


class SidewaysPredictor(OneByOne):
    """A metre everywhere, and relative depth that grows from the left to the right."""

    def __init__(self):
        self.maps = []

    def predict(self, rgb, description, *, maps=True):
        self.maps.append(maps)
        height, width = rgb.shape[:2]
        relative = np.repeat(np.arange(width, dtype=np.float32)[None], height, axis=0)
        return DepthPrediction(np.ones((height, width), np.float32), relative if maps else None)


def replay_sideways(messages, bag_path, output, *baselines, **options):
    """Three frames of 8x6 whose depth grows downwards, sideways, and is one metre; the depth as stored, and the run."""
    rows, columns = np.linspace(0, 1, 6)[:, None], np.linspace(0, 1, 8)[None]
    entries, depths = [(TEXT, START - PERIOD, messages.text("A desk."))], []
    for i, inverse in enumerate(
        (0.2 + 0.6 * rows + 0 * columns, 0.4 + 0.5 * columns + 0 * rows, 0 * rows + columns**0)
    ):
        stamp, counts = START + i * PERIOD, np.rint(1000 / inverse).astype("<u2")
        entries.append((IMAGE, stamp, messages.image(stamp, "rgb8", np.zeros((6, 8, 3), np.uint8))))
        entries.append((DEPTH, stamp, messages.image(stamp, "16UC1", counts)))
        entries.append((INFO, stamp, messages.info(stamp, 500, 510, 4, 3)))
        depths.append(counts / 1000)
    messages.write(bag_path, "mcap", entries)
    predictor = SidewaysPredictor()
    with Bag(bag_path) as bag:
        chosen = ReplayOptions(panels=0, baselines=baselines, **options)
        return depths, replay_and_write(bag, lambda: predictor, output, chosen), predictor


def test_baselines_are_measured_beside_the_model(messages, tmp_path):
    names = ("constant", "ramp")
    depths, result, _ = replay_sideways(messages, tmp_path / "bag", tmp_path / "out", *names)
    report = json.loads((tmp_path / "out" / "report.json").read_text())["baselines"]
    rows, columns = np.mgrid[:6, :8]
    for name, inverse in (("vertical ramp", rows), ("relative depth", columns)):
        errors = []
        for truth in depths:
            fitted = np.polyval(np.polyfit(inverse.ravel(), 1 / truth.ravel(), 1), inverse)
            errors.append(np.mean(abs(1 / fitted - truth) / truth))
        assert report[name]["alignment"] == "affine" and report[name]["frames"] == 3
        assert report[name]["metrics"]["abs_rel"] == pytest.approx(np.mean(errors), rel=1e-5)
    tried = [np.mean(abs(depth - np.array(depths)) / np.array(depths)) for depth in np.unique(depths)]
    assert report["best constant"]["metrics"]["abs_rel"] == pytest.approx(min(tried))
    assert report["best constant"]["depth_m"] == pytest.approx(np.unique(depths)[np.argmin(tried)])
    page = (tmp_path / "out" / "report.html").read_text()
    assert "vertical ramp, affine-aligned" in page and "relative depth, affine-aligned" in page
    again = replay_sideways(messages, tmp_path / "bag2", tmp_path / "out2", *names, texts=("A desk.", "A hall."))[1]
    assert again.baselines == result.baselines  # the first sentence alone


@pytest.mark.parametrize("names", [(), ("constant",)])
def test_relative_depth_is_computed_for_the_ramp_alone(messages, tmp_path, names):
    _, result, predictor = replay_sideways(messages, tmp_path / "bag", tmp_path / "out", *names)
    assert list(result.baselines) == ["best constant"] * len(names)
    assert predictor.maps == [False] * 3


def test_without_measured_frames_there_are_no_baselines(messages, tmp_path):
    _, result, _ = replay_sideways(messages, tmp_path / "bag", tmp_path / "out", "constant", "ramp", min_depth=20.0)
    assert result.baselines == {}


class JitteringPredictor(OneByOne):
    """Predicts 2 m, give or take 5 % of jitter; the same for each sentence, as often as there are."""

    def __init__(self, sentences=1):
        self.sizes = iter(np.exp(0.05 * np.random.default_rng(0).standard_normal(150)).repeat(sentences))

    def predict(self, rgb, description, *, maps=True):
        return DepthPrediction(np.full(rgb.shape[:2], 2 * next(self.sizes), np.float32))


def replay_jitter(bag_path, output, *texts, **options):
    with Bag(bag_path) as bag:
        chosen = ReplayOptions(texts=texts, panels=0, **options)
        return replay_and_write(bag, lambda: JitteringPredictor(max(1, len(texts))), output, chosen)


def standing(messages, count):
    """Entries of a recording of a wall 2 m away."""
    entries = messages.recording(0)
    for stamp in range(START, START + count * PERIOD, PERIOD):
        entries.append((IMAGE, stamp, messages.image(stamp, "rgb8", np.full((6, 8, 3), 128, np.uint8))))
        entries.append((DEPTH, stamp, messages.image(stamp, "16UC1", np.full((6, 8), 2000, "<u2"))))
    return entries


def test_steady_takes_the_jitter_out(write_bag, messages, tmp_path):
    bag = write_bag(standing(messages, 150))
    raw = replay_jitter(bag, tmp_path / "raw").report()
    result = replay_jitter(bag, tmp_path / "steady", steady=2.0, save_predictions=True)
    steady = result.report()
    assert (raw["options"]["steady"], steady["options"]["steady"]) == (0.0, 2.0)
    assert json.loads((tmp_path / "steady" / "report.json").read_text())["options"]["steady"] == 2.0
    assert steady["scale_factor"]["std"] < raw["scale_factor"]["std"] / 2
    assert steady["scale_factor"]["largest_jump"] < raw["scale_factor"]["largest_jump"] / 2
    assert steady["metrics"]["abs_rel"] < raw["metrics"]["abs_rel"] / 2
    saved = np.load(tmp_path / "steady" / "predictions" / "frame_000050.npy", allow_pickle=False)
    assert saved.dtype == np.float32
    assert np.median(saved) == pytest.approx(result.frames[50].median_m)


def test_steady_keeps_the_sentences_apart(write_bag, messages, tmp_path):
    bag = write_bag(standing(messages, 30))
    alone = replay_jitter(bag, tmp_path / "alone", "A desk.", steady=2.0)
    both = replay_jitter(bag, tmp_path / "both", "A desk.", "A hangar.", steady=2.0)
    for variant in range(2):
        medians = [frame.median_m for frame in both.frames if frame.variant == variant]
        assert medians == [frame.median_m for frame in alone.frames]


@pytest.mark.parametrize(("option", "value"), [("steady", 1.0), ("write_bag", "new")], ids=["--steady", "--write-bag"])
def test_what_needs_all_frames_in_order_needs_one_process(write_bag, messages, tmp_path, option, value):
    options = ReplayOptions(**{option: value})
    name = f"--{option.replace('_', '-')}"
    with Bag(write_bag(messages.recording(2))) as bag, pytest.raises(InputError, match=f"{name} needs a single"):
        replay_bag(bag, find_topics(bag), JitteringPredictor, tmp_path / "out", options, processes=Processes(0, 2))


def test_kit_recordings_agree(kit, tmp_path, embedded):
    reports = []
    for name in ("d435_desk_sqlite3", "d435_desk_mcap"):
        with Bag(kit / "bags" / name) as bag:
            replay_and_write(bag, lambda: embedded, tmp_path / name, ReplayOptions(panels=1))
        reports.append(json.loads((tmp_path / name / "report.json").read_text()))
    assert reports[0]["frames"]["processed"] == reports[0]["frames"]["measured"] == 20
    assert reports[0].pop("bag") != reports[1].pop("bag")
    assert reports[0].pop("timing").keys() == reports[1].pop("timing").keys()
    assert reports[0] == reports[1]
    csvs = [(tmp_path / name / "frames.csv").read_bytes() for name in ("d435_desk_sqlite3", "d435_desk_mcap")]
    assert csvs[0] == csvs[1]
