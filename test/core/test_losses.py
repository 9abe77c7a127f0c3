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


def test_silog_of_one_valid_pixel():
    # d = log 2: the square of the mean is the mean of squares
    valid = EVERYWHERE[..., :2] & torch.tensor([True, False])
    loss = silog_loss(picture(4.0, 7.0), picture(2.0, 0.0), valid, variance_focus=0.6)
    assert loss.item() == pytest.approx(10 * math.log(2) * math.sqrt(0.4), rel=1e-5)


def test_silog_gradient_by_hand_and_finite_where_nothing_is_valid():
    prediction = picture(math.e, 1.0, 0.0).requires_grad_()
    valid = EVERYWHERE[..., :3] & torch.tensor([True, True, False])
    silog_loss(prediction, picture(1.0, 1.0, 0.0), valid, variance_focus=0.0).backward()
    # sqrt(1/2) is 10 times smaller than the loss; d loss / d prediction = 10 * d / (2 sqrt(1/2) * prediction)
    assert prediction.grad.flatten().tolist() == pytest.approx([10 / (2 * math.sqrt(0.5) * math.e), 0.0, 0.0])
    prediction.grad = None
    silog_loss(prediction, picture(0.0, math.nan, 1.0), EVERYWHERE[..., :3] & False).backward()
    assert prediction.grad.flatten().tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_silog_computes_half_precision_in_float32(dtype: torch.dtype):
    prediction, truth = picture(1.0, 2.0, 2.5, 3.0).to(dtype), picture(2.0, 1.0, 3.0, 4.0)
    with torch.autocast("cpu", torch.bfloat16):
        loss = silog_loss(prediction, truth, EVERYWHERE)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(silog_loss(prediction.float(), truth, EVERYWHERE).item(), rel=1e-6)


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
    # inverse depth in units of its median 2: 0.5, 1, 2 against 1, 1, 1; 0.05 is added before the logarithm
    valid = EVERYWHERE[..., :3]
    expected = (math.log(1.05 / 0.55) + math.log(2.05 / 1.05)) / 3
    assert median_anchor_loss(picture(1.0, 1.0, 1.0), picture(1.0, 2.0, 4.0), valid).item() == pytest.approx(expected)
