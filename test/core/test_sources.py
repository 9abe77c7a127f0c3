from __future__ import annotations

import dataclasses
import shutil

import numpy as np
import pytest
import torch

from tr2m_core import DepthPredictor
from tr2m_core.errors import InputError
from tr2m_core.model import TR2M, RescaleHead
from tr2m_core.model.config import STORED, ModelConfig
from tr2m_core.model.presets import PAPER, PRESETS, RELEASED_HEADS
from tr2m_core.model.sources import HEAD_FILE, Overrides, find_model
from tr2m_core.model.tensors import save_tensors
from tr2m_core.model.tr2m import load_model
from tr2m_core.weights import hub

RGB = np.random.default_rng(3).integers(0, 255, (30, 41, 3), np.uint8)
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def empty_caches(tmp_path, monkeypatch):
    """A machine that has downloaded nothing yet."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("TR2M_HOME", str(tmp_path / "tr2m"))
    return tmp_path


def put_into_cache(cache, hub_id, folder):
    """Files of `folder` as a downloaded repository, in the layout of the Hub's cache."""
    repository = cache / "hub" / f"models--{hub_id.replace('/', '--')}"
    shutil.copytree(folder, repository / "snapshots" / COMMIT)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(COMMIT)


@pytest.fixture
def copy(tiny_paper, tmp_path):
    """The tiny model, to be changed."""
    shutil.copytree(tiny_paper, tmp_path / "copy")
    return tmp_path / "copy"


def write_config(directory, **changes):
    config = ModelConfig.from_json(directory / "config.json")
    (directory / "config.json").write_text(dataclasses.replace(config, **changes).to_json())


def depth(model, **options):
    return DepthPredictor.from_pretrained(model, device="cpu", **options).predict(RGB, "A room.").metric_depth


def test_paper_is_the_published_configuration():
    assert PAPER.relative_depth == "LiheYoung/depth-anything-small-hf"
    assert PAPER.image_encoder == "facebook/dinov2-large"
    assert (PAPER.text_encoder.kind, PAPER.text_encoder.source) == ("clip", "openai/clip-vit-large-patch14")
    assert dataclasses.astuple(PAPER.rescale_head) == (
        *(1024, 768, 192, 128, 32, 8, 0.01, 0.01, "maps", True),
        *(14, "zeros"),
    )
    assert (PAPER.input_size, PAPER.antialias) == ((434, 560), False)


@pytest.mark.parametrize("name", ["paper", "paper-base", "paper-large"])
def test_what_is_missing_is_named_at_once(empty_caches, name):
    with pytest.raises(InputError) as error:
        find_model(name).require()
    line = str(error.value)
    for hub_id in (PRESETS[name].relative_depth, PAPER.image_encoder, PAPER.text_encoder.source):
        assert f"{hub_id}/config.json, {hub_id}/model.safetensors" in line
    assert f"{PAPER.text_encoder.source}/tokenizer.json" in line
    assert f"run `tr2m download {name}` once" in line
    if name == "paper":
        assert str(empty_caches / "tr2m" / RELEASED_HEADS["paper"].file) in line
    else:
        assert "no rescale head was released for it, train one or give one with --checkpoint" in line


def test_hub_ids_of_a_configuration_are_found_in_the_cache(empty_caches, copy, tiny_paper):
    for role in ("relative_depth", "image_encoder", "text_encoder"):
        put_into_cache(empty_caches, f"someone/{role}", copy / role)
        shutil.rmtree(copy / role)
    text = dataclasses.replace(ModelConfig.from_json(copy / "config.json").text_encoder, source="someone/text_encoder")
    write_config(
        copy, relative_depth="someone/relative_depth", image_encoder="someone/image_encoder", text_encoder=text
    )
    assert np.array_equal(depth(copy), depth(tiny_paper))
    (empty_caches / "hub/models--someone--image_encoder/snapshots" / COMMIT / "model.safetensors").unlink()
    with pytest.raises(InputError, match=r"missing someone/image_encoder/model\.safetensors: run `tr2m download"):
        load_model(copy)


def test_a_model_directory_may_be_named_by_hub_id(empty_caches, tiny_paper):
    put_into_cache(empty_caches, "someone/tiny", tiny_paper)
    assert np.array_equal(depth("someone/tiny"), depth(tiny_paper))


@pytest.mark.parametrize("option", ["model", "image_encoder"])
def test_hub_ids_that_cannot_be_had_are_one_line(empty_caches, tiny_paper, option):
    options = {"model": tiny_paper} | {option: "someone/unknown"}
    with pytest.raises(InputError, match=r"missing someone/unknown/config\.json.*HF_HUB_OFFLINE=1 forbids it"):
        DepthPredictor.from_pretrained(**options, device="cpu")


def test_encoders_may_be_replaced_by_local_folders(copy, tiny_paper, tmp_path):
    moved = shutil.move(copy / "image_encoder", tmp_path / "elsewhere")
    with pytest.raises(InputError, match=r"image_encoder is incomplete: config.json and model.safetensors missing"):
        depth(copy)
    assert np.array_equal(depth(copy, image_encoder=moved), depth(tiny_paper))
    write_config(copy, image_encoder="../elsewhere")  # relative to the model directory
    assert np.array_equal(depth(copy), depth(tiny_paper))


def test_a_local_encoder_is_stored_along_when_the_model_is_saved(copy, tiny_paper, tmp_path):
    moved = shutil.move(copy / "image_encoder", tmp_path / "elsewhere")
    model = TR2M.from_pretrained(copy, image_encoder=moved)
    assert model.config.image_encoder == STORED
    model.save_pretrained(tmp_path / "saved")
    shutil.rmtree(moved)
    assert np.array_equal(depth(tmp_path / "saved"), depth(tiny_paper))


def test_saved_models_carry_a_card(tiny_paper, tmp_path):
    TR2M.from_pretrained(tiny_paper).save_pretrained(tmp_path / "saved")
    card = (tmp_path / "saved" / "README.md").read_text()
    assert "pipeline_tag: depth-estimation" in card
    assert "| image encoder | stored |" in card
    assert "57,882 parameters" in card
    config = ModelConfig.from_json(tmp_path / "saved" / "config.json")
    assert config == ModelConfig.from_json(tiny_paper / "config.json")


@pytest.mark.parametrize("file", ["model.safetensors", "config.json"])
@pytest.mark.parametrize("role", ["relative_depth", "image_encoder", "text_encoder"])
def test_damaged_networks_are_one_line(copy, role, file):
    path = copy / role / file
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(InputError, match=rf"{role}.*cannot be loaded"):
        load_model(copy)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.pop("layernorm.weight"), "missing layernorm.weight"),
        (lambda t: t.update({"layernorm.surplus": torch.zeros(2)}), "unexpected layernorm.surplus"),
        (lambda t: t.update({"layernorm.weight": torch.zeros(7)}), "layernorm.weight|shape|size"),
    ],
    ids=["missing", "unexpected", "shape"],
)
def test_networks_load_strictly(copy, change, words):
    from safetensors.torch import load_file, save_file

    path = copy / "image_encoder" / "model.safetensors"
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path, metadata={"format": "pt"})
    with pytest.raises(InputError, match=rf"image_encoder.*({words})"):
        load_model(copy)


def test_other_parts_of_clip_in_the_file_do_not_matter(copy, tiny_paper):
    from safetensors.torch import load_file, save_file

    path = copy / "text_encoder" / "model.safetensors"
    beside = {"vision_model.post_layernorm.weight": torch.zeros(3), "logit_scale": torch.zeros(())}
    save_file(load_file(path) | beside, path, metadata={"format": "pt"})
    assert np.allclose(depth(copy), depth(tiny_paper), rtol=1e-5)


def test_encoders_of_other_widths_are_rejected(copy):
    with pytest.raises(InputError, match=r"relative_depth.*width 32; the rescale head.*expects 48"):
        write_config(copy, image_encoder="shared")
        load_model(copy)


def test_networks_of_metric_depth_are_rejected(copy):
    path = copy / "relative_depth" / "config.json"
    path.write_text(path.read_text().replace('"relative"', '"metric"'))
    with pytest.raises(InputError, match="predicts metric depth; a relative one is needed"):
        load_model(copy)


def test_a_head_given_as_model_says_what_to_do(tmp_path):
    save_tensors(RescaleHead(ModelConfig().rescale_head), tmp_path / HEAD_FILE)
    with pytest.raises(InputError, match=r"a file, not a model.*--checkpoint.*tr2m convert"):
        find_model(tmp_path / HEAD_FILE)


def test_missing_checkpoints_are_named(tiny_paper):
    with pytest.raises(InputError, match=r"checkpoint nowhere\.pth: no such file"):
        load_model(tiny_paper, Overrides(checkpoint="nowhere.pth"))


def test_hub_ids_are_told_from_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert hub.is_hub_id("facebook/dinov2-large")
    for text in ("/abs/path", "./relative", "name", "a/b/c", "a b/c", "../x", "a/"):
        assert not hub.is_hub_id(text)
    (tmp_path / "facebook" / "dinov2-large").mkdir(parents=True)
    assert not hub.is_hub_id("facebook/dinov2-large")
