"""`tr2m describe`: a line per image, or one clear error and no file."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image
from stand_ins import FlatModel

from tr2m_core.cli.main import main


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


def test_an_image_that_cannot_be_read_leaves_nothing(photos, tmp_path, capsys):
    (photos / "1.png").write_bytes(b"no image")
    assert main(["describe", str(photos), "-o", str(tmp_path / "texts.txt")]) == 2
    err = capsys.readouterr().err
    assert "1.png" in err and "nothing is written" in err
    assert not (tmp_path / "texts.txt").exists()


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
