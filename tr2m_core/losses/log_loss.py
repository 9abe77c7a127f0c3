"""Log loss: the spread of the error of log depth, and its mean, which is the error of scale."""

from __future__ import annotations

import torch
from torch import Tensor


def log_loss(prediction: Tensor, ground_truth: Tensor, valid: Tensor, mean_weight: float) -> Tensor:
    """sqrt(var(d) + mean_weight * mean(d)^2), d = log prediction - log ground truth over valid pixels.

    mean_weight 1 makes it the root mean square of d, 0 blind to scale. Source: L_si of TR2M (arXiv 2506.13387), which
    publishes a weight of 1.0 for KITTI and C3VD and 0.6 for NYUv2 and VOID. That it is the weight of mean(d)^2 is this
    project's reading: as that of Eigen et al. 2014, var(d) + (1 - weight) * mean(d)^2, 1.0 could not learn size.
    prediction, ground_truth: one shape, any float type, one unit, > 0 where valid; computed in float32. Zero where
    nothing is valid. Never waits for the device.
    """
    # Ones where nothing is valid, before the logarithm: a zero there would turn the gradient into NaN.
    d = torch.where(valid, prediction.float(), 1.0).log() - torch.where(valid, ground_truth.float(), 1.0).log()
    count = valid.sum().clamp_min(1)
    mean = d.sum() / count
    # Around the mean, not mean(d^2) - mean(d)^2: the difference of two large numbers would keep few digits.
    variance = torch.where(valid, d - mean, 0.0).square().sum() / count
    return (variance + mean_weight * mean**2).clamp_min(1e-10).sqrt() * valid.any()
