"""The loss of the relative-depth network: inverse depth up to scale and shift, with matching gradients."""

from __future__ import annotations

import torch
from torch import Tensor

GRADIENT_SCALES = 4
ANCHOR_OFFSET = 0.05  # keeps the logarithm of what is infinitely far finite
# A nearly flat prediction must not be blown up to unit deviation: its noise would drown every other picture's gradient.
MIN_PREDICTED_DEVIATION = 0.25


def normalise_affine(values: Tensor, valid: Tensor, min_deviation: float) -> Tensor:
    """Subtracts the median and divides by the mean absolute deviation of each picture's valid pixels, (B, 1, H, W)."""
    masked = torch.where(valid, values, torch.nan).flatten(1)
    median = torch.nan_to_num(masked.nanmedian(1).values).view(-1, 1, 1, 1)
    count = valid.sum((1, 2, 3), keepdim=True).clamp_min(1)
    deviation = ((values - median).abs() * valid).sum((1, 2, 3), keepdim=True) / count
    return (values - median) / deviation.clamp_min(min_deviation)


def affine_invariant_loss(prediction: Tensor, target: Tensor, valid: Tensor, gradient_weight: float = 0.5) -> Tensor:
    """Mean absolute difference after normalising both, plus that of gradients over four scales.

    Source: Ranftl et al., "Towards Robust Monocular Depth Estimation" (MiDaS), equations 5 to 7 and 11.
    prediction, target (inverse depth) and valid: (B, 1, H, W).
    """
    normalised = normalise_affine(prediction, valid, MIN_PREDICTED_DEVIATION)
    difference = (normalised - normalise_affine(target, valid, 1e-9)) * valid
    count = valid.sum().clamp_min(1)
    loss = difference.abs().sum() / count
    for scale in range(GRADIENT_SCALES):
        step = 2**scale
        d, v = difference[..., ::step, ::step], valid[..., ::step, ::step]
        across = ((d[..., 1:] - d[..., :-1]).abs() * (v[..., 1:] & v[..., :-1])).sum()
        down = ((d[..., 1:, :] - d[..., :-1, :]).abs() * (v[..., 1:, :] & v[..., :-1, :])).sum()
        loss = loss + gradient_weight * (across + down) / v.sum().clamp_min(1)
    return loss


def median_anchor_loss(prediction: Tensor, inverse_depth: Tensor, valid: Tensor, ceiling: float = 6.0) -> Tensor:
    """Mean absolute difference of logarithms from inverse depth in units of the picture's median, at most `ceiling`.

    The affine-invariant loss leaves the scale of the output open; tied down, the rescale head has only the scene's size
    to add. The logarithm makes far things count as near ones do.
    """
    masked = torch.where(valid, inverse_depth, torch.nan).flatten(1)
    median = masked.nanmedian(1).values.view(-1, 1, 1, 1).nan_to_num(1.0).clamp_min(1e-6)
    target = (inverse_depth / median).clamp_max(ceiling)
    error = ((prediction + ANCHOR_OFFSET).log() - (target + ANCHOR_OFFSET).log()).abs()
    return (error * valid).sum() / valid.sum().clamp_min(1)
