"""The frozen relative-depth networks: Depth Anything of transformers, and a pyramid on EfficientNet-Lite."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import DepthAnythingForDepthEstimation
from transformers.models.dinov2.modeling_dinov2 import Dinov2Embeddings

from tr2m_core.errors import InputError
from tr2m_core.model.config import PyramidConfig
from tr2m_core.model.efficientnet_lite import EfficientNetLite
from tr2m_core.model.precision import Float32Conv2d
from tr2m_core.model.presets import PYRAMIDS
from tr2m_core.model.pretrained import load_pretrained, quiet_transformers
from tr2m_core.model.pyramid import PyramidDecoder, double
from tr2m_core.model.release import load_depth_anything
from tr2m_core.model.sources import backbone_file
from tr2m_core.model.tensors import check_tensors, load_strictly, read_weights, save_tensors


class RelativeDepthNetwork(nn.Module, ABC):
    """Affine-invariant inverse depth (larger = nearer) and the backbone's patch tokens, in one pass.

    token_width: channels of a token. patch_size: pixels of its side; images are multiples of it.
    """

    token_width: int
    patch_size: int

    @abstractmethod
    def forward(self, pixel_values: Tensor) -> tuple[Tensor, Tensor]:
        """Normalised images (B, 3, H, W) -> relative depth (B, 1, H, W) >= 0 and patch tokens (B, P, C), by rows."""

    @abstractmethod
    def save_pretrained(self, folder: Path) -> None:
        """Writes config.json and model.safetensors, which `load_relative_depth` reads."""


def load_relative_depth(source: str | Path) -> RelativeDepthNetwork:
    """The network in a folder, of the kind that its config.json says, or in Depth Anything's release file, in
    evaluation mode. Raises InputError, naming what is missing or does not fit."""
    path = Path(source)
    config = PyramidConfig.from_json(path / "config.json")
    return DepthAnything.from_pretrained(path) if config is None else PyramidDepthNetwork.from_pretrained(path, config)


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


class PyramidDepthNetwork(RelativeDepthNetwork):
    """A decoder on a frozen EfficientNet-Lite. The tokens are the standardised features of its last level.

    A folder of it holds the decoder alone: the backbone's weights are an installed package's.
    """

    patch_size = 32

    def __init__(self, backbone: EfficientNetLite, decoder: PyramidDecoder, config: PyramidConfig | None = None):
        """config: where the backbone is from; None: where the preset of its variant has it from."""
        super().__init__()
        self.backbone, self.decoder = backbone, decoder
        self.config = config or dataclasses.replace(PYRAMIDS[backbone.variant], width=decoder.width)
        self.token_width = backbone.channels[-1]

    @classmethod
    def from_pretrained(cls, folder: Path, config: PyramidConfig) -> PyramidDepthNetwork:
        """The decoder in the folder on the backbone that the configuration names. Raises InputError."""
        backbone = EfficientNetLite.from_file(config.variant, backbone_file(config))
        decoder = PyramidDecoder(backbone.channels, config.width)
        path = folder / "model.safetensors"
        load_strictly(decoder, check_tensors(read_weights(path), path), path, "a pyramid decoder")
        return cls(backbone, decoder, config).eval()

    def forward(self, pixel_values: Tensor) -> tuple[Tensor, Tensor]:
        features = self.decoder.standardize(self.backbone(pixel_values))
        relative: Tensor = self.decoder(features)
        return double(relative), features[-1].flatten(2).transpose(1, 2)

    def save_pretrained(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        save_tensors(self.decoder, folder / "model.safetensors")
        (folder / "config.json").write_text(self.config.to_json(), encoding="utf-8")


def load_backbone(variant: int) -> EfficientNetLite:
    """The frozen EfficientNet-Lite of a preset, in evaluation mode. Raises InputError: its package is not installed."""
    return EfficientNetLite.from_file(variant, backbone_file(PYRAMIDS[variant]))


class OriginalPositionGrid(Dinov2Embeddings):  # type: ignore[misc]
    """Interpolates the position grid as DINOv2's own code does, and remembers the result.

    The original scales an N x N grid by ((h + 0.1) / N, (w + 0.1) / N); transformers resizes to (h, w), which shifts
    every sampling point a little and the tokens by 2.5e-3. While no gradient is wanted the last result is kept.
    """

    _remembered_for: tuple[Any, ...] = ()
    _remembered: Tensor

    @classmethod
    def of(cls, embeddings: Dinov2Embeddings) -> OriginalPositionGrid:
        """In place of the embeddings of a loaded DINOv2, with their weights."""
        with torch.device("meta"):
            made: OriginalPositionGrid = cls(embeddings.config)
        made.load_state_dict(embeddings.state_dict(), assign=True)
        made.train(embeddings.training)
        return made

    def interpolate_pos_encoding(self, embeddings: Tensor, height: int, width: int) -> Tensor:
        position: Tensor = self.position_embeddings
        h, w = height // self.config.patch_size, width // self.config.patch_size
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
