"""Per-channel normalisation of images, as all three frozen networks expect it."""

from __future__ import annotations

import torch
from torch import Tensor

from tr2m_core.model.config import ModelConfig


class Normalizer:
    """(x / white - mean) / std with the mean and standard deviation of the configuration.

    white: the value of full brightness, 255 for bytes, 1 for fractions.
    """

    def __init__(self, config: ModelConfig, device: torch.device, white: float = 1.0) -> None:
        mean, std = torch.tensor(config.image_mean), torch.tensor(config.image_std)
        self.offset = (white * mean).view(1, 3, 1, 1).to(device)
        self.factor = (1.0 / (white * std)).view(1, 3, 1, 1).to(device)

    def __call__(self, images: Tensor) -> Tensor:
        """(N, 3, H, W) floating point -> the same, normalised."""
        return (images - self.offset) * self.factor
