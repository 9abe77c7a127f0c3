"""The TR2M model: networks, configuration presets and model directories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tr2m_core.model.rescale_head import RescaleHead
    from tr2m_core.model.tr2m import TR2M

__all__ = ["TR2M", "RescaleHead"]


def __getattr__(name: str) -> Any:
    """Loads the networks, and torch with them, only when they are asked for: what is missing must be said at once."""
    if name == "RescaleHead":
        from tr2m_core.model.rescale_head import RescaleHead

        return RescaleHead
    if name == "TR2M":
        from tr2m_core.model.tr2m import TR2M

        return TR2M
    raise AttributeError(f"module 'tr2m_core.model' has no attribute '{name}'")
