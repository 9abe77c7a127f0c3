from __future__ import annotations

import copy
import functools
import gzip
import json
import math
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from tiny_models import tiny_depth_anything, tiny_dinov2
from torch import nn
from transformers import (
    AutoTokenizer,
    CLIPTextModelWithProjection,
    DepthAnythingForDepthEstimation,
    Dinov2Model,
)

from tr2m_core.errors import InputError
from tr2m_core.model.depth_anything import DepthAnything
from tr2m_core.model.dinov2 import ImageEncoder, OriginalPositionGrid
from tr2m_core.model.precision import Float32Conv2d
from tr2m_core.model.release import load_clip_text, load_depth_anything, load_dinov2
from tr2m_core.model.text_encoder import TextEncoder

WIDTH, HEADS, SIDE = 128, 2, 4  # of the test's vision networks; SIDE: patches along the stored position grid
NECK, FUSION = (24, 16, 12, 20), 18
CONTEXT = 77
GRIDS = [(3, 5), (7, 2), (SIDE, SIDE)]
MERGES = ["r o", "ro o", "roo m</w>", "d e", "de s", "k s</w>", "' s</w>"]
VOCABULARY = 2 * 256 + len(MERGES) + 2
START, END = VOCABULARY - 2, VOCABULARY - 1


# The originals' computation, straight from tensors under the originals' names.


def dinov2_blocks(weights, images, stem=""):
    """DINOv2: each block's tokens (B, 1 + P, C) after the final layer norm, class token first."""
    w = {name.removeprefix(stem): tensor for name, tensor in weights.items() if name.startswith(stem)}
    patches = F.conv2d(images, w["patch_embed.proj.weight"], w["patch_embed.proj.bias"], stride=14)
    h, wide = patches.shape[-2:]
    grid = w["pos_embed"][:, 1:].reshape(1, SIDE, SIDE, WIDTH).permute(0, 3, 1, 2)
    if (h, wide) != (SIDE, SIDE):
        grid = F.interpolate(grid, scale_factor=((h + 0.1) / SIDE, (wide + 0.1) / SIDE), mode="bicubic")
    assert grid.shape[-2:] == (h, wide)
    first = (w["cls_token"] + w["pos_embed"][:, :1]).expand(len(images), 1, WIDTH)
    x = torch.cat([first, (patches + grid).flatten(2).transpose(1, 2)], dim=1)
    outputs = []
    for i in range(len([name for name in w if name.endswith("ls1.gamma")])):
        b = {name.removeprefix(f"blocks.{i}."): tensor for name, tensor in w.items()}
        y = F.layer_norm(x, (WIDTH,), b["norm1.weight"], b["norm1.bias"], 1e-6)
        y = attention(y, b["attn.qkv.weight"], b["attn.qkv.bias"], HEADS)
        x = x + b["ls1.gamma"] * F.linear(y, b["attn.proj.weight"], b["attn.proj.bias"])
        y = F.layer_norm(x, (WIDTH,), b["norm2.weight"], b["norm2.bias"], 1e-6)
        y = F.gelu(F.linear(y, b["mlp.fc1.weight"], b["mlp.fc1.bias"]))
        x = x + b["ls2.gamma"] * F.linear(y, b["mlp.fc2.weight"], b["mlp.fc2.bias"])
        outputs.append(F.layer_norm(x, (WIDTH,), w["norm.weight"], w["norm.bias"], 1e-6))
    return outputs


def attention(x, weight, bias, heads, mask=0.0):
    batch, length, width = x.shape
    q, k, v = F.linear(x, weight, bias).reshape(batch, length, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
    scores = q @ k.transpose(-1, -2) / math.sqrt(width // heads) + mask
    return (scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, length, width)


def depth_anything(weights, images):
    """Depth Anything V1: relative depth (B, 1, H, W) and the last block's patch tokens."""
    outputs = dinov2_blocks(weights, images, "pretrained.")
    h, w = images.shape[-2] // 14, images.shape[-1] // 14

    def conv(x, name, **options):
        return F.conv2d(x, weights[f"depth_head.{name}.weight"], weights.get(f"depth_head.{name}.bias"), **options)

    def up(x, name, factor):
        layer = f"depth_head.resize_layers.{name}"
        return F.conv_transpose2d(x, weights[f"{layer}.weight"], weights[f"{layer}.bias"], stride=factor)

    def residual(x, name):
        y = conv(F.relu(x), f"{name}.conv1", padding=1)
        return x + conv(F.relu(y), f"{name}.conv2", padding=1)

    def resized(x, size):
        return F.interpolate(x, size, mode="bilinear", align_corners=True)

    maps = [tokens[:, 1:].transpose(1, 2).reshape(len(images), WIDTH, h, w) for tokens in outputs[-4:]]
    maps = [conv(x, f"projects.{i}") for i, x in enumerate(maps)]
    maps = [up(maps[0], 0, 4), up(maps[1], 1, 2), maps[2], conv(maps[3], "resize_layers.3", stride=2, padding=1)]
    maps = [conv(x, f"scratch.layer{i + 1}_rn", padding=1) for i, x in enumerate(maps)]
    x = None
    for i in (4, 3, 2, 1):
        net = f"scratch.refinenet{i}"
        x = maps[i - 1] if x is None else x + residual(maps[i - 1], f"{net}.resConfUnit1")
        x = residual(x, f"{net}.resConfUnit2")
        size = maps[i - 2].shape[-2:] if i > 1 else (8 * h, 8 * w)
        x = conv(resized(x, size), f"{net}.out_conv")
    x = resized(conv(x, "scratch.output_conv1", padding=1), (14 * h, 14 * w))
    x = F.relu(conv(x, "scratch.output_conv2.0", padding=1))
    return F.relu(conv(x, "scratch.output_conv2.2")), outputs[-1][:, 1:]


def clip_text(w, ids):
    """CLIP: the projected embedding (Ct,) at the end of one sentence's tokens."""
    x = (w["token_embedding.weight"][ids] + w["positional_embedding"][: len(ids)]).unsqueeze(0)
    causal = torch.full((len(ids), len(ids)), -math.inf).triu(1)
    width = x.shape[-1]
    for i in range(len([name for name in w if name.endswith("attn.in_proj_bias")])):
        b = {name.removeprefix(f"transformer.resblocks.{i}."): tensor for name, tensor in w.items()}
        y = F.layer_norm(x, (width,), b["ln_1.weight"], b["ln_1.bias"])
        y = attention(y, b["attn.in_proj_weight"], b["attn.in_proj_bias"], HEADS, causal)
        x = x + F.linear(y, b["attn.out_proj.weight"], b["attn.out_proj.bias"])
        y = F.layer_norm(x, (width,), b["ln_2.weight"], b["ln_2.bias"])
        y = F.linear(y, b["mlp.c_fc.weight"], b["mlp.c_fc.bias"])
        x = x + F.linear(y * torch.sigmoid(1.702 * y), b["mlp.c_proj.weight"], b["mlp.c_proj.bias"])
    x = F.layer_norm(x, (width,), w["ln_final.weight"], w["ln_final.bias"])
    return x[0, ids.index(END)] @ w["text_projection"]


# Release files with random tensors, which are made once; tests that change a dictionary copy it.


def normal(*shape, around=0.0):
    """Random numbers that keep the size of what they are multiplied with."""
    return around + torch.randn(shape) / math.sqrt(math.prod(shape[1:]) or 1) * (0.3 if around else 1)


def layer(name, *shape):
    return {f"{name}.weight": normal(*shape), f"{name}.bias": torch.randn(shape[0]) * 0.3}


def norm(name, width):
    return {f"{name}.weight": normal(width, around=1.0), f"{name}.bias": torch.randn(width) * 0.3}


@functools.cache
def dinov2_weights(blocks=2, stem="", width=WIDTH):
    torch.manual_seed(0)
    weights = {
        "cls_token": torch.randn(1, 1, width),
        "mask_token": torch.randn(1, width),
        "pos_embed": torch.randn(1, 1 + SIDE * SIDE, width),
        **layer("patch_embed.proj", width, 3, 14, 14),
        **norm("norm", width),
    }
    for i in range(blocks):
        block = {
            **norm("norm1", width),
            **layer("attn.qkv", 3 * width, width),
            **layer("attn.proj", width, width),
            "ls1.gamma": normal(width, around=1.0),
            **norm("norm2", width),
            **layer("mlp.fc1", 2 * width, width),
            **layer("mlp.fc2", width, 2 * width),
            "ls2.gamma": normal(width, around=1.0),
        }
        weights |= {f"blocks.{i}.{name}": tensor for name, tensor in block.items()}
    return {f"{stem}{name}": tensor for name, tensor in weights.items()}


@functools.cache
def depth_anything_weights(blocks=5):
    torch.manual_seed(0)
    head = {
        **layer("resize_layers.0", NECK[0], NECK[0], 4, 4),
        **layer("resize_layers.1", NECK[1], NECK[1], 2, 2),
        **layer("resize_layers.3", NECK[3], NECK[3], 3, 3),
        **layer("scratch.output_conv1", FUSION // 2, FUSION, 3, 3),
        **layer("scratch.output_conv2.0", 7, FUSION // 2, 3, 3),
        **layer("scratch.output_conv2.2", 1, 7, 1, 1),
    }
    head["scratch.output_conv2.2.bias"] += 3  # little of the depth is cut off at 0
    for i, width in enumerate(NECK):
        head |= layer(f"projects.{i}", width, WIDTH, 1, 1)
        head[f"scratch.layer{i + 1}_rn.weight"] = normal(FUSION, width, 3, 3)
        net = f"scratch.refinenet{i + 1}"
        head |= layer(f"{net}.out_conv", FUSION, FUSION, 1, 1)
        for unit in ("resConfUnit1.conv1", "resConfUnit1.conv2", "resConfUnit2.conv1", "resConfUnit2.conv2"):
            head |= layer(f"{net}.{unit}", FUSION, FUSION, 3, 3)
    return dinov2_weights(blocks, "pretrained.") | {f"depth_head.{name}": tensor for name, tensor in head.items()}


@functools.cache
def clip_weights(width=WIDTH, projected=40):
    torch.manual_seed(0)
    weights = {
        "token_embedding.weight": torch.randn(VOCABULARY, width),
        "positional_embedding": torch.randn(CONTEXT, width),
        "text_projection": normal(width, projected),
        **norm("ln_final", width),
        "logit_scale": torch.tensor(4.6),
        "input_resolution": torch.tensor(224),
        "context_length": torch.tensor(CONTEXT),
        "vocab_size": torch.tensor(VOCABULARY),
        "visual.proj": torch.randn(4, projected),
        "visual.transformer.resblocks.0.ln_1.weight": torch.randn(4),
    }
    for i in range(2):
        block = {
            **norm("ln_1", width),
            "attn.in_proj_weight": normal(3 * width, width),
            "attn.in_proj_bias": torch.randn(3 * width) * 0.3,
            **layer("attn.out_proj", width, width),
            **norm("ln_2", width),
            **layer("mlp.c_fc", 3 * width, width),
            **layer("mlp.c_proj", width, 3 * width),
        }
        weights |= {f"transformer.resblocks.{i}.{name}": tensor for name, tensor in block.items()}
    return weights


def write_merges(folder, merges=MERGES):
    lines = ["a first line that says what this is", *merges]
    with gzip.open(folder / "bpe_simple_vocab_16e6.txt.gz", "wt", encoding="utf-8") as file:
        file.write("\n".join(lines))


NETWORKS = {
    "dinov2": (dinov2_weights, load_dinov2, "blocks.1.attn.qkv.weight", "blocks.0.ls1.gamma"),
    "depth_anything": (
        depth_anything_weights,
        load_depth_anything,
        "pretrained.blocks.4.attn.qkv.weight",
        "depth_head.scratch.refinenet4.resConfUnit1.conv1.bias",
    ),
    "clip": (
        clip_weights,
        lambda path: load_clip_text(path)[0],
        "transformer.resblocks.1.attn.in_proj_weight",
        "transformer.resblocks.0.mlp.c_fc.bias",
    ),
}


@pytest.fixture(autouse=True)
def _repeatable_and_small():
    torch.manual_seed(0)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # networks this small only wait for each other's threads
    yield
    torch.set_num_threads(threads)


@pytest.fixture(params=NETWORKS)
def network(request, tmp_path):
    """For each network: its random tensors, its loader, a name of stacked tensors and another one, and a file name."""
    write_merges(tmp_path)
    weights, load, stacked, other = NETWORKS[request.param]
    return dict(weights()), load, stacked, other, tmp_path / f"{request.param}.pth"


def saved(weights, path: Path) -> Path:
    torch.save(weights, path)
    return path


def difference(ours, reference):
    assert ours.shape == reference.shape
    return float((ours.double() - reference).abs().max() / reference.abs().max())


def doubled(weights):
    return {name: tensor.double() for name, tensor in weights.items()}


@pytest.mark.parametrize("grid", GRIDS)
@torch.no_grad()
def test_dinov2_equals_the_original_computation(tmp_path, grid):
    weights = dinov2_weights()
    encoder = ImageEncoder.from_pretrained(saved(weights, tmp_path / "dinov2.pth"))
    images = torch.randn(2, 3, 14 * grid[0], 14 * grid[1])
    reference = dinov2_blocks(doubled(weights), images.double())[-1][:, 1:]
    assert difference(encoder(images), reference) < 1e-5


@pytest.mark.parametrize("grid", GRIDS)
@torch.no_grad()
def test_depth_anything_equals_the_original_computation(tmp_path, grid):
    weights = depth_anything_weights()
    network = DepthAnything.from_pretrained(saved(weights, tmp_path / "depth_anything.pth"))
    images = torch.randn(2, 3, 14 * grid[0], 14 * grid[1])
    depth, tokens = depth_anything(doubled(weights), images.double())
    assert (depth > 0).double().mean() > 0.5
    ours = network(images)
    assert difference(ours[0], depth) < 1e-5
    assert difference(ours[1], tokens) < 1e-5


@torch.no_grad()
def test_clip_text_equals_the_original_computation(tmp_path):
    write_merges(tmp_path)
    weights = clip_weights()
    encoder = TextEncoder.from_pretrained("clip", saved(weights, tmp_path / "clip.pt"))
    sentences = ["A room.", "", "desks " * 60, "A room's desks, 3.5 m apart"]
    ours = encoder.encode(sentences)
    assert ours.shape == (4, 1, 40)
    for description, embedding in zip(sentences, ours, strict=True):
        ids = encoder.tokenizer(description, truncation=True)["input_ids"]
        assert difference(embedding[0], clip_text(doubled(weights), ids)) < 1e-5


@pytest.mark.parametrize(
    ("network", "wrapper"),
    [(tiny_depth_anything(), DepthAnything), (tiny_dinov2(), ImageEncoder)],
    ids=["depth", "image"],
)
def test_layers_in_place_of_transformers_own_have_their_weights(network, wrapper):
    memory = {name: tensor.data_ptr() for name, tensor in network.state_dict().items()}
    plain = copy.deepcopy(network)  # layers that compute otherwise, with everything else as it was loaded
    getattr(plain, "backbone", plain).embeddings.__class__ = OriginalPositionGrid
    if wrapper is DepthAnything:
        plain.head.conv3.__class__ = Float32Conv2d
    made, reference = wrapper(network), wrapper(copy.deepcopy(network))
    reference.network = plain
    images = torch.randn(2, 3, 3 * made.patch_size, 5 * made.patch_size, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        outputs, expected = made(images), reference(images)
    assert all(map(torch.equal, outputs, expected))
    assert {name: tensor.data_ptr() for name, tensor in made.network.state_dict().items()} == memory
    assert not any(module.training for module in made.network.modules())


def test_tensors_without_effect_arrive_too(tmp_path):
    weights = depth_anything_weights()
    own = load_depth_anything(saved(weights, tmp_path / "d.pth")).state_dict()
    unit = "depth_head.scratch.refinenet4.resConfUnit1."
    assert torch.equal(own["backbone.embeddings.mask_token"], weights["pretrained.mask_token"])
    for i in (1, 2):
        name = f"neck.fusion_stage.layers.0.residual_layer1.convolution{i}.weight"
        assert torch.equal(own[name], weights[f"{unit}conv{i}.weight"])


def test_networks_are_ready_for_inference(network):
    weights, load, _, _, path = network
    loaded = load(saved(weights, path))
    assert not loaded.training
    assert {tensor.device.type for tensor in (*loaded.parameters(), *loaded.buffers())} == {"cpu"}


def test_a_missing_tensor_is_named(network):
    weights, load, stacked, other, path = network
    del weights[stacked], weights[other]
    with pytest.raises(InputError, match=r"\(2 in all\)") as error:
        load(saved(weights, path))
    assert str(path) in str(error.value)
    assert f"missing {stacked}" in str(error.value) and f"missing {other}" in str(error.value)


def test_a_tensor_that_the_sizes_are_read_off_is_missed_by_name(network):
    weights, load, _, _, path = network
    name = next(name for name in weights if name.endswith(("pos_embed", "positional_embedding")))
    del weights[name]
    with pytest.raises(InputError, match=f"missing {name}"):
        load(saved(weights, path))


def test_a_surplus_tensor_is_named(network):
    weights, load, _, _, path = network
    weights["register_tokens"] = torch.zeros(3)
    with pytest.raises(InputError, match="unexpected register_tokens"):
        load(saved(weights, path))


def test_a_tensor_of_another_shape_is_named(network):
    weights, load, stacked, _, path = network
    weights[stacked] = weights[stacked][1:].clone()
    with pytest.raises(InputError, match=rf"{stacked} is \(383, 128\), expected \(384, 128\) \(1 in all\)"):
        load(saved(weights, path))


def test_whole_numbers_are_no_weights(network):
    weights, load, _, other, path = network
    weights[other] = weights[other].to(torch.int8)
    with pytest.raises(InputError, match=f"{other} is torch.int8"):
        load(saved(weights, path))


def test_an_entry_that_is_no_tensor_is_named(network):
    weights, load, _, _, path = network
    with pytest.raises(InputError, match="entry 'epoch' is a int"):
        load(saved(weights | {"epoch": 3}, path))


@pytest.mark.parametrize(
    "wrap",
    [
        lambda weights: {"state_dict": weights, "epoch": 3},
        lambda weights: {"model": weights, "optimizer": {"lr": 1.0}},
        lambda weights: {f"module.{name}": tensor for name, tensor in weights.items()},
        lambda weights: {"model": {f"module.{name}": tensor for name, tensor in weights.items()}},
    ],
    ids=["state_dict", "model", "module", "model and module"],
)
def test_wrapped_tensors(network, wrap):
    weights, load, _, _, path = network
    expected = load(saved(weights, path)).state_dict()
    own = load(saved(wrap(weights), path)).state_dict()
    assert own.keys() == expected.keys()
    assert all(torch.equal(own[name], expected[name]) for name in own)


def test_names_are_given_as_they_stand_in_the_file(network):
    weights, load, _, other, path = network
    del weights[other]
    weights["surplus"] = torch.zeros(1)
    with pytest.raises(InputError, match=f"missing module.{other}; unexpected module.surplus"):
        load(saved({f"module.{name}": tensor for name, tensor in weights.items()}, path))


def test_half_precision_becomes_float32(network):
    weights, load, _, _, path = network
    halves = {name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in weights.items()}
    own = load(saved(halves, path)).state_dict()
    rounded = {name: tensor.float() for name, tensor in halves.items()}
    expected = load(saved(rounded, path)).state_dict()
    assert {tensor.dtype for tensor in own.values()} == {torch.float32}
    assert all(torch.equal(own[name], expected[name]) for name in own)


class Payload:
    """Unpickled, it writes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_code_in_a_file_is_not_run(network):
    weights, load, _, _, path = network
    trace = path.with_name("trace")
    with pytest.raises(InputError, match="rejected, it holds more than weights"):
        load(saved(weights | {"extra": Payload(trace)}, path))
    assert not trace.exists()


@pytest.mark.parametrize("content", [None, b"", b"<html>not found</html>"], ids=["truncated", "empty", "a web page"])
def test_damaged_files_are_named(network, content):
    weights, load, _, _, path = network
    saved(weights, path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2] if content is None else content)
    with pytest.raises(InputError, match=r"readable|damaged") as error:
        load(path)
    assert str(path) in str(error.value)


def test_a_file_that_is_not_there(network):
    _, load, _, _, path = network
    with pytest.raises(InputError, match="no such file"):
        load(path)


def nested(weights):
    """A module whose parameters have the names of the weights."""
    root = nn.Module()
    for name, tensor in weights.items():
        *parents, last = name.split(".")
        module = root
        for parent in parents:
            if parent not in dict(module.named_children()):
                module.add_module(parent, nn.Module())
            module = module.get_submodule(parent)
        module.register_buffer(last, tensor)
    return root


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch announces the end of TorchScript; CLIP comes in it
def test_torchscript_is_rejected_with_a_way_out_that_works(network):
    weights, load, _, _, path = network
    torch.jit.save(torch.jit.script(nested(weights)), path)
    with pytest.raises(InputError, match="TorchScript") as error:
        load(path)
    assert "torch.save(torch.jit.load(PATH, map_location='cpu').state_dict(), OUT)" in str(error.value)
    plain = path.with_name("plain.pth")
    torch.save(torch.jit.load(path, map_location="cpu").state_dict(), plain)
    expected = load(saved(weights, path)).state_dict()
    assert all(torch.equal(expected[name], tensor) for name, tensor in load(plain).state_dict().items())


@torch.no_grad()
@pytest.mark.parametrize(
    ("name", "network_class", "example"),
    [
        ("dinov2", Dinov2Model, torch.ones(1, 3, 42, 70)),
        ("depth_anything", DepthAnythingForDepthEstimation, torch.ones(1, 3, 42, 70)),
        ("clip", CLIPTextModelWithProjection, torch.tensor([[START, 514, 320, END]])),
    ],
)
def test_transformers_format_round_trip(tmp_path, name, network_class, example):
    write_merges(tmp_path)
    weights, load, _, _ = NETWORKS[name]
    converted = load(saved(weights(), tmp_path / "release.pth"))
    converted.save_pretrained(tmp_path / "folder")
    again = network_class.from_pretrained(tmp_path / "folder", use_safetensors=True)
    assert again.state_dict().keys() == converted.state_dict().keys()
    assert all(torch.equal(tensor, again.state_dict()[key]) for key, tensor in converted.state_dict().items())
    # Copied, as the last bit of a result depends on the address of the numbers, which safetensors leaves in the file.
    ours, theirs = converted(example).to_tuple(), copy.deepcopy(again)(example).to_tuple()
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("file", ["depth_anything_v2_vits.pth", "depth_anything_v2_metric_hypersim_vitl.pth"])
def test_depth_anything_v2_is_rejected(tmp_path, file):
    with pytest.raises(InputError, match="V1 file is needed"):
        load_depth_anything(saved(depth_anything_weights(), tmp_path / file))


def test_networks_of_other_kinds_are_rejected(tmp_path):
    path = tmp_path / "weights.pth"
    with pytest.raises(InputError, match="3 blocks, at least 4 needed"):
        load_depth_anything(saved(depth_anything_weights(blocks=3), path))
    with pytest.raises(InputError, match="width 96 is not a multiple of 64"):
        load_dinov2(saved(dinov2_weights(width=96), path))
    with pytest.raises(InputError, match="giant"):
        load_dinov2(saved(dinov2_weights() | {"blocks.0.mlp.w12.weight": torch.zeros(1)}, path))
    with pytest.raises(InputError, match="does not fit DINOv2: missing pos_embed"):
        load_dinov2(saved(depth_anything_weights(), path))


# The vocabulary: the 256 bytes, those printable in Latin-1 first, so that "!" is 0 and "a" is 64; the same at the end
# of a word from 256 on, so that a lone "a" is 320; the merges from 512 on.
SENTENCES = {
    "room": [514],
    "A": [320],
    "Room desks": [514, 516, 517],
    "  a\t ROOM \n": [320, 514],
    "room's": [514, 518],
    "1/3": [16 + 256, 14 + 256, 18 + 256],
    "caf\u00e9": [66, 64, 69, 127, 102 + 256],  # bytes C3 A9
    "cafe\u0301": [66, 64, 69, 127, 102 + 256],
    "\u4f60": [160, 121, 254 + 256],  # bytes E4 BD A0, the last not printable
    "": [],
}


@pytest.mark.parametrize("description", SENTENCES)
def test_tokens_of_the_published_list_of_merges(tmp_path, description):
    write_merges(tmp_path)
    _, tokenizer = load_clip_text(saved(clip_weights(), tmp_path / "clip.pt"))
    assert tokenizer(description)["input_ids"] == [START, *SENTENCES[description], END]


def test_long_sentences_are_cut_before_the_end_token(tmp_path):
    write_merges(tmp_path)
    _, tokenizer = load_clip_text(saved(clip_weights(), tmp_path / "clip.pt"))
    assert tokenizer("room " * 100, truncation=True)["input_ids"] == [START, *[514] * 75, END]


def test_merges_beyond_the_published_vocabulary_are_left_out(tmp_path):
    characters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    pairs = [f"{a} {b}" for a in characters for b in characters]
    triples = [f"{pair.replace(' ', '')} {c}" for pair in pairs for c in characters]
    fours = [f"{triple.replace(' ', '')} {c}" for triple in triples for c in characters[:2]]
    merges = pairs + triples + fours
    assert len(merges) > 48894
    write_merges(tmp_path, merges)
    weights = clip_weights() | {"token_embedding.weight": torch.zeros(49408, WIDTH)}
    _, tokenizer = load_clip_text(saved(weights, tmp_path / "clip.pt"))
    assert len(tokenizer) == 49408
    assert tokenizer("")["input_ids"] == [49406, 49407]


def test_the_tokenizer_can_be_saved(tmp_path):
    write_merges(tmp_path)
    _, tokenizer = load_clip_text(saved(clip_weights(), tmp_path / "clip.pt"))
    tokenizer.save_pretrained(tmp_path / "folder")
    again = AutoTokenizer.from_pretrained(tmp_path / "folder")
    assert again.model_max_length == CONTEXT
    for description, ids in SENTENCES.items():
        assert again(description)["input_ids"] == [START, *ids, END]


@pytest.mark.parametrize("files", [("tokenizer.json",), ("vocab.json", "merges.txt")])
def test_other_forms_of_the_vocabulary(tmp_path, files):
    write_merges(tmp_path)
    path = saved(clip_weights(), tmp_path / "clip.pt")
    backend = load_clip_text(path)[1].backend_tokenizer
    folder = tmp_path / "other"
    folder.mkdir()
    if files == ("tokenizer.json",):
        backend.save(str(folder / "tokenizer.json"))
    else:
        (folder / "vocab.json").write_text(json.dumps(backend.get_vocab()))
        (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *MERGES, ""]))
    (folder / "config.json").write_text('{"model_type": "of something else"}')
    _, tokenizer = load_clip_text(path.rename(folder / "clip.pt"))
    for description, ids in SENTENCES.items():
        assert tokenizer(description)["input_ids"] == [START, *ids, END]


def test_a_missing_vocabulary_is_asked_for(tmp_path):
    path = saved(clip_weights(), tmp_path / "clip.pt")
    (tmp_path / "vocab.json").write_text("{}")  # without merges.txt
    with pytest.raises(
        InputError, match=r"bpe_simple_vocab_16e6\.txt\.gz.*tokenizer\.json.*vocab\.json and merges\.txt"
    ):
        load_clip_text(path)


def test_the_vocabulary_of_another_network_is_rejected(tmp_path):
    write_merges(tmp_path, MERGES[:-1])
    with pytest.raises(InputError, match=rf"not the vocabulary of clip\.pt.*{VOCABULARY - 1}.*{VOCABULARY}"):
        load_clip_text(saved(clip_weights(), tmp_path / "clip.pt"))


@pytest.mark.parametrize("content", [b"", b"not gzip", gzip.compress(b"x" * 5000)[:20], gzip.compress(b"\xff\xfe")])
def test_damaged_merges_are_named(tmp_path, content):
    (tmp_path / "bpe_simple_vocab_16e6.txt.gz").write_bytes(content)
    with pytest.raises(InputError, match=r"bpe_simple_vocab_16e6\.txt\.gz: (damaged|not the vocabulary)"):
        load_clip_text(saved(clip_weights(), tmp_path / "clip.pt"))


@pytest.mark.parametrize("content", ["", "{", "[]", '{"version": "1.0"}'])
def test_damaged_vocabularies_are_named(tmp_path, content):
    (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises(InputError, match=r"tokenizer\.json: not (a CLIP|the) vocabulary"):
        load_clip_text(saved(clip_weights(), tmp_path / "clip.pt"))
