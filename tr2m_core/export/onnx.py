"""TR2M as one ONNX graph."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tr2m_core.errors import InputError
from tr2m_core.export.onnx_format import (
    CONFIG_KEY,
    EMBEDDING,
    INPUTS,
    OUTPUTS,
    TEXT_ENCODER_KEY,
    TEXT_GRAPH_FILE,
    TOKENIZER_FILE,
    TOKENS,
    require,
)
from tr2m_core.model.config import STORED, validate_input_size
from tr2m_core.model.text_encoder import TextEncoder
from tr2m_core.model.tr2m import TR2M
from tr2m_core.weights.hub import PACKAGE

OPSET = 17  # the first with layer normalisation as one operator
ONE_FILE_LIMIT = 100_000_000  # bytes of weights; more go into a second file


class _Graph(nn.Module):
    """What the exported graph computes: everything but the text encoder."""

    def __init__(self, model: TR2M) -> None:
        super().__init__()
        self.model = model

    def forward(self, image: Tensor, text_embedding: Tensor) -> tuple[Tensor, ...]:
        out = self.model(image, self.model.rescale_head.text_vector(text_embedding))
        return out.metric_depth, out.relative_depth, out.maps.scale_map, out.maps.shift_map


def export_onnx(
    model: TR2M,
    path: Path,
    input_size: tuple[int, int],
    one_file_limit: int = ONE_FILE_LIMIT,
    text_encoder: bool = True,
) -> list[Path]:
    """Writes the model, a float32 one on the CPU, for images of input_size (height, width); returns what it wrote.

    Inputs: image (batch, 3, H, W) float32, normalised RGB; text_embedding (batch, 1, Ct) float32 as the text encoder
    gives it. Outputs: metric_depth (metres), relative_depth, scale_map, shift_map, each (batch, 1, H, W) float32.
    Weights of more than one_file_limit bytes go to PATH.data. A text encoder that is no installed package's goes to the
    folder STEM_text_encoder, in the transformers format. All lie beside the file, which names them relatively.
    text_encoder False leaves that folder out: whoever runs the graph brings a text encoder.
    Raises InputError when onnx is not installed, OSError when the files cannot be written; then nothing is left behind.
    """
    check_target(path)
    onnx = require("onnx")
    validate_input_size(input_size, model.config.patch_size)
    config = dataclasses.replace(model.config, input_size=input_size)
    metadata = {}
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.stem}-") as temporary:
        staged = Path(temporary)
        if text_encoder and not config.text_encoder.source.startswith(PACKAGE):
            metadata[TEXT_ENCODER_KEY] = f"{path.stem}_text_encoder"
            model.text_encoder.save_pretrained(staged / metadata[TEXT_ENCODER_KEY])
            text = dataclasses.replace(config.text_encoder, source=STORED, sha256=None)
            config = dataclasses.replace(config, text_encoder=text)
        graph = _trace(model, input_size, staged)
        onnx.helper.set_model_props(graph, {CONFIG_KEY: config.to_json(), **metadata})
        weights = sum(len(tensor.raw_data) for tensor in graph.graph.initializer)
        data = f"{path.name}.data"
        onnx.save(graph, staged / path.name, save_as_external_data=weights > one_file_limit, location=data)
        for file in staged.rglob("*"):
            if file.is_file():
                file.chmod(0o644)  # some writers write for their owner only
        names = [data, *metadata.values(), path.name]  # the graph last: it makes the others count
        return [_move(staged / name, path.parent / name) for name in names if (staged / name).exists()]


class _TextGraph(nn.Module):
    """One sentence's tokens to its embedding."""

    def __init__(self, encoder: TextEncoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, tokens: Tensor) -> Tensor:
        return self.encoder.embed({"input_ids": tokens, "attention_mask": torch.ones_like(tokens)})


def export_text_encoder(encoder: TextEncoder, folder: Path) -> None:
    """Writes a text encoder's graph and its tokenizer, which `inference.text_graph` reads, into `folder`.

    Input: tokens (1, N) int64 of one sentence. Output: embedding (1, 1, Ct) float32.
    """
    tokenizer = type(encoder.tokenizer.backend_tokenizer).from_str(encoder.tokenizer.backend_tokenizer.to_str())
    tokenizer.no_padding()
    tokenizer.enable_truncation(encoder.max_tokens)
    tokenizer.save(str(folder / TOKENIZER_FILE))
    example = torch.tensor([tokenizer.encode("A small office with two desks.").ids])
    free = {TOKENS: {1: "length"}}
    with _plain_attention():
        _write(_TextGraph(encoder), (example,), folder / TEXT_GRAPH_FILE, [TOKENS], [EMBEDDING], free)


def check_target(path: Path) -> None:
    """Raises InputError when `path` cannot become an exported graph."""
    if path.suffix != ".onnx":
        raise InputError(f"{path}: the name of an exported graph ends in .onnx")
    if path.is_dir():
        raise InputError(f"{path}: a folder; give the name of a file")


def _trace(model: TR2M, input_size: tuple[int, int], scratch: Path) -> Any:
    """The graph as onnx.ModelProto, weights included, with a free batch size and all else fixed."""
    from tr2m_core.model.dinov2 import OriginalPositionGrid  # transformers takes seconds to import

    onnx = require("onnx")
    example = (torch.zeros(2, 3, *input_size), torch.zeros(2, 1, model.config.rescale_head.text_width))
    with tempfile.TemporaryDirectory(dir=scratch) as folder, torch.no_grad(), _slow_attention():
        for module in model.modules():
            if isinstance(module, OriginalPositionGrid):
                module.interpolate_pos_encoding(example[0], *input_size)  # remembered, so a constant in the graph
        path = Path(folder) / "graph.onnx"
        _write(_Graph(model), example, path, INPUTS, OUTPUTS, {name: {0: "batch"} for name in (*INPUTS, *OUTPUTS)})
        traced = onnx.load(path)
    for output in traced.graph.output:  # the tracer does not know that these sizes are fixed
        for dim, size in zip(output.type.tensor_type.shape.dim[1:], (1, *input_size), strict=True):
            dim.dim_value = size
    return traced


def _write(
    module: nn.Module,
    example: tuple[Tensor, ...],
    path: Path,
    inputs: Sequence[str],
    outputs: Sequence[str],
    free_sizes: dict[str, dict[int, str]],
) -> None:
    with warnings.catch_warnings(), torch.no_grad():
        # The tracer warns of every size that becomes a constant; `check_onnx` tells whether one should not have.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            example,
            str(path),
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_axes=free_sizes,
            opset_version=OPSET,
            dynamo=False,
        )


@contextlib.contextmanager
def _slow_attention() -> Iterator[None]:
    """Keeps torch.nn.MultiheadAttention from its fast path, one operator that ONNX does not have."""
    enabled = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(enabled)


@contextlib.contextmanager
def _plain_attention() -> Iterator[None]:
    """Attention as matrix products: torch 2.4 cannot write the operator with a scale of its own, as CLIP's has."""
    operator = F.scaled_dot_product_attention

    def attention(
        query: Tensor,
        key: Tensor,
        value: Tensor,
        attn_mask: Tensor | None = None,
        dropout_p: float = 0.0,
        is_causal: bool = False,
        scale: float | None = None,
        **kwargs: Any,
    ) -> Tensor:
        weights = query @ key.transpose(-2, -1) * (query.shape[-1] ** -0.5 if scale is None else scale)
        if is_causal:
            allowed = torch.ones_like(weights[0, 0]).tril() > 0
            weights = weights.masked_fill(~allowed, torch.finfo(weights.dtype).min)
        if attn_mask is not None:
            floor = torch.finfo(weights.dtype).min
            weights = weights.masked_fill(~attn_mask, floor) if attn_mask.dtype == torch.bool else weights + attn_mask
        return weights.softmax(-1) @ value

    F.scaled_dot_product_attention = attention  # type: ignore[assignment]
    try:
        yield
    finally:
        F.scaled_dot_product_attention = operator


def _move(new: Path, target: Path) -> Path:
    if target.is_dir() and new.is_dir():
        os.replace(target, new.with_name("replaced"))  # goes with the temporary folder
    os.replace(new, target)
    return target
