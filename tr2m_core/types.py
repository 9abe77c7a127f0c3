"""Results that every other module shares. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch

    Pixels = npt.NDArray[np.uint8] | npt.NDArray[np.float32]  # RGB in 0..255, float32 where not rounded


class RescaleMaps(NamedTuple):
    """What the rescale head predicts for a batch on an (h, w) token grid.

    scale_map, shift_map: (B, 1, p h, p w) float32, p the patch size, both > 0; metric depth in metres is
    1 / (scale * relative + shift).
    scale_features, shift_features: (B, C, 8h, 8w), the embeddings the scale-oriented contrast acts on.
    """

    scale_map: torch.Tensor
    shift_map: torch.Tensor
    scale_features: torch.Tensor
    shift_features: torch.Tensor


class TR2MOutput(NamedTuple):
    """Everything one forward pass of the model yields, at model input size (H, W).

    metric_depth: (B, 1, H, W) metres along the optical Z axis, > 0.
    relative_depth: (B, 1, H, W) affine-invariant inverse depth >= 0, larger = nearer.
    maps: the rescale maps at the same size.
    """

    metric_depth: torch.Tensor
    relative_depth: torch.Tensor
    maps: RescaleMaps


class BackendOutput(NamedTuple):
    """What a backend computes for a batch, (N, 1, h, w) float32 each; the last three None where no maps were asked for.

    metric_depth: metres. relative_depth, scale_map, shift_map: see `TR2MOutput` and `RescaleMaps`.
    """

    metric_depth: torch.Tensor
    relative_depth: torch.Tensor | None = None
    scale_map: torch.Tensor | None = None
    shift_map: torch.Tensor | None = None

    @classmethod
    def of(cls, out: TR2MOutput, maps: bool) -> BackendOutput:
        """What a TR2M model gives, with or without maps."""
        return cls(out.metric_depth, out.relative_depth, *out.maps[:2]) if maps else cls(out.metric_depth)


@dataclass(frozen=True)
class DepthBatch:
    """The predictions of N frames of one size, at that size unless another was asked for; arrays are (N, H, W) float32.

    metric_depth: metres along the optical Z axis, finite and > 0 (no range limit is applied here).
    relative_depth, scale_map, shift_map: None when the caller asked for depth only.
    """

    metric_depth: npt.NDArray[np.float32]
    relative_depth: npt.NDArray[np.float32] | None = None
    scale_map: npt.NDArray[np.float32] | None = None
    shift_map: npt.NDArray[np.float32] | None = None


@dataclass(frozen=True)
class DepthPrediction:
    """One frame's prediction at the size of the input image; arrays are (H, W) float32.

    metric_depth: metres along the optical Z axis, finite and > 0 (no range limit is applied here).
    relative_depth, scale_map, shift_map: None when the caller asked for depth only.
    edges: (H, W) bool, True for pixels that hang in the air between surfaces; None when the caller did not ask.
    """

    metric_depth: npt.NDArray[np.float32]
    relative_depth: npt.NDArray[np.float32] | None = None
    scale_map: npt.NDArray[np.float32] | None = None
    shift_map: npt.NDArray[np.float32] | None = None
    edges: npt.NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class Intrinsics:
    """Pinhole intrinsics in pixels: focal lengths fx, fy > 0, principal point cx, cy (first pixel centre = 0)."""

    fx: float
    fy: float
    cx: float
    cy: float
