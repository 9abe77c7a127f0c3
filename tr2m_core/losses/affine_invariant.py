"""The loss of the relative-depth network: inverse depth up to scale and shift, with matching gradients."""

from __future__ import annotations

import math

import torch
from torch import Tensor

GRADIENT_SCALES = 4
ANCHOR_OFFSET = 0.05  # keeps the logarithm of what is flat finite
# A nearly flat prediction must not be blown up to unit deviation: its noise would drown every other image's gradient.
MIN_PREDICTED_DEVIATION = 0.25


def normalise_affine(values: Tensor, valid: Tensor, min_deviation: float) -> Tensor:
    """Subtracts the median and divides by the mean absolute deviation of each image's valid pixels, (B, 1, H, W)."""
    median, deviation = _moments(values, valid)
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


def anchor_loss(prediction: Tensor, inverse_depth: Tensor, valid: Tensor, ceiling: float = 6.0) -> Tensor:
    """How far median and mean absolute deviation are from those of inverse depth in units of its median, in logarithms.

    The affine-invariant loss leaves both open. Tied down, the rescale head has only the scene's size to add; and a
    prediction of too little spread could not be made right, for that takes a shift below 0, which the head cannot give.
    inverse_depth: counts up to `ceiling` medians. Shapes as in `affine_invariant_loss`; the mean over the images.
    """
    unit = _median(inverse_depth, valid).clamp_min(1e-6)
    median, deviation = _moments(prediction, valid)
    _, wanted = _moments((inverse_depth / unit).clamp_max(ceiling), valid)
    errors = [(median + ANCHOR_OFFSET).log() - math.log(1 + ANCHOR_OFFSET)]
    errors.append((deviation + ANCHOR_OFFSET).log() - (wanted + ANCHOR_OFFSET).log())
    return torch.stack(errors).abs().sum(0).mean()


def _moments(values: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
    """Median of each image's valid pixels and their mean absolute deviation from it, (B, 1, 1, 1); 0 without any."""
    median = _median(values, valid)
    count = valid.sum((1, 2, 3), keepdim=True).clamp_min(1)
    return median, ((values - median).abs() * valid).sum((1, 2, 3), keepdim=True) / count


def _median(values: Tensor, valid: Tensor) -> Tensor:
    masked = torch.where(valid, values, torch.nan).flatten(1)
    return torch.nan_to_num(masked.nanmedian(1).values).view(-1, 1, 1, 1)
