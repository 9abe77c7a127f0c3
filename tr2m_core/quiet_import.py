"""Imports that tell nobody."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

CONVERTER = "openvino.tools.ovc"  # which OpenVINO imports along, and which tells a web service of every import


def import_quietly(name: str) -> ModuleType:
    """The module of this name; openvino without its converter, unless that is loaded already.

    Whoever wants the converter can import it afterwards. Raises ImportError.
    """
    if name.partition(".")[0] != "openvino" or CONVERTER in sys.modules:
        return importlib.import_module(name)
    sys.modules[CONVERTER] = None  # type: ignore[assignment]  # openvino goes on without what it cannot import
    try:
        return importlib.import_module(name)
    finally:
        del sys.modules[CONVERTER]
