"""Relative depth bent on purpose: what rescale maps are for, and one factor pair per image cannot mend.

Against the truth of procedural scenes the relative depth of a network trained on them is nearly affine. That of a
network on photographs is not: it errs with what an image shows. The bend is therefore a function of the image, which
a head that sees the image's tokens can learn to undo.
"""

from __future__ import annotations

from pathlib import Path

import torch.nn.functional as F
from torch import Tensor

from tr2m_core.model.relative_depth import RelativeDepthNetwork

WARP = 0.7  # largest logarithm of the exponent
BUMP = 0.4  # largest share by which relative depth is raised or lowered
BUMP_WIDTH = 6  # a bump reaches over one part in so many of the image's height


class BentRelativeDepth(RelativeDepthNetwork):
    """A relative-depth network whose depth, not its tokens, goes through `bend`; it is stored as it was."""

    def __init__(self, straight: RelativeDepthNetwork) -> None:
        super().__init__()
        self.straight = straight
        self.token_width, self.patch_size = straight.token_width, straight.patch_size

    def forward(self, pixel_values: Tensor) -> tuple[Tensor, Tensor]:
        relative_depth, tokens = self.straight(pixel_values)
        return bend(relative_depth, pixel_values), tokens

    def save_pretrained(self, folder: Path) -> None:
        self.straight.save_pretrained(folder)


def bend(relative_depth: Tensor, pixel_values: Tensor) -> Tensor:
    """Relative depth (B, 1, H, W) and the normalised images (B, 3, H, W) that it is of -> the same, bent.

    Each image for itself, n its relative depth brought to 0..1: n ** exp(0.7 tanh(3 (red - blue))), a monotone warp
    by the image's colour cast, times 1 + 0.4 tanh(z), bumps where it is bright and dents where it is dark, z its
    blurred brightness with mean 0 and deviation 1. The range stays that of the original up to the bumps.
    """
    low = relative_depth.amin((2, 3), keepdim=True)
    span = (relative_depth.amax((2, 3), keepdim=True) - low).clamp_min(1e-6)
    colour = pixel_values.mean((2, 3), keepdim=True)
    exponent = (WARP * (3 * (colour[:, :1] - colour[:, 2:])).tanh()).exp()
    warped = ((relative_depth - low) / span) ** exponent
    return low + span * warped * (1 + BUMP * _blurred_brightness(pixel_values).tanh())


def _blurred_brightness(pixel_values: Tensor) -> Tensor:
    """(B, 1, H, W), mean 0 and deviation 1 over each image."""
    radius = max(1, pixel_values.shape[2] // (2 * BUMP_WIDTH))
    brightness = pixel_values.mean(1, keepdim=True)
    for _ in range(2):
        padded = F.pad(brightness, (radius,) * 4, mode="replicate")
        brightness = F.avg_pool2d(padded, 2 * radius + 1, stride=1)
    centred = brightness - brightness.mean((2, 3), keepdim=True)
    return centred / centred.square().mean((2, 3), keepdim=True).sqrt().clamp_min(1e-3)
