"""Pseudo metric depth: the fit, its gate and its loss, against values worked out by hand and against NumPy."""

import math

import numpy as np
import pytest
import torch

from tr2m_core.losses.pseudo_depth import (
    DEPTH,
    INVERSE_DEPTH,
    PseudoFit,
    delta1_per_image,
    fit_relative_depth,
    pseudo_depth_gate,
    pseudo_depth_loss,
    pseudo_metric_depth,
)


def row(*values: float) -> torch.Tensor:
    return torch.tensor(values).view(1, 1, 1, -1)


def everywhere(like: torch.Tensor) -> torch.Tensor:
    return torch.ones_like(like, dtype=torch.bool)


def known(scale: float, shift: float) -> PseudoFit:
    scale_shift = (torch.tensor([value], dtype=torch.float64) for value in (scale, shift))
    return PseudoFit(*scale_shift, torch.tensor([False]), INVERSE_DEPTH)


def test_fit_by_hand():
    # Inverse depth is 1 where relative depth is 0, and 3 on average where it is 2.
    relative = row(*[0.0] * 5, *[2.0] * 5)
    depth = row(*[1.0] * 5, *[1 / 2] * 4, 1 / 7)
    fit = fit_relative_depth(relative, depth, everywhere(depth))
    assert (fit.scale.item(), fit.shift.item()) == pytest.approx((1.0, 1.0), rel=1e-6)
    assert not fit.degenerate.item()


@pytest.mark.parametrize("share", [1.0, 0.05])
@pytest.mark.parametrize(("scale", "shift", "offset"), [(0.2, 0.05, 0.0), (0.2, -1999.9, 1e4), (3e-5, 0.01, 20.0)])
def test_fit_recovers_a_known_scale_and_shift(scale: float, shift: float, offset: float, share: float):
    generator = torch.Generator().manual_seed(0)
    relative = offset + torch.rand(2, 1, 40, 60, generator=generator)
    depth = (scale * relative.double() + shift).reciprocal().float()
    valid = torch.rand(relative.shape, generator=generator) < share
    depth[~valid] = torch.tensor(0.0)
    relative[~valid] = torch.nan
    fit = fit_relative_depth(relative, depth, valid)
    assert fit.scale.tolist() == pytest.approx([scale] * 2, rel=1e-5)
    assert fit.shift.tolist() == pytest.approx([shift] * 2, rel=1e-5)


def test_fit_is_that_of_numpy_for_each_image():
    generator = torch.Generator().manual_seed(1)
    relative = torch.rand(3, 1, 8, 9, generator=generator)
    depth = 1 / (0.1 + relative + 0.3 * torch.rand(relative.shape, generator=generator))
    valid = torch.rand(relative.shape, generator=generator) < 0.5
    fit = fit_relative_depth(relative, depth, valid)
    for i in range(3):
        x, y = (t[i][valid[i]].double().numpy() for t in (relative, depth))
        assert np.polyfit(x, 1 / y, 1) == pytest.approx([fit.scale[i].item(), fit.shift[i].item()], rel=1e-9)


@pytest.mark.parametrize(
    ("relative", "depth", "count", "shift"),
    [
        ([0.1 * i for i in range(12)], [2.0] * 3 + [1.0] * 9, 9, (3 * 0.5 + 6) / 9),  # one pixel short of a fit
        ([0.0, 1.0] * 6, [2.0, 1.0] * 6, 1, 0.5),
        ([0.0, 1.0] * 6, [2.0, 1.0] * 6, 0, 0.0),
        ([0.3] * 12, [2.0, 1.0] * 6, 12, 0.75),  # no variation, of a value that float32 rounds
        ([0.3, 0.3 + 2**-25] * 6, [2.0, 1.0] * 6, 12, 0.75),  # the last bit of float32 is no variation either
        ([0.0] * 12, [2.0, 1.0] * 6, 12, 0.75),
        ([0.0, 1.0] * 6, [1.0, 2.0] * 6, 12, 0.75),  # what the network calls nearer is farther
        ([0.0, 1.0] * 6, [2.0, 2.0] * 6, 12, 0.5),  # a wall
    ],
)
def test_degenerate_fits(relative: list[float], depth: list[float], count: int, shift: float):
    valid = torch.arange(12).view(1, 1, 1, 12) < count
    fit = fit_relative_depth(row(*relative), row(*depth), valid)
    assert fit.degenerate.item()
    assert fit.scale.item() == 0.0
    assert fit.shift.item() == pytest.approx(shift)


def test_fit_of_depth_is_a_line_that_falls():
    # as test_fit_by_hand in depth: 1 where relative depth is 0, (4/2 + 1/7) / 5 on average where it is 2
    relative = row(*[0.0] * 5, *[2.0] * 5)
    depth = row(*[1.0] * 5, *[1 / 2] * 4, 1 / 7)
    fit = fit_relative_depth(relative, depth, everywhere(depth), DEPTH)
    nearer = (2 + 1 / 7) / 5
    assert (fit.scale.item(), fit.shift.item()) == pytest.approx(((nearer - 1) / 2, 1.0), rel=1e-6)
    pseudo = pseudo_metric_depth(row(0.0, 1.0, 2.0, 8.0), fit, 0.1, 0.9)
    assert pseudo.flatten().tolist() == pytest.approx([0.9, (1 + nearer) / 2, nearer, 0.1])
    rising = fit_relative_depth(-relative, depth, everywhere(depth), DEPTH)
    assert rising.degenerate.item() and rising.shift.item() == pytest.approx((1 + nearer) / 2)


def test_pseudo_depth_by_hand():
    # inverse depth -0.1, 0, 0.1 (the limit of 10 m), 0.5, 4 (above the limit of 0.5 m)
    pseudo = pseudo_metric_depth(row(0.0, 0.2, 0.4, 1.2, 8.2), known(0.5, -0.1), 0.5, 10.0)
    assert pseudo.dtype == torch.float32
    assert pseudo.flatten().tolist() == pytest.approx([10.0, 10.0, 10.0, 2.0, 0.5])


def test_pseudo_depth_of_a_large_offset_keeps_its_digits():
    relative = 1e4 + torch.rand(1, 1, 30, 30, generator=torch.Generator().manual_seed(2))
    depth = (0.5 * relative.double() - 4999.9).reciprocal().float()
    fit = fit_relative_depth(relative, depth, everywhere(depth))
    assert torch.allclose(pseudo_metric_depth(relative, fit, 0.01, 100.0), depth, rtol=1e-5)


def test_delta1_by_hand():
    pseudo = torch.cat([row(1.2, 1.3, 0.9, 5.0), row(1.0, 1.0, 1.0, 1.0), row(1.25, 1.0, 1.0, 1.0)])
    truth = torch.cat([row(1.0, 1.0, 1.0, 0.0), row(0.0, 0.0, 0.0, 0.0), row(1.0, 1.0, 1.0, 1.0)])
    # a ratio of exactly 1.25 is outside
    assert delta1_per_image(pseudo, truth, truth > 0).tolist() == pytest.approx([2 / 3, 0.0, 0.75])


def test_gate_is_strict_and_refuses_degenerate_fits():
    pseudo, truth = row(1.0, 1.0, 1.0, 9.0).expand(2, 1, 1, 4), torch.ones(2, 1, 1, 4)
    degenerate = torch.tensor([False, True])
    assert pseudo_depth_gate(pseudo, truth, truth > 0, 0.74, degenerate).tolist() == [True, False]
    assert pseudo_depth_gate(pseudo, truth, truth > 0, 0.75, degenerate).tolist() == [False, False]


def test_loss_by_hand_counts_the_images_kept_inside_the_limits():
    e = math.e
    pseudo = torch.cat([row(1.0, 1.0, 10.0, 0.5), row(1.0, 1.0, 1.0, 1.0)])
    prediction = torch.cat([row(e, 1.0, 2.0, 5.0), row(9.0, 9.0, 9.0, 9.0)])
    loss = pseudo_depth_loss(prediction, pseudo, torch.tensor([True, False]), 0.5, 10.0, mean_weight=0.6)
    # two pixels are left, d = 1 and 0: variance 1/4, mean 1/2
    assert loss.item() == pytest.approx(math.sqrt(0.25 + 0.6 * 0.25), rel=1e-5)


def test_gradient_reaches_predictions_without_ground_truth_and_never_the_pseudo_depth():
    relative = row(*[0.1 * i for i in range(1, 21)])
    depth = 1 / (0.5 * relative + 0.1)
    valid = torch.arange(20).view(1, 1, 1, 20) < 12
    relative = relative.requires_grad_()
    fit = fit_relative_depth(relative, depth, valid)
    pseudo = pseudo_metric_depth(relative, fit, 0.001, 10.0)
    assert torch.allclose(pseudo, depth, rtol=1e-5)
    kept = pseudo_depth_gate(pseudo, depth, valid, 0.9, fit.degenerate)
    prediction = (1.5 * depth).requires_grad_()
    pseudo = pseudo.requires_grad_()  # as if it could learn
    pseudo_depth_loss(prediction, pseudo, kept, 0.001, 10.0, 0.6).backward()
    assert kept.tolist() == [True]
    assert (prediction.grad.abs() > 0).all()
    assert relative.grad is None and pseudo.grad is None


def test_loss_without_an_image_kept_is_zero_with_a_zero_gradient():
    prediction = torch.rand(2, 1, 3, 3).requires_grad_()
    loss = pseudo_depth_loss(prediction, torch.ones(2, 1, 3, 3), torch.tensor([False, False]), 0.1, 10.0, 0.6)
    loss.backward()
    assert loss.item() == 0.0 and (prediction.grad == 0).all()
