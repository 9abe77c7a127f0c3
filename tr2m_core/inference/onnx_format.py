"""What the writer and the reader of an exported graph agree on."""

from __future__ import annotations

import importlib
from typing import Any

from tr2m_core.errors import InputError

INPUTS = ("image", "text_embedding")
OUTPUTS = ("metric_depth", "relative_depth", "scale_map", "shift_map")
CONFIG_KEY, TEXT_ENCODER_KEY = "tr2m_config", "tr2m_text_encoder"  # in the file's metadata


def require(package: str) -> Any:
    """Imports onnx or onnxruntime. Raises InputError when it is not installed."""
    try:
        return importlib.import_module(package)
    except ImportError:
        raise InputError(
            f"{package} is not installed: pip install 'tr2m_ros[onnx]', or pip install {package}"
        ) from None
