"""What a frozen relative-depth network is, and the small one: a pyramid on EfficientNet-Lite."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from pathlib import Path

from torch import Tensor, nn

from tr2m_core.model.config import PyramidConfig
from tr2m_core.model.efficientnet_lite import EfficientNetLite
from tr2m_core.model.presets import PYRAMIDS
from tr2m_core.model.pyramid import PyramidDecoder, double
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
        """Writes config.json and model.safetensors, which `loading.load_relative_depth` reads."""


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
