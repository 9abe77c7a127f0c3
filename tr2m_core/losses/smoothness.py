"""Edge-aware smoothness of the scale map and the shift map."""

from __future__ import annotations

from torch import Tensor


def edge_aware_smoothness(values: Tensor, image: Tensor) -> Tensor:
    """mean(|dx values| exp(-|dx image|)) + mean(|dy values| exp(-|dy image|)), d: difference of neighbouring pixels.

    Source: TR2M (arXiv 2506.13387), edge smoothness. values: a map (B, 1, H, W), as it is: dividing it by its mean, as
    is usual for disparity, would not be the paper's equation. image: (B, 3, H, W) RGB in 0..1; its difference is the
    mean over the channels. Computed in float32. Raises ValueError when the sizes differ.
    """
    if values.shape[-2:] != image.shape[-2:]:
        raise ValueError(
            f"a map of {tuple(values.shape[-2:])} cannot be smoothed along an image of {tuple(image.shape[-2:])}"
        )
    values, image = values.float(), image.float()
    across = values.diff(dim=3).abs() * (-image.diff(dim=3).abs().mean(1, keepdim=True)).exp()
    down = values.diff(dim=2).abs() * (-image.diff(dim=2).abs().mean(1, keepdim=True)).exp()
    return across.mean() + down.mean()
