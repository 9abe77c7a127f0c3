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
    """Prediction of the rescale head for a batch on an (h, w) token grid.

    Metric depth in metres is 1 / (scale * relative + shift).
    """

    scale_map: torch.Tensor
    shift_map: torch.Tensor
    """scale_map and shift_map are (B, 1, p h, p w) float32, p the patch size, both > 0."""
    scale_features: torch.Tensor
    shift_features: torch.Tensor
    """scale_features and shift_features are (B, C, 8h, 8w), the embeddings the scale-oriented contrast acts on."""


class TR2MOutput(NamedTuple):
    """Everything one forward pass of the model yields, at model input size (H, W)."""

    metric_depth: torch.Tensor
    """(B, 1, H, W) metres along the optical Z axis, > 0."""
    relative_depth: torch.Tensor
    """(B, 1, H, W) affine-invariant inverse depth >= 0, larger = nearer."""
    maps: RescaleMaps
    """The rescale maps at the same size."""


class BackendOutput(NamedTuple):
    """What a backend computes for a batch, each (N, 1, h, w) float32.

    relative_depth, scale_map and shift_map are None where no maps were asked for; see `TR2MOutput` and `RescaleMaps`.
    """

    metric_depth: torch.Tensor
    """Metres."""
    relative_depth: torch.Tensor | None = None
    scale_map: torch.Tensor | None = None
    shift_map: torch.Tensor | None = None

    @classmethod
    def of(cls, out: TR2MOutput, maps: bool) -> BackendOutput:
        """What a TR2M model gives, with or without maps."""
        return cls(out.metric_depth, out.relative_depth, *out.maps[:2]) if maps else cls(out.metric_depth)


@dataclass(frozen=True)
class DepthBatch:
    """Predictions of N frames of one size; arrays are (N, H, W) float32.

    They have the size of the frames unless another was asked for.
    """

    metric_depth: npt.NDArray[np.float32]
    """Metres along the optical Z axis, finite and > 0; no range limit is applied here."""
    relative_depth: npt.NDArray[np.float32] | None = None
    scale_map: npt.NDArray[np.float32] | None = None
    shift_map: npt.NDArray[np.float32] | None = None
    """relative_depth, scale_map and shift_map are None when the caller asked for depth only."""


@dataclass(frozen=True)
class DepthPrediction:
    """Prediction of one frame; arrays are (H, W) float32.

    They have the size of the input image unless another was asked for.
    """

    metric_depth: npt.NDArray[np.float32]
    """Metres along the optical Z axis, finite and > 0; no range limit is applied here."""
    relative_depth: npt.NDArray[np.float32] | None = None
    scale_map: npt.NDArray[np.float32] | None = None
    shift_map: npt.NDArray[np.float32] | None = None
    """relative_depth, scale_map and shift_map are None when the caller asked for depth only."""
    edges: npt.NDArray[np.bool_] | None = None
    """(H, W) bool, True for pixels that hang in the air between surfaces; None when the caller did not ask."""


@dataclass(frozen=True)
class Intrinsics:
    """Pinhole intrinsics in pixels: focal lengths fx, fy > 0, principal point cx, cy (first pixel centre = 0)."""

    fx: float
    fy: float
    cx: float
    cy: float
