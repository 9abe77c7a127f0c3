"""TR2M as one ONNX graph: writing it, checking it against torch, and running it with onnxruntime."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import json
import os
import re
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from tr2m_core.errors import InputError
from tr2m_core.model.config import STORED, ModelConfig, merge, validate_input_size
from tr2m_core.model.encoders import TextEncoder
from tr2m_core.model.relative_depth import OriginalPositionGrid
from tr2m_core.model.tr2m import TR2M
from tr2m_core.weights.hub import NETWORK_FILES, PACKAGE, text_encoder_folder

OPSET = 17  # the first with layer normalisation as one operator
INPUTS = ("image", "text_embedding")
OUTPUTS = ("metric_depth", "relative_depth", "scale_map", "shift_map")
CONFIG_KEY, TEXT_ENCODER_KEY = "tr2m_config", "tr2m_text_encoder"  # in the file's metadata
ONE_FILE_LIMIT = 100_000_000  # bytes of weights; more go into a second file
CHECK_SENTENCES = ["A small office with two desks.", "A street with parked cars."]


class _Graph(nn.Module):
    """What the exported graph computes: everything but the text encoder."""

    def __init__(self, model: TR2M) -> None:
        super().__init__()
        self.model = model

    def forward(self, image: Tensor, text_embedding: Tensor) -> tuple[Tensor, ...]:
        out = self.model(image, self.model.rescale_head.text_vector(text_embedding))
        return out.metric_depth, out.relative_depth, out.maps.scale_map, out.maps.shift_map


def export_onnx(
    model: TR2M, path: Path, input_size: tuple[int, int], one_file_limit: int = ONE_FILE_LIMIT
) -> list[Path]:
    """Writes the model, a float32 one on the CPU, for pictures of input_size (height, width); returns what it wrote.

    Inputs: image (batch, 3, H, W) float32, normalised RGB; text_embedding (batch, 1, Ct) float32 as the text encoder
    gives it. Outputs: metric_depth (metres), relative_depth, scale_map, shift_map, each (batch, 1, H, W) float32.
    Weights of more than one_file_limit bytes go to PATH.data. A text encoder that is no installed package's goes to the
    folder STEM_text_encoder, in the transformers format. All lie beside the file, which names them relatively.
    Raises InputError when onnx is not installed, OSError when the files cannot be written; then nothing is left behind.
    """
    check_target(path)
    onnx = require("onnx")
    validate_input_size(input_size, model.config.patch_size)
    config = dataclasses.replace(model.config, input_size=input_size)
    metadata = {}
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.stem}-") as temporary:
        staged = Path(temporary)
        if not config.text_encoder.source.startswith(PACKAGE):
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


def check_target(path: Path) -> None:
    """Raises InputError when `path` cannot become an exported graph."""
    if path.suffix != ".onnx":
        raise InputError(f"{path}: the name of an exported graph ends in .onnx")
    if path.is_dir():
        raise InputError(f"{path}: a folder; give the name of a file")


def _trace(model: TR2M, input_size: tuple[int, int], scratch: Path) -> Any:
    """The graph as onnx.ModelProto, weights included, with a free batch size and all else fixed."""
    onnx = require("onnx")
    graph = _Graph(model)
    example = (torch.zeros(2, 3, *input_size), torch.zeros(2, 1, model.config.rescale_head.text_width))
    with (
        tempfile.TemporaryDirectory(dir=scratch) as folder,
        torch.no_grad(),
        warnings.catch_warnings(),
        _slow_attention(),
    ):
        # The tracer warns of every size that becomes a constant; `check_onnx` tells whether one should not have.
        warnings.simplefilter("ignore")
        for module in model.modules():
            if isinstance(module, OriginalPositionGrid):
                module.interpolate_pos_encoding(example[0], *input_size)  # remembered, so a constant in the graph
        torch.onnx.export(
            graph,
            example,
            f"{folder}/graph.onnx",
            input_names=INPUTS,
            output_names=OUTPUTS,
            dynamic_axes={name: {0: "batch"} for name in (*INPUTS, *OUTPUTS)},
            opset_version=OPSET,
            dynamo=False,
        )
        traced = onnx.load(f"{folder}/graph.onnx")
    for output in traced.graph.output:  # the tracer does not know that these sizes are fixed
        for dim, size in zip(output.type.tensor_type.shape.dim[1:], (1, *input_size), strict=True):
            dim.dim_value = size
    return traced


@contextlib.contextmanager
def _slow_attention() -> Iterator[None]:
    """Keeps torch.nn.MultiheadAttention from its fast path, one operator that ONNX does not have."""
    enabled = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(enabled)


def _move(new: Path, target: Path) -> Path:
    if target.is_dir() and new.is_dir():
        os.replace(target, new.with_name("replaced"))  # goes with the temporary folder
    os.replace(new, target)
    return target


@torch.inference_mode()
def check_onnx(path: Path, model: TR2M) -> float:
    """The largest relative difference of metric depth, onnxruntime against torch, on noise in batches of 1 and 2."""
    backend = OnnxBackend(path, "cpu")
    noise = torch.randn(2, 3, *backend.input_size, generator=torch.Generator().manual_seed(0))
    worst = 0.0
    for batch in (1, 2):
        images, sentences = noise[:batch], CHECK_SENTENCES[:batch]
        expected = model(images, model.encode(sentences)).metric_depth
        found = backend.run(images, backend.encode(sentences), maps=False)
        worst = max(worst, float(((found - expected) / expected).abs().nan_to_num(nan=float("inf")).max()))
    return worst


class OnnxBackend:
    """Computes with onnxruntime what `export_onnx` wrote; the text encoder runs in torch. Tensors are on the CPU."""

    def __init__(self, path: Path, device: str = "auto") -> None:
        """device: "auto" (CUDA where onnxruntime and torch both have it), "cpu", "cuda" or "cuda:N".

        Raises InputError for a file that is damaged, incomplete or of another origin, and for a device not there.
        """
        self.device, self.precision = torch.device("cpu"), torch.float32
        self._session = _open(path, device)
        metadata = self._session.get_modelmeta().custom_metadata_map
        self.config = _read_config(metadata, path)
        self.input_size = self.config.input_size
        self._text_encoder = TextEncoder.from_pretrained(
            self.config.text_encoder.kind, _text_encoder_folder(self.config, metadata, path)
        )

    def encode(self, sentences: list[str]) -> Tensor:
        """(B, 1, Ct): the embeddings that the graph takes."""
        return self._text_encoder.encode(sentences)

    def run(self, pixel_values: Tensor, text: Tensor, maps: bool) -> Tensor:
        """See `inference.Backend.run`."""
        text = text.expand(len(pixel_values), -1, -1)
        inputs = dict(zip(INPUTS, (pixel_values.numpy(), text.numpy()), strict=True))
        outputs = self._session.run(OUTPUTS if maps else OUTPUTS[:1], inputs)
        tensors = [torch.from_numpy(array) for array in outputs]
        return torch.cat(tensors, dim=1) if maps else tensors[0]


def _open(path: Path, device: str) -> Any:
    """The onnxruntime session. Raises InputError as OnnxBackend does."""
    onnxruntime = require("onnxruntime")
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    providers = _providers(device)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.intra_op_num_threads = torch.get_num_threads()
    # Threads that spin between frames take the cores from torch's own: 30 ms a frame instead of 22 on two cores.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4  # failures are raised; they need not be logged too
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=providers)
    except Exception as error:  # onnxruntime's exceptions have no common base class
        reason = " ".join(str(error).split())
        data = re.search(r'[^/"]+\.onnx\.data', reason)
        if data and not (path.parent / data[0]).exists():
            raise InputError(
                f"{path.parent / data[0]}: missing; it holds the weights of {path.name}, keep both together"
            ) from None
        raise InputError(f"{path}: onnxruntime cannot load it ({reason[-200:]})") from None
    if device.startswith("cuda") and session.get_providers()[0] != "CUDAExecutionProvider":
        raise InputError(f"device '{device}': onnxruntime cannot start CUDA here; check driver and cuDNN, or use cpu")
    return session


def _providers(device: str) -> list[Any]:
    onnxruntime = require("onnxruntime")
    has_cuda = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
    if device == "auto":
        device = "cuda" if has_cuda and torch.cuda.is_available() else "cpu"
    if device == "cpu":
        return ["CPUExecutionProvider"]
    kind, _, index = device.partition(":")
    if kind != "cuda" or not (index or "0").isdecimal():
        raise InputError(f"device '{device}' is not understood; use auto, cpu, cuda or cuda:N")
    if not has_cuda:
        raise InputError(
            f"device '{device}': this onnxruntime computes on the CPU only; pip uninstall onnxruntime, then "
            "pip install onnxruntime-gpu, or use cpu"
        )
    return [("CUDAExecutionProvider", {"device_id": int(index or 0)}), "CPUExecutionProvider"]


def _read_config(metadata: dict[str, str], path: Path) -> ModelConfig:
    if CONFIG_KEY not in metadata:
        raise InputError(f"{path}: an ONNX file, but not one that `tr2m export` wrote")
    try:
        values = json.loads(metadata[CONFIG_KEY])
    except json.JSONDecodeError as error:
        raise InputError(f"{path}: metadata {CONFIG_KEY} is damaged ({error})") from None
    if not isinstance(values, dict):
        raise InputError(f"{path}: metadata {CONFIG_KEY} is damaged (not a mapping)")
    config: ModelConfig = merge(ModelConfig(), values, f"{path}: metadata {CONFIG_KEY}")
    return config


def _text_encoder_folder(config: ModelConfig, metadata: dict[str, str], path: Path) -> Path:
    if config.text_encoder.source.startswith(PACKAGE):
        return text_encoder_folder(config.text_encoder)
    name = metadata.get(TEXT_ENCODER_KEY, "")
    if name in ("", "..") or name != Path(name).name:
        raise InputError(f"{path}: metadata {TEXT_ENCODER_KEY} names no folder beside the file: '{name}'")
    folder = path.parent / name
    if any(not (folder / file).is_file() for file in NETWORK_FILES):
        raise InputError(
            f"{folder}: missing or incomplete; it holds the text encoder of {path.name}, keep them together"
        )
    return folder


def require(package: str) -> Any:
    """Imports onnx or onnxruntime. Raises InputError when it is not installed."""
    try:
        return importlib.import_module(package)
    except ImportError:
        raise InputError(
            f"{package} is not installed: pip install 'tr2m_ros[onnx]', or pip install {package}"
        ) from None
