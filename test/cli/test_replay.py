from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from mcap.writer import Writer

from tr2m_core.cli.main import main

IMAGE, DEPTH, TEXT = "/camera/image_raw", "/camera/depth/image_raw", "/scene_description"
START, PERIOD = 1_600_000_000_000_000_000, 100_000_000


@pytest.fixture
def replay(tmp_path, monkeypatch, constant_predictor, capsys):
    """Runs `tr2m replay` with a stand-in model; returns exit code, stdout and stderr."""
    monkeypatch.setattr("tr2m_core.cli.replay.load_predictor", lambda args: constant_predictor)

    def run(bag, *arguments):
        code = main(["replay", str(bag), "-o", str(tmp_path / "out"), "--panels", "1", *arguments])
        return code, *capsys.readouterr()

    return run


def test_table_and_files(replay, write_bag, messages, tmp_path):
    code, out, err = replay(write_bag(messages.recording(3)))
    assert (code, err) == (0, "")
    assert "3 of 3 frames processed, 3 measured" in out
    assert "abs_rel" in out
    written = {"report.json", "report.html", "frames.csv", "timing.csv", "panels"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == written


def test_json_is_the_report(replay, write_bag, messages, tmp_path):
    code, out, _ = replay(write_bag(messages.recording(2)), "--json")
    assert code == 0
    assert json.loads(out) == json.loads((tmp_path / "out" / "report.json").read_text())


def test_baselines_are_in_table_and_report(replay, write_bag, messages, tmp_path):
    bag = write_bag(messages.recording(3))
    code, out, _ = replay(bag, "--baseline", "ramp", "--baseline", "constant")
    assert code == 0
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert list(report["baselines"]) == ["relative depth", "vertical ramp", "best constant"]
    lines = out.splitlines()
    for label, name in (("vertical ramp, affine-aligned", "vertical ramp"), ("best constant, 1.1 m", "best constant")):
        line = next(line for line in lines if line.startswith(label))
        abs_rel = report["baselines"][name]["metrics"]["abs_rel"]
        assert float(line.removeprefix(label).split()[1]) == pytest.approx(abs_rel, rel=1e-3)
        assert label in (tmp_path / "out" / "report.html").read_text()
    assert replay(bag, "--baseline", "median")[0] == 2


def test_threshold(replay, write_bag, messages):
    bag = write_bag(messages.recording(3))
    assert replay(bag, "--fail-above", "abs_rel=0.3")[0] == 0
    code, out, err = replay(bag, "--fail-above", "abs_rel=0.01", "--fail-above", "rmse=100")
    assert code == 1
    assert "3 of 3" in out
    assert "abs_rel" in err
    assert "is above 0.01" in err
    assert "rmse" not in err


def test_thresholds_take_any_metric_from_either_side(replay, write_bag, messages):
    bag = write_bag(messages.recording(3))  # 1.0, 1.1 and 1.2 m, predicted as 1 m: delta1 is 1
    assert replay(bag, "--fail-below", "delta1=0.9", "--fail-above", "silog=1")[0] == 0
    code, _, err = replay(bag, "--fail-below", "delta1=1.1", "--fail-above", "delta2=0.5")
    assert code == 1
    assert "delta1 1 is below 1.1" in err
    assert "delta2 1 is above 0.5" in err


@pytest.mark.parametrize("threshold", ["nope=1", "abs_rel", "abs_rel=nan", "abs_rel=x"])
def test_threshold_that_is_none(replay, write_bag, messages, threshold):
    code, _, err = replay(write_bag(messages.recording(1)), "--fail-above", threshold)
    assert code == 2
    assert threshold in err


def test_nothing_measured_is_a_failure(replay, write_bag, messages):
    code, _, err = replay(write_bag(messages.recording(3)), "--min-depth", "50")
    assert code == 1
    assert err.endswith("nothing could be measured: 3 x no valid ground truth in range\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--image-topic", "/nope"], "/camera/image_raw (sensor_msgs/msg/Image, 2)"),
        (["--text", " "], "empty"),
        (["--text", "\u200b"], "empty"),
        (["--text", "A desk.", "--text", "senteces.txt"], "'senteces.txt' looks like a file, and there is none"),
        (["--text", "x" * 100_000], "100000 characters"),
        (["--every", "0"], "--every 0"),
        (["--start", "-1"], "--start -1"),
        (["--duration", "0"], "--duration 0"),
        (["--steady", "-1"], "--steady -1"),
        (["--steady", "nan"], "--steady nan"),
        (["--steady", "inf"], "--steady inf"),
        (["--start", "5"], "between --start 5 s and the end"),
        (["--depth-topic", "/scene_description"], "/camera/depth/image_raw (sensor_msgs/msg/Image, 2)"),
    ],
)
def test_bad_input_is_one_line(replay, write_bag, messages, arguments, words):
    code, out, err = replay(write_bag(messages.recording(2)), *arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1


def test_missing_bag(replay, tmp_path):
    code, _, err = replay(tmp_path / "nowhere")
    assert code == 2
    assert err == f"tr2m: error: {tmp_path / 'nowhere'}: no such bag\n"


URDF = '<?xml version="1.0"?><robot name="a cart"><link name="base_link"/></robot>'


def test_a_robot_description_is_no_scene_description(replay, write_bag, messages):
    robot = ("/robot_description", START - PERIOD, messages.text(URDF))
    bag = write_bag([robot, *messages.recording(2, description=None)])
    code, out, err = replay(bag)
    assert (code, out) == (2, "")
    assert "no scene description found" in err and "/robot_description holds XML; give one with --text" in err
    assert err.count("\n") == 1


def test_the_sentence_and_where_it_comes_from_are_told(replay, messages, tmp_path):
    robot = ("/robot_description", START - PERIOD, messages.text(URDF))
    bag = messages.write(tmp_path / "bag", "mcap", [robot, *messages.recording(2)])
    assert 'sentence "A desk." from /scene_description\n' in replay(bag)[1]
    assert json.loads(replay(bag, "--json")[1])["topics"]["description"] == TEXT
    assert 'sentence "A hangar." from --text\n' in replay(bag, "--text", "A\u00a0hangar.")[1]
    assert "2 sentences from --text\n" in replay(bag, "--text", "A hangar.", "--text", "A desk.")[1]
    (tmp_path / "one.txt").write_text("A hall.\n\n")
    assert 'sentence "A hall." from --text\n' in replay(bag, "--text", str(tmp_path / "one.txt"))[1]
    assert replay(bag, "--text-topic", "/robot_description")[1].splitlines()[1].startswith('sentence "<?xml')


def test_texts_that_are_no_utf8_are_counted(replay, messages, tmp_path):
    latin = (TEXT, START - 2 * PERIOD, ("std_msgs/msg/String", b"\x00\x01\x00\x00\x05\x00\x00\x00B\xfcro\x00"))
    code, out, _ = replay(messages.write(tmp_path / "a", "mcap", [latin, *messages.recording(1)]))
    assert code == 0 and "1 x a scene description that is no text in UTF-8\n" in out
    bag = messages.write(tmp_path / "b", "mcap", [latin, *messages.recording(1, description=None)])
    code, _, err = replay(bag, "--text-topic", TEXT)
    assert code == 2 and f"no usable sentence on {TEXT} (1 x a scene description that is no text in UTF-8)" in err


def test_no_ground_truth_by_choice(replay, write_bag, messages):
    bag = write_bag(messages.recording(2))
    code, out, err = replay(bag, "--depth-topic", "none")
    assert (code, err) == (0, "")
    assert "ground truth none\n" in out and "2 of 2 frames processed, 0 measured" in out


def test_why_there_is_no_ground_truth(replay, write_bag, messages):
    entries = [entry for entry in messages.recording(2) if entry[0] != DEPTH]
    cloud = ("sensor_msgs/msg/PointCloud2", b"\x00\x01\x00\x00" + bytes(60))
    bag = write_bag([*entries, ("/front/points", START, cloud), ("/rear/points", START, cloud)])
    code, out, err = replay(bag)
    assert (code, err) == (0, "")
    why = "several point clouds may be it: /front/points, /rear/points; choose one with --depth-topic"
    assert f"ground truth none\nno ground truth: {why}\n" in out
    assert json.loads(replay(bag, "--json")[1])["no_ground_truth"] == why
    assert "no ground truth: " not in replay(bag, "--depth-topic", "none")[1]


def test_images_in_another_encoding_are_named(replay, tmp_path):
    path = tmp_path / "a.mcap"
    with path.open("wb") as file:
        writer = Writer(file)
        writer.start()
        channel = writer.register_channel(
            "/camera", "protobuf", writer.register_schema("foxglove.RawImage", "protobuf", b"")
        )
        writer.add_message(channel, START, b"abc", START)
        writer.finish()
    for arguments in ([], ["--image-topic", "/camera"]):
        code, _, err = replay(path, *arguments)
        assert code == 2
        assert "/camera (foxglove.RawImage in protobuf)" in err and "mcap-ros2-support" in err
        assert err.count("\n") == 1


def test_bag_without_messages(replay, write_bag, messages):
    code, _, err = replay(write_bag(messages.recording(0)))
    assert code == 2
    assert "no image topic" in err


def test_sentences_are_compared(replay, write_bag, messages):
    code, out, _ = replay(write_bag(messages.recording(2)), "--text", "A desk.", "--text", "A hangar.")
    assert code == 0
    assert [line.split("  ")[0] for line in out.splitlines() if line.startswith("A ")] == ["A desk.", "A hangar."]


def test_without_ground_truth(replay, write_bag, messages, tmp_path):
    bag = write_bag([entry for entry in messages.recording(2) if entry[0] != DEPTH])
    code, out, err = replay(bag)
    assert (code, err) == (0, "")
    assert "ground truth none" in out
    assert "2 of 2 frames processed, 0 measured" in out
    code, _, err = replay(bag, "--fail-above", "abs_rel=0.3")
    assert code == 1
    assert "no ground truth to hold abs_rel against" in err


def test_new_bag(replay, write_bag, messages, tmp_path):
    bag = write_bag(messages.recording(2))
    assert replay(bag, "--write-bag", str(tmp_path / "new"))[0] == 0
    assert replay(tmp_path / "new", "--image-topic", "/metric_depth")[0] == 2  # depth is no image
    code, _, err = replay(bag, "--write-bag", str(tmp_path / "new"))
    assert code == 2
    assert str(tmp_path / "new") in err


def test_steady_is_told_in_the_report(replay, write_bag, messages):
    bag = write_bag(messages.recording(3))
    for arguments, seconds in (([], 0.0), (["--steady", "0.5"], 0.5)):
        code, out, err = replay(bag, "--json", *arguments)
        assert (code, err) == (0, "")
        assert json.loads(out)["options"]["steady"] == seconds


def test_the_report_says_whether_frames_were_filtered(write_bag, messages, tiny_paper, tmp_path):
    bag = str(write_bag(messages.recording(1)))
    for option, antialias in ((), True), (("--no-antialias",), False):
        folder = tmp_path / str(antialias)
        chosen = ["--model", str(tiny_paper), "--device", "cpu", "--panels", "0", "-o", str(folder)]
        assert main(["replay", bag, *chosen, *option]) == 0
        assert json.loads((folder / "report.json").read_text())["antialias"] is antialias


def test_two_processes_give_what_one_gives(write_bag, messages, tiny_paper, tmp_path, in_two_processes):
    bag = str(write_bag(messages.recording(5)))
    chosen = [
        "--model",
        str(tiny_paper),
        "--device",
        "cpu",
        "--text",
        "A desk.",
        "--text",
        "A hangar.",
        "--panels",
        "3",
        "--baseline",
        "ramp",
        "--baseline",
        "constant",
    ]
    assert main(["replay", bag, *chosen, "-o", str(tmp_path / "one")]) == 0
    (code, said, complaints), (other_code, silent, _) = in_two_processes(
        "replay", bag, *chosen, "-o", str(tmp_path / "two")
    )
    assert (code, other_code, silent) == (0, 0, ""), complaints
    assert "5 of 5 frames processed" in said
    assert (tmp_path / "one/frames.csv").read_bytes() == (tmp_path / "two/frames.csv").read_bytes()
    one, two = (json.loads((tmp_path / name / "report.json").read_text()) for name in ("one", "two"))
    assert one.pop("timing") != two.pop("timing")
    assert one == two
    assert len(one["worst_frames"]) == 5
    drawn = [sorted(path.name for path in (tmp_path / name / "panels").iterdir()) for name in ("one", "two")]
    assert drawn[0] == drawn[1] and len(drawn[0]) == 3


# -- bags as robots leave them ----------------------------------------------------------------------------------------


@pytest.fixture
def mcap(messages, tmp_path):
    """The one file of an mcap bag of 30 frames."""
    return next(messages.write(tmp_path / "recording", "mcap", messages.recording(30)).glob("*.mcap"))


@pytest.mark.parametrize("folder", [False, True])
def test_truncated_mcap_is_used_as_far_as_it_goes(replay, mcap, folder):
    mcap.write_bytes(mcap.read_bytes()[: mcap.stat().st_size * 2 // 3])
    code, out, err = replay(mcap.parent if folder else mcap)
    assert code == 1
    processed = int(out.split(" of ")[0].split()[-1])
    assert 1 <= processed < 30
    assert err.startswith("tr2m: error: damaged bag, used as far as it can be read: ")
    assert mcap.name in err
    assert err.count("\n") == 1
    assert "abs_rel" in out


def test_zero_byte_file(replay, mcap):
    mcap.write_bytes(b"")
    code, out, err = replay(mcap)
    assert (code, out) == (2, "")
    assert str(mcap) in err
    assert err.count("\n") == 1


def test_only_descriptions(replay, write_bag, messages):
    code, _, err = replay(write_bag([(TEXT, START, messages.text("A desk."))]))
    assert code == 2
    assert "no image topic" in err
    assert "/scene_description (std_msgs/msg/String, 1)" in err


def depth_frames(messages, depths, stamps=None):
    """Entries of a bag with these depth images (6, 8), recorded in this order."""
    entries = [(TEXT, START - PERIOD, messages.text("A desk."))]
    for i, depth in enumerate(depths):
        stamp = START + (i if stamps is None else stamps[i]) * PERIOD
        encoding = "16UC1" if depth.dtype == np.uint16 else "32FC1"
        entries.append((IMAGE, START + i * PERIOD, messages.image(stamp, "rgb8", np.zeros((6, 8, 3), np.uint8))))
        entries.append((DEPTH, START + i * PERIOD, messages.image(stamp, encoding, depth)))
    return entries


def test_nan_and_infinity_in_ground_truth_do_not_count(replay, write_bag, messages):
    depth = np.full((6, 8), 2.0, np.float32)  # predicted as 1 m
    depth[0], depth[1], depth[2], depth[3, 0] = np.nan, np.inf, -np.inf, -2.0
    code, out, _ = replay(write_bag(depth_frames(messages, [depth])), "--json")
    report = json.loads(out)
    assert code == 0
    assert report["metrics"]["abs_rel"] == pytest.approx(0.5)
    assert report["ranges"] == [{"from_m": 2.0, "to_m": 3.0, "pixels": 23, "abs_rel": 0.5, "bias": -0.5}]


def test_all_zero_ground_truth(replay, write_bag, messages):
    code, out, err = replay(write_bag(depth_frames(messages, [np.zeros((6, 8), np.uint16)] * 2)))
    assert code == 1
    assert "2 of 2 frames processed, 0 measured" in out
    assert err.endswith("nothing could be measured: 2 x no valid ground truth in range\n")


def test_stamps_out_of_order_and_duplicate(replay, write_bag, messages, tmp_path):
    depths = [np.full((6, 8), 1000 + 100 * i, np.uint16) for i in range(4)]
    code, _, _ = replay(write_bag(depth_frames(messages, depths, stamps=[2, 0, 1, 1])))
    assert code == 0
    rows = list(csv.DictReader((tmp_path / "out" / "frames.csv").open()))
    assert [int(row["stamp"]) - START for row in rows] == [0, PERIOD, PERIOD, 2 * PERIOD]
    truths = [float(row["scale_factor"]) for row in rows]  # predicted as 1 m everywhere
    assert truths[0] == pytest.approx(1.1)
    assert truths[1] == truths[2] == pytest.approx(1.2)  # of two depths with one stamp, the first
    assert truths[3] == pytest.approx(1.0)
