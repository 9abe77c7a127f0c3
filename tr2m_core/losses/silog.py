"""Scale-invariant log loss."""

from __future__ import annotations

import torch
from torch import Tensor


def silog_loss(
    prediction: Tensor, ground_truth: Tensor, valid: Tensor, variance_focus: float = 0.6, weight: float = 10.0
) -> Tensor:
    """weight * sqrt(mean(d^2) - variance_focus * mean(d)^2), d = log prediction - log ground truth over valid pixels.

    Source: Eigen et al. 2014, equation 4, as TR2M (arXiv 2506.13387) uses it: variance focus 1.0 for KITTI and C3VD,
    0.6 for NYU and VOID; scaled by 10. prediction, ground_truth: metres > 0 where valid; any one shape and type,
    computed in float32. Zero where nothing is valid. Never waits for the device.
    """
    # Ones where nothing is valid, before the logarithm: a zero there would turn the gradient into NaN.
    d = torch.where(valid, prediction.float(), 1.0).log() - torch.where(valid, ground_truth.float(), 1.0).log()
    count = valid.sum().clamp_min(1)
    mean, mean_square = d.sum() / count, (d * d).sum() / count
    return weight * (mean_square - variance_focus * mean**2).clamp_min(1e-8).sqrt() * valid.any()
