"""The loss of the rescale head: all terms, their weights and settings.

Source: TR2M (arXiv 2506.13387): total = 1.0 log loss + 0.5 pseudo depth + 0.1 contrast + 0.01 smoothness.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from tr2m_core.errors import InputError
from tr2m_core.losses import contrast
from tr2m_core.losses.log_loss import log_loss
from tr2m_core.losses.pseudo_depth import (
    INVERSE_DEPTH,
    TARGETS,
    PseudoFit,
    fit_relative_depth,
    pseudo_depth_gate,
    pseudo_depth_loss,
    pseudo_metric_depth,
)
from tr2m_core.losses.smoothness import edge_aware_smoothness
from tr2m_core.settings import check_choice
from tr2m_core.types import RescaleMaps

if TYPE_CHECKING:
    from tr2m_core.data.base import DepthProtocol

WORST_RELATIVE_ERROR = 3.0  # beyond it only the log loss pulls: the gradient of the other would drown all else


@dataclass(frozen=True)
class ContrastConfig:
    """Settings of losses/contrast.py.

    The paper gives momentum and start_epoch; the others are choices of this project. Raises InputError naming the
    setting.
    """

    rank_distance: int = 2
    """Two images form a positive pair when their ranks differ by less than this."""
    coarse_temperature: float = 0.07
    """Temperature of the InfoNCE between images."""
    fine_temperature: float = 0.07
    """Temperature of the InfoNCE between pixels."""
    classes: int = 256
    """|C|, the number of depth classes of a data set's range."""
    samples: int = 256
    """Number of pixels per image."""
    keys_from: str = contrast.OTHER_IMAGES
    """Which images the keys of a pixel come from; see contrast.fine_contrast."""
    momentum: float = 0.99
    """Momentum of the key head."""
    start_epoch: int = 1
    """Number of epochs after which both levels of the contrast start."""
    warmup_steps: int = 1000
    """Number of steps that both levels then take to reach full weight."""

    def __post_init__(self) -> None:
        smallest = {"rank_distance": 2, "classes": 1, "samples": 1, "start_epoch": 0, "warmup_steps": 0}
        for key, limit in smallest.items():
            if getattr(self, key) < limit:
                raise InputError(f"{key}: {getattr(self, key)} must be at least {limit}")
        for key in ("coarse_temperature", "fine_temperature"):
            if not getattr(self, key) > 0:
                raise InputError(f"{key}: {getattr(self, key)} must be above 0")
        if not 0 <= self.momentum <= 1:
            raise InputError(f"momentum: {self.momentum} must lie in 0..1")
        check_choice("keys_from", self.keys_from, contrast.KEYS_FROM)


@dataclass(frozen=True)
class LossConfig:
    """Weights and settings of the loss terms. A term of weight 0 is not computed.

    The defaults are the paper's except where noted. Raises InputError naming the setting.
    """

    log_loss: float = 1.0
    pseudo_depth: float = 0.5
    contrast: float = 0.1
    smoothness: float = 0.01
    relative_error: float = 0.0
    """Weight of the mean of |prediction / ground truth - 1|, each at most 3.

    It is not in the paper. The embedded model uses it because the log loss alone forgives guesses that are far too
    large, which relative error is made of.
    """
    factor: float = 10.0
    """Factor of the whole sum.

    The authors' options weight the log loss by 10 where the paper writes 1.0. A factor of all terms leaves the ratios
    between them as published, on either reading.
    """
    gate: float = 0.9
    """Value that delta1 of an image's pseudo depth must exceed; see losses/pseudo_depth.py.

    The paper does not give this value.
    """
    pseudo_target: str = INVERSE_DEPTH
    """What relative depth is fitted to, one of TARGETS; see losses/pseudo_depth.py."""
    contrast_settings: ContrastConfig = field(default_factory=ContrastConfig)

    def __post_init__(self) -> None:
        weights = ("log_loss", "pseudo_depth", "contrast", "smoothness", "relative_error")
        for key in weights:
            if not getattr(self, key) >= 0:
                raise InputError(f"{key}: a weight of {getattr(self, key)} must not be negative")
        if not any(getattr(self, key) for key in weights):
            raise InputError(f"{', '.join(weights)}: at least one of these weights must be above 0")
        if not 0 < self.factor < math.inf:
            raise InputError(f"factor: {self.factor} must be finite and above 0")
        check_choice("pseudo_target", self.pseudo_target, TARGETS)
        if not 0 <= self.gate < 1:
            raise InputError(
                f"gate: {self.gate} must lie in 0..1, 1 excluded: a share of pixels that is to be exceeded"
            )


@dataclass
class LossInputs:
    """A batch and what the model predicts for it.

    prediction, relative_depth, ground_truth and valid are (B, 1, H, W), all at the size of the ground truth. Depth is
    in the unit of the data set.
    """

    prediction: Tensor
    """Metric depth."""
    relative_depth: Tensor
    ground_truth: Tensor
    valid: Tensor
    """bool, True where the ground truth counts."""
    maps: RescaleMaps
    """Prediction of the head, at a size of its own."""
    key_maps: RescaleMaps | None
    """Prediction of the head's momentum copy, at the size of `maps`; None leaves the fine contrast out."""
    image: Tensor
    """(B, 3, h, w) in 0..1, at the size of the maps."""
    protocol: DepthProtocol
    """Limits and mean weight of the data set."""
    contrast_weight: float
    """Weight of both levels of the contrast, see contrast.contrast_weight; at 0 neither is computed."""


class LossOutput(NamedTuple):
    """total: scalar to descend. terms: every term computed, without weight, factor and gradient.

    Their names: log_loss, pseudo_depth, contrast_coarse, contrast_fine, smoothness, relative_error; and pseudo_kept,
    the share of images whose pseudo depth passed the gate.
    """

    total: Tensor
    terms: dict[str, Tensor]


class TotalLoss:
    """The weighted sum. gather, process_index: this process among others, see contrast.coarse_contrast."""

    def __init__(self, config: LossConfig, gather: contrast.Gather = contrast.identity, process_index: int = 0) -> None:
        self.config = config
        self.gather = gather
        self.process_index = process_index

    def __call__(self, inputs: LossInputs, generator: torch.Generator) -> LossOutput:
        """generator: draws the pixels of the fine contrast."""
        c = self.config
        contrast_weight = c.contrast * inputs.contrast_weight
        weights = {
            "log_loss": c.log_loss,
            "pseudo_depth": c.pseudo_depth,
            "contrast_coarse": contrast_weight,
            "contrast_fine": contrast_weight,
            "smoothness": c.smoothness,
            "relative_error": c.relative_error,
        }
        terms = self._terms(inputs, generator)
        total = torch.stack([weight * terms[name] for name, weight in weights.items() if name in terms]).sum()
        return LossOutput(c.factor * total, {name: term.detach() for name, term in terms.items()})

    def _terms(self, inputs: LossInputs, generator: torch.Generator) -> dict[str, Tensor]:
        c = self.config
        terms: dict[str, Tensor] = {}
        contrasted = c.contrast and inputs.contrast_weight
        if c.log_loss:
            mean_weight = inputs.protocol.mean_weight
            terms["log_loss"] = log_loss(inputs.prediction, inputs.ground_truth, inputs.valid, mean_weight)
        if c.pseudo_depth or contrasted:
            fit = fit_relative_depth(inputs.relative_depth, inputs.ground_truth, inputs.valid, c.pseudo_target)
        if c.pseudo_depth:
            terms["pseudo_depth"], terms["pseudo_kept"] = self._pseudo_depth(inputs, fit)
        if contrasted:
            terms["contrast_coarse"] = self._coarse(inputs.maps, fit)
        if contrasted and inputs.key_maps is not None:
            terms["contrast_fine"] = self._fine(inputs, inputs.key_maps, generator)
        if c.smoothness:
            scale, shift = (edge_aware_smoothness(m, inputs.image) for m in inputs.maps[:2])
            terms["smoothness"] = scale + shift
        if c.relative_error:
            terms["relative_error"] = relative_error(inputs.prediction, inputs.ground_truth, inputs.valid)
        return terms

    def _pseudo_depth(self, inputs: LossInputs, fit: PseudoFit) -> tuple[Tensor, Tensor]:
        near, far = inputs.protocol.min_depth, inputs.protocol.max_depth
        pseudo = pseudo_metric_depth(inputs.relative_depth, fit, near, far)
        kept = pseudo_depth_gate(pseudo, inputs.ground_truth, inputs.valid, self.config.gate, fit.degenerate)
        loss = pseudo_depth_loss(inputs.prediction, pseudo, kept, near, far, inputs.protocol.mean_weight)
        return loss, kept.float().mean()

    def _coarse(self, maps: RescaleMaps, fit: PseudoFit) -> Tensor:
        settings = self.config.contrast_settings
        return contrast.coarse_contrast(
            contrast.pooled_embeddings(maps),
            fit.scale,
            ~fit.degenerate,
            settings.rank_distance,
            settings.coarse_temperature,
            self.gather,
            self.process_index,
        )

    def _fine(self, inputs: LossInputs, key_maps: RescaleMaps, generator: torch.Generator) -> Tensor:
        settings, protocol = self.config.contrast_settings, inputs.protocol
        height, width = inputs.maps.scale_features.shape[-2:]
        sample = contrast.sample_pixels(inputs.ground_truth, inputs.valid, (height, width), settings.samples, generator)
        classes = contrast.depth_classes(sample.depth, protocol.min_depth, protocol.max_depth, settings.classes)
        queries, keys = (contrast.pixel_embeddings(maps, sample) for maps in (inputs.maps, key_maps))
        return contrast.fine_contrast(
            queries, keys, classes, sample.image, settings.fine_temperature, settings.keys_from
        )


def relative_error(prediction: Tensor, ground_truth: Tensor, valid: Tensor) -> Tensor:
    """Mean over valid pixels of |prediction / ground truth - 1|, each at most 3; zero where nothing is valid."""
    ratio = torch.where(valid, prediction.float(), 1.0) / torch.where(valid, ground_truth.float(), 1.0)
    return (ratio - 1).abs().clamp_max(WORST_RELATIVE_ERROR).sum() / valid.sum().clamp_min(1)
