from __future__ import annotations

import dataclasses

import pytest
import torch
import torch.nn.functional as F

from tr2m_core.model import RescaleHead
from tr2m_core.model.config import RescaleHeadConfig

# The released checkpoint: weight shapes by layer; a bias goes with each but layer1_rn.
RELEASED_LAYERS = {
    "align_mlp.a_fc": (1024, 768),
    "crossattn.attn.out_proj": (1024, 1024),
    "crossattn.ln_1": (1024,),
    "crossattn.mlp.c_fc": (4096, 1024),
    "crossattn.mlp.c_proj": (1024, 4096),
    "crossattn.ln_2": (1024,),
    "crossattn.attn_cross.out_proj": (1024, 1024),
    "crossattn.ln_text": (1024,),
    "crossattn.ln_visual": (1024,),
    "projects": (192, 1024, 1, 1),
    "resize_layers": (192, 192, 2, 2),
    "layer1_rn": (128, 192, 3, 3),
    "resConfUnit1.conv1": (128, 128, 3, 3),
    "resConfUnit1.conv2": (128, 128, 3, 3),
    "out_conv1": (128, 128, 1, 1),
    "resConfUnit2.conv1": (128, 128, 3, 3),
    "resConfUnit2.conv2": (128, 128, 3, 3),
    "out_conv2": (128, 128, 1, 1),
    "output_conv_scale1": (64, 128, 3, 3),
    "output_conv_scale2.0": (32, 64, 3, 3),
    "output_conv_scale2.2": (1, 32, 1, 1),
    "output_conv_shift1": (64, 128, 3, 3),
    "output_conv_shift2.0": (32, 64, 3, 3),
    "output_conv_shift2.2": (1, 32, 1, 1),
}
RELEASED_ATTENTION = {"in_proj_weight": (3072, 1024), "in_proj_bias": (3072,)}

SMALL = RescaleHeadConfig(image_width=24, text_width=16, out_channels=12, features=8, hidden_channels=6, heads=3)


def small_head(config=SMALL, seed=0):
    torch.manual_seed(seed)
    head = RescaleHead(config).eval()
    for parameter in head.parameters():  # norms and biases too, which start at ones and zeros
        torch.nn.init.normal_(parameter, std=0.2)
    return head


def resized(x, size):
    return F.interpolate(x, size=size, mode="bilinear", align_corners=True)


def quick_gelu(x):
    return x * torch.sigmoid(1.702 * x)


def attention(query, key_value, weights, name, heads):
    """Multi-head attention spelt out, softmax over the keys."""
    width = query.shape[-1]
    matrices = weights[f"{name}.in_proj_weight"].split(width)
    biases = weights[f"{name}.in_proj_bias"].split(width)
    sources = (query, key_value, key_value)
    q, k, v = (F.linear(x, m, b) for x, m, b in zip(sources, matrices, biases, strict=True))
    q, k, v = (x.unflatten(-1, (heads, width // heads)).transpose(1, 2) for x in (q, k, v))
    scores = (q @ k.transpose(-1, -2) / (width // heads) ** 0.5).softmax(dim=-1)
    mixed = (scores @ v).transpose(1, 2).flatten(2)
    return F.linear(mixed, weights[f"{name}.out_proj.weight"], weights[f"{name}.out_proj.bias"])


def reference(head, tokens, text, grid):
    """The whole head in float64 with functional operations, the cross-attention in full."""
    config = head.config
    w = {name: value.double() for name, value in head.state_dict().items()}
    x, text = tokens.double(), text.double()

    def norm(y, name):
        return F.layer_norm(y, y.shape[-1:], w[f"crossattn.{name}.weight"], w[f"crossattn.{name}.bias"])

    def linear(y, name):
        return F.linear(y, w[f"{name}.weight"], w[f"{name}.bias"])

    def conv(y, name, padding=0):
        return F.conv2d(y, w[f"{name}.weight"], w.get(f"{name}.bias"), padding=padding)

    def residual(y, name):
        return y + conv(F.relu(conv(F.relu(y), f"{name}.conv1", 1)), f"{name}.conv2", 1)

    def output(y, name):
        y = conv(F.relu(conv(y, f"{name}.0", 1)), f"{name}.2")
        return y.exp()

    if config.text_width != config.image_width:
        text = quick_gelu(linear(text, "align_mlp.a_fc"))
    x = x + attention(norm(x, "ln_1"), norm(x, "ln_1"), w, "crossattn.attn", config.heads)
    x = x + attention(norm(x, "ln_visual"), norm(text, "ln_text"), w, "crossattn.attn_cross", config.heads)
    x = x + linear(quick_gelu(linear(norm(x, "ln_2"), "crossattn.mlp.c_fc")), "crossattn.mlp.c_proj")
    h, width = grid
    x = x.transpose(1, 2).unflatten(2, grid)
    x = F.conv_transpose2d(conv(x, "projects"), w["resize_layers.weight"], w["resize_layers.bias"], stride=2)
    x = conv(x, "layer1_rn", 1)
    x = resized(conv(residual(x, "resConfUnit1"), "out_conv1"), (4 * h, 4 * width))
    x = resized(conv(residual(x, "resConfUnit2"), "out_conv2"), (8 * h, 8 * width))
    size = (14 * h, 14 * width)
    features = [conv(x, f"output_conv_{kind}1", 1) for kind in ("scale", "shift")]
    maps = [output(resized(f, size), f"output_conv_{k}2") for f, k in zip(features, ("scale", "shift"), strict=True)]
    return maps[0] * config.scale_coefficient, maps[1] * config.shift_coefficient, *features


def test_names_and_shapes_equal_the_released_checkpoint():
    expected = {f"{layer}.weight": shape for layer, shape in RELEASED_LAYERS.items()}
    expected |= {
        f"{layer}.bias": (shape[0],) for layer, shape in RELEASED_LAYERS.items() if layer != "layer1_rn"
    }  # fmt: skip
    expected |= {f"crossattn.{a}.{n}": s for a in ("attn", "attn_cross") for n, s in RELEASED_ATTENTION.items()}
    with torch.device("meta"):
        head = RescaleHead()
    assert {name: tuple(value.shape) for name, value in head.state_dict().items()} == expected
    assert len(expected) == 51
    assert sum(parameter.numel() for parameter in head.parameters()) == 18_959_746
    assert {value.dtype for value in head.state_dict().values()} == {torch.float32}


@pytest.mark.parametrize("grid", [(3, 5), (1, 1), (4, 2), (7, 1)])
@pytest.mark.parametrize("text_width", [16, 24])
def test_equals_the_plain_reference(grid, text_width):
    head = small_head(RescaleHeadConfig(24, text_width, 12, 8, 6, 3, scale_coefficient=0.02))
    tokens, text = torch.randn(2, grid[0] * grid[1], 24), torch.randn(2, 1, text_width)
    with torch.inference_mode():
        outputs = head(tokens, text, grid)
        expected = reference(head, tokens, text, grid)
    assert outputs.scale_map.shape == (2, 1, 14 * grid[0], 14 * grid[1])
    assert outputs.scale_features.shape == (2, 4, 8 * grid[0], 8 * grid[1])
    for actual, wanted in zip(outputs, expected, strict=True):
        assert (actual.double() - wanted).abs().max() <= 1e-5 * wanted.abs().max()
    assert (outputs.scale_map > 0).all()
    assert (outputs.shift_map > 0).all()


def test_released_sizes_equal_the_plain_reference():
    head = small_head(RescaleHeadConfig())
    for parameter in head.parameters():
        parameter.data *= 0.1
    tokens, text = torch.randn(1, 6, 1024), torch.randn(1, 1, 768)
    with torch.inference_mode():
        for actual, wanted in zip(head(tokens, text, (2, 3)), reference(head, tokens, text, (2, 3)), strict=True):
            assert (actual.double() - wanted).abs().max() <= 1e-5 * wanted.abs().max()


def test_one_text_token_gives_one_constant_vector():
    head = small_head()
    tokens, text = torch.randn(2, 7, 24), torch.randn(2, 1, 16)
    block = head.crossattn
    with torch.inference_mode():
        aligned = block.ln_text(head.align_mlp(text))
        full = block.attn_cross(block.ln_visual(tokens), aligned, aligned, need_weights=False)[0]
        vector = head.text_vector(text)
    assert vector.shape == (2, 1, 24)
    assert torch.allclose(full, vector.expand_as(full), atol=1e-6, rtol=1e-5)


def test_a_remembered_vector_serves_a_batch():
    head = small_head()
    tokens, text = torch.randn(3, 6, 24), torch.randn(1, 1, 16)
    with torch.inference_mode():
        once = head.rescale_maps(tokens, head.text_vector(text), (2, 3))
        each = head(tokens, text.expand(3, 1, 16), (2, 3))
    for a, b in zip(once, each, strict=True):
        assert torch.allclose(a, b, rtol=1e-5, atol=1e-5)


def test_the_sentence_changes_the_maps():
    head = small_head()
    tokens = torch.randn(1, 6, 24)
    with torch.inference_mode():
        a, b = (head(tokens, torch.randn(1, 1, 16), (2, 3)).scale_map for _ in range(2))
    assert not torch.allclose(a, b)


def test_without_text_every_sentence_gives_the_vector_of_a_zero_embedding():
    deaf, hearing = small_head(dataclasses.replace(SMALL, use_text=False)), small_head()
    assert deaf.state_dict().keys() == hearing.state_dict().keys()
    with torch.inference_mode():
        vectors = deaf.text_vector(torch.randn(3, 1, 16))
        assert torch.equal(vectors, hearing.text_vector(torch.zeros(3, 1, 16)))
    assert vectors.abs().min() > 0


@pytest.mark.parametrize("shape", [(1, 16), (1, 2, 16), (1, 0, 16)])
def test_wrong_text_shape_raises(shape):
    with pytest.raises(ValueError, match=r"text_embedding must be \(B, 1, 16\)"):
        small_head()(torch.randn(1, 6, 24), torch.randn(shape), (2, 3))


def test_tokens_that_do_not_fill_the_grid_raise():
    with pytest.raises(ValueError, match="6 image tokens do not fill a 2x2 grid"):
        small_head()(torch.randn(1, 6, 24), torch.randn(1, 1, 16), (2, 2))
