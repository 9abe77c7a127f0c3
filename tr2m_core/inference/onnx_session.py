"""OnnxSession: an exported graph in onnxruntime."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from tr2m_core.errors import InputError
from tr2m_core.export.onnx_format import require
from tr2m_core.inference.graph_session import Array

CPU, CUDA, TENSORRT = (f"{name}ExecutionProvider" for name in ("CPU", "CUDA", "Tensorrt"))


class OnnxSession:
    """Computes with onnxruntime, by itself or through TensorRT. See `GraphSession`."""

    def __init__(self, path: Path, device: str = "auto", tensorrt: Path | None = None) -> None:
        """device: "auto" (CUDA where onnxruntime and torch both have it), "cpu", "cuda" or "cuda:N". tensorrt: where
        to keep what TensorRT builds of the graph, which takes minutes; None leaves TensorRT out.

        Raises InputError for a file that is missing or damaged and for a device not there.
        """
        self.engine = "onnxruntime" if tensorrt is None else "tensorrt"
        self._session = _open(path, device, tensorrt)
        self.metadata: Mapping[str, str] = self._session.get_modelmeta().custom_metadata_map

    def run(self, inputs: Mapping[str, Array], outputs: Sequence[str]) -> list[Array]:
        arrays: list[Array] = self._session.run(list(outputs), dict(inputs))
        return arrays


def _open(path: Path, device: str, tensorrt: Path | None) -> Any:
    """The onnxruntime session. Raises InputError as OnnxSession does."""
    onnxruntime = require("onnxruntime")
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    providers = _providers(device) if tensorrt is None else _with_tensorrt(device, tensorrt)
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
    started = session.get_providers()[0]
    if tensorrt is not None and started != TENSORRT:
        raise InputError(f"engine tensorrt: onnxruntime cannot start TensorRT here and took {started}; use engine auto")
    if tensorrt is None and device.startswith("cuda") and started != CUDA:
        raise InputError(f"device '{device}': onnxruntime cannot start CUDA here; check driver and cuDNN, or use cpu")
    return session


def _with_tensorrt(device: str, folder: Path) -> list[Any]:
    """TensorRT in float32 for what it can do of a graph, CUDA for the rest."""
    cuda, *others = _providers(device)
    if cuda == CPU:
        raise InputError("engine tensorrt needs an NVIDIA GPU and onnxruntime-gpu: use engine auto")
    require("tensorrt")  # brings the libraries that onnxruntime looks for
    options = {
        "device_id": cuda[1]["device_id"],
        "trt_engine_cache_enable": True,
        "trt_engine_cache_path": str(folder),
    }
    folder.mkdir(parents=True, exist_ok=True)
    return [(TENSORRT, options), cuda, *others]


def _providers(device: str) -> list[Any]:
    onnxruntime = require("onnxruntime")
    has_cuda = CUDA in onnxruntime.get_available_providers()
    if device == "auto":
        device = "cuda" if has_cuda and torch.cuda.is_available() else "cpu"
    if device == "cpu":
        return [CPU]
    kind, _, index = device.partition(":")
    if kind != "cuda" or not (index or "0").isdecimal():
        raise InputError(f"device '{device}' is not understood; use auto, cpu, cuda or cuda:N")
    if not has_cuda:
        raise InputError(
            f"device '{device}': this onnxruntime computes on the CPU only; pip uninstall onnxruntime, then "
            "pip install onnxruntime-gpu, or use cpu"
        )
    return [(CUDA, {"device_id": int(index or 0)}), CPU]
