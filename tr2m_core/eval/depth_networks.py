"""Public depth networks as transformers implements them, for comparison: no sentence, relative or metric depth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import AutoImageProcessor, AutoModelForDepthEstimation

from tr2m_core.errors import InputError
from tr2m_core.eval.baselines import KINDS, METRIC, RELATIVE
from tr2m_core.eval.methods import FloatArray, Method, same_sizes
from tr2m_core.eval.samples import Sample
from tr2m_core.model.pretrained import quiet_transformers

METRIC_TYPES = ("glpn", "zoedepth")
INVERSE_TYPES = ("depth_pro",)  # metric, but inverse and in units of the image's width
ZOE_PADDING = 3.0  # ZoeDepth pads each side by so many times the root of half its length
# Layers that the network has and never uses, so that files leave them out.
UNUSED = "fusion_stage.layers.0.residual_layer1."


class DepthNetwork(Method):
    """Images of 8 bits go through the network's own image processor, at the size that it chooses; in float32.

    The prediction is resized as a TR2M model's is. A metric one is in metres, unless `in_units` says otherwise.
    """

    reads_description = False

    def __init__(self, name: str, network: Any, processor: Any, relative: bool, per_metre: float = 1.0) -> None:
        self.name, self.network, self.processor = name, network, processor
        self.relative, self.per_metre = relative, per_metre

    def in_units(self, per_metre: float) -> DepthNetwork:
        """The same network with depth in units that a metre has so many of; relative depth has no unit."""
        factor = 1.0 if self.relative else per_metre
        return DepthNetwork(self.name, self.network, self.processor, self.relative, factor)

    @torch.inference_mode()
    def predict(self, samples: Sequence[Sample], sentences: Sequence[str]) -> list[FloatArray]:
        maps: list[FloatArray] = []
        for group in same_sizes(samples):
            frames = [samples[place].image for place in group]
            pixels = self.processor(images=frames, return_tensors="pt")["pixel_values"]
            depth = self.network(pixel_values=pixels.to(self.network.device)).predicted_depth[:, None].float()
            depth = self._without_padding(depth, frames[0].shape[:2])
            depth = F.interpolate(depth, samples[group[0]].depth.shape, mode="bilinear", align_corners=True)
            maps += list(self.per_metre * depth[:, 0].cpu().numpy())
        return maps

    def _without_padding(self, depth: Tensor, size: tuple[int, ...]) -> Tensor:
        """What of the prediction (N, 1, h, w) shows the image of (height, width) = size itself."""
        if self.network.config.model_type != "zoedepth" or not self.processor.do_pad:
            return depth
        (height, width), (top, left) = size, (int(ZOE_PADDING * math.sqrt(side / 2)) for side in size)
        padded = F.interpolate(depth, (height + 2 * top, width + 2 * left), mode="bilinear", align_corners=True)
        return padded[..., top : top + height, left : left + width]


def load_depth_network(folder: Path, name: str, kind: str | None, device: torch.device) -> DepthNetwork:
    """The network in a folder in the transformers format (config.json, model.safetensors, preprocessor_config.json).

    kind: one of KINDS, or None to ask its configuration. Raises InputError when it cannot be loaded, lacks weights, or
    does not say what it predicts.
    """
    with quiet_transformers():
        try:
            processor = AutoImageProcessor.from_pretrained(folder, local_files_only=True)
            network, info = AutoModelForDepthEstimation.from_pretrained(
                folder, use_safetensors=True, local_files_only=True, output_loading_info=True
            )
        except (OSError, RuntimeError, ValueError, KeyError, TypeError, ImportError) as error:
            reason = " ".join(str(error).split())[:200]
            raise InputError(f"baseline {name}: {folder}: cannot be loaded as a depth network ({reason})") from None
    missing = sorted(key for key in info["missing_keys"] if UNUSED not in key and not key.endswith("mask_token"))
    missing += sorted(str(entry[0]) for entry in info["mismatched_keys"])
    if missing:
        raise InputError(f"baseline {name}: {folder}: {len(missing)} weights are missing, {missing[0]} among them")
    relative = (kind or _kind_of(network.config, name)) == RELATIVE
    return DepthNetwork(name, network.float().eval().to(device), processor, relative)


def _kind_of(config: Any, name: str) -> str:
    """What the configuration says that the network predicts. Raises InputError when it does not tell."""
    said = getattr(config, "depth_estimation_type", None)
    if said in KINDS:
        return str(said)
    if config.model_type in INVERSE_TYPES:
        raise InputError(f"baseline {name}: a network of type {config.model_type} cannot be evaluated here")
    if config.model_type in METRIC_TYPES:
        return METRIC
    backbone = getattr(config, "backbone_config", None)
    if config.model_type == "dpt" and getattr(backbone, "model_type", None) != "dinov2":
        return RELATIVE  # of the MiDaS family; those upon DINOv2 were trained for metric depth
    raise InputError(
        f"baseline {name}: its configuration does not tell what it predicts; say {name}:relative or {name}:metric"
    )
