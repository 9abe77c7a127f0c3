from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from tr2m_core import DepthPredictor
from tr2m_core.config import ModelConfig, RescaleHeadConfig
from tr2m_core.model import RescaleHead
from tr2m_core.model.checkpoints import HEAD_FILE, load_model, load_strictly, save_model, save_tensors
from tr2m_core.types import InputError

SMALL = RescaleHeadConfig(image_width=24, text_width=16, out_channels=12, features=8, hidden_channels=6, heads=3)


@pytest.fixture
def head_file(tmp_path):
    path = tmp_path / "head.safetensors"
    save_tensors(RescaleHead(SMALL), path)
    return path


def test_tensors_round_trip(head_file):
    head = RescaleHead(SMALL)
    load_strictly(head, head_file)
    stored = load_file(head_file)
    assert all(torch.equal(stored[name], value) for name, value in head.state_dict().items())
    assert not head_file.with_suffix(".partial").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.pop("out_conv1.bias"), "missing out_conv1.bias"),
        (lambda t: t.update(surplus=torch.zeros(1)), "unexpected surplus"),
        (lambda t: t.update({"out_conv1.bias": torch.zeros(9)}), r"out_conv1.bias is \(9,\), expected \(8,\)"),
    ],
)
def test_tensors_that_do_not_fit_are_named(head_file, change, words):
    tensors = load_file(head_file)
    change(tensors)
    save_file(tensors, head_file)
    head = RescaleHead(SMALL)
    before = {name: value.clone() for name, value in head.state_dict().items()}
    with pytest.raises(InputError, match=words) as error:
        load_strictly(head, head_file)
    assert str(head_file) in str(error.value)
    assert all(torch.equal(before[name], value) for name, value in head.state_dict().items())


@pytest.mark.parametrize("content", [b"", b"hello", None], ids=["empty", "text", "truncated"])
def test_files_that_are_no_safetensors(head_file, content):
    head_file.write_bytes(head_file.read_bytes()[:3000] if content is None else content)
    with pytest.raises(InputError, match="not a readable safetensors file"):
        load_strictly(RescaleHead(SMALL), head_file)


def test_pickles_are_not_opened(tmp_path):
    path = tmp_path / "head.pth"
    torch.save(RescaleHead(SMALL).state_dict(), path)
    with pytest.raises(InputError, match="not a readable safetensors file"):
        load_strictly(RescaleHead(SMALL), path)


def test_missing_files_are_named(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        load_strictly(RescaleHead(SMALL), tmp_path / "none.safetensors")
    with pytest.raises(InputError, match="no such model directory"):
        load_model(tmp_path / "none")
    with pytest.raises(InputError, match=r"config\.json: no such file"):
        load_model(tmp_path)


@pytest.mark.parametrize("change", [{"surplus": 1}, {"rescale_head": {"surplus": 1}}, {"text_encoder": 3}])
def test_configurations_with_unknown_content_are_refused(tmp_path, change):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(json.loads(ModelConfig().to_json()) | change))
    with pytest.raises(InputError, match=r"config\.json"):
        ModelConfig.from_json(path)


def test_configuration_round_trip(tmp_path):
    path = tmp_path / "config.json"
    config = ModelConfig(name="x", input_size=(28, 42), rescale_head=SMALL)
    path.write_text(config.to_json())
    assert ModelConfig.from_json(path) == config


def test_model_directory_round_trip(embedded, tmp_path):
    save_model(embedded.model, tmp_path / "model")
    again = DepthPredictor.from_pretrained(tmp_path / "model", device="cpu")
    assert again.config == embedded.config
    rgb = np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)
    depths = [predictor.predict(rgb, "A room.").metric_depth for predictor in (embedded, again)]
    assert np.array_equal(*depths)


def test_checkpoint_replaces_the_head(embedded, tmp_path):
    torch.manual_seed(5)
    other = RescaleHead(embedded.config.rescale_head)
    save_tensors(other, tmp_path / HEAD_FILE)
    loaded = DepthPredictor.from_pretrained("embedded", device="cpu", checkpoint=tmp_path / HEAD_FILE)
    for name, value in loaded.model.rescale_head.state_dict().items():
        assert torch.equal(value, other.state_dict()[name])


def test_incomplete_model_directory(embedded, tmp_path):
    save_model(embedded.model, tmp_path / "model")
    (tmp_path / "model" / "relative_depth" / "model.safetensors").unlink()
    with pytest.raises(InputError, match=r"relative_depth.*incomplete"):
        load_model(tmp_path / "model")
