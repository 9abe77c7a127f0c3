"""Relative depth bent on purpose: what the formula says, image by image."""

import math

import pytest
import torch

from tr2m_core.model.tr2m import load_model
from tr2m_core.train.bent_depth import BentRelativeDepth, bend

RAMP = torch.linspace(2.0, 6.0, 48).view(1, 1, 1, 48).expand(1, 1, 36, 48)


def grey(value: float = 0.0) -> torch.Tensor:
    return torch.full((1, 3, 36, 48), value)


def test_an_image_of_one_grey_bends_nothing():
    assert torch.allclose(bend(RAMP, grey(0.7)), RAMP, atol=5e-3)  # but for rounding


def test_the_colour_cast_warps_monotonically_and_keeps_the_range():
    image = grey()
    image[:, 0] = 0.5  # red over blue by 0.5
    expected = 2 + 4 * ((RAMP - 2) / 4) ** math.exp(0.7 * math.tanh(1.5))
    assert torch.allclose(bend(RAMP, image), expected, atol=1e-5)
    blue = bend(RAMP, image.flip(1))
    assert (blue.diff(dim=3) >= 0).all() and blue[..., 0].unique().item() == 2.0
    assert (blue[..., 1:-1] > RAMP[..., 1:-1]).all()


def test_brightness_raises_and_darkness_dents():
    image = grey()
    image[..., 24:] = 1.0  # half dark, half bright: one deviation to each side, far from the edge between them
    flat = torch.full((1, 1, 36, 48), 3.0)
    flat[..., 0, 0] = 2.0  # the low end of the range
    bent = bend(flat, image)
    ends = bent[0, 0, 20, [2, 45]] - 2
    assert ends.tolist() == pytest.approx([1 - 0.4 * math.tanh(1.0), 1 + 0.4 * math.tanh(1.0)], abs=0.04)


def test_each_image_is_bent_for_itself():
    images = torch.rand(3, 3, 36, 48, generator=torch.Generator().manual_seed(0))
    relative = torch.rand(3, 1, 36, 48, generator=torch.Generator().manual_seed(1))
    together = bend(relative, images)
    for i in range(3):
        assert torch.allclose(together[i : i + 1], bend(relative[i : i + 1], images[i : i + 1]), atol=1e-6)
    assert bend(torch.full((1, 1, 36, 48), 0.5), images[:1]).isfinite().all()


def test_the_network_bends_its_depth_and_not_its_tokens():
    model = load_model("embedded")
    network = model.relative_depth
    pixels = torch.rand(1, 3, *model.config.input_size, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        relative, tokens = network(pixels)
        bent, same_tokens = BentRelativeDepth(network)(pixels)
    assert torch.equal(bent, bend(relative, pixels)) and not torch.equal(bent, relative)
    assert torch.equal(tokens, same_tokens)
