"""NYU Depth v2: rooms, Kinect depth in millimetres."""

from __future__ import annotations

import numpy as np

from tr2m_core.data.arrays import Depth, Mask
from tr2m_core.data.base import DepthProtocol
from tr2m_core.data.colours import GammaAndGain
from tr2m_core.data.dataset import FileDataset


class NYU(FileDataset):
    """The projected Kinect has no depth at the borders of the image; what is there was filled in, not measured."""

    name = "nyu"
    protocol = DepthProtocol(min_depth=0.001, max_depth=10.0, mean_weight=0.6)
    crop = "eigen"
    unit_per_count = 1 / 1000
    colours = GammaAndGain(brightness=(0.75, 1.25))

    def training_depth(self, depth: Depth, validity: Mask | None = None) -> Depth:
        masked = np.zeros_like(depth)
        masked[45:472, 43:608] = depth[45:472, 43:608]
        return masked
