from __future__ import annotations

import json

import pytest

from tr2m_core.cli.main import main


@pytest.fixture
def replay(tmp_path, monkeypatch, constant_predictor, capsys):
    """Runs `tr2m replay` with a stand-in model; returns exit code, stdout and stderr."""
    monkeypatch.setattr("tr2m_core.cli.replay.load_predictor", lambda args: constant_predictor)

    def run(bag, *arguments):
        code = main(["replay", str(bag), "-o", str(tmp_path / "out"), "--pictures", "1", *arguments])
        return code, *capsys.readouterr()

    return run


def test_table_and_files(replay, write_bag, messages, tmp_path):
    code, out, err = replay(write_bag(messages.recording(3)))
    assert (code, err) == (0, "")
    assert "3 of 3 frames processed, 3 measured" in out
    assert "abs_rel" in out
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"report.json", "frames.csv", "pictures"}


def test_json_is_the_report(replay, write_bag, messages, tmp_path):
    code, out, _ = replay(write_bag(messages.recording(2)), "--json")
    assert code == 0
    assert json.loads(out) == json.loads((tmp_path / "out" / "report.json").read_text())


def test_threshold(replay, write_bag, messages):
    bag = write_bag(messages.recording(3))
    assert replay(bag, "--fail-above", "abs_rel=0.3")[0] == 0
    code, out, err = replay(bag, "--fail-above", "abs_rel=0.01", "--fail-above", "rmse=100")
    assert code == 1
    assert "3 of 3" in out
    assert "abs_rel" in err
    assert "is above 0.01" in err
    assert "rmse" not in err


def test_nothing_measured_is_a_failure(replay, write_bag, messages):
    code, _, err = replay(write_bag(messages.recording(3)), "--min-depth", "50")
    assert code == 1
    assert err.endswith("nothing could be measured: 3 x no valid ground truth in range\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--image-topic", "/nope"], "/camera/image_raw (sensor_msgs/msg/Image, 2)"),
        (["--text", " "], "empty"),
        (["--text", "x" * 100_000], "100000 characters"),
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


def test_bag_without_messages(replay, write_bag, messages):
    code, _, err = replay(write_bag(messages.recording(0)))
    assert code == 2
    assert "no image topic" in err
