from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from tr2m_core.cli.main import main
from tr2m_core.eval.procedural import HELD_OUT_SEED
from tr2m_core.metrics import METRIC_NAMES


@pytest.fixture
def evaluate(monkeypatch, constant_predictor, capsys):
    """Runs `tr2m evaluate` with a stand-in model; returns exit code, stdout and stderr."""
    monkeypatch.setattr("tr2m_core.cli.evaluate.load_predictor", lambda args: constant_predictor)

    def run(*arguments):
        return main(["evaluate", *map(str, arguments)]), *capsys.readouterr()

    return run


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data" / "desk"
    folder.mkdir(parents=True)
    Image.fromarray(np.zeros((6, 8, 3), np.uint8)).save(folder / "a.png")
    Image.fromarray(np.full((6, 8), 2000, np.uint16)).save(folder / "a_depth.png")
    frame = {"rgb": "a.png", "depth": "a_depth.png", "depth_scale": 0.001, "description": "A desk."}
    (folder / "index.json").write_text(json.dumps({"source": "desk", "frames": [frame]}))
    return folder.parent


def test_list(evaluate):
    code, out, _ = evaluate("--list")
    assert code == 0
    assert "frames" in out
    assert "procedural" in out


def test_frames(evaluate, data, tmp_path):
    code, out, err = evaluate("frames", "--root", data, "-o", tmp_path / "out")
    assert (code, err) == (0, "")
    assert "constant 2 m" in out
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["sources"]["desk"]["model"]["abs_rel"] == pytest.approx(0.5)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"report.json", "frames.csv", "pictures"}


def test_frames_as_json_without_files(evaluate, data):
    code, out, _ = evaluate("frames", "--root", data, "--json")
    assert code == 0
    assert json.loads(out)["sources"]["desk"]["best_constant"]["delta1"] == 1


def test_frames_that_fail_are_reported(evaluate, data):
    (data / "desk" / "a.png").write_text("no")
    code, _, err = evaluate("frames", "--root", data)
    assert code == 1
    assert err.count("\n") == 1
    assert "a.png" in err


def test_missing_data(evaluate, tmp_path):
    assert evaluate("frames", "--root", tmp_path / "none")[::2] == (
        2,
        f"tr2m: error: {tmp_path / 'none'}: no such folder\n",
    )


def test_procedural(evaluate, monkeypatch, embedded, tmp_path):
    monkeypatch.setattr("tr2m_core.cli.evaluate.load_predictor", lambda args: embedded)
    code, out, _ = evaluate("procedural", "--count", "2", "--seed", "16", "-o", tmp_path / "out")
    assert code == 0
    header, _, *lines = out.splitlines()
    assert header.split() == ["sentences", "scenes", *METRIC_NAMES]
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    rows = report.pop("rows")
    assert report == {"dataset": "procedural", "model": "embedded", "count": 2, "seed": 16}
    assert lines[-1] == f"written to {tmp_path / 'out'}"
    for line, (kind, row) in zip(lines[:-1], rows.items(), strict=True):
        assert line.startswith(kind)
        assert float(line.removeprefix(kind).split()[2]) == pytest.approx(row["abs_rel"], rel=1e-3)
    assert rows["training wording"]["scenes"] == 2
    assert rows["training wording, place named"]["scenes"] == 1


def test_procedural_as_json(evaluate, monkeypatch, embedded):
    monkeypatch.setattr("tr2m_core.cli.evaluate.load_predictor", lambda args: embedded)
    code, out, _ = evaluate("procedural", "--count", "1", "--json")
    assert code == 0
    report = json.loads(out)
    assert report["seed"] == HELD_OUT_SEED
    assert "other size" not in report["rows"]  # there is no other scene to take the sentence from


def test_procedural_needs_a_scene(evaluate):
    assert evaluate("procedural", "--count", "0")[::2] == (2, "tr2m: error: --count 0: must be at least 1\n")
