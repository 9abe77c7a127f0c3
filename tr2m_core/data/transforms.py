"""Augmentation of training pictures with their depth, and resizing of pictures."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from tr2m_core.data.dataset import Depth, Picture

FLIP_SHARE, COLOUR_SHARE = 0.5, 0.5
GAMMA, COLOUR = (0.9, 1.1), (0.9, 1.1)


def augment(
    image: Picture, depth: Depth, brightness: tuple[float, float], random: np.random.Generator
) -> tuple[npt.NDArray[np.float32], Depth]:
    """Flips picture and depth together, half of the time; changes gamma, brightness and colours, half of the time.

    Returns the picture as (3, H, W) float32 in 0..1. Sentences are left alone, as in the paper, so those that speak of
    left and right are wrong about a flipped picture.
    """
    if random.random() < FLIP_SHARE:
        image, depth = image[:, ::-1], depth[:, ::-1]
    levels = np.repeat(np.linspace(0.0, 1.0, 256)[:, None], 3, axis=1)
    if random.random() < COLOUR_SHARE:
        gamma, factor = random.uniform(*GAMMA), random.uniform(*brightness)
        levels = np.clip(levels**gamma * factor * random.uniform(*COLOUR, size=3), 0.0, 1.0)
    # What becomes of each of the 256 levels is worked out once, not per pixel.
    table = levels.astype(np.float32)
    return np.stack([table[:, channel][image[..., channel]] for channel in range(3)]), depth


def resize_image(image: npt.NDArray[np.float32], size: tuple[int, int]) -> Tensor:
    """(3, H, W) -> (3, h, w) of (height, width) = size: bilinear, as the predictor does for the published model."""
    return F.interpolate(torch.from_numpy(image)[None], size=size, mode="bilinear", align_corners=True)[0]


def resize_picture(picture: Picture, size: tuple[int, int]) -> Picture:
    """(H, W, 3) uint8 -> (h, w, 3) uint8 of (height, width) = size: as `resize_image`, rounded."""
    channels = np.ascontiguousarray(picture.transpose(2, 0, 1), np.float32)
    return np.ascontiguousarray(resize_image(channels, size).numpy().round().astype(np.uint8).transpose(1, 2, 0))
