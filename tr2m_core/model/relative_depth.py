"""The frozen relative-depth network: Depth Anything, as transformers implements it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import DepthAnythingConfig, DepthAnythingForDepthEstimation
from transformers.models.dinov2.modeling_dinov2 import Dinov2Embeddings

from tr2m_core.config import PATCH_SIZE
from tr2m_core.model.precision import Float32Conv2d
from tr2m_core.model.pretrained import load_pretrained
from tr2m_core.model.release import load_depth_anything
from tr2m_core.types import InputError


class RelativeDepthNetwork(nn.Module):
    """Affine-invariant inverse depth (larger = nearer) and the backbone's patch tokens, in one pass."""

    def __init__(self, network: DepthAnythingForDepthEstimation) -> None:
        super().__init__()
        self.network = network
        use_original_position_grid(network.backbone.embeddings)
        network.head.conv3.__class__ = Float32Conv2d

    @classmethod
    def from_config(cls, config: DepthAnythingConfig) -> RelativeDepthNetwork:
        return cls(DepthAnythingForDepthEstimation(config))

    @classmethod
    def from_pretrained(cls, source: str | Path) -> RelativeDepthNetwork:
        """From a folder in the transformers format or from the original release's file. Raises InputError."""
        path = Path(source)
        if not path.is_dir():
            return cls(load_depth_anything(path))
        network = load_pretrained(DepthAnythingForDepthEstimation, path)
        if network.config.depth_estimation_type != "relative":
            raise InputError(f"{path}: predicts {network.config.depth_estimation_type} depth; a relative one is needed")
        return cls(network)

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


class OriginalPositionGrid(Dinov2Embeddings):  # type: ignore[misc]
    """Interpolates the position grid as DINOv2's own code does, and remembers the result.

    The original scales an N x N grid by ((h + 0.1) / N, (w + 0.1) / N); transformers resizes to (h, w), which shifts
    every sampling point a little and the tokens by 2.5e-3. While no gradient is wanted the last result is kept.
    """

    _remembered_for: tuple[Any, ...] = ()
    _remembered: Tensor

    def interpolate_pos_encoding(self, embeddings: Tensor, height: int, width: int) -> Tensor:
        position: Tensor = self.position_embeddings
        h, w = height // PATCH_SIZE, width // PATCH_SIZE
        side = int((position.shape[1] - 1) ** 0.5)
        if (h, w) == (side, side):
            return position
        if torch.is_grad_enabled():
            return self._interpolated(position, side, h, w)
        if torch.compiler.is_compiling() and self._remembered_for[:2] == (h, w):
            return self._remembered  # a compiled graph takes what the run before it left as a constant
        key = (h, w, position.device, position.dtype, position.data_ptr(), position._version)
        if self._remembered_for != key:
            self._remembered_for, self._remembered = key, self._interpolated(position, side, h, w)
        return self._remembered

    @staticmethod
    def _interpolated(position: Tensor, side: int, h: int, w: int) -> Tensor:
        grid = position[:, 1:].reshape(1, side, side, -1).permute(0, 3, 1, 2).float()
        grid = F.interpolate(grid, scale_factor=((h + 0.1) / side, (w + 0.1) / side), mode="bicubic", antialias=False)
        grid = grid.flatten(2).transpose(1, 2).to(position.dtype)
        return torch.cat((position[:, :1], grid), dim=1)


def use_original_position_grid(embeddings: Dinov2Embeddings) -> None:
    """Turns the embeddings of a loaded DINOv2 into OriginalPositionGrid; the parameters stay the same."""
    embeddings.__class__ = OriginalPositionGrid
