"""Stage one of an embedded model: the relative-depth network, whose backbone is the image encoder as well."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from accelerate import Accelerator
from torch import Generator, Tensor, nn

from tr2m_core.alignment import fit_scale_shift
from tr2m_core.data.base import BatchSource, TrainBatch
from tr2m_core.data.procedural import ProceduralScenes, SceneBatch
from tr2m_core.data.registry import build_source
from tr2m_core.losses.affine_invariant import affine_invariant_loss, median_anchor_loss
from tr2m_core.metrics import clamp_depth, compute_depth_metrics, mean_metrics
from tr2m_core.model.normalizer import Normalizer
from tr2m_core.model.presets import EMBEDDED, embedded_relative_depth_config
from tr2m_core.model.pretrained import quiet_transformers
from tr2m_core.model.relative_depth import RelativeDepthNetwork
from tr2m_core.model.tensors import writing
from tr2m_core.train.config import TrainConfig
from tr2m_core.train.task import Metrics, Moment, Task
from tr2m_core.train.validation import SCENES_SEED
from tr2m_core.types import InputError
from tr2m_core.visualization import colourise

BATCH = 10


class RelativeTask(Task):
    """Learns inverse depth up to scale and shift. A result is the folder model/relative_depth."""

    def __init__(self, config: TrainConfig, accelerator: Accelerator) -> None:
        self.config, self.accelerator, self.device = config, accelerator, accelerator.device
        torch.manual_seed(config.seed)
        if config.model.network:
            self.network = RelativeDepthNetwork.from_pretrained(config.model.network).requires_grad_(True)
        else:
            self.network = RelativeDepthNetwork.from_config(embedded_relative_depth_config())
            initialise(self.network)
        self.trained = self.network.to(self.device)
        self.normalize = Normalizer(EMBEDDED, self.device)
        if not config.datasets:
            raise InputError("datasets: none is named; there is nothing to train on")
        if config.validation.datasets:
            raise InputError("validation.datasets: the relative stage is validated on procedural scenes; use scenes")
        device = torch.device("cpu") if config.workers else self.device
        self.sources: list[BatchSource] = [build_source(each, config.seed, device) for each in config.datasets]

    def loss(
        self, trained: nn.Module, batch: TrainBatch, moment: Moment, random: Generator
    ) -> tuple[Tensor, dict[str, Tensor]]:
        image, depth = flip_half(batch.image), flip_half(batch.depth)
        relative, _ = trained(self.normalize(image))
        valid = depth > 0
        # The sky is infinitely far: inverse depth 0, and that is worth learning.
        inverse = torch.where(valid, 1.0 / depth.clamp_min(1e-9), 0.0)
        settings = self.config.relative
        shape = affine_invariant_loss(relative, inverse, torch.ones_like(valid), settings.gradient_weight)
        anchor = median_anchor_loss(relative, inverse, valid)
        return shape + settings.anchor_weight * anchor, {"shape": shape.detach(), "anchor": anchor.detach()}

    def validate(self, trained: nn.Module) -> Metrics:
        """Metrics of held-out procedural scenes after the best affine fit in inverse depth, on every process alike."""
        rows = []
        for first in range(0, self.config.validation.scenes, BATCH):
            batch = self._held_out(range(first, min(first + BATCH, self.config.validation.scenes)))
            relative = self._predict(trained, batch.image)
            for prediction, truth in zip(relative, batch.depth[:, 0].cpu().numpy(), strict=True):
                rows.append(aligned_metrics(prediction, truth))
        return {"procedural, aligned": mean_metrics(rows)} if rows else {}

    def pictures(self, trained: nn.Module) -> dict[str, npt.NDArray[np.uint8]]:
        panels: dict[str, npt.NDArray[np.uint8]] = {}
        if not self.config.validation.pictures:
            return panels
        batch = self._held_out(range(self.config.validation.pictures))
        predicted = self._predict(trained, batch.image)
        for n, (picture, relative) in enumerate(zip(batch.pictures(), predicted, strict=True)):
            low, high = float(relative.min()), float(relative.max())
            panels[f"relative_depth/{n}"] = np.hstack((picture, colourise(relative, low, high)))
        return panels

    def save(self, trained: nn.Module, directory: Path) -> None:
        folder, temporary = directory / "relative_depth", directory / "partial"
        folder.mkdir(parents=True, exist_ok=True)
        with quiet_transformers(), writing(folder):
            trained.network.save_pretrained(temporary)  # type: ignore[operator, union-attr]
        for path in temporary.iterdir():
            os.replace(path, folder / path.name)
        temporary.rmdir()

    def _held_out(self, indices: range) -> SceneBatch:
        return ProceduralScenes(EMBEDDED.input_size, seed=SCENES_SEED, device=self.device).batch(indices)

    @torch.no_grad()
    def _predict(self, trained: nn.Module, image: Tensor) -> npt.NDArray[np.float32]:
        trained.eval()
        relative: npt.NDArray[np.float32] = trained(self.normalize(image))[0][:, 0].float().cpu().numpy()
        return relative


def aligned_metrics(relative: npt.NDArray[np.floating], depth: npt.NDArray[np.floating]) -> dict[str, float]:
    """Metrics of 1 / (a * relative + b), with a and b fitted to the inverse of the depth (H, W) where it is over 0."""
    valid = depth > 0
    truth = depth[valid].astype(np.float64)
    scale, shift = fit_scale_shift(relative[valid], 1.0 / truth)
    inverse = np.maximum(scale * relative[valid] + shift, 1e-9)
    # Nothing farther than ten times the farthest: a fit through 0 would make one pixel infinitely wrong.
    return compute_depth_metrics(truth, clamp_depth(1.0 / inverse, 1e-6, 10 * truth.max()))


def initialise(network: RelativeDepthNetwork) -> None:
    """Initial weights for training from scratch; those of transformers are too small for a narrow decoder."""
    for module in network.modules():
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
        elif isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="linear")
    embeddings = network.network.backbone.embeddings
    embeddings.position_embeddings.data[:, 1:] = sine_cosine_grid(embeddings.position_embeddings[:, 1:])
    # A network that starts below its final ReLU never learns: begin at the median of the target instead.
    last = network.network.head.conv3
    nn.init.normal_(last.weight, std=0.02)
    nn.init.constant_(last.bias, 1.0)


def sine_cosine_grid(like: Tensor) -> Tensor:
    """Two-dimensional sine-cosine position embeddings (1, N * N, C) as for vision transformers without pre-training."""
    count, width = like.shape[1:]
    side = int(count**0.5)
    frequencies = 100.0 ** -torch.linspace(0, 1, width // 4)
    angles = torch.arange(side).view(-1, 1) * frequencies
    line = torch.cat((angles.sin(), angles.cos()), dim=1)
    rows, columns = line.repeat_interleave(side, 0), line.repeat(side, 1)
    return 0.5 * torch.cat((rows, columns), dim=1).unsqueeze(0)


def flip_half(tensor: Tensor) -> Tensor:
    """Mirrors every second picture; no sentence is involved that could speak of left and right."""
    mirrored = tensor.clone()
    mirrored[1::2] = tensor[1::2].flip(-1)
    return mirrored
