"""Pseudo metric depth: relative depth fitted to sparse ground truth, a dense target where the fit is good.

Source: TR2M (arXiv 2506.13387), threshold-gated pseudo depth loss:
    (s, b) = argmin sum over valid of (s * relative + b - target)^2
    loss = log loss(prediction, pseudo) over the images with delta1(pseudo, ground truth) > gate
with one of two targets:
    inverse depth: target = 1 / ground truth, pseudo = 1 / (s * relative + b). Ours: relative depth is inverse depth.
    depth:         target = ground truth,     pseudo = s * relative + b. As summaries of the paper write it.
Every tensor of a call has one size: the caller resizes relative depth and prediction to the ground truth.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from tr2m_core.losses.log_loss import log_loss
from tr2m_core.metrics.depth import DELTA_THRESHOLD

INVERSE_DEPTH, DEPTH = TARGETS = ("inverse_depth", "depth")

MIN_FIT_PIXELS = 10
MIN_RELATIVE_SPREAD = 1e-6  # standard deviation over mean, below which relative depth counts as constant


class PseudoFit(NamedTuple):
    """Fit of relative depth, per image: the target is about scale * relative + shift."""

    scale: Tensor
    """(B,) float64; 0 where the fit is degenerate."""
    shift: Tensor
    """(B,) float64.

    Where the fit is degenerate, it is the mean of the target, or 0 if no pixel is valid.
    """
    degenerate: Tensor
    """(B,) bool, True for images without a usable fit.

    These have fewer than 10 valid pixels, relative depth without variation, or a slope by which nearer would mean
    farther.
    """
    target: str
    """What was fitted, one of TARGETS."""


@torch.no_grad()
def fit_relative_depth(relative: Tensor, ground_truth: Tensor, valid: Tensor, target: str = INVERSE_DEPTH) -> PseudoFit:
    """The least-squares fit of the target, in closed form, each image of (B, 1, H, W) for itself.

    ground_truth: > 0 where valid, anything elsewhere. valid: bool. Nothing of it carries a gradient.
    """
    inverse = target == INVERSE_DEPTH
    valid = valid.flatten(1)
    x = torch.where(valid, relative.flatten(1).double(), 0.0)
    depth = ground_truth.flatten(1).double()
    y = torch.where(valid, depth.reciprocal() if inverse else depth, 0.0)
    count = valid.sum(1)
    x_mean, y_mean = x.sum(1) / count.clamp_min(1), y.sum(1) / count.clamp_min(1)
    # Centred, so that a large offset costs no digits.
    x, y = (x - x_mean.unsqueeze(1)) * valid, (y - y_mean.unsqueeze(1)) * valid
    spread = (x * x).sum(1)
    constant = spread <= count * (MIN_RELATIVE_SPREAD * x_mean) ** 2
    slope = (x * y).sum(1) / spread.masked_fill(constant, 1.0)
    degenerate = (count < MIN_FIT_PIXELS) | constant | ~((slope if inverse else -slope) > 0)
    scale = slope.masked_fill(degenerate, 0.0)
    return PseudoFit(scale, y_mean - scale * x_mean, degenerate, target)


@torch.no_grad()
def pseudo_metric_depth(relative: Tensor, fit: PseudoFit, min_depth: float, max_depth: float) -> Tensor:
    """Relative depth (B, 1, H, W) as depth in [min_depth, max_depth], float32, in the unit of the fit's ground truth.

    Inverse depth that is zero or negative lies beyond infinity and becomes max_depth. Carries no gradient.
    """
    fitted = fit.scale.view(-1, 1, 1, 1) * relative + fit.shift.view(-1, 1, 1, 1)
    depth = fitted.clamp_min(1 / max_depth).reciprocal() if fit.target == INVERSE_DEPTH else fitted
    return depth.float().clamp(min_depth, max_depth)


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
    mean_weight: float,
) -> Tensor:
    """log_loss of the prediction against pseudo depth, at every pixel of the images kept, ground truth or not.

    prediction, pseudo: (B, 1, H, W). kept: (B,) bool. Pixels whose pseudo depth is at a limit were clamped to it and do
    not count. Zero when no image is kept; no gradient flows into pseudo.
    """
    dense = (pseudo > min_depth) & (pseudo < max_depth) & kept.view(-1, 1, 1, 1)
    return log_loss(prediction, pseudo.detach(), dense, mean_weight)
