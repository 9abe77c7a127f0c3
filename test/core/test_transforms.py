"""Augmentation: which shares are flipped and recoloured, by how much, and that the depth follows the picture."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from tiny_datasets import gradient

from tr2m_core.data.transforms import augment, resize_image
from tr2m_core.inference import DepthPredictor
from tr2m_core.model.normalizer import Normalizer
from tr2m_core.model.presets import PAPER

DRAWS = 600


def draws(image, brightness=(0.9, 1.1)):
    depth = image[..., 0].astype(np.float32)  # so that picture and depth can be compared
    for seed in range(DRAWS):
        yield augment(image, depth, brightness, np.random.default_rng(seed))


def is_plain(pixels, image):
    """Whether the colours are those of the picture, mirrored or not."""
    expected = image.transpose(2, 0, 1).astype(np.float32) / 255
    return any(np.allclose(pixels, picture, atol=1e-6) for picture in (expected, expected[..., ::-1]))


def test_half_is_flipped_and_the_depth_with_it():
    flipped = 0
    for pixels, depth in draws(gradient((4, 32))):
        assert pixels.shape == (3, 4, 32)
        assert pixels.dtype == np.float32
        mirrored = bool(pixels[0, 0, 0] > pixels[0, 0, -1])
        assert mirrored == bool(depth[0, 0] > depth[0, -1])
        flipped += mirrored
    assert 0.42 < flipped / DRAWS < 0.58


def test_half_keeps_its_colours():
    image = gradient((4, 32))
    plain = sum(is_plain(pixels, image) for pixels, _ in draws(image))
    assert 0.42 < plain / DRAWS < 0.58


@pytest.mark.parametrize("limits", [(0.75, 1.25), (0.9, 1.1)])
def test_brightness_gamma_and_colour_stay_in_their_ranges(limits):
    grey = np.full((2, 2, 3), 128, np.uint8)
    level = 128 / 255
    changed = np.array([pixels[:, 0, 0] for pixels, _ in draws(grey, limits) if not is_plain(pixels, grey)])
    assert changed.min() > level**1.1 * limits[0] * 0.9 - 1e-6
    assert changed.max() < level**0.9 * limits[1] * 1.1 + 1e-6
    # Colour moves the channels apart by no more than its own range...
    assert (changed.max(1) / changed.min(1)).max() < 1.1 / 0.9 + 1e-6
    assert (changed.max(1) / changed.min(1)).min() > 1
    # ...and what they have in common spans that of brightness and gamma.
    common = changed.mean(1) / level
    assert common.min() < limits[0] * 1.06
    assert common.max() > limits[1] * 0.94


def test_gamma_bends_and_full_brightness_is_kept_within_one():
    levels = np.array([[[64] * 3, [255] * 3]], np.uint8)
    bends = []
    for pixels, depth in draws(levels):
        dark, bright = pixels[:, 0, depth[0] == 64][:, 0], pixels[:, 0, depth[0] == 255][:, 0]
        assert pixels.max() <= 1
        kept = bright < 1  # clipped channels no longer tell the factor
        bends += (np.log(dark / bright)[kept] / np.log(64 / 255)).tolist()
    assert 0.9 <= min(bends) < 0.92
    assert 1.08 < max(bends) <= 1.1


def test_pictures_are_resized_as_the_predictor_does():
    image = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    backend = SimpleNamespace(config=PAPER, device=torch.device("cpu"), input_size=(42, 70))
    expected = DepthPredictor(backend).preprocess(image[None])
    resized = resize_image(image.transpose(2, 0, 1).astype(np.float32) / 255, (42, 70))
    assert resized.shape == (3, 42, 70)
    torch.testing.assert_close(Normalizer(PAPER, torch.device("cpu"))(resized[None]), expected, atol=1e-5, rtol=0)
