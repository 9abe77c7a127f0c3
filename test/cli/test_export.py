from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from tr2m_core.cli import export
from tr2m_core.cli.main import main

pytest.importorskip("onnx", reason="the extra [onnx] is not installed")
pytest.importorskip("onnxruntime", reason="the extra [onnx] is not installed")


def test_bundled_model_end_to_end(tmp_path, capsys):
    """Exported, then used by another verb, with the same depth as the model itself."""
    graph = tmp_path / "new folder" / "embedded.onnx"
    assert main(["export", "--format", "onnx", "--size", "64x96", "-o", str(graph)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "batch x 3 x 64 x 96" in out
    assert f"written to {graph} (20." in out
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (42, 56, 3), np.uint8)).save(tmp_path / "photo.png")
    depths = []
    for name, options in (("graph", ["--model", str(graph)]), ("torch", ["--size", "64x96"])):
        command = ["infer", str(tmp_path / "photo.png"), "--text", "A desk.", "--device", "cpu", *options]
        assert main([*command, "-o", str(tmp_path / name)]) == 0
        depths.append(np.load(tmp_path / name / "photo_depth.npy", allow_pickle=False))
    assert np.allclose(depths[0], depths[1], rtol=1e-4)


def test_report_for_programs(tiny_paper, tmp_path, capsys):
    graph = tmp_path / "tiny.onnx"
    assert main(["export", "--model", str(tiny_paper), "-o", str(graph), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    text, model = report["files"]
    assert [text["file"], model["file"]] == [str(tmp_path / "tiny_text_encoder"), str(graph)]
    assert model["bytes"] == graph.stat().st_size
    assert text["bytes"] > (tmp_path / "tiny_text_encoder" / "model.safetensors").stat().st_size
    assert report["inputs"] == {"image": ["batch", 3, 42, 56], "text_embedding": ["batch", 1, 24]}
    assert report["outputs"]["shift_map"] == ["batch", 1, 42, 56]
    assert 0 < report["largest_relative_difference"] < 1e-4
    assert report["trtexec"].split() == [
        "trtexec",
        f"--onnx={graph}",
        f"--saveEngine={tmp_path / 'tiny.engine'}",
        "--minShapes=image:1x3x42x56,text_embedding:1x1x24",
        "--optShapes=image:1x3x42x56,text_embedding:1x1x24",
        "--maxShapes=image:4x3x42x56,text_embedding:4x1x24",
    ]


def test_a_graph_that_differs_is_a_failure(tiny_paper, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(export, "LARGEST_DIFFERENCE", 0.0)  # so little that even rounding differs more
    assert main(["export", "--model", str(tiny_paper), "-o", str(tmp_path / "tiny.onnx")]) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "do not use this file" in err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["-o", "graph.pb"], "graph.pb: the name of an exported graph ends in .onnx"),
        (["-o", "folder.onnx"], "folder.onnx: a folder"),
        (["-o", "file/graph.onnx"], "cannot be used as output folder"),
        (["-o", "graph.onnx", "--size", "100x100"], "model input size 100x100: this model needs multiples of "),
        (["-o", "graph.onnx", "--model", "no/such/model"], "model 'no/such/model'"),
        (["-o", "graph.onnx", "--checkpoint", "none.pth"], "none.pth"),
        (["-o", "graph.onnx", "--format", "engine"], "engine"),
        ([], "--output"),
    ],
)
def test_bad_usage_is_one_line_and_writes_nothing(tmp_path, monkeypatch, capsys, options, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.onnx").mkdir()
    (tmp_path / "file").touch()
    assert main(["export", *options]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("tr2m: error: ")
    assert err.count("\n") == 1
    assert words in err
    assert {path.name for path in tmp_path.iterdir()} == {"folder.onnx", "file"}
