"""Depth Anything of transformers, the published model's frozen relative-depth network."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor
from transformers import DepthAnythingForDepthEstimation

from tr2m_core.errors import InputError
from tr2m_core.model.dinov2 import OriginalPositionGrid
from tr2m_core.model.precision import Float32Conv2d
from tr2m_core.model.pretrained import load_pretrained, quiet_transformers
from tr2m_core.model.relative_depth import RelativeDepthNetwork
from tr2m_core.model.release import load_depth_anything


class DepthAnything(RelativeDepthNetwork):
    """Depth Anything (arXiv 2401.10891). The tokens are those of the last block after the final layer norm."""

    def __init__(self, network: DepthAnythingForDepthEstimation) -> None:
        super().__init__()
        self.network = network
        backbone = network.config.backbone_config
        self.token_width, self.patch_size = int(backbone.hidden_size), int(backbone.patch_size)
        network.backbone.embeddings = OriginalPositionGrid.of(network.backbone.embeddings)
        network.head.conv3 = Float32Conv2d.of(network.head.conv3)

    @classmethod
    def from_pretrained(cls, path: Path) -> DepthAnything:
        """From a folder in the transformers format or from the original release's file. Raises InputError."""
        if not path.is_dir():
            return cls(load_depth_anything(path))
        network = load_pretrained(DepthAnythingForDepthEstimation, path)
        if network.config.depth_estimation_type != "relative":
            raise InputError(f"{path}: predicts {network.config.depth_estimation_type} depth; a relative one is needed")
        return cls(network)

    def forward(self, pixel_values: Tensor) -> tuple[Tensor, Tensor]:
        height, width = pixel_values.shape[-2:]
        grid = (height // self.patch_size, width // self.patch_size)
        features = self.network.backbone(pixel_values).feature_maps
        relative_depth = self.network.head(self.network.neck(features, *grid), *grid)
        return relative_depth.unsqueeze(1), features[-1][:, 1:]

    def save_pretrained(self, folder: Path) -> None:
        with quiet_transformers():
            self.network.save_pretrained(folder)
