"""Graphs of models, made on first use and kept."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from tr2m_core import __version__
from tr2m_core.export.onnx import OPSET, export_onnx, export_text_encoder
from tr2m_core.model.sources import ModelSources
from tr2m_core.model.tr2m import TR2M
from tr2m_core.weights.hub import sha256, weights_folder

GRAPH_FILE = "graph.onnx"
WRITERS = ("torch", "transformers", "onnx")


def graphs_folder() -> Path:
    """Where graphs are kept; may be deleted at any time."""
    return weights_folder() / "graphs"


def cached_graph(sources: ModelSources, input_size: tuple[int, int]) -> Path:
    """The folder with the graphs of a model and its text encoder for images of (height, width); may not be there."""
    return graphs_folder() / fingerprint(sources, input_size)


def make_graph(model: TR2M, folder: Path, input_size: tuple[int, int]) -> None:
    """Fills the folder that `cached_graph` gave, whole or not at all, which is noted on stderr. Raises OSError."""
    height, width = input_size
    print(f"tr2m: note: preparing {model.config.name} at {height}x{width} for this engine, once", file=sys.stderr)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".") as scratch:
        staged = Path(scratch) / "new"
        staged.mkdir()
        export_text_encoder(model.text_encoder, staged)
        export_onnx(model, staged / GRAPH_FILE, input_size, text_encoder=False)
        try:
            os.replace(staged, folder)
        except OSError:
            if not (folder / GRAPH_FILE).is_file():  # another process has not been faster
                raise


def fingerprint(sources: ModelSources, input_size: tuple[int, int]) -> str:
    """Differs between graphs that may differ: by weights, configuration, size and what wrote them."""
    writers = {"tr2m_ros": __version__, "opset": OPSET} | {name: version(name) for name in WRITERS}
    digest = hashlib.sha256(json.dumps([sources.config.to_json(), input_size, writers], sort_keys=True).encode())
    for role, path in sorted(sources.require().items()):
        for file in sorted(path.iterdir()) if path.is_dir() else [path]:
            if file.is_file():
                digest.update(f"{role} {file.name} {sha256(file)} ".encode())
    return digest.hexdigest()[:32]
