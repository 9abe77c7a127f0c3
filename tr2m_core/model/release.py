"""The frozen encoders' original release files, loaded into transformers' classes name by name, strictly."""

from __future__ import annotations

import gzip
import json
import math
import re
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers.pre_tokenizers import ByteLevel
from torch import Tensor, nn
from transformers import (
    CLIPTextConfig,
    CLIPTextModelWithProjection,
    CLIPTokenizerFast,
    DepthAnythingConfig,
    DepthAnythingForDepthEstimation,
    Dinov2Config,
    Dinov2Model,
)

from tr2m_core.errors import InputError
from tr2m_core.model.tensors import check_tensors, misfit, mismatches, read_weights, unwrapped

HEAD_WIDTH = 64  # channels per attention head, in all three networks
PATCH_SIZE = 14  # of DINOv2
Rules = Iterable[tuple[str, str | Callable[[re.Match[str]], str]]]

# From a parameter's name in transformers to its name in the release: patterns replaced one after the other. The
# attention of Dinov2Model has two spellings, the second up to transformers 4.
DINOV2_NAMES: Rules = (
    (r"\bembeddings\.position_embeddings$", "pos_embed"),
    (r"\bembeddings\.patch_embeddings\.projection\.", "patch_embed.proj."),
    (r"\bembeddings\.", ""),
    (r"\bencoder\.layer\.", "blocks."),
    (r"\.attention\.(?:[qkv]_proj|attention\.(?:query|key|value))\.", ".attn.qkv."),
    (r"\.attention\.(?:o_proj|output\.dense)\.", ".attn.proj."),
    (r"\.layer_scale([12])\.lambda1$", r".ls\1.gamma"),
    (r"\blayernorm\.", "norm."),
)
DEPTH_ANYTHING_NAMES: Rules = (
    (r"^backbone\.", "pretrained."),
    *DINOV2_NAMES,
    (r"^neck\.reassemble_stage\.layers\.(\d)\.projection\.", r"depth_head.projects.\1."),
    (r"^neck\.reassemble_stage\.layers\.(\d)\.resize\.", r"depth_head.resize_layers.\1."),
    (r"^neck\.convs\.(\d)\.", lambda match: f"depth_head.scratch.layer{int(match[1]) + 1}_rn."),
    (r"^neck\.fusion_stage\.layers\.(\d)\.", lambda match: f"depth_head.scratch.refinenet{4 - int(match[1])}."),
    (r"(refinenet\d)\.projection\.", r"\1.out_conv."),
    (r"\.residual_layer([12])\.convolution([12])\.", r".resConfUnit\1.conv\2."),
    (r"^head\.conv1\.", "depth_head.scratch.output_conv1."),
    (r"^head\.conv2\.", "depth_head.scratch.output_conv2.0."),
    (r"^head\.conv3\.", "depth_head.scratch.output_conv2.2."),
)
CLIP_NAMES: Rules = (
    (r"^text_model\.", ""),
    (r"^embeddings\.token_embedding\.", "token_embedding."),
    (r"^embeddings\.position_embedding\.weight$", "positional_embedding"),
    (r"^encoder\.layers\.", "transformer.resblocks."),
    (r"\.self_attn\.[qkv]_proj\.", ".attn.in_proj_"),
    (r"\.self_attn\.out_proj\.", ".attn.out_proj."),
    (r"\.layer_norm([12])\.", r".ln_\1."),
    (r"\.mlp\.fc1\.", ".mlp.c_fc."),
    (r"\.mlp\.fc2\.", ".mlp.c_proj."),
    (r"^final_layer_norm\.", "ln_final."),
    (r"^text_projection\.weight$", "text_projection"),
)
# The releases keep query, key and value one below the other in one tensor.
THIRDS = {"q_proj": 0, "query": 0, "k_proj": 1, "key": 1, "v_proj": 2, "value": 2}
TRANSPOSED = "text_projection.weight"
CLIP_OTHER_PARTS = re.compile(r"(module\.)?(visual\..*|logit_scale|input_resolution|context_length|vocab_size)")

CLIP_MERGES = "bpe_simple_vocab_16e6.txt.gz"
CLIP_MERGE_COUNT = 49152 - 256 - 2  # the file lists more than the published vocabulary uses
MAX_MERGES_BYTES = 16 << 20


def load_depth_anything(path: Path) -> DepthAnythingForDepthEstimation:
    """Depth Anything V1 from depth_anything_vit{s,b,l}14.pth, in evaluation mode; sizes are read off the tensors.

    The decoder taps the last four blocks. V2 has the same tensors but taps others, so it is rejected by its file name.
    Raises InputError, naming the file and its own tensor names, for anything missing, unexpected or of another shape.
    Source: https://github.com/LiheYoung/Depth-Anything
    """
    if "depth_anything_v2" in path.name:
        raise InputError(f"{path}: Depth Anything V2; the V1 file is needed, such as depth_anything_vits14.pth")
    release = _read(path, "Depth Anything V1")
    backbone = _dinov2_sizes(release, "pretrained.")
    blocks = backbone["num_hidden_layers"]
    if blocks < 4:
        raise release.misfit([f"{blocks} blocks, at least 4 needed"])
    config = DepthAnythingConfig(
        backbone_config=Dinov2Config(
            **backbone,
            out_features=[f"stage{index}" for index in range(blocks - 3, blocks + 1)],
            reshape_hidden_states=False,
            apply_layernorm=True,
        ),
        reassemble_hidden_size=backbone["hidden_size"],
        neck_hidden_sizes=[release.shape(f"depth_head.projects.{index}.weight", 4)[0] for index in range(4)],
        reassemble_factors=[4, 2, 1, 0.5],
        fusion_hidden_size=release.shape("depth_head.scratch.layer1_rn.weight", 4)[0],
        head_hidden_size=release.shape("depth_head.scratch.output_conv2.0.weight", 4)[0],
        depth_estimation_type="relative",
    )
    with torch.device("meta"):
        network = DepthAnythingForDepthEstimation(config)
    _fill(network, release, DEPTH_ANYTHING_NAMES)
    return network.eval()


def load_dinov2(path: Path) -> Dinov2Model:
    """DINOv2 from dinov2_vit{s,b,l}14_pretrain.pth, in evaluation mode; sizes are read off the tensors.

    Raises InputError, naming the file and its own tensor names, for anything missing, unexpected or of another shape,
    and for the giant network, whose blocks differ. Source: https://github.com/facebookresearch/dinov2
    """
    release = _read(path, "DINOv2")
    sizes = _dinov2_sizes(release)
    with torch.device("meta"):
        network = Dinov2Model(Dinov2Config(**sizes))
    _fill(network, release, DINOV2_NAMES)
    return network.eval()


def load_clip_text(path: Path) -> tuple[CLIPTextModelWithProjection, CLIPTokenizerFast]:
    """The text half of CLIP, in evaluation mode, and its tokenizer, from ViT-L-14.pt saved as a plain state dict.

    The vocabulary lies beside that file: tokenizer.json, vocab.json with merges.txt, or bpe_simple_vocab_16e6.txt.gz.
    Raises InputError, naming the file and its own tensor names, for anything missing, unexpected or of another shape,
    and when no vocabulary lies there or it is not this network's. Source: https://github.com/openai/CLIP
    """
    release = _read(path, "CLIP", CLIP_OTHER_PARTS)
    vocabulary, width = release.shape("token_embedding.weight", 2)
    positions = release.shape("positional_embedding", 2)[0]
    config = CLIPTextConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        intermediate_size=release.shape("transformer.resblocks.0.mlp.c_fc.weight", 2)[0],
        projection_dim=release.shape("text_projection", 2)[1],
        num_hidden_layers=release.count_blocks("transformer.resblocks."),
        num_attention_heads=release.count_heads(width),
        max_position_embeddings=positions,
        hidden_act="quick_gelu",
        bos_token_id=vocabulary - 2,
        eos_token_id=vocabulary - 1,
        pad_token_id=vocabulary - 1,
    )
    tokenizer = _load_clip_tokenizer(path, vocabulary, positions)
    with torch.device("meta"):
        network = CLIPTextModelWithProjection(config)
    _fill(network, release, CLIP_NAMES)
    network.text_model.embeddings.position_ids = torch.arange(positions)[None]  # in no file, so still on "meta"
    return network.eval(), tokenizer


@dataclass(frozen=True)
class _Release:
    """The tensors of a release file. prefix: what stands before each name in the file; what: the network in words."""

    path: Path
    what: str
    tensors: dict[str, Tensor]
    prefix: str

    def misfit(self, problems: list[str]) -> InputError:
        return misfit(self.path, self.what, problems)

    def shape(self, name: str, dimensions: int) -> tuple[int, ...]:
        """The shape of a tensor that the network's sizes are read off."""
        if name not in self.tensors:
            raise self.misfit([f"missing {self.prefix}{name}"])
        shape = tuple(self.tensors[name].shape)
        if len(shape) != dimensions or 0 in shape:
            raise self.misfit([f"{self.prefix}{name} is {shape}, expected {dimensions} dimensions, none of them 0"])
        return shape

    def count_blocks(self, stem: str) -> int:
        found = (re.match(rf"{re.escape(stem)}(\d+)\.", name) for name in self.tensors)
        return len({match[1] for match in found if match})

    def count_heads(self, width: int) -> int:
        if width % HEAD_WIDTH:
            raise self.misfit([f"width {width} is not a multiple of {HEAD_WIDTH}"])
        return width // HEAD_WIDTH


def _read(path: Path, what: str, ignored: re.Pattern[str] | None = None) -> _Release:
    """The file's tensors but for the `ignored` names, also when wrapped as training code wraps them."""
    content = unwrapped(read_weights(path))
    kept = {str(name): value for name, value in content.items() if not (ignored and ignored.fullmatch(str(name)))}
    tensors = check_tensors(kept, path)
    prefix = "module." if tensors and all(name.startswith("module.") for name in tensors) else ""
    return _Release(path, what, {name[len(prefix) :]: tensor.detach() for name, tensor in tensors.items()}, prefix)


def _dinov2_sizes(release: _Release, stem: str = "") -> dict[str, int]:
    """The arguments of a Dinov2Config. stem: what the names of the DINOv2 in the release begin with."""
    if f"{stem}blocks.0.mlp.w12.weight" in release.tensors:
        raise InputError(f"{release.path}: the giant DINOv2 is not supported; the largest that is: ViT-L/14")
    _, positions, width = release.shape(f"{stem}pos_embed", 3)
    return {
        "hidden_size": width,
        "num_hidden_layers": release.count_blocks(f"{stem}blocks."),
        "num_attention_heads": release.count_heads(width),
        "mlp_ratio": release.shape(f"{stem}blocks.0.mlp.fc1.weight", 2)[0] // width,
        "image_size": math.isqrt(max(1, positions - 1)) * PATCH_SIZE,
        "patch_size": PATCH_SIZE,
    }


def _fill(network: nn.Module, release: _Release, rules: Rules) -> None:
    """Gives a network built on the "meta" device the release's tensors as float32, when all of them fit."""
    own = network.state_dict()
    sources = {name: _original_name(name, rules) for name in own}
    expected = {sources[name]: _original_shape(name, tensor.shape) for name, tensor in own.items()}
    problems = mismatches(expected, release.tensors, release.prefix)
    problems += [
        f"{release.prefix}{name} is {tensor.dtype}, expected floating-point numbers"
        for name, tensor in release.tensors.items()
        if expected.get(name) == tuple(tensor.shape) and not tensor.is_floating_point()
    ]
    if problems:
        raise release.misfit(problems)
    tensors = {name: _converted(name, release.tensors[source]) for name, source in sources.items()}
    network.load_state_dict(tensors, assign=True)


def _original_name(name: str, rules: Rules) -> str:
    for pattern, replacement in rules:
        name = re.sub(pattern, replacement, name)
    return name


def _third(name: str) -> int | None:
    return next((THIRDS[part] for part in name.split(".") if part in THIRDS), None)


def _original_shape(name: str, shape: torch.Size) -> tuple[int, ...]:
    if name == TRANSPOSED:
        return tuple(reversed(shape))
    return tuple(shape) if _third(name) is None else (3 * shape[0], *shape[1:])


def _converted(name: str, tensor: Tensor) -> Tensor:
    """The part of the release's tensor that the parameter `name` holds, in memory of its own."""
    third = _third(name)
    if third is not None:
        return tensor.chunk(3)[third].to(torch.float32, copy=True)
    return (tensor.T if name == TRANSPOSED else tensor).float().contiguous()


def _load_clip_tokenizer(path: Path, vocabulary: int, max_tokens: int) -> CLIPTokenizerFast:
    """The tokenizer from what lies beside the weights at `path`, when it is of that vocabulary."""
    files = _find_clip_vocabulary(path)
    with tempfile.TemporaryDirectory() as folder:  # transformers reads more than these where they lie
        if files[0].name == CLIP_MERGES:
            _unpack_merges(files[0], Path(folder))
        else:
            for file in files:
                shutil.copy(file, folder)
        try:
            tokenizer = CLIPTokenizerFast.from_pretrained(
                folder, model_max_length=max_tokens, clean_up_tokenization_spaces=False
            )
        except Exception as error:  # tokenizers raises nothing more special
            raise InputError(f"{files[0]}: not a CLIP vocabulary ({' '.join(str(error).split())[:200]})") from None
    found = (len(tokenizer), tokenizer.bos_token_id, tokenizer.eos_token_id)
    expected = (vocabulary, vocabulary - 2, vocabulary - 1)
    if found != expected:
        raise InputError(
            f"{files[0]}: not the vocabulary of {path.name}: size, start and end are {found}, expected {expected}"
        )
    return tokenizer


def _find_clip_vocabulary(path: Path) -> list[Path]:
    for names in (("tokenizer.json",), ("vocab.json", "merges.txt"), (CLIP_MERGES,)):
        files = [path.parent / name for name in names]
        if all(file.is_file() for file in files):
            return files
    raise InputError(
        f"{path}: no vocabulary beside it; put there {CLIP_MERGES} (folder clip of https://github.com/openai/CLIP), "
        "or tokenizer.json, or vocab.json and merges.txt"
    )


def _unpack_merges(path: Path, folder: Path) -> None:
    """Writes CLIP's published list of merges as the vocab.json and merges.txt of a CLIP tokenizer.

    The vocabulary: 256 characters for the bytes, the same at the end of a word, one per merge, start, end.
    """
    try:
        with gzip.open(path) as file:
            lines = file.read(MAX_MERGES_BYTES).decode("utf-8").split("\n")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise InputError(f"{path}: damaged ({error})") from None
    merges = [line.split() for line in lines[1 : CLIP_MERGE_COUNT + 1] if line]
    characters = sorted(ByteLevel.alphabet())
    tokens = [*characters, *(f"{character}</w>" for character in characters), *map("".join, merges)]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(tokens)}), encoding="utf-8")
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *map(" ".join, merges), ""]), encoding="utf-8")
