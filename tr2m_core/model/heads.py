"""The kinds of rescale head."""

from __future__ import annotations

from tr2m_core.model.config import MAPS, RescaleHeadConfig
from tr2m_core.model.rescale_head import RescaleHead
from tr2m_core.model.single_factor import SingleFactorHead

Head = RescaleHead | SingleFactorHead


def build_head(config: RescaleHeadConfig) -> Head:
    """A head of the configuration's kind with fresh weights."""
    return RescaleHead(config) if config.kind == MAPS else SingleFactorHead(config)
