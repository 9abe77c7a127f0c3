"""A pyramid decoder: relative depth from a frozen backbone's features at several strides.

Lateral 1x1 convolutions and a top-down path as in feature pyramid networks (Lin et al. 2017, arXiv 1612.03144),
residual units between the levels as in DPT (Ranftl et al. 2021, arXiv 2103.13413).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tr2m_core.model.config import Padding
from tr2m_core.model.precision import Float32Conv2d
from tr2m_core.model.rescale_head import ResidualConvUnit

REPLICATE: Padding = "replicate"  # padding with zeros shows as a frame around depth
MIDDLE = 0.54  # softplus of it is 1: targets are in units of their median


class PyramidDecoder(nn.Module):
    """channels: of the backbone's levels, the finest, of stride 4, first; each has half the size of the one before.

    width: channels of the decoder's levels; the finest, which costs most, has half of it.

    Features are standardised per channel with the mean and standard deviation of the training images, which are
    stored with the weights: `set_statistics`.
    """

    def __init__(self, channels: Sequence[int], width: int = 64) -> None:
        super().__init__()
        self.channels, self.width = tuple(channels), width
        for level, count in enumerate(channels):
            self.register_buffer(f"mean_{level}", torch.zeros(count))
            self.register_buffer(f"std_{level}", torch.ones(count))
        finest = width // 2
        widths = (finest, *(width for _ in channels[1:]))
        self.laterals = nn.ModuleList(nn.Conv2d(count, own, 1) for count, own in zip(channels, widths, strict=True))
        self.positions = nn.ModuleList(nn.Conv2d(2, own, 1, bias=False) for own in widths)
        self.context = nn.Conv2d(channels[-1], width, 1)
        self.units = nn.ModuleList(ResidualConvUnit(own, REPLICATE) for own in widths)
        self.narrow = nn.Conv2d(width, finest, 1)
        self.output1 = nn.Conv2d(finest, 16, 3, padding=1, padding_mode=REPLICATE)
        self.output2 = nn.Conv2d(16, 16, 3, padding=1, padding_mode=REPLICATE)
        self.output3 = Float32Conv2d(16, 1, 1)
        nn.init.constant_(self.output3.bias, MIDDLE)  # type: ignore[arg-type]

    @torch.no_grad()
    def set_statistics(self, means: Sequence[Tensor], stds: Sequence[Tensor]) -> None:
        """Mean and standard deviation (C,) of each level's channels over the training images."""
        for level, (mean, std) in enumerate(zip(means, stds, strict=True)):
            self.get_buffer(f"mean_{level}").copy_(mean)
            self.get_buffer(f"std_{level}").copy_(std)

    def standardize(self, features: Sequence[Tensor]) -> list[Tensor]:
        """The backbone's levels (B, C, h, w) -> the same with mean 0 and deviation 1 per channel, float32."""
        return [
            (level - self.get_buffer(f"mean_{place}").view(1, -1, 1, 1))
            / self.get_buffer(f"std_{place}").view(1, -1, 1, 1)
            for place, level in enumerate(features)
        ]

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Standardised levels (B, C, h, w), strides 4 to 32 -> relative depth >= 0, (B, 1, H / 2, W / 2) float32."""
        context = self.context(features[-1].mean((2, 3), keepdim=True))
        x: Tensor | None = None
        for level in reversed(range(len(features))):
            position = self.positions[level](coordinates(features[level]))
            lateral = self.laterals[level](features[level]) + position
            if x is not None:
                x = double(x if level else self.narrow(x))
            x = self.units[level](lateral + (context if x is None else x))
        assert x is not None
        x = F.relu(self.output2(double(F.relu(self.output1(x)))))
        return F.softplus(self.output3(x))


def double(x: Tensor) -> Tensor:
    """Twice the height and width, bilinear, pixel centres aligned."""
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


def coordinates(like: Tensor) -> Tensor:
    """Centres of the pixels of (B, C, h, w): x and y, each from -1 to 1 across the image, (1, 2, h, w)."""
    height, width = like.shape[-2:]
    y = (2 * torch.arange(height, device=like.device, dtype=torch.float32) + 1) / height - 1
    x = (2 * torch.arange(width, device=like.device, dtype=torch.float32) + 1) / width - 1
    return torch.stack((x.expand(height, width), y.unsqueeze(1).expand(height, width))).unsqueeze(0)
