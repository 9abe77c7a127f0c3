"""The frozen relative-depth network: Depth Anything, as transformers implements it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import DepthAnythingConfig, DepthAnythingForDepthEstimation

from tr2m_core.config import PATCH_SIZE


class RelativeDepthNetwork(nn.Module):
    """Affine-invariant inverse depth (larger = nearer) and the backbone's patch tokens, in one pass."""

    def __init__(self, network: DepthAnythingForDepthEstimation) -> None:
        super().__init__()
        self.network = network
        use_original_position_grid(network.backbone.embeddings)

    @classmethod
    def from_config(cls, config: DepthAnythingConfig) -> RelativeDepthNetwork:
        return cls(DepthAnythingForDepthEstimation(config))

    @classmethod
    def from_pretrained(cls, source: str | Path) -> RelativeDepthNetwork:
        return cls(DepthAnythingForDepthEstimation.from_pretrained(source, use_safetensors=True))

    @property
    def token_width(self) -> int:
        return int(self.network.config.backbone_config.hidden_size)

    def forward(self, pixel_values: Tensor) -> tuple[Tensor, Tensor]:
        """Normalised pictures (B, 3, H, W) -> relative depth (B, 1, H, W) >= 0 and patch tokens (B, P, C).

        The tokens are those of the last block after the final layer norm, class token dropped.
        """
        height, width = pixel_values.shape[-2:]
        grid = (height // PATCH_SIZE, width // PATCH_SIZE)
        features = self.network.backbone(pixel_values).feature_maps
        relative_depth = self.network.head(self.network.neck(features, *grid), *grid)
        return relative_depth.unsqueeze(1), features[-1][:, 1:]


def use_original_position_grid(embeddings: Any) -> None:
    """Makes a Dinov2Embeddings interpolate its position grid as DINOv2's own code does, and remember the result.

    The original scales an N x N grid by ((h + 0.1) / N, (w + 0.1) / N); transformers resizes to (h, w), which shifts
    every sampling point a little and the tokens by 2.5e-3. While no gradient is wanted the result is kept per size.
    """
    remembered: dict[tuple[int, int, torch.device, torch.dtype, int], Tensor] = {}

    def interpolate(tokens: Tensor, height: int, width: int) -> Tensor:
        position: Tensor = embeddings.position_embeddings
        key = (height, width, position.device, position.dtype, position._version)
        if key in remembered and not torch.is_grad_enabled():
            return remembered[key]
        h, w = height // PATCH_SIZE, width // PATCH_SIZE
        side = int((position.shape[1] - 1) ** 0.5)
        if (h, w) == (side, side):
            return position
        grid = position[:, 1:].reshape(1, side, side, -1).permute(0, 3, 1, 2).float()
        grid = F.interpolate(grid, scale_factor=((h + 0.1) / side, (w + 0.1) / side), mode="bicubic", antialias=False)
        grid = grid.flatten(2).transpose(1, 2).to(position.dtype)
        result = torch.cat((position[:, :1], grid), dim=1)
        if not torch.is_grad_enabled():
            remembered.clear()
            remembered[key] = result
        return result

    embeddings.interpolate_pos_encoding = interpolate
