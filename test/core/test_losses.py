"""Losses against values worked out by hand."""

import math

import pytest
import torch

from tr2m_core.data.registry import DATASETS
from tr2m_core.losses.affine_invariant import affine_invariant_loss, anchor_loss
from tr2m_core.losses.log_loss import log_loss

EVERYWHERE = torch.ones(1, 1, 1, 4, dtype=torch.bool)


def image(*values: float) -> torch.Tensor:
    return torch.tensor(values).view(1, 1, 1, -1)


def test_log_loss_by_hand():
    truth, prediction = image(1.0, 1.0, 1.0, 1.0), image(math.e, math.e, 1.0, 1.0)
    # d = 1, 1, 0, 0: variance 1/4, square of the mean 1/4
    for weight, expected in ((0.0, 0.5), (0.6, math.sqrt(0.25 + 0.15)), (1.0, math.sqrt(0.5))):
        assert log_loss(prediction, truth, EVERYWHERE, weight).item() == pytest.approx(expected, rel=1e-5)


def test_log_loss_of_mean_weight_0_alone_is_blind_to_scale():
    truth = image(1.0, 2.0, 3.0, 4.0)
    assert log_loss(5 * truth, truth, EVERYWHERE, 0.0).item() == pytest.approx(0.0, abs=2e-5)
    for weight in (0.6, 1.0):
        assert log_loss(5 * truth, truth, EVERYWHERE, weight).item() == pytest.approx(math.log(5) * weight**0.5)


@pytest.mark.parametrize("mean_weight", sorted({dataset.protocol.mean_weight for dataset in DATASETS.values()}))
def test_log_loss_keeps_its_digits_far_from_the_truth(mean_weight: float):
    # 3 m throughout against 3 cm with an error of 1e-3: the spread is not lost beside the square of the mean
    truth = torch.full((1, 1, 1, 10_000), 0.03)
    prediction = 100 * truth * (1e-3 * torch.randn(truth.shape, generator=torch.Generator().manual_seed(0))).exp()
    d = (prediction.double() / truth.double()).log()
    spread = log_loss(prediction, truth, torch.ones_like(truth, dtype=torch.bool), 0.0).item()
    assert spread == pytest.approx(d.std(correction=0).item(), rel=1e-3)
    loss = log_loss(prediction, truth, torch.ones_like(truth, dtype=torch.bool), mean_weight).item()
    assert loss == pytest.approx((d.var(correction=0) + mean_weight * d.mean() ** 2).sqrt().item(), rel=1e-5)


def test_log_loss_counts_valid_pixels_only():
    valid = EVERYWHERE.clone()
    valid[..., 3] = False
    with_garbage = log_loss(image(2.0, 2.0, 3.0, 1e9), image(1.0, 2.0, 3.0, 0.0), valid, 0.6)
    assert with_garbage.item() == pytest.approx(
        log_loss(image(2.0, 2.0, 3.0), image(1.0, 2.0, 3.0), EVERYWHERE[..., :3], 0.6).item()
    )
    nothing = log_loss(
        image(1.0, 1.0).requires_grad_(), image(1.0, 1.0), torch.zeros(1, 1, 1, 2, dtype=torch.bool), 0.6
    )
    assert nothing.item() == 0.0


def test_log_loss_of_one_valid_pixel():
    # d = log 2, without spread
    valid = EVERYWHERE[..., :2] & torch.tensor([True, False])
    loss = log_loss(image(4.0, 7.0), image(2.0, 0.0), valid, 0.6)
    assert loss.item() == pytest.approx(math.log(2) * math.sqrt(0.6), rel=1e-5)


def test_log_loss_gradient_by_hand_and_finite_where_nothing_is_valid():
    prediction = image(math.e, 1.0, 0.0).requires_grad_()
    valid = EVERYWHERE[..., :3] & torch.tensor([True, True, False])
    log_loss(prediction, image(1.0, 1.0, 0.0), valid, 1.0).backward()
    # the root mean square of d = 1, 0 is sqrt(1/2); d loss / d prediction = d / (2 sqrt(1/2) * prediction)
    assert prediction.grad.flatten().tolist() == pytest.approx([1 / (2 * math.sqrt(0.5) * math.e), 0.0, 0.0], abs=1e-7)
    prediction.grad = None
    log_loss(prediction, image(0.0, math.nan, 1.0), EVERYWHERE[..., :3] & False, 0.6).backward()
    assert prediction.grad.flatten().tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_log_loss_computes_half_precision_in_float32(dtype: torch.dtype):
    prediction, truth = image(1.0, 2.0, 2.5, 3.0).to(dtype), image(2.0, 1.0, 3.0, 4.0)
    with torch.autocast("cpu", torch.bfloat16):
        loss = log_loss(prediction, truth, EVERYWHERE, 0.6)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(log_loss(prediction.float(), truth, EVERYWHERE, 0.6).item(), rel=1e-6)


def test_affine_invariant_loss_is_blind_to_scale_and_shift():
    generator = torch.Generator().manual_seed(0)
    target = torch.rand(2, 1, 16, 16, generator=generator)
    valid = torch.ones_like(target, dtype=torch.bool)
    assert affine_invariant_loss(3 * target + 7, target, valid).item() == pytest.approx(0.0, abs=1e-4)
    assert affine_invariant_loss(torch.rand(2, 1, 16, 16, generator=generator), target, valid).item() > 0.5


def test_affine_invariant_loss_by_hand():
    # median 1 (the lower middle), deviations 1, 0, 1, 2, mean 1: normalised -1, 0, 1, 2; the flat prediction is 0
    loss = affine_invariant_loss(image(5.0, 5.0, 5.0, 5.0), image(0.0, 1.0, 2.0, 3.0), EVERYWHERE, gradient_weight=0.0)
    assert loss.item() == pytest.approx(1.0)
    # steps of 1, 1, 1 over 4 pixels, then one step of 2 over the 2 pixels left, then nothing
    with_gradients = affine_invariant_loss(
        image(5.0, 5.0, 5.0, 5.0), image(0.0, 1.0, 2.0, 3.0), EVERYWHERE, gradient_weight=1.0
    )
    assert with_gradients.item() == pytest.approx(1.0 + 3 / 4 + 2 / 2)


def test_anchor_by_hand():
    # median 2 against 1; mean absolute deviations 1 and, of 0.5, 1, 2 in units of the median, 0.5; 0.05 goes to each
    valid = EVERYWHERE[..., :3]
    expected = math.log(2.05 / 1.05) + math.log(1.05 / 0.55)
    assert anchor_loss(image(1.0, 2.0, 4.0), image(1.0, 2.0, 4.0), valid).item() == pytest.approx(expected)


def test_the_anchor_is_nothing_for_inverse_depth_in_units_of_its_median():
    loss = anchor_loss(image(0.5, 1.0, 2.0), image(3.0, 6.0, 12.0), EVERYWHERE[..., :3])
    assert loss.item() == pytest.approx(0, abs=1e-6)


def test_the_anchor_does_not_hear_what_is_not_valid():
    valid = EVERYWHERE[..., :4].clone()
    valid[..., 3] = False
    values = (image(1.0, 1.5, 2.5, 90.0), image(1.0, 1.5, 3.5, 7.0))
    alone = (image(1.0, 1.5, 2.5), image(1.0, 1.5, 3.5))
    assert anchor_loss(*values, valid).item() == pytest.approx(anchor_loss(*alone, EVERYWHERE[..., :3]).item())
