"""Augmentation: which shares are flipped and recoloured, by how much, with their depth; resizing."""

from __future__ import annotations

import colorsys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from tiny_datasets import gradient

from tr2m_core.data import colours
from tr2m_core.data.colours import ColourJitter, GammaAndGain
from tr2m_core.data.transforms import augment, resize_image, resize_rounded, resize_unrounded
from tr2m_core.inference.predictor import DepthPredictor
from tr2m_core.model.normalizer import Normalizer
from tr2m_core.model.presets import PAPER

DRAWS = 600


def draws(image, change):
    depth = image[..., 0].astype(np.float32)  # so that image and depth can be compared
    for seed in range(DRAWS):
        yield augment(image, depth, change, np.random.default_rng(seed))


def is_plain(pixels, image):
    """Whether the colours are those of the image, mirrored or not."""
    expected = image.transpose(2, 0, 1).astype(np.float32) / 255
    return any(np.allclose(pixels, image, atol=1e-6) for image in (expected, expected[..., ::-1]))


CHANGES = pytest.mark.parametrize("change", [GammaAndGain(), ColourJitter(hue=(0, 0))])


@CHANGES
def test_half_is_flipped_and_the_depth_with_it(change):
    flipped = 0
    for pixels, depth in draws(gradient((4, 32)), change):
        assert pixels.shape == (3, 4, 32)
        assert pixels.dtype == np.float32
        mirrored = bool(pixels[0, 0, 0] > pixels[0, 0, -1])
        assert mirrored == bool(depth[0, 0] > depth[0, -1])
        flipped += mirrored
    assert 0.42 < flipped / DRAWS < 0.58


@CHANGES
def test_half_keeps_its_colours(change):
    image = gradient((4, 32))
    plain = sum(is_plain(pixels, image) for pixels, _ in draws(image, change))
    assert 0.42 < plain / DRAWS < 0.58


@pytest.mark.parametrize("limits", [(0.75, 1.25), (0.9, 1.1)])
def test_brightness_gamma_and_colour_stay_in_their_ranges(limits):
    grey = np.full((2, 2, 3), 128, np.uint8)
    level = 128 / 255
    changed = np.array(
        [pixels[:, 0, 0] for pixels, _ in draws(grey, GammaAndGain(limits)) if not is_plain(pixels, grey)]
    )
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
    for pixels, depth in draws(levels, GammaAndGain()):
        dark, bright = pixels[:, 0, depth[0] == 64][:, 0], pixels[:, 0, depth[0] == 255][:, 0]
        assert pixels.max() <= 1
        kept = bright < 1  # clipped channels no longer tell the factor
        bends += (np.log(dark / bright)[kept] / np.log(64 / 255)).tolist()
    assert 0.9 <= min(bends) < 0.92
    assert 1.08 < max(bends) <= 1.1


def test_images_are_resized_as_the_predictor_does():
    image = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    backend = SimpleNamespace(config=PAPER, device=torch.device("cpu"), input_size=(42, 70))
    expected = DepthPredictor(backend).preprocess(image[None])
    resized = resize_image(image.transpose(2, 0, 1).astype(np.float32) / 255, (42, 70))
    assert resized.shape == (3, 42, 70)
    torch.testing.assert_close(Normalizer(PAPER, torch.device("cpu"))(resized[None]), expected, atol=1e-5, rtol=0)


# ---- images that are not rounded ----


@pytest.mark.parametrize("change", [GammaAndGain(), ColourJitter()])
def test_unrounded_images_are_changed_as_those_of_8_bits(change):
    image = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    for seed in range(8):
        rounded, unrounded = (
            augment(each, np.zeros((5, 7), np.float32), change, np.random.default_rng(seed))[0]
            for each in (image, image.astype(np.float32))
        )
        np.testing.assert_allclose(rounded, unrounded, atol=1e-6)
    halves = np.full((2, 2, 3), 100.5, np.float32)
    plain = (augment(halves, halves[..., 0], change, np.random.default_rng(seed))[0] for seed in range(20))
    assert any(np.allclose(pixels, 100.5 / 255, atol=1e-7) for pixels in plain)


# ---- colour jitter ----

PIXELS = np.random.default_rng(0).random((6, 8, 3)).astype(np.float32)
PIXELS[0, :3] = [[0, 0, 0], [1, 1, 1], [0.5, 0.5, 0.5]]
GREY = PIXELS.astype(np.float64) @ (0.299, 0.587, 0.114)


def each_pixel(change):
    return np.array([[change(*(float(c) for c in pixel)) for pixel in row] for row in PIXELS])


@pytest.mark.parametrize("factor", [0.8, 1.0, 1.2])
def test_brightness_contrast_and_saturation_are_blends(factor):
    for change, other in (
        (colours.change_brightness, 0),
        (colours.change_contrast, GREY.mean()),
        (colours.change_saturation, GREY[..., None]),
    ):
        expected = np.clip(factor * PIXELS + (1 - factor) * other, 0, 1)
        np.testing.assert_allclose(change(PIXELS, factor), expected, atol=1e-6)


@pytest.mark.parametrize("share", [-0.1, 0.0, 0.07, 0.1])
def test_hue_is_a_share_of_the_circle(share):
    def turned(red, green, blue):
        hue, saturation, value = colorsys.rgb_to_hsv(red, green, blue)
        return colorsys.hsv_to_rgb((hue + share) % 1, saturation, value)

    np.testing.assert_allclose(colours.turn_hue(PIXELS, share), each_pixel(turned), atol=2e-6)


@pytest.mark.parametrize("name", ["brightness", "contrast", "saturation", "hue"])
def test_each_change_spans_its_range(name):
    image = np.uint8([[[200, 60, 60], [40, 40, 40]]])
    still = {"brightness": (1, 1), "contrast": (1, 1), "saturation": (1, 1), "hue": (0, 0)}
    mean = (0.299 * 200 + 0.701 * 60 + 40) / 2
    grey = 0.299 * 200 + 0.701 * 60

    def found(pixels):
        red, green, blue = 255 * pixels[0, 0].astype(float)
        if name == "brightness":
            return red / 200
        if name == "contrast":
            return (red - mean) / (200 - mean)
        return (red - grey) / (200 - grey) if name == "saturation" else (green - blue) / (6 * (red - min(green, blue)))

    change = ColourJitter(**still | {name: getattr(ColourJitter(), name)})
    values = [found(change(image, np.random.default_rng(seed))) for seed in range(300)]
    low, high = getattr(ColourJitter(), name)
    assert low - 1e-5 < min(values) < low + 0.03 * (high - low)
    assert high - 0.03 * (high - low) < max(values) < high + 1e-5


def test_the_order_of_changes_is_drawn(monkeypatch):
    calls, orders = [], set()
    for name in ("change_brightness", "change_contrast", "change_saturation", "turn_hue"):
        monkeypatch.setattr(colours, name, lambda pixels, factor, name=name: calls.append(name) or pixels)
    for seed in range(300):
        calls.clear()
        ColourJitter()(np.zeros((2, 2, 3), np.uint8), np.random.default_rng(seed))
        orders.add(tuple(calls))
    assert len(orders) == 24 and all(len(set(order)) == 4 for order in orders)


def test_jitter_is_the_same_for_the_same_draw():
    image = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
    pixels = ColourJitter()(image, np.random.default_rng(3))
    assert np.array_equal(pixels, ColourJitter()(image, np.random.default_rng(3)))
    assert not np.array_equal(pixels, ColourJitter()(image, np.random.default_rng(4)))
    assert pixels.dtype == np.float32 and pixels.min() >= 0 and pixels.max() <= 1


# ---- resizing of whole sets ----


def triangle(image, size):
    """Bilinear over all that a pixel covers, as a triangle filter as wide as the larger pixel, axis by axis."""
    values = image.astype(np.float64)
    for axis, few in enumerate(size):
        many = values.shape[axis]
        scale = many / few
        reach = max(scale, 1.0)
        centres = (np.arange(few) + 0.5) * scale
        weights = np.clip(1 - np.abs(np.arange(many) + 0.5 - centres[:, None]) / reach, 0, None)
        weights /= weights.sum(axis=1, keepdims=True)
        values = np.moveaxis(np.tensordot(weights, values, (1, axis)), 0, axis)
    return values


@pytest.mark.parametrize("size", [(48, 64), (120, 99), (30, 200)])
def test_images_are_resized_with_antialiasing(size):
    image = np.random.default_rng(0).integers(0, 256, (96, 128, 3), np.uint8)
    expected = triangle(image, size)
    unrounded = resize_unrounded(image, size)
    assert unrounded.dtype == np.float32 and unrounded.flags.c_contiguous
    np.testing.assert_allclose(unrounded, expected, atol=5e-3)  # torch has the weights in float32
    rounded = resize_rounded(image, size)
    assert rounded.dtype == np.uint8 and rounded.flags.writeable
    np.testing.assert_allclose(rounded, expected, atol=1.01)  # Pillow rounds after each axis


def test_resizing_unrounded_images_and_normalising_may_change_places():
    image = np.random.default_rng(0).integers(0, 256, (96, 128, 3), np.uint8)
    normalize = Normalizer(PAPER, torch.device("cpu"), white=255.0)
    channels = torch.from_numpy(image).permute(2, 0, 1)[None].float()
    published = torch.nn.functional.interpolate(
        normalize(channels), size=(48, 70), mode="bilinear", antialias=True, align_corners=False
    )
    ours = normalize(torch.from_numpy(resize_unrounded(image, (48, 70))).permute(2, 0, 1)[None])
    torch.testing.assert_close(ours, published, atol=5e-6, rtol=0)


def test_an_image_of_the_right_size_stays_as_it_is():
    image = gradient((48, 64))
    assert np.array_equal(resize_rounded(image, (48, 64)), image)
    assert np.array_equal(resize_unrounded(image, (48, 64)), image)
