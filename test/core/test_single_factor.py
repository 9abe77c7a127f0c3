"""The head with one scale and one shift for the whole image, alone and as part of a model."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from tiny_models import randomise

from tr2m_core import DepthPredictor
from tr2m_core.errors import InputError
from tr2m_core.model import TR2M, RescaleHead, SingleFactorHead, build_head
from tr2m_core.model.config import HEAD_KINDS, RescaleHeadConfig
from tr2m_core.model.loading import convert
from tr2m_core.model.sources import HEAD_FILE, find_model
from tr2m_core.model.tr2m import load_model, save_model

SMALL = RescaleHeadConfig(image_width=24, text_width=16, kind="single_factor", scale_coefficient=0.02)
SENTENCES = ["A small office with two desks.", "A hangar."]


def small_head(**changes):
    torch.manual_seed(0)
    head = build_head(dataclasses.replace(SMALL, **changes)).eval()
    randomise(head, 1)
    return head


def with_head(tiny_paper, **changes):
    """The miniature of `paper` with another head."""
    model = load_model(tiny_paper)
    config = dataclasses.replace(model.config.rescale_head, **changes)
    head = build_head(config)
    randomise(head, 6)
    whole = dataclasses.replace(model.config, rescale_head=config)
    return TR2M(whole, model.relative_depth, model.image_encoder, model.text_encoder, head).eval()


@pytest.fixture(scope="module")
def model(tiny_paper):
    return with_head(tiny_paper, kind="single_factor")


@pytest.fixture(scope="module")
def directory(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("single_factor") / "model"
    save_model(model, folder)
    return folder


@pytest.fixture(scope="module")
def photo():
    return np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)


def reference(head, tokens, text):
    """The head in float64 with functional operations."""
    w = {name: value.double() for name, value in head.state_dict().items()}

    def gelu(x):
        return x * torch.sigmoid(1.702 * x)

    def linear(x, name):
        return F.linear(x, w[f"{name}.weight"].flatten(1), w[f"{name}.bias"])

    def norm(x, name):
        return F.layer_norm(x, x.shape[-1:], w[f"{name}.weight"], w[f"{name}.bias"])

    text = text.double()[:, 0]
    if head.config.text_width != head.config.image_width:
        text = gelu(linear(text, "align_mlp.a_fc"))
    x = torch.cat((norm(tokens.double().mean(1), "ln_image"), norm(text, "ln_text")), dim=1)
    x = gelu(linear(gelu(linear(x, "mlp.0")), "mlp.2"))
    factors = [linear(x, f"output_{name}").exp()[:, :, None, None] for name in ("scale", "shift")]
    return factors[0] * head.config.scale_coefficient, factors[1] * head.config.shift_coefficient, x[..., None, None]


@pytest.mark.parametrize("grid", [(2, 3), (1, 1), (5, 2)])
@pytest.mark.parametrize("text_width", [16, 24])
def test_equals_the_plain_reference(grid, text_width):
    head = small_head(text_width=text_width)
    tokens, text = torch.randn(2, grid[0] * grid[1], 24), torch.randn(2, 1, text_width)
    with torch.inference_mode():
        maps = head(tokens, text, grid)
        scale, shift, features = reference(head, tokens, text)
    assert maps.scale_map.shape == maps.shift_map.shape == (2, 1, 14 * grid[0], 14 * grid[1])
    assert maps.scale_features.shape == maps.shift_features.shape == (2, 24, 1, 1)
    assert torch.allclose(maps.scale_map.double(), scale, rtol=1e-5)  # broadcast: one value per image
    assert torch.allclose(maps.shift_map.double(), shift, rtol=1e-5)
    assert torch.allclose(maps.scale_features.double(), features, atol=1e-5)
    assert not torch.equal(scale[0], scale[1])


def test_a_remembered_vector_serves_a_batch():
    head = small_head()
    tokens, text = torch.randn(3, 6, 24), torch.randn(1, 1, 16)
    with torch.inference_mode():
        vector = head.text_vector(text)
        once, each = head.rescale_maps(tokens, vector, (2, 3)), head(tokens, text.expand(3, 1, 16), (2, 3))
    assert vector.shape == (1, 1, 24)
    for a, b in zip(once, each, strict=True):
        assert torch.allclose(a, b, rtol=1e-5, atol=1e-6)


def test_sentence_and_image_both_count():
    head = small_head()
    tokens, text = torch.randn(2, 6, 24), torch.randn(2, 1, 16)
    with torch.inference_mode():
        first, other_text, other_image = (
            head(tokens[[t]], text[[s]], (2, 3)).scale_map for t, s in ((0, 0), (0, 1), (1, 0))
        )
    assert not torch.allclose(first, other_text)
    assert not torch.allclose(first, other_image)


def test_without_text_the_sentence_does_not_count():
    head = small_head(use_text=False)
    text = torch.randn(2, 1, 16)
    with torch.inference_mode():
        vectors = head.text_vector(text)
        assert torch.equal(vectors[0], vectors[1])
        assert torch.equal(vectors, small_head().text_vector(torch.zeros(2, 1, 16)))


def test_wrong_shapes_raise():
    with pytest.raises(ValueError, match=r"text_embedding must be \(B, 1, 16\)"):
        small_head()(torch.randn(1, 6, 24), torch.randn(1, 16), (2, 3))
    with pytest.raises(ValueError, match="6 image tokens do not fill a 2x2 grid"):
        small_head()(torch.randn(1, 6, 24), torch.randn(1, 1, 16), (2, 2))


def test_heads_are_built_by_kind():
    assert isinstance(build_head(SMALL), SingleFactorHead)
    assert isinstance(build_head(dataclasses.replace(SMALL, kind="maps")), RescaleHead)
    with pytest.raises(InputError, match="kind 'map': not one of maps, single_factor"):
        dataclasses.replace(SMALL, kind="map")


def test_a_saved_model_predicts_the_same(model, directory, photo):
    predictor = DepthPredictor.from_pretrained(directory, device="cpu")
    found = predictor.predict_batch(np.stack([photo, photo]), SENTENCES)
    with torch.inference_mode():
        expected = model(predictor.preprocess(photo[None]), model.encode(SENTENCES[:1]))
    assert predictor.config.rescale_head.kind == "single_factor"
    assert np.allclose(found.scale_map[0], expected.maps.scale_map[0, 0, 0, 0].numpy(), rtol=1e-5)
    assert found.metric_depth[0].std() > 0
    assert not np.allclose(found.metric_depth[0], found.metric_depth[1])
    again = 1 / (found.scale_map[0].mean() * found.relative_depth[0] + found.shift_map[0].mean())
    assert np.median(np.abs(again / found.metric_depth[0] - 1)) < 0.05  # but for resizing


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_half_precision_is_close(directory, photo, precision):
    full, half = (DepthPredictor.from_pretrained(directory, device="cpu", precision=p) for p in ("fp32", precision))
    assert half.backend.model.rescale_head.mlp[0].weight.dtype == half.backend.precision
    assert half.backend.model.rescale_head.output_scale.weight.dtype == torch.float32
    expected, found = (predictor.predict(photo, SENTENCES[0]).scale_map for predictor in (full, half))
    assert 0 < np.abs(found / expected - 1).max() < 0.02


def test_its_weights_do_not_pass_for_maps(directory, tiny_paper):
    with pytest.raises(InputError, match="does not fit the rescale head: missing"):
        DepthPredictor.from_pretrained(tiny_paper, checkpoint=directory / HEAD_FILE, device="cpu")


def test_converted_directories_keep_the_kind(directory, tmp_path):
    convert(find_model(directory), tmp_path / "copy")
    again = load_model(tmp_path / "copy").rescale_head
    original = load_model(directory).rescale_head
    assert isinstance(again, SingleFactorHead)
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in original.state_dict().items())


@pytest.mark.parametrize("use_text", [True, False])
@pytest.mark.parametrize("kind", HEAD_KINDS)
def test_exported_graphs_compute_the_same(tiny_paper, tmp_path, kind, use_text):
    pytest.importorskip("onnx", reason="the extra [onnx] is not installed")
    pytest.importorskip("onnxruntime", reason="the extra [onnx] is not installed")
    from tr2m_core.export.onnx import export_onnx
    from tr2m_core.inference.graph_check import check_onnx

    model = with_head(tiny_paper, kind=kind, use_text=use_text)
    export_onnx(model, tmp_path / "graph.onnx", (42, 56))
    assert check_onnx(tmp_path / "graph.onnx", model) < 1e-4


@pytest.mark.parametrize("use_text", [True, False])
@pytest.mark.parametrize("kind", HEAD_KINDS)
def test_metric_depth_trains_the_head_and_nothing_else(tiny_paper, kind, use_text):
    model = with_head(tiny_paper, kind=kind, use_text=use_text).train()
    text = model.encode(SENTENCES)
    model(torch.randn(2, 3, 28, 42), text).metric_depth.log().square().mean().backward()
    head = dict(model.rescale_head.named_parameters())
    untouched = {"crossattn.ln_visual.weight", "crossattn.ln_visual.bias"} & head.keys()
    assert bool(untouched) == (kind == "maps")
    deaf = set() if use_text else {"align_mlp.a_fc.weight"}  # times zero
    for name, parameter in head.items():
        if name in untouched:
            assert parameter.grad is None, name
        elif name.startswith("crossattn.attn_cross.in_proj"):
            queries, keys, values = parameter.grad.chunk(3)
            assert not queries.any() and not keys.any() and values.all(), name
        else:
            assert parameter.grad.any() == (name not in deaf), name
    others = {name: p for name, p in model.named_parameters() if not name.startswith("rescale_head.")}
    assert len(others) > 50
    assert all(parameter.grad is None for parameter in others.values())
