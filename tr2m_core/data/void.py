"""VOID: rooms and courtyards, RealSense depth, short range."""

from __future__ import annotations

from tr2m_core.data.base import DepthProtocol
from tr2m_core.data.dataset import FileDataset


class VOID(FileDataset):
    name = "void"
    protocol = DepthProtocol(min_depth=0.2, max_depth=5.0, mean_weight=0.6)
    crop = "eigen"
    unit_per_count = 1 / 256
