"""What the writer and the reader of an exported graph agree on."""

from __future__ import annotations

from typing import Any

from tr2m_core.errors import InputError
from tr2m_core.quiet_import import import_quietly

INPUTS = ("image", "text_embedding")
OUTPUTS = ("metric_depth", "relative_depth", "scale_map", "shift_map")
TOKENS, EMBEDDING = "tokens", "embedding"  # of a text encoder's graph
TEXT_GRAPH_FILE, TOKENIZER_FILE = "text_encoder.onnx", "tokenizer.json"
CONFIG_KEY, TEXT_ENCODER_KEY = "tr2m_config", "tr2m_text_encoder"  # in the file's metadata

_EXTRAS = {"onnx": "onnx", "onnxruntime": "onnx", "openvino": "openvino"}


def require(package: str) -> Any:
    """Imports onnx, onnxruntime, openvino or tensorrt. Raises InputError when it is not installed."""
    try:
        return import_quietly(package)
    except ImportError:
        extra = f"pip install 'tr2m_ros[{_EXTRAS[package]}]', or " if package in _EXTRAS else ""
        raise InputError(f"{package} is not installed: {extra}pip install {package}") from None
