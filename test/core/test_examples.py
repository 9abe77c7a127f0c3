"""The examples that need no ROS do what they say."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import cv2
import numpy as np
import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 255, (3, 48, 64, 3), np.uint8)


def run(name: str, *arguments: str) -> None:
    runpy.run_path(str(EXAMPLES / name))["main"](arguments)


def write_sequence(folder: Path) -> str:
    for number, image in enumerate(IMAGES):
        cv2.imwrite(str(folder / f"{number:04d}.png"), image)
    return str(folder / "%04d.png")


def write_video(folder: Path) -> str:
    path = str(folder / "video.avi")
    video = cv2.VideoWriter(path, cv2.VideoWriter_fourcc(*"MJPG"), 10, (64, 48))
    for image in IMAGES:
        video.write(image)
    video.release()
    return path


@pytest.mark.parametrize("write", [write_sequence, write_video])
def test_webcam(tmp_path, capsys, write):
    output = tmp_path / "depth.avi"
    run("webcam.py", "--text", "A desk.", "--source", write(tmp_path), "--output", str(output))
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["image 0", "image 1", "image 2"]
    assert all(0 < float(line.split()[2]) < 100 for line in lines)
    video = cv2.VideoCapture(str(output))
    shapes = [image.shape for found, image in (video.read() for _ in range(4)) if found]
    assert shapes == [(48, 128, 3)] * 3


def test_webcam_without_a_camera(tmp_path):
    with pytest.raises(SystemExit, match=r"webcam: .*none\.avi cannot be opened"):
        run("webcam.py", "--text", "A desk.", "--source", str(tmp_path / "none.avi"))


def rows(out: str) -> dict[tuple[str, str], float]:
    """abs_rel by method and sentences."""
    cells = [[cell for cell in line.split("  ") if cell] for line in out.splitlines()[3:]]
    found = {}
    for line in cells:
        name, *rest = (cell.strip() for cell in line)
        sentences = rest.pop(0) if len(rest) == 10 else ""
        found[name, sentences] = float(rest[1])
    return found


def test_evaluate_own_model_on_procedural_scenes(capsys):
    run("evaluate_own_model.py", "--count", "4")
    out = capsys.readouterr().out
    assert out.startswith("procedural, 4 images\n")
    found = rows(out)
    assert {("own model", "own"), ("own model", "shuffled"), ("embedded", "own"), ("embedded", "shuffled")} < set(found)
    assert len(found) == 5 and any(name.startswith("best constant") for name, _ in found)
    assert all(0 < error < 1000 for error in found.values())


def test_evaluate_own_model_on_photographs(tmp_path, capsys):
    frames = []
    for number, image in enumerate(IMAGES):
        cv2.imwrite(str(tmp_path / f"{number}.png"), image)
        cv2.imwrite(str(tmp_path / f"{number}_depth.png"), np.full((48, 64), 2000 + number, np.uint16))
        names = {"rgb": f"{number}.png", "depth": f"{number}_depth.png"}
        frames.append({**names, "depth_scale": 0.001, "description": f"A street with {number} cars."})
    (tmp_path / "index.json").write_text(json.dumps({"source": "made up", "frames": frames}))
    run("evaluate_own_model.py", "--frames", str(tmp_path))
    out = capsys.readouterr().out
    assert out.startswith("made up, 3 images\n")
    # Depth of 2 m against 30 m to 1 m from top to bottom, whatever the sentence says of the number of cars.
    depth = np.geomspace(30.0, 1.0, 48)
    expected = np.mean([np.mean(np.abs(depth - truth) / truth) for truth in (2.0, 2.001, 2.002)])
    found = rows(out)
    assert found["own model", "own"] == found["own model", "shuffled"] == pytest.approx(expected, rel=1e-3)
