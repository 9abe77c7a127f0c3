"""Scale-invariant log loss."""

from __future__ import annotations

from torch import Tensor


def silog_loss(
    prediction: Tensor, ground_truth: Tensor, valid: Tensor, variance_focus: float = 0.6, weight: float = 10.0
) -> Tensor:
    """weight * sqrt(mean(d^2) - variance_focus * mean(d)^2), d = log prediction - log ground truth over valid pixels.

    Source: Eigen et al. 2014, equation 4, as TR2M uses it: variance focus 1.0 for KITTI and C3VD, 0.6 for NYU and VOID;
    scaled by 10. prediction, ground_truth: metres > 0 where valid; any one shape. Zero where nothing is valid.
    """
    if not bool(valid.any()):
        return prediction.sum() * 0.0
    d = prediction[valid].log() - ground_truth[valid].log()
    return weight * ((d * d).mean() - variance_focus * d.mean() ** 2).clamp_min(1e-8).sqrt()
