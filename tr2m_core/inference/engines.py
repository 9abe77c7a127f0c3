"""What computes a model: torch, or a runtime that runs its exported graph, which is made once and kept."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import torch

from tr2m_core import __version__
from tr2m_core.devices import select_device
from tr2m_core.errors import InputError
from tr2m_core.export.onnx import OPSET, export_onnx
from tr2m_core.export.onnx_format import require
from tr2m_core.inference.graph_backend import GraphBackend
from tr2m_core.inference.onnx_backend import OnnxBackend
from tr2m_core.inference.openvino_backend import OpenVinoBackend
from tr2m_core.inference.torch_backend import LARGE, TorchBackend, weight_bytes
from tr2m_core.model.config import validate_input_size
from tr2m_core.model.tr2m import TR2M
from tr2m_core.weights.hub import weights_folder

AUTO, TORCH, ONNXRUNTIME, OPENVINO = ENGINES = ("auto", "torch", "onnxruntime", "openvino")
# The fastest first; docs/performance.md has the measurements.
PACKAGES = {OPENVINO: ("openvino", "onnx"), ONNXRUNTIME: ("onnxruntime", "onnx")}


def check_engine(engine: str) -> None:
    """Raises InputError for a word that is no engine."""
    if engine not in ENGINES:
        raise InputError(f"engine '{engine}' is not one of {', '.join(ENGINES)}")


def select_engine(engine: str, model: TR2M, device: str, precision: str, compile: bool) -> str:
    """The engine that "auto" stands for; any other as it is. Raises InputError for one that cannot do what is asked.

    auto: torch on CUDA, for compiling, for half precision, and for LARGE models, whose matrix products it does as well
    as others; else the first of OpenVINO and onnxruntime that is installed, or torch.
    """
    check_engine(engine)
    on_cpu = select_device(device).type == "cpu"
    plain = precision in ("auto", "fp32") and not compile
    if engine == AUTO:
        if not (on_cpu and plain and weight_bytes(model) < LARGE):
            return TORCH
        return next((name for name, packages in PACKAGES.items() if installed(packages)), TORCH)
    if engine != TORCH and not plain:
        raise InputError(f"engine {engine} computes in fp32 and compiles for itself: leave precision and compile alone")
    if engine == OPENVINO and not on_cpu:
        raise InputError(f"engine {engine} computes on the CPU only: device cpu, or engine auto")
    return engine


def installed(packages: tuple[str, ...]) -> bool:
    return all(importlib.util.find_spec(name) is not None for name in packages)


def make_backend(
    model: TR2M, engine: str, device: str, precision: str, input_size: tuple[int, int] | None, compile: bool
) -> TorchBackend | GraphBackend:
    """The model in an engine. A graph is taken from `graphs_folder`, or made and kept there.

    Raises InputError for what is not there or does not go together, OSError when a graph cannot be written. Whatever
    goes wrong with what "auto" selected, it takes torch, with a note on stderr.
    """
    size = validate_input_size(input_size or model.config.input_size, model.config.patch_size)
    selected = select_engine(engine, model, device, precision, compile)
    if selected != TORCH:
        try:
            for package in PACKAGES[selected]:
                require(package)
            return open_graph(cached_graph(model, size), selected, device, model)
        except Exception as error:  # packages for another NumPy raise whatever they like
            if engine != AUTO:
                raise
            reason = " ".join(str(error).split())[:300] or type(error).__name__
            print(f"tr2m: note: torch computes, for {selected} cannot: {reason}", file=sys.stderr)
    return TorchBackend(model, device=device, precision=precision, input_size=size, compile=compile)


def open_graph(path: Path, engine: str, device: str, model: TR2M | None = None) -> GraphBackend:
    """An exported graph in an engine, "auto" being onnxruntime. model: has its text encoder loaded already.

    Raises InputError as the backends do.
    """
    check_engine(engine)
    text_encoder = None if model is None else model.text_encoder
    if engine == OPENVINO:
        return OpenVinoBackend(path, text_encoder)
    if engine == TORCH:
        raise InputError(f"{path}: an exported graph; engine torch runs models")
    return OnnxBackend(path, device, text_encoder)


def cached_graph(model: TR2M, input_size: tuple[int, int]) -> Path:
    """The model's graph for images of input_size (height, width); made on first use, which is noted on stderr."""
    folder = graphs_folder() / fingerprint(model, input_size)
    path = folder / "graph.onnx"
    if path.is_file():
        return path
    height, width = input_size
    print(f"tr2m: note: preparing {model.config.name} at {height}x{width} for this engine, once", file=sys.stderr)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".") as scratch:
        staged = Path(scratch) / "new"
        staged.mkdir()
        export_onnx(model, staged / path.name, input_size, text_encoder=False)
        try:
            os.replace(staged, folder)
        except OSError:
            if not path.is_file():  # another process has not been faster
                raise
    return path


def graphs_folder() -> Path:
    """Where graphs are kept; may be deleted at any time."""
    return weights_folder() / "graphs"


@torch.inference_mode()
def fingerprint(model: TR2M, input_size: tuple[int, int]) -> str:
    """Differs between graphs that may differ: by weights, configuration, size and what wrote them."""
    digest = hashlib.sha256()
    writers = {"tr2m_ros": __version__, "torch": version("torch"), "onnx": version("onnx")}
    digest.update(json.dumps([model.config.to_json(), input_size, writers, OPSET], sort_keys=True).encode())
    for part in (model.relative_depth, model.image_encoder, model.rescale_head):
        for name, tensor in part.state_dict().items() if part is not None else ():
            digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
            digest.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()[:32]
