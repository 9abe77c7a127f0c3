"""Augmentation of training images with their depth, and resizing of images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from tr2m_core.data.arrays import Depth, ImageArray
from tr2m_core.data.colours import ColourChange, fractions

if TYPE_CHECKING:
    from tr2m_core.types import Pixels

FLIP_SHARE, COLOUR_SHARE = 0.5, 0.5


def augment(
    image: Pixels, depth: Depth, change_colours: ColourChange, random: np.random.Generator
) -> tuple[npt.NDArray[np.float32], Depth]:
    """Flips image and depth together, half of the time; changes the colours, half of the time.

    image: (H, W, 3) RGB in 0..255; returned as (3, H, W) float32 in 0..1. Sentences are left alone, as in the paper, so
    those that speak of left and right are wrong about a flipped image.
    """
    if random.random() < FLIP_SHARE:
        image, depth = image[:, ::-1], depth[:, ::-1]
    pixels = change_colours(image, random) if random.random() < COLOUR_SHARE else fractions(image)
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)), depth


def resize_image(image: npt.NDArray[np.float32], size: tuple[int, int]) -> Tensor:
    """(3, H, W) -> (3, h, w) of (height, width) = size: bilinear, as the predictor does for the published model."""
    return F.interpolate(torch.from_numpy(image)[None], size=size, mode="bilinear", align_corners=True)[0]


def resize_rounded(image: ImageArray, size: tuple[int, int]) -> ImageArray:
    """(H, W, 3) -> (h, w, 3) of (height, width) = size: bilinear over all that a pixel covers, in 8 bits."""
    height, width = size
    return np.array(Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR))


def resize_unrounded(image: ImageArray, size: tuple[int, int]) -> npt.NDArray[np.float32]:
    """As `resize_rounded`, but for the rounding: (h, w, 3) float32 in 0..255."""
    channels = torch.from_numpy(image).permute(2, 0, 1)[None].float()
    small = F.interpolate(channels, size=size, mode="bilinear", antialias=True, align_corners=False)
    return np.ascontiguousarray(small[0].permute(1, 2, 0).numpy())
