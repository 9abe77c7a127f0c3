"""OnnxBackend: an exported graph in onnxruntime."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tr2m_core.errors import InputError
from tr2m_core.inference.onnx_format import CONFIG_KEY, INPUTS, OUTPUTS, TEXT_ENCODER_KEY, require
from tr2m_core.model.config import ModelConfig
from tr2m_core.model.encoders import TextEncoder
from tr2m_core.model.sources import text_encoder_folder
from tr2m_core.settings import merge
from tr2m_core.types import BackendOutput
from tr2m_core.weights.hub import NETWORK_FILES, PACKAGE


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

    def run(self, pixel_values: Tensor, text: Tensor, maps: bool) -> BackendOutput:
        """See `inference.Backend.run`."""
        text = text.expand(len(pixel_values), -1, -1)
        inputs = dict(zip(INPUTS, (pixel_values.numpy(), text.numpy()), strict=True))
        outputs = self._session.run(OUTPUTS if maps else OUTPUTS[:1], inputs)
        return BackendOutput(*(torch.from_numpy(array) for array in outputs))


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
