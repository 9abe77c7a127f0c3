"""Pseudo metric depth: relative depth fitted to sparse ground truth, a dense target where the fit is good.

Source: TR2M (arXiv 2506.13387), threshold-gated pseudo depth loss:
    (s, b) = argmin sum over valid of (s * relative + b - 1 / ground truth)^2
    pseudo = 1 / (s * relative + b)
    loss = silog(prediction, pseudo) over the images with delta1(pseudo, ground truth) > gate
Every tensor of a call has one size: the caller resizes relative depth and prediction to the ground truth.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from tr2m_core.losses.silog import silog_loss
from tr2m_core.metrics import DELTA_THRESHOLD

MIN_FIT_PIXELS = 10
MIN_RELATIVE_SPREAD = 1e-6  # standard deviation over mean, below which relative depth counts as constant


class InverseDepthFit(NamedTuple):
    """1 / depth is about scale * relative + shift, per image: scale and shift (B,) float64, degenerate (B,) bool.

    degenerate: fewer than 10 valid pixels, relative depth without variation, or a slope that is not positive (nearer
    would mean farther). The scale is then 0 and the shift the mean inverse depth, 0 where nothing is valid.
    """

    scale: Tensor
    shift: Tensor
    degenerate: Tensor


@torch.no_grad()
def fit_inverse_depth(relative: Tensor, ground_truth: Tensor, valid: Tensor) -> InverseDepthFit:
    """The least-squares fit of inverse depth, in closed form, each image of (B, 1, H, W) for itself.

    Relative depth is inverse depth up to scale and shift, hence a fit of 1 / ground_truth and not of depth.
    ground_truth: > 0 where valid, anything elsewhere. valid: bool. Nothing of it carries a gradient.
    """
    valid = valid.flatten(1)
    x = torch.where(valid, relative.flatten(1).double(), 0.0)
    y = torch.where(valid, ground_truth.flatten(1).double().reciprocal(), 0.0)
    count = valid.sum(1)
    x_mean, y_mean = x.sum(1) / count.clamp_min(1), y.sum(1) / count.clamp_min(1)
    # Centred, so that a large offset costs no digits.
    x, y = (x - x_mean.unsqueeze(1)) * valid, (y - y_mean.unsqueeze(1)) * valid
    spread = (x * x).sum(1)
    constant = spread <= count * (MIN_RELATIVE_SPREAD * x_mean) ** 2
    slope = (x * y).sum(1) / spread.masked_fill(constant, 1.0)
    degenerate = (count < MIN_FIT_PIXELS) | constant | ~(slope > 0)
    scale = slope.masked_fill(degenerate, 0.0)
    return InverseDepthFit(scale, y_mean - scale * x_mean, degenerate)


@torch.no_grad()
def pseudo_metric_depth(relative: Tensor, fit: InverseDepthFit, min_depth: float, max_depth: float) -> Tensor:
    """Relative depth (B, 1, H, W) as depth in [min_depth, max_depth], float32, in the unit of the fit's ground truth.

    Inverse depth that is zero or negative lies beyond infinity and becomes max_depth. Carries no gradient.
    """
    inverse = fit.scale.view(-1, 1, 1, 1) * relative + fit.shift.view(-1, 1, 1, 1)
    return inverse.clamp_min(1 / max_depth).reciprocal().float().clamp(min_depth, max_depth)


@torch.no_grad()
def delta1_per_image(pseudo: Tensor, ground_truth: Tensor, valid: Tensor) -> Tensor:
    """Share of valid pixels of each image whose ratio is strictly under 1.25: (B, 1, H, W) -> (B,), 0 without any."""
    ratio = torch.maximum(pseudo / ground_truth, ground_truth / pseudo)
    close = (ratio < DELTA_THRESHOLD) & valid
    return close.flatten(1).sum(1) / valid.flatten(1).sum(1).clamp_min(1)


def pseudo_depth_gate(pseudo: Tensor, ground_truth: Tensor, valid: Tensor, gate: float, degenerate: Tensor) -> Tensor:
    """Which images' pseudo depth serves as a target, (B,) bool: delta1 > gate, and the fit is not degenerate.

    gate: the paper's rho, whose value it does not give.
    """
    return (delta1_per_image(pseudo, ground_truth, valid) > gate) & ~degenerate


def pseudo_depth_loss(
    prediction: Tensor,
    pseudo: Tensor,
    kept: Tensor,
    min_depth: float,
    max_depth: float,
    variance_focus: float = 0.6,
    weight: float = 10.0,
) -> Tensor:
    """silog_loss of the prediction against pseudo depth, at every pixel of the images kept, ground truth or not.

    prediction, pseudo: (B, 1, H, W). kept: (B,) bool. Pixels whose pseudo depth is at a limit were clamped to it and do
    not count. Zero when no image is kept; no gradient flows into pseudo.
    """
    dense = (pseudo > min_depth) & (pseudo < max_depth) & kept.view(-1, 1, 1, 1)
    return silog_loss(prediction, pseudo.detach(), dense, variance_focus, weight)
