"""What computes a model: torch, or a runtime that runs its exported graph, which is made once and kept."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import torch

from tr2m_core.devices import select_device
from tr2m_core.errors import InputError
from tr2m_core.export.onnx_format import TEXT_GRAPH_FILE, require
from tr2m_core.inference.graph_backend import GraphBackend
from tr2m_core.inference.graph_cache import GRAPH_FILE, cached_graph, graphs_folder, make_graph
from tr2m_core.inference.graph_session import GraphSession
from tr2m_core.inference.onnx_session import OnnxSession
from tr2m_core.inference.openvino_session import OpenVinoSession
from tr2m_core.inference.text_graph import TextGraph
from tr2m_core.inference.torch_backend import LARGE, TorchBackend
from tr2m_core.model.config import validate_input_size
from tr2m_core.model.sources import ModelSources
from tr2m_core.model.tr2m import open_model

AUTO, TORCH, ONNXRUNTIME, OPENVINO, TENSORRT = ENGINES = ("auto", "torch", "onnxruntime", "openvino", "tensorrt")
# The fastest first; docs/performance.md has the measurements.
PACKAGES = {OPENVINO: ("openvino", "onnx"), ONNXRUNTIME: ("onnxruntime", "onnx")}


def check_engine(engine: str) -> None:
    """Raises InputError for a word that is no engine."""
    if engine not in ENGINES:
        raise InputError(f"engine '{engine}' is not one of {', '.join(ENGINES)}")


def faster_engines(weight_bytes: int, device: torch.device) -> list[str]:
    """The installed engines that are faster than torch in fp32, the fastest first.

    There are none on CUDA and for LARGE models, whose matrix products torch does as well as others.
    """
    if device.type != "cpu" or weight_bytes >= LARGE:
        return []
    return [name for name, packages in PACKAGES.items() if installed(packages)]


def installed(packages: tuple[str, ...]) -> bool:
    return all(importlib.util.find_spec(name) is not None for name in packages)


def select_engine(engine: str, weight_bytes: int, device: str, precision: str, compile: bool) -> str:
    """The engine that "auto" stands for; any other as it is. Raises InputError for one that cannot do what is asked.

    auto: the first of `faster_engines`, or torch, which alone compiles and computes in half precision.
    """
    check_engine(engine)
    place = select_device(device)
    plain = precision in ("auto", "fp32") and not compile
    if engine == AUTO:
        return next(iter(faster_engines(weight_bytes, place)), TORCH) if plain else TORCH
    if engine != TORCH and not plain:
        raise InputError(f"engine {engine} computes in fp32 and compiles for itself: leave precision and compile alone")
    if engine == OPENVINO and place.type != "cpu":
        raise InputError(f"engine {engine} computes on the CPU only: device cpu, or engine auto")
    if engine == TENSORRT and place.type != "cuda":
        raise InputError(f"engine {engine} computes on NVIDIA GPUs only, and the device is {place}: use engine auto")
    return engine


def open_backend(
    sources: ModelSources, engine: str, device: str, precision: str, input_size: tuple[int, int] | None, compile: bool
) -> TorchBackend | GraphBackend:
    """A model in an engine. A graph is taken from the cache, or made and kept there; then torch loads no model.

    Raises InputError for what is not there or does not go together, OSError when a graph cannot be written. Whatever
    goes wrong with what "auto" selected, it takes torch, with a note on stderr.
    """
    size = validate_input_size(input_size or sources.config.input_size, sources.config.patch_size)
    selected = select_engine(engine, stored_bytes(sources.require()), device, precision, compile)
    model = None
    if selected != TORCH:
        folder = cached_graph(sources, size)
        made = os.path.isfile(folder / GRAPH_FILE)
        if not made:
            model = open_model(sources)
        try:
            require(selected)
            if model is not None:
                make_graph(model, folder, size)
            text_engine = ONNXRUNTIME if selected == TENSORRT else selected
            text = TextGraph(_session(folder / TEXT_GRAPH_FILE, text_engine, "cpu"), folder)
            path = folder / GRAPH_FILE
            return GraphBackend(path, _session(path, selected, device), text)
        except Exception as error:  # packages for another NumPy raise whatever they like
            if engine != AUTO:
                raise
            reason = " ".join(str(error).split())[:300] or type(error).__name__
            print(f"tr2m: note: torch computes, for {selected} cannot: {reason}", file=sys.stderr)
    model = model or open_model(sources)
    return TorchBackend(model, device=device, precision=precision, input_size=size, compile=compile)


def open_graph(path: Path, engine: str, device: str) -> GraphBackend:
    """An exported graph in an engine, "auto" being onnxruntime. Raises InputError as the sessions do."""
    check_engine(engine)
    if engine == TORCH:
        raise InputError(f"{path}: an exported graph; engine torch runs models")
    return GraphBackend(path, _session(path, engine, device))


def stored_bytes(paths: Mapping[str, Path]) -> int:
    """Bytes of the weights of all that runs per frame, which the text encoder does not."""
    files = [
        path / "model.safetensors" if path.is_dir() else path for role, path in paths.items() if role != "text_encoder"
    ]
    return sum(file.stat().st_size for file in files)


def _session(path: Path, engine: str, device: str) -> GraphSession:
    if engine == OPENVINO:
        return OpenVinoSession(path)
    return OnnxSession(path, device, graphs_folder() / TENSORRT if engine == TENSORRT else None)
