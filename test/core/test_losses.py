"""Losses against values worked out by hand."""

import math

import pytest
import torch

from tr2m_core.losses.affine_invariant import affine_invariant_loss, median_anchor_loss
from tr2m_core.losses.silog import silog_loss

EVERYWHERE = torch.ones(1, 1, 1, 4, dtype=torch.bool)


def picture(*values: float) -> torch.Tensor:
    return torch.tensor(values).view(1, 1, 1, -1)


def test_silog_by_hand():
    truth, prediction = picture(1.0, 1.0, 1.0, 1.0), picture(math.e, math.e, 1.0, 1.0)
    # d = 1, 1, 0, 0: mean of squares 1/2, square of the mean 1/4
    for focus, expected in ((0.0, math.sqrt(0.5)), (0.6, math.sqrt(0.5 - 0.15)), (1.0, 0.5)):
        loss = silog_loss(prediction, truth, EVERYWHERE, variance_focus=focus, weight=10.0)
        assert loss.item() == pytest.approx(10 * expected, rel=1e-5)


def test_silog_with_full_variance_focus_ignores_scale():
    truth = picture(1.0, 2.0, 3.0, 4.0)
    assert silog_loss(5 * truth, truth, EVERYWHERE, variance_focus=1.0).item() == pytest.approx(0.0, abs=2e-3)
    assert silog_loss(5 * truth, truth, EVERYWHERE, variance_focus=0.6).item() > 5


def test_silog_counts_valid_pixels_only():
    valid = EVERYWHERE.clone()
    valid[..., 3] = False
    with_garbage = silog_loss(picture(2.0, 2.0, 3.0, 1e9), picture(1.0, 2.0, 3.0, 0.0), valid)
    assert with_garbage.item() == pytest.approx(
        silog_loss(picture(2.0, 2.0, 3.0), picture(1.0, 2.0, 3.0), EVERYWHERE[..., :3]).item()
    )
    nothing = silog_loss(
        picture(1.0, 1.0).requires_grad_(), picture(1.0, 1.0), torch.zeros(1, 1, 1, 2, dtype=torch.bool)
    )
    assert nothing.item() == 0.0


def test_affine_invariant_loss_is_blind_to_scale_and_shift():
    generator = torch.Generator().manual_seed(0)
    target = torch.rand(2, 1, 16, 16, generator=generator)
    valid = torch.ones_like(target, dtype=torch.bool)
    assert affine_invariant_loss(3 * target + 7, target, valid).item() == pytest.approx(0.0, abs=1e-4)
    assert affine_invariant_loss(torch.rand(2, 1, 16, 16, generator=generator), target, valid).item() > 0.5


def test_affine_invariant_loss_by_hand():
    # median 1 (the lower middle), deviations 1, 0, 1, 2, mean 1: normalised -1, 0, 1, 2; the flat prediction is 0
    loss = affine_invariant_loss(
        picture(5.0, 5.0, 5.0, 5.0), picture(0.0, 1.0, 2.0, 3.0), EVERYWHERE, gradient_weight=0.0
    )
    assert loss.item() == pytest.approx(1.0)
    # steps of 1, 1, 1 over 4 pixels, then one step of 2 over the 2 pixels left, then nothing
    with_gradients = affine_invariant_loss(
        picture(5.0, 5.0, 5.0, 5.0), picture(0.0, 1.0, 2.0, 3.0), EVERYWHERE, gradient_weight=1.0
    )
    assert with_gradients.item() == pytest.approx(1.0 + 3 / 4 + 2 / 2)


def test_median_anchor_by_hand():
    # inverse depth in units of its median 2: 0.5, 1, 2 against 1, 1, 1
    valid = EVERYWHERE[..., :3]
    assert median_anchor_loss(picture(1.0, 1.0, 1.0), picture(1.0, 2.0, 4.0), valid).item() == pytest.approx(0.5)
