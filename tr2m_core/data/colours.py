"""Changes of a training image's colours: whole classes of them, drawn from ranges; sentences and depth stay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import cv2
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from tr2m_core.types import Pixels

Fractions = npt.NDArray[np.float32]  # (H, W, 3) RGB in 0..1
Range = tuple[float, float]

GAMMA, COLOUR = (0.9, 1.1), (0.9, 1.1)


class ColourChange(Protocol):
    """What training does to the colours of some images of a data set."""

    def __call__(self, image: Pixels, random: np.random.Generator) -> Fractions:
        """(H, W, 3) RGB in 0..255 -> the same, changed."""


@dataclass(frozen=True)
class GammaAndGain:
    """A power of all channels, then a factor of each, the common `brightness` included."""

    brightness: Range = (0.9, 1.1)

    def __call__(self, image: Pixels, random: np.random.Generator) -> Fractions:
        gamma, factor = random.uniform(*GAMMA), random.uniform(*self.brightness)
        factors = factor * random.uniform(*COLOUR, size=3)
        if image.dtype != np.uint8:
            return _kept(fractions(image) ** np.float32(gamma) * factors.astype(np.float32))
        # What becomes of each of the 256 levels is worked out once, not per pixel.
        levels = np.clip(np.linspace(0.0, 1.0, 256)[:, None] ** gamma * factors, 0.0, 1.0)
        return np.asarray(cv2.LUT(np.ascontiguousarray(image), levels.astype(np.float32)[None]), np.float32)


@dataclass(frozen=True)
class ColourJitter:
    """Brightness, contrast, saturation and hue as torchvision changes them, in an order that is drawn anew as well."""

    brightness: Range = (0.8, 1.2)
    contrast: Range = (0.8, 1.2)
    saturation: Range = (0.8, 1.2)
    hue: Range = (-0.1, 0.1)

    def __call__(self, image: Pixels, random: np.random.Generator) -> Fractions:
        changes = (
            (change_brightness, self.brightness),
            (change_contrast, self.contrast),
            (change_saturation, self.saturation),
            (turn_hue, self.hue),
        )
        pixels = fractions(image)
        for place in random.permutation(len(changes)):
            change, limits = changes[place]
            pixels = change(pixels, random.uniform(*limits))
        return pixels


def fractions(image: Pixels) -> Fractions:
    """0..255 -> 0..1."""
    return np.divide(image, 255, dtype=np.float32)


def change_brightness(pixels: Fractions, factor: float) -> Fractions:
    return _kept(pixels * np.float32(factor))


def change_contrast(pixels: Fractions, factor: float) -> Fractions:
    """Differences from the mean of the grey image, times the factor."""
    return _blended(pixels, _grey(pixels).mean(), factor)


def change_saturation(pixels: Fractions, factor: float) -> Fractions:
    """Differences from the grey of each pixel, times the factor."""
    return _blended(pixels, _grey(pixels)[..., None], factor)


def turn_hue(pixels: Fractions, share: float) -> Fractions:
    """The hue moved on by a share of the full circle of HSV."""
    hsv = cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0] + np.float32(360 * share)) % 360
    return _kept(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB))


def _blended(pixels: Fractions, other: npt.ArrayLike, factor: float) -> Fractions:
    weight = np.float32(factor)
    return _kept(weight * pixels + (1 - weight) * np.asarray(other, np.float32))


def _grey(pixels: Fractions) -> npt.NDArray[np.float32]:
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.float32)


def _kept(pixels: npt.ArrayLike) -> Fractions:
    return np.clip(np.asarray(pixels, np.float32), 0.0, 1.0)
