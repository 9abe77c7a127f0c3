"""The TR2M model: networks, configuration presets and model directories."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tr2m_core.model.heads import build_head
    from tr2m_core.model.rescale_head import RescaleHead
    from tr2m_core.model.single_factor import SingleFactorHead
    from tr2m_core.model.tr2m import TR2M

__all__ = ["TR2M", "RescaleHead", "SingleFactorHead", "build_head"]

_MODULES = {"TR2M": "tr2m", "RescaleHead": "rescale_head", "SingleFactorHead": "single_factor", "build_head": "heads"}


def __getattr__(name: str) -> Any:
    """Loads the networks, and torch with them, only when they are asked for: what is missing must be said at once."""
    if name in _MODULES:
        return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
