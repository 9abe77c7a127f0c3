"""The TR2M model: networks, configuration presets and model directories."""

from tr2m_core.model.rescale_head import RescaleHead
from tr2m_core.model.tr2m import TR2M

__all__ = ["TR2M", "RescaleHead"]
