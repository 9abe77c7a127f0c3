from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from tr2m_core import DepthPredictor
from tr2m_core.cli.main import main
from tr2m_core.model import RescaleHead
from tr2m_core.model.config import ModelConfig, RescaleHeadConfig
from tr2m_core.model.presets import PAPER
from tr2m_core.model.sources import HEAD_FILE

RGB = np.random.default_rng(3).integers(0, 255, (30, 41, 3), np.uint8)


def depth(model):
    return DepthPredictor.from_pretrained(model, device="cpu").predict(RGB, "A room.").metric_depth


def convert(capsys, *arguments):
    code = main(["convert", *map(str, arguments)])
    return code, *capsys.readouterr()


def test_released_head_becomes_a_model_directory_without_the_encoders(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "no_cache"))
    head = RescaleHead()
    torch.save({"state_dict": head.state_dict()}, tmp_path / "head.pth")
    code, out, err = convert(capsys, tmp_path / "head.pth", "-o", tmp_path / "model")
    assert (code, err) == (0, "")
    assert "facebook/dinov2-large" in out
    assert ModelConfig.from_json(tmp_path / "model" / "config.json") == PAPER
    saved = load_file(tmp_path / "model" / HEAD_FILE)
    assert saved.keys() == head.state_dict().keys()
    assert all(torch.equal(saved[name], value) for name, value in head.state_dict().items())


def test_round_trip_through_a_checkpoint_keeps_every_bit(tiny_paper, tmp_path, capsys):
    weights = load_file(tiny_paper / HEAD_FILE)
    torch.save({"model": {f"module.scalemap.{n}": value for n, value in weights.items()}}, tmp_path / "last.pth")
    assert convert(capsys, tmp_path / "last.pth", "--model", tiny_paper, "-o", tmp_path / "model")[0] == 0
    assert (tmp_path / "model" / HEAD_FILE).read_bytes() == (tiny_paper / HEAD_FILE).read_bytes()
    assert np.array_equal(depth(tmp_path / "model"), depth(tiny_paper))


def test_local_encoders_are_stored(tiny_paper, tmp_path, capsys):
    shutil.copytree(tiny_paper, tmp_path / "base")
    encoders = {role: tmp_path / f"my_{role}" for role in ("relative_depth", "image_encoder", "text_encoder")}
    options = []
    for role, folder in encoders.items():
        shutil.move(tmp_path / "base" / role, folder)
        options += [f"--{role.replace('_', '-')}", folder]
    head = tmp_path / "base" / HEAD_FILE
    assert convert(capsys, head, "--model", tmp_path / "base", *options, "-o", tmp_path / "model")[0] == 0
    for folder in encoders.values():
        shutil.rmtree(folder)
    assert np.array_equal(depth(tmp_path / "model"), depth(tiny_paper))


def test_what_cannot_be_converted_is_one_line(tiny_paper, tmp_path, capsys):
    small = tmp_path / "small.pth"
    torch.save(RescaleHead(RescaleHeadConfig(24, 16, 12, 8, 6, 3)).state_dict(), small)
    used = tmp_path / "used"
    used.mkdir()
    (used / "file").touch()
    for arguments, words in [
        ([small, "-o", tmp_path / "a"], "does not fit the rescale head: align_mlp.a_fc.weight is (24, 16)"),
        ([tmp_path / "none.pth", "-o", tmp_path / "b"], "none.pth: no such file"),
        ([small, "-o", used], "used: not empty"),
        ([small, "--model", tmp_path / "none", "-o", tmp_path / "c"], "not one of embedded, paper"),
        ([small, "--image-encoder", "none.pth", "-o", tmp_path / "d"], "image_encoder none.pth: no such file"),
    ]:
        code, _, err = convert(capsys, *arguments)
        assert code == 2
        assert err.count("\n") == 1
        assert words in err


@pytest.mark.parametrize("kind", ["float64", "float16"])
def test_weights_of_another_type_become_float32(tiny_paper, tmp_path, capsys, kind):
    weights = {n: value.to(getattr(torch, kind)) for n, value in load_file(tiny_paper / HEAD_FILE).items()}
    torch.save(weights, tmp_path / "head.pth")
    assert convert(capsys, tmp_path / "head.pth", "--model", tiny_paper, "-o", tmp_path / "model")[0] == 0
    assert {value.dtype for value in load_file(tmp_path / "model" / HEAD_FILE).values()} == {torch.float32}
