from __future__ import annotations

import json
import sys
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from tr2m_core.cli.main import main
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


def test_procedural_prints_rows_and_metrics(evaluate, monkeypatch, tmp_path, constant_predictor):
    calls = []

    def evaluate_procedural(predictor, count, seed, on_progress):
        calls.append((predictor, count, seed))
        return {"training wording": dict.fromkeys(METRIC_NAMES, 0.25)}

    module = ModuleType("tr2m_core.eval.procedural")
    module.evaluate_procedural, module.HELD_OUT_SEED = evaluate_procedural, 7
    monkeypatch.setitem(sys.modules, "tr2m_core.eval.procedural", module)
    code, out, _ = evaluate("procedural", "--count", "3", "-o", tmp_path / "out")
    assert code == 0
    assert calls == [(constant_predictor, 3, 7)]
    assert "training wording   0.25" in out
    assert json.loads((tmp_path / "out" / "report.json").read_text())["rows"]["training wording"]["abs_rel"] == 0.25
    evaluate("procedural", "--seed", "9")
    assert calls[-1][1:] == (500, 9)
