"""Layers that compute in float32 also where the rest of a network runs in bf16 or fp16.

Half precision in a last 1x1 convolution leaves as few as 3 distinct values on a smooth map, and layer norm statistics
in it cost visible accuracy.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class LayerNorm(nn.LayerNorm):
    """Layer norm computed in float32; the result has the type of the input."""

    def forward(self, x: Tensor) -> Tensor:
        return F.layer_norm(x.float(), self.normalized_shape, self.weight.float(), self.bias.float(), self.eps).to(
            x.dtype
        )


class Float32Conv2d(nn.Conv2d):
    """A convolution computed in float32, autocast or not; the result is float32."""

    @classmethod
    def of(cls, layer: nn.Conv2d) -> Float32Conv2d:
        """In place of an ordinary 1x1 convolution of a loaded network, with its weights."""
        made = cls(layer.in_channels, layer.out_channels, 1, device="meta")
        made.load_state_dict(layer.state_dict(), assign=True)
        return made.train(layer.training)

    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, enabled=False):
            return super().forward(x.float())


def halve(network: nn.Module, dtype: torch.dtype) -> None:
    """Stores the weights of linear and convolution layers in `dtype`, in place, for use under autocast.

    Autocast would otherwise convert them anew for every frame. All other parameters stay float32.
    """
    for module in network.modules():
        if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d) and not isinstance(module, Float32Conv2d):
            module.to(dtype)
