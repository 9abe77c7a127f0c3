"""DINOv2 of transformers: the frozen image encoder, and the position grid that Depth Anything's backbone shares."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import Dinov2Model
from transformers.models.dinov2.modeling_dinov2 import Dinov2Embeddings

from tr2m_core.model.pretrained import load_pretrained, quiet_transformers
from tr2m_core.model.release import load_dinov2


class ImageEncoder(nn.Module):
    """DINOv2: the patch tokens of the last block after the final layer norm, class token dropped."""

    def __init__(self, network: Dinov2Model) -> None:
        super().__init__()
        self.network = network
        network.embeddings = OriginalPositionGrid.of(network.embeddings)

    @classmethod
    def from_pretrained(cls, source: str | Path) -> ImageEncoder:
        """From a folder in the transformers format or from the original release's file. Raises InputError."""
        path = Path(source)
        return cls(load_pretrained(Dinov2Model, path) if path.is_dir() else load_dinov2(path))

    def save_pretrained(self, folder: Path) -> None:
        """Writes the network in the transformers format."""
        with quiet_transformers():
            self.network.save_pretrained(folder)

    @property
    def token_width(self) -> int:
        return int(self.network.config.hidden_size)

    @property
    def patch_size(self) -> int:
        return int(self.network.config.patch_size)

    def forward(self, pixel_values: Tensor) -> Tensor:
        """Normalised images (B, 3, H, W) -> tokens (B, P, C), row by row."""
        tokens: Tensor = self.network(pixel_values).last_hidden_state[:, 1:]
        return tokens


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
