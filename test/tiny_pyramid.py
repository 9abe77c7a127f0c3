"""A backbone like those of the relative stage, as small as can be."""

import torch
from torch import Tensor, nn


class TinyBackbone(nn.Module):
    """Random features at strides 4, 8, 16 and 32."""

    variant = 0
    channels = (4, 6, 8, 10)

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        widths = (3, *self.channels)
        self.steps = nn.ModuleList(
            nn.Conv2d(widths[n], widths[n + 1], 3, stride=4 if n == 0 else 2, padding=1) for n in range(4)
        )
        self.requires_grad_(False)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        features = []
        for step in self.steps:
            x = step(x).relu()
            features.append(x)
        return tuple(features)
