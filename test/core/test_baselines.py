"""Baselines: which model a name means, and public depth networks of every kind, in miniature."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from tiny_models import randomise, tiny_depth_anything
from transformers import (
    AutoImageProcessor,
    Dinov2Config,
    DPTConfig,
    DPTForDepthEstimation,
    GLPNConfig,
    GLPNForDepthEstimation,
)

from tr2m_core.errors import InputError
from tr2m_core.eval.baselines import Baseline, find_baseline, vertical_ramp
from tr2m_core.eval.depth_networks import DepthNetwork, load_depth_network
from tr2m_core.eval.samples import Sample

CPU = torch.device("cpu")
DPT_PROCESSOR = {"image_processor_type": "DPTImageProcessor", "size": {"height": 56, "width": 56}, "do_pad": False}
GLPN_PROCESSOR = {"image_processor_type": "GLPNImageProcessor", "size_divisor": 32}


def save(network: torch.nn.Module, folder: Path, processor: dict) -> Path:
    network.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(processor))
    return folder


def tiny_dpt(**changes: object) -> DPTForDepthEstimation:
    sizes = {"hidden_size": 16, "num_hidden_layers": 4, "num_attention_heads": 2, "intermediate_size": 16}
    config = DPTConfig(
        **sizes,
        image_size=56,
        patch_size=14,
        is_hybrid=False,
        backbone_out_indices=[0, 1, 2, 3],
        neck_hidden_sizes=[8, 8, 8, 8],
        fusion_hidden_size=8,
        reassemble_factors=[4, 2, 1, 0.5],
        **changes,
    )
    network = DPTForDepthEstimation(config).eval()
    randomise(network, 5)
    return network


def tiny_glpn() -> GLPNForDepthEstimation:
    config = GLPNConfig(
        depths=[1, 1, 1, 1], hidden_sizes=[8, 8, 8, 8], num_attention_heads=[1, 1, 1, 1], decoder_hidden_size=8
    )
    network = GLPNForDepthEstimation(config).eval()
    randomise(network, 6)
    return network


@pytest.fixture(scope="module")
def networks(tmp_path_factory) -> Path:
    """Folders by name; each network with a processor of its own."""
    folder = tmp_path_factory.mktemp("networks")
    network = tiny_depth_anything()
    save(network, folder / "relative", DPT_PROCESSOR)
    network.config.depth_estimation_type, network.config.max_depth = "metric", 20
    save(network, folder / "metric", DPT_PROCESSOR)
    save(tiny_dpt(), folder / "dpt", DPT_PROCESSOR)
    save(tiny_glpn(), folder / "glpn", GLPN_PROCESSOR)
    backbone = Dinov2Config(
        hidden_size=16, num_hidden_layers=4, num_attention_heads=2, image_size=56, out_indices=[1, 2, 3, 4]
    )
    save(tiny_dpt(backbone_config=backbone), folder / "dpt-dinov2", DPT_PROCESSOR)
    return folder


def load(folder: Path, kind: str | None = None) -> DepthNetwork:
    return load_depth_network(folder, folder.name, kind, CPU)


def sample(size: tuple[int, int] = (40, 60), depth_size: tuple[int, int] = (30, 50), seed: int = 0) -> Sample:
    rgb = np.random.default_rng(seed).integers(0, 255, (*size, 3), np.uint8)
    return Sample(rgb, "", np.ones(depth_size), np.ones(depth_size, bool), (0.1, 10.0))


@pytest.mark.parametrize(("name", "relative"), [("relative", True), ("metric", False), ("dpt", True), ("glpn", False)])
def test_the_configuration_tells_the_kind(networks, name, relative):
    assert load(networks / name).relative is relative


def test_what_the_configuration_does_not_tell_must_be_said(networks):
    with pytest.raises(InputError, match=r"dpt-dinov2: its configuration does not tell .* dpt-dinov2:metric"):
        load(networks / "dpt-dinov2")
    assert load(networks / "dpt-dinov2", "metric").relative is False
    assert load(networks / "dpt-dinov2", "relative").relative is True


@pytest.mark.parametrize("name", ["relative", "metric", "glpn"])
def test_a_prediction_is_the_networks_own_at_the_ground_truths_size(networks, name):
    loaded, samples = load(networks / name), [sample(), sample(seed=1), sample((50, 40), (20, 30))]
    found = loaded.predict(samples, [""] * 3)
    assert [depth.shape for depth in found] == [(30, 50), (30, 50), (20, 30)]
    processor = AutoImageProcessor.from_pretrained(networks / name)
    for one, depth in zip(samples, found, strict=True):
        pixels = processor(images=Image.fromarray(one.rgb), return_tensors="pt")["pixel_values"]
        with torch.inference_mode():
            expected = loaded.network(pixels).predicted_depth[:, None]
        expected = F.interpolate(expected, depth.shape, mode="bilinear", align_corners=True)[0, 0].numpy()
        assert depth == pytest.approx(expected, rel=1e-4, abs=1e-5) and depth.std() > 0


def test_metric_depth_comes_in_the_unit_of_the_data_and_relative_depth_has_none(networks):
    for name, factor in (("metric", 1000.0), ("relative", 1.0)):
        network = load(networks / name)
        metres, millimetres = (each.predict([sample()], [""])[0] for each in (network, network.in_units(1000.0)))
        assert millimetres == pytest.approx(factor * metres)


class Padded(torch.nn.Module):
    """In place of ZoeDepth: each padded image's own row and column numbers, as it is padded."""

    class config:
        model_type = "zoedepth"

    device = CPU

    def forward(self, pixel_values):
        class Output:
            predicted_depth = pixel_values[:, 0]

        return Output


class Padding:
    """Pads an image as ZoeDepth's processor does: three times the root of half a side, at each end."""

    do_pad = True

    def __call__(self, images, return_tensors):
        top, left = (int(3 * (side / 2) ** 0.5) for side in images[0].shape[:2])
        padded = [np.pad(image[..., 0].astype(np.float32), ((top, top), (left, left))) for image in images]
        return {"pixel_values": torch.from_numpy(np.stack(padded))[:, None]}


def test_what_zoedepth_pads_is_taken_off_again():
    one = sample((32, 50), (32, 50))
    (depth,) = DepthNetwork("zoe", Padded(), Padding(), relative=False).predict([one], [""])
    assert depth == pytest.approx(one.rgb[..., 0], abs=1e-3)


def test_missing_weights_are_rejected(networks, tmp_path):
    from safetensors.torch import load_file, save_file

    shutil.copytree(networks / "relative", tmp_path / "copy")
    weights = load_file(tmp_path / "copy" / "model.safetensors")
    del weights["head.conv1.weight"]
    save_file(weights, tmp_path / "copy" / "model.safetensors", {"format": "pt"})
    with pytest.raises(InputError, match=r"1 weights are missing, head\.conv1\.weight among them"):
        load(tmp_path / "copy")


def test_folders_that_are_no_depth_network(networks, tmp_path):
    shutil.copytree(networks / "relative", tmp_path / "bare")
    (tmp_path / "bare" / "preprocessor_config.json").unlink()
    with pytest.raises(InputError, match=r"bare: .*cannot be loaded as a depth network") as error:
        load(tmp_path / "bare")
    assert "\n" not in str(error.value)
    (tmp_path / "bert").mkdir()
    (tmp_path / "bert" / "config.json").write_text('{"model_type": "bert"}')
    (tmp_path / "bert" / "preprocessor_config.json").write_text(json.dumps(DPT_PROCESSOR))
    with pytest.raises(InputError, match=r"bert: .*cannot be loaded as a depth network"):
        load(tmp_path / "bert")


# ---- names ----


def test_names(networks, tiny_paper):
    folder = networks / "relative"
    assert find_baseline(str(folder)) == Baseline(str(folder), folder)
    assert find_baseline(f"{folder}:metric") == Baseline(str(folder), folder, "metric")
    assert find_baseline(str(tiny_paper)) == Baseline(str(tiny_paper), None)
    assert find_baseline("embedded") == Baseline("embedded", None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nothing-here", "not constant, ramp, a TR2M model"),
        ("{tmp}", "config.json is missing"),
        ("{tmp}/damaged", "config.json: not readable"),
        ("nobody/nothing", "HF_HUB_OFFLINE"),
    ],
)
def test_names_that_mean_nothing(tmp_path, text, words):
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "config.json").write_text("{")
    with pytest.raises(InputError, match=words):
        find_baseline(text.format(tmp=tmp_path))


def test_the_ramp_is_0_at_the_top_and_1_at_the_bottom():
    ramp = vertical_ramp(5, 3)
    assert ramp.shape == (5, 3) and (ramp == ramp[:, :1]).all()
    assert ramp[:, 0].tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert vertical_ramp(1, 2).tolist() == [[0, 0]]
