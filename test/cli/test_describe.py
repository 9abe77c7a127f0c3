"""`tr2m describe`: a line per image, or one clear error and no file."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from bags import contents
from PIL import Image
from rosbags.interfaces import QosDurability
from rosbags.rosbag2 import Reader
from stand_ins import FlatModel
from tiny_datasets import write_nyu

from tr2m_core.bags.bag import Bag
from tr2m_core.caption.journal import Journal
from tr2m_core.cli import describe as describe_command
from tr2m_core.cli.main import main
from tr2m_core.data.registry import find_dataset
from tr2m_core.data.texts import read_texts
from tr2m_core.processes import ALONE

IMAGE, TEXT = "/camera/image_raw", "/scene_description"
SECOND = 1_000_000_000
START = 1_600_000_000 * SECOND


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for i in range(3):
        pixels = np.random.default_rng(i).integers(0, 256, (48, 64, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{i}.png")
    return folder


def test_a_line_per_image(photos, tmp_path, capsys):
    assert main(["describe", str(photos), "-o", str(tmp_path / "new" / "texts.txt")]) == 0
    lines = (tmp_path / "new" / "texts.txt").read_text().splitlines()
    assert len(lines) == 3 and all(line[0].isupper() and line.endswith(".") for line in lines)
    capsys.readouterr()
    assert main(["describe", str(photos / "1.png"), "--style", "objects"]) == 0
    assert capsys.readouterr().out.startswith("An image ")


def test_after_an_image_that_cannot_be_read_it_goes_on_where_it_was(photos, tmp_path, capsys, monkeypatch):
    """A line is owed to every image: without one of them, the next would get each other's."""
    good = (photos / "1.png").read_bytes()
    (photos / "1.png").write_bytes(b"no image")
    describe = ["describe", str(photos), "-o", str(tmp_path / "texts.txt")]
    assert main(describe) == 2
    assert "1.png" in capsys.readouterr().err
    assert not (tmp_path / "texts.txt").exists()
    (photos / "1.png").write_bytes(good)
    asked = []
    real = describe_command.sentences_about
    monkeypatch.setattr(describe_command, "sentences_about", lambda *args: asked.append(args[1]) or real(*args))
    assert main(describe) == 0
    assert "going on: 1 are described already" in capsys.readouterr().err
    assert len(asked) == 2
    lines = (tmp_path / "texts.txt").read_text()
    assert main(["describe", str(photos), "-o", str(tmp_path / "again.txt")]) == 0
    assert lines == (tmp_path / "again.txt").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "again.txt",
        "photos",
        "texts.txt",
    ]  # no journal is left


def test_a_journal_of_other_settings_or_a_broken_line_does_not_count(tmp_path):
    def journal(model):
        return Journal(tmp_path / "texts.txt", {"model": model}, ALONE)

    with journal("a") as first:
        first.add("photo", ["A desk."])
    with (tmp_path / ".texts.txt.described-0").open("a") as file:
        file.write('{"name": "cut off", "sent\n')
    with journal("b") as other:
        assert len(other) == 0
        other.add("another", ["A room."])
    with journal("a") as again:
        assert len(again) == 1 and again["photo"] == ["A desk."]


def test_two_processes_write_what_one_writes(photos, tmp_path, in_two_processes):
    alone, both = tmp_path / "one.txt", tmp_path / "two.txt"
    assert main(["describe", str(photos), "-o", str(alone)]) == 0
    ended = in_two_processes("describe", str(photos), "-o", str(both))
    assert [code for code, *_ in ended] == [0, 0], ended
    assert alone.read_text() == both.read_text()


def test_text_files_for_a_data_set_are_what_training_reads(tmp_path, capsys):
    config = write_nyu(tmp_path / "nyu")
    described = ["describe", "nyu", "--root", config.root, "--split", config.split, "--part", "train"]
    assert main([*described, "-o", str(tmp_path / "texts")]) == 0
    assert "2 text files written" in capsys.readouterr().out
    (sample, _) = find_dataset("nyu").records(replace(config, text_root=str(tmp_path / "texts"))).records
    lines = read_texts(sample.text)
    assert len(lines) == 15 and all(line.startswith("An image ") for line in lines[10:])
    sample.text.write_text("A kitchen.")
    assert main([*described, "-o", str(tmp_path / "texts")]) == 0
    assert "0 text files written" in capsys.readouterr().out
    assert sample.text.read_text() == "A kitchen."


def test_text_files_for_images(photos, tmp_path, capsys):
    assert main(["describe", str(photos), "--lines", "2+1", "-o", str(tmp_path / "texts")]) == 0
    assert sorted(path.name for path in (tmp_path / "texts").iterdir()) == ["0.txt", "1.txt", "2.txt"]
    assert all(len(path.read_text().splitlines()) == 3 for path in (tmp_path / "texts").iterdir())
    for lines, words in (("0", "--lines 0"), ("99+1", "up to 20 each"), ("ten", "as in 10+5")):
        assert main(["describe", str(photos), "--lines", lines, "-o", str(tmp_path / "texts")]) == 2
        assert words in capsys.readouterr().err
    assert main(["describe", str(photos), "--lines", "1"]) == 2
    assert "-o names the folder" in capsys.readouterr().err


@pytest.fixture
def drive(messages, tmp_path):
    """Five seconds: dark on the left, then on the right; a description of its own, and a topic of another type."""
    entries = [(TEXT, START, messages.text("A hangar."))]
    for second in range(5):
        pixels = np.full((6, 8, 3), 200, np.uint8)
        pixels[:, :4] *= second < 3
        pixels[:, 4:] *= second >= 3
        entries.append((IMAGE, START + second * SECOND, messages.image(START + second * SECOND, "rgb8", pixels)))
        entries.append(("/bumper", START + second * SECOND, messages.make("std_msgs", "Bool", data=True)))
    return messages.write(tmp_path / "drive", "sqlite3", entries)


def test_a_described_bag_says_what_it_shows_and_keeps_the_rest(drive, tmp_path, capsys):
    assert main(["describe", str(drive), "-o", str(tmp_path / "new"), "--period", "1", "--wordings", "2"]) == 0
    said = capsys.readouterr()
    assert "2 descriptions of /camera/image_raw" in said.out and "1 descriptions of" in said.err
    told = contents(tmp_path / "new", [TEXT])
    assert [recorded - START for _, recorded, _ in told] == [-1_000_000, 3 * SECOND - 1_000_000]
    with Bag(tmp_path / "new") as bag:
        assert all(len(bag.decode(data, "std_msgs/msg/String").data.splitlines()) == 2 for *_, data in told)
    with Reader(tmp_path / "new") as reader:
        (qos,) = (each.ext.offered_qos_profiles for each in reader.connections if each.topic == TEXT)
    assert [profile.durability for profile in qos] == [QosDurability.TRANSIENT_LOCAL]
    assert contents(tmp_path / "new", [IMAGE, "/bumper"]) == contents(drive, [IMAGE, "/bumper"])
    assert main(["describe", str(drive), "-o", str(tmp_path / "new")]) == 2
    assert "exists: choose a new folder" in capsys.readouterr().err


def test_descriptions_of_a_bag_alone(drive, tmp_path, in_two_processes):
    assert main(["describe", str(drive), "-o", str(tmp_path / "one.jsonl"), "--period", "0", "--change", "0"]) == 0
    lines = [json.loads(line) for line in (tmp_path / "one.jsonl").read_text().splitlines()]
    assert [line["recorded"] - START for line in lines] == [second * SECOND for second in range(5)]
    ended = in_two_processes(
        "describe", str(drive), "-o", str(tmp_path / "two.jsonl"), "--period", "0", "--change", "0"
    )
    assert [code for code, *_ in ended] == [0, 0], ended
    assert (tmp_path / "one.jsonl").read_text() == (tmp_path / "two.jsonl").read_text()


def test_what_cannot_be_described_is_told(drive, photos, tmp_path, capsys):
    for arguments, words in (
        ([str(drive)], "-o names the new bag"),
        ([str(drive), "-o", "x", "--lines", "3"], "--lines is for images"),
        ([str(drive), "-o", "x", "--wordings", "0"], "--wordings 0"),
        ([str(drive), "-o", "x", "--change", "nan"], "--change be 0 to 2"),
        ([str(drive), "-o", "x", "--image-topic", "/none"], "no topic /none"),
        (["nyu", "-o", "x"], "nyu: --root names the folder"),
        ([str(photos), "--model", "eagle"], "captioner 'eagle'"),
        ([str(photos), "-o", str(photos)], "is a folder"),
    ):
        assert main(["describe", *arguments]) == 2
        assert words in capsys.readouterr().err


def test_the_spread_of_wordings_is_told(photos, monkeypatch, capsys):
    monkeypatch.setattr("tr2m_core.cli.evaluate.load_predictor", lambda args: FlatModel(1.0))
    Image.fromarray(np.full((48, 64), 2000, np.uint16)).save(photos / "d.png")
    frames = [{"rgb": f"{i}.png", "depth": "d.png", "depth_scale": 0.001, "description": "A desk."} for i in range(3)]
    (photos / "index.json").write_text(json.dumps({"source": "photos", "frames": frames}))
    arguments = ["evaluate", "frames", "--root", str(photos), "--sentences", "described", "--wordings"]
    assert main([*arguments, "3", "--json"]) == 0
    (report,) = json.loads(capsys.readouterr().out)["datasets"]
    assert report["wording_spread"] == {"median": 1.0, "worst": 1.0}
    assert {"described", "wording 1", "wording 3"} <= {row["sentences"] for row in report["rows"]}
    assert main([*arguments, "2"]) == 0
    assert "wordings over the lower: 1.000, at worst 1.000" in capsys.readouterr().out
    assert main([*arguments, "0"]) == 2
    assert "--wordings 0: for --sentences described, 1 to 20" in capsys.readouterr().err


def test_bad_places_are_said(photos, tmp_path, capsys):
    assert main(["describe", str(photos), "-o", str(photos / "1.png")]) == 2
    assert main(["describe", str(photos), "-o", str(photos / "1.png" / "texts.txt")]) == 2
    assert main(["describe", str(tmp_path / "missing.png")]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_an_evaluation_may_describe_for_itself(photos, tmp_path, monkeypatch, capsys):
    model = FlatModel(1.0)
    monkeypatch.setattr("tr2m_core.cli.evaluate.load_predictor", lambda args: model)
    Image.fromarray(np.full((48, 64), 2000, np.uint16)).save(photos / "d.png")
    frames = [{"rgb": f"{i}.png", "depth": "d.png", "depth_scale": 0.001, "description": "A desk."} for i in range(3)]
    (photos / "index.json").write_text(json.dumps({"source": "photos", "frames": frames}))
    arguments = ["evaluate", "frames", "--root", str(photos), "--sentences", "own", "described", "--json"]
    assert main(arguments) == 0
    report = json.loads(capsys.readouterr().out)
    assert {"own", "described"} <= {row["sentences"] for row in report["datasets"][0]["rows"]}
    told = {sentence for sentence, *_ in model.seen}
    main(["describe", str(photos / "0.png")])
    assert capsys.readouterr().out.strip() in told and "A desk." in told
