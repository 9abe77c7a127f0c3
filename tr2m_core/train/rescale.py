"""Training of the rescale head beside frozen networks: the paper's recipe."""

from __future__ import annotations

import copy
import sys
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from accelerate import Accelerator
from torch import Tensor, nn

from tr2m_core.data.base import BatchSource, TrainBatch
from tr2m_core.data.file_source import FileSource
from tr2m_core.data.registry import build_source
from tr2m_core.errors import InputError
from tr2m_core.losses.contrast import contrast_weight, momentum_update
from tr2m_core.losses.total import LossInputs, TotalLoss
from tr2m_core.model.checkpoints import load_head
from tr2m_core.model.config import validate_input_size
from tr2m_core.model.heads import Head
from tr2m_core.model.initialization import initialize_head
from tr2m_core.model.normalizer import Normalizer
from tr2m_core.model.sources import HEAD_FILE
from tr2m_core.model.tensors import save_tensors
from tr2m_core.model.tr2m import TR2M, new_model, save_model
from tr2m_core.train.bent_depth import BentRelativeDepth
from tr2m_core.train.config import TrainConfig, frozen_sources
from tr2m_core.train.features import FeatureBatch, FeatureSource
from tr2m_core.train.progress import main_process_bar
from tr2m_core.train.task import Metrics, Moment, Task
from tr2m_core.train.validation import HeldOut
from tr2m_core.types import RescaleMaps


class RescaleTask(Task):
    """The head learns from what the frozen networks say of each batch, or said once: see features.py."""

    def __init__(self, config: TrainConfig, accelerator: Accelerator) -> None:
        self.config, self.accelerator, self.device = config, accelerator, accelerator.device
        torch.manual_seed(config.seed)
        self.model = build_model(config).to(self.device).train()
        self.trained = self.model.rescale_head
        self.trained.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # a fifth faster on a CPU
        self.normalize = Normalizer(self.model.config, self.device)
        self.sources = self._sources()
        for each in config.phases or self.sources:
            validate_input_size(each.input_size, self.model.config.patch_size)
        self.total_loss = TotalLoss(config.loss, accelerator.gather, accelerator.process_index)
        self.key_head: nn.Module | None = None
        if config.loss.contrast:
            self.key_head = copy.deepcopy(self.trained).requires_grad_(False)
        self.held_out = HeldOut(config.validation, accelerator)

    def _sources(self) -> list[BatchSource]:
        config = self.config
        if config.features.scenes:
            if config.datasets:
                raise InputError(
                    "features and datasets: stored features of procedural scenes replace data sets; leave one"
                )
            with self.accelerator.main_process_first():
                return [FeatureSource(self.model, config.features, config.seed, main_process_bar(self.accelerator))]
        if not config.datasets:
            raise InputError("datasets: none is named; there is nothing to train on")
        device = torch.device("cpu") if config.workers else self.device
        sources = [build_source(each, config.seed + place, device) for place, each in enumerate(config.datasets)]
        for source in sources:
            if isinstance(source, FileSource) and source.check.usable < source.check.records:
                self.accelerator.print(f"tr2m: note: {source.check.summary()}", file=sys.stderr)
        return sources

    def loss(
        self, trained: nn.Module, batch: TrainBatch, moment: Moment, random: torch.Generator
    ) -> tuple[Tensor, dict[str, Tensor]]:
        features = batch if isinstance(batch, FeatureBatch) else self.describe(batch)
        inputs = (features.tokens, features.text, features.grid, self.config.features.thinning)
        maps: RescaleMaps = trained(*inputs)
        weight = self._contrast_weight(moment)
        key_maps = None
        if self.key_head is not None and weight:
            with torch.no_grad(), self.accelerator.autocast():
                key_maps = self.key_head(*inputs)
        prediction = 1.0 / (maps.scale_map * features.relative_depth + maps.shift_map)
        size = batch.depth.shape[-2:]
        protocol = batch.protocol
        terms = LossInputs(
            prediction=_resize(prediction, size),
            relative_depth=_resize(features.relative_depth, size),
            ground_truth=batch.depth,
            valid=(batch.depth > protocol.min_depth) & (batch.depth < protocol.max_depth),
            maps=maps,
            key_maps=key_maps,
            image=batch.image,
            protocol=protocol,
            contrast_weight=weight,
        )
        output = self.total_loss(terms, random)
        return output.total, output.terms

    @torch.no_grad()
    def describe(self, batch: TrainBatch) -> FeatureBatch:
        """What the frozen networks say of a batch."""
        pixels = self.normalize(batch.image)
        with self.accelerator.autocast():
            relative, tokens = self.model.relative_depth(pixels)
            if self.model.image_encoder is not None:
                tokens = self.model.image_encoder(pixels)
        # Embeddings from inference mode cannot take part in a backward pass; a copy can.
        text = self.model.text_encoder.encode(batch.descriptions).clone()
        described = (tokens.float(), relative.float(), text, self.model.config.grid(batch.image.shape[-2:]))
        return FeatureBatch(batch.source, batch.protocol, batch.image, batch.depth, batch.descriptions, *described)

    def _contrast_weight(self, moment: Moment) -> float:
        settings = self.config.loss.contrast_settings
        return contrast_weight(moment.step, moment.steps_per_epoch, settings.start_epoch, settings.warmup_steps)

    def after_step(self, trained: nn.Module) -> None:
        if self.key_head is not None:
            momentum_update(self.key_head, trained, self.config.loss.contrast_settings.momentum)

    def state(self) -> dict[str, Tensor]:
        return {} if self.key_head is None else dict(self.key_head.state_dict())

    def load_state(self, state: dict[str, Tensor]) -> None:
        if self.key_head is not None:
            self.key_head.load_state_dict(state)

    def validate(self, trained: nn.Module) -> Metrics:
        return self.held_out.measure(self._with(trained))

    def panels(self, trained: nn.Module) -> dict[str, npt.NDArray[np.uint8]]:
        return self.held_out.panels(self._with(trained))

    def save(self, trained: nn.Module, directory: Path) -> None:
        if (directory / "config.json").is_file():  # the frozen parts do not change within a run
            save_tensors(trained, directory / HEAD_FILE)
        else:
            save_model(self._with(trained), directory)

    def _with(self, trained: nn.Module) -> TR2M:
        """The model with other weights of the head."""
        model = self.model
        return TR2M(model.config, model.relative_depth, model.image_encoder, model.text_encoder, cast(Head, trained))


def build_model(config: TrainConfig) -> TR2M:
    """The frozen parts and a head that is new or goes on from a checkpoint. Raises InputError for missing parts."""
    choice = config.model
    model = new_model(frozen_sources(config), config.head)
    if choice.bend:
        model.relative_depth = BentRelativeDepth(model.relative_depth)
    if choice.checkpoint:
        load_head(model.rescale_head, Path(choice.checkpoint))
        return model
    initialize_head(model.rescale_head, choice.head_init)
    if model.config.text_encoder.kind == "sentence":
        # Embeddings of unit length have small components: QuickGELU would see next to nothing.
        with torch.no_grad():
            model.rescale_head.state_dict()["align_mlp.a_fc.weight"] *= model.config.rescale_head.text_width**0.5
    return model


def _resize(x: Tensor, size: torch.Size) -> Tensor:
    return x if x.shape[-2:] == size else F.interpolate(x, size=size, mode="bilinear", align_corners=True)
