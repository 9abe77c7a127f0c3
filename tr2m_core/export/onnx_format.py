"""What the writer and the reader of an exported graph agree on."""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Iterator
from typing import Any

from tr2m_core.errors import InputError

INPUTS = ("image", "text_embedding")
OUTPUTS = ("metric_depth", "relative_depth", "scale_map", "shift_map")
CONFIG_KEY, TEXT_ENCODER_KEY = "tr2m_config", "tr2m_text_encoder"  # in the file's metadata

_CONVERTER = "openvino.tools.ovc"
_EXTRAS = {"onnx": "onnx", "onnxruntime": "onnx", "openvino": "openvino"}


def require(package: str) -> Any:
    """Imports onnx, onnxruntime or openvino. Raises InputError when it is not installed."""
    try:
        with _without_converter():
            return importlib.import_module(package)
    except ImportError:
        raise InputError(
            f"{package} is not installed: pip install 'tr2m_ros[{_EXTRAS[package]}]', or pip install {package}"
        ) from None


@contextlib.contextmanager
def _without_converter() -> Iterator[None]:
    """Keeps OpenVINO from importing its converter, which tells a web service of every import and is not needed."""
    if _CONVERTER in sys.modules:
        yield
        return
    sys.modules[_CONVERTER] = None  # type: ignore[assignment]  # openvino goes on without what it cannot import
    try:
        yield
    finally:
        del sys.modules[_CONVERTER]
