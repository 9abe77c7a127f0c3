from __future__ import annotations

import json
import os
import pickle
import resource
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from tr2m_core import DepthPredictor
from tr2m_core.errors import InputError
from tr2m_core.model import RescaleHead
from tr2m_core.model.checkpoints import load_head
from tr2m_core.model.config import ModelConfig, RescaleHeadConfig
from tr2m_core.model.sources import HEAD_FILE
from tr2m_core.model.tensors import save_tensors, writing
from tr2m_core.model.tr2m import load_model, save_model
from tr2m_core.train.checkpoint import has_state, save_state

SMALL = RescaleHeadConfig(image_width=24, text_width=16, out_channels=12, features=8, hidden_channels=6, heads=3)


@pytest.fixture
def head_file(tmp_path):
    path = tmp_path / "head.safetensors"
    save_tensors(RescaleHead(SMALL), path)
    return path


def test_tensors_round_trip(head_file):
    head = RescaleHead(SMALL)
    load_head(head, head_file)
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
        load_head(head, head_file)
    assert str(head_file) in str(error.value)
    assert all(torch.equal(before[name], value) for name, value in head.state_dict().items())


@pytest.mark.parametrize("content", [b"", b"hello", None], ids=["empty", "text", "truncated"])
def test_files_that_are_no_safetensors(head_file, content):
    head_file.write_bytes(head_file.read_bytes()[:3000] if content is None else content)
    with pytest.raises(InputError, match=r"neither a readable safetensors file nor one of torch\.save"):
        load_head(RescaleHead(SMALL), head_file)


class Harmful:
    """Runs a command when it is unpickled."""

    def __init__(self, witness):
        self.witness = witness

    def __reduce__(self):
        return os.system, (f"touch {self.witness}",)


def test_pickles_with_code_are_rejected(tmp_path):
    path, witness = tmp_path / "head.pth", tmp_path / "ran"
    torch.save({"state_dict": RescaleHead(SMALL).state_dict(), "surplus": Harmful(witness)}, path)
    with pytest.raises(InputError, match=r"head\.pth: rejected, it holds more than weights"):
        load_head(RescaleHead(SMALL), path)
    assert not witness.exists()
    path.write_bytes(pickle.dumps(Harmful(witness)))  # without torch's archive around it
    with pytest.raises(InputError, match=r"head\.pth"):
        load_head(RescaleHead(SMALL), path)
    assert not witness.exists()


def prefixed(prefix):
    return lambda state: {f"{prefix}{name}": value for name, value in state.items()}


RELEASED_FORMS = {
    "bare": lambda state: state,
    "state_dict": lambda state: {"state_dict": state, "epoch": 20},
    "data parallel": lambda state: {"state_dict": prefixed("module.")(state)},
    "training": lambda state: {"model": prefixed("scalemap.")(state), "optimizer": {"step": 1}, "epoch": 3},
    "distributed training": lambda state: {"model": prefixed("module.scalemap.")(state)},
    "training, other parts beside": lambda state: {
        "model": {**prefixed("scalemap.")(state), "depth_anything.weight": torch.zeros(2)}
    },
}


@pytest.mark.parametrize("form", RELEASED_FORMS.values(), ids=RELEASED_FORMS)
@pytest.mark.parametrize("legacy", [False, True], ids=["zip", "legacy"])
def test_every_released_form_loads(tmp_path, form, legacy):
    original = RescaleHead(SMALL)
    torch.save(form(original.state_dict()), tmp_path / "head.pth", _use_new_zipfile_serialization=not legacy)
    head = RescaleHead(SMALL)
    load_head(head, tmp_path / "head.pth")
    assert all(torch.equal(value, head.state_dict()[name]) for name, value in original.state_dict().items())


@pytest.mark.parametrize("form", RELEASED_FORMS.values(), ids=RELEASED_FORMS)
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.pop("out_conv1.bias"), "missing out_conv1.bias"),
        (lambda t: t.update(surplus=torch.zeros(1)), "unexpected surplus"),
        (lambda t: t.update({"out_conv1.bias": torch.zeros(9)}), r"out_conv1.bias is \(9,\), expected \(8,\)"),
        (lambda t: t.update({"out_conv1.bias": "text"}), "'out_conv1.bias' is a str, not a tensor"),
    ],
    ids=["missing", "unexpected", "shape", "not a tensor"],
)
def test_released_forms_are_loaded_strictly(tmp_path, form, change, words):
    state = dict(RescaleHead(SMALL).state_dict())
    change(state)
    torch.save(form(state), tmp_path / "head.pth")
    with pytest.raises(InputError, match=rf"head\.pth: .*{words}"):
        load_head(RescaleHead(SMALL), tmp_path / "head.pth")


@pytest.mark.parametrize("size", [5000, 400, 5], ids=["5000 bytes", "400 bytes", "5 bytes"])
def test_truncated_checkpoints_are_named(tmp_path, size):
    path = tmp_path / "head.pth"
    torch.save(RescaleHead(SMALL).state_dict(), path)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(InputError, match=r"head\.pth: "):
        load_head(RescaleHead(SMALL), path)


def test_torchscript_is_rejected_with_a_way_out(tmp_path):
    path = tmp_path / "head.pt"
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), path)
    with pytest.raises(InputError, match=r"TorchScript archive.*state_dict\(\)"):
        load_head(RescaleHead(SMALL), path)


def test_missing_files_are_named(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        load_head(RescaleHead(SMALL), tmp_path / "none.safetensors")
    with pytest.raises(InputError, match=r"/none': not one of embedded, paper.*Hub id"):
        load_model(tmp_path / "none")
    with pytest.raises(InputError, match=r"config\.json: no such file"):
        load_model(tmp_path)


@pytest.mark.parametrize("change", [{"surplus": 1}, {"rescale_head": {"surplus": 1}}, {"text_encoder": 3}])
def test_configurations_with_unknown_content_are_rejected(tmp_path, change):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(json.loads(ModelConfig().to_json()) | change))
    with pytest.raises(InputError, match=r"config\.json"):
        ModelConfig.from_json(path)


def test_configuration_round_trip(tmp_path):
    path = tmp_path / "config.json"
    config = ModelConfig(name="x", input_size=(28, 42), rescale_head=SMALL)
    path.write_text(config.to_json())
    assert ModelConfig.from_json(path) == config


def test_configurations_from_before_there_were_kinds_of_heads(tmp_path):
    path = tmp_path / "config.json"
    values = json.loads(ModelConfig(rescale_head=SMALL).to_json())
    del values["rescale_head"]["kind"], values["rescale_head"]["use_text"]
    path.write_text(json.dumps(values))
    assert ModelConfig.from_json(path).rescale_head == SMALL


def test_an_unknown_kind_of_head_is_named(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(ModelConfig().to_json().replace('"maps"', '"planes"'))
    with pytest.raises(InputError, match=r"rescale head of kind 'planes': not one of maps, single_factor"):
        ModelConfig.from_json(path)


def test_model_directory_round_trip(embedded, tmp_path):
    save_model(embedded.backend.model, tmp_path / "model")
    again = DepthPredictor.from_pretrained(tmp_path / "model", device="cpu", engine="torch")
    assert again.config == embedded.config
    rgb = np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)
    depths = [predictor.predict(rgb, "A room.").metric_depth for predictor in (embedded, again)]
    assert np.array_equal(*depths)


def test_checkpoint_replaces_the_head(embedded, tmp_path):
    torch.manual_seed(5)
    other = RescaleHead(embedded.config.rescale_head)
    save_tensors(other, tmp_path / HEAD_FILE)
    loaded = DepthPredictor.from_pretrained("embedded", device="cpu", engine="torch", checkpoint=tmp_path / HEAD_FILE)
    for name, value in loaded.backend.model.rescale_head.state_dict().items():
        assert torch.equal(value, other.state_dict()[name])


def test_incomplete_model_directory(embedded, tmp_path):
    save_model(embedded.backend.model, tmp_path / "model")
    (tmp_path / "model" / "relative_depth" / "model.safetensors").unlink()
    with pytest.raises(InputError, match=r"relative_depth.*incomplete"):
        load_model(tmp_path / "model")


@contextmanager
def small_disk():
    """Files end at a kilobyte, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_is_full_is_told_with_the_file(tmp_path):
    head = RescaleHead(SMALL)
    with small_disk(), pytest.raises(OSError, match=r"head\.safetensors: cannot be written"):
        save_tensors(head, tmp_path / "head.safetensors")
    with small_disk(), pytest.raises(OSError, match=r"last\.pt: cannot be written whole"):
        save_state(head.state_dict(), tmp_path)
    assert not has_state(tmp_path)


def test_other_errors_while_writing_keep_their_traceback(tmp_path):
    with pytest.raises(RuntimeError, match="a bug"), writing(tmp_path):
        raise RuntimeError("a bug")
