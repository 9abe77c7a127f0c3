"""Procedural scenes as a training set."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from tr2m_core.data.base import BatchSource, DatasetConfig, DepthProtocol, SampleKey, TrainBatch
from tr2m_core.data.procedural.descriptions import DOMAINS
from tr2m_core.data.procedural.scenes import LIMITS, MEAN_WEIGHT, ProceduralScenes
from tr2m_core.errors import InputError

INPUT_SIZE = (256, 320)


class ProceduralSource(BatchSource):
    """The first `config.scenes` scenes of `config.scene_seed` that belong to one of `config.domains`.

    A scene looks the same in every epoch and in every batch, only its sentence is worded anew. It is never mirrored:
    its sentence may name sides, and its mirror image is as likely as itself. Where ground truth is sparse, `seed`
    decides which pixels have it, the same ones in every epoch. Raises InputError for a setting that cannot be used.
    """

    def __init__(self, config: DatasetConfig, seed: int, device: str | torch.device = "cpu") -> None:
        _check(config)
        self.config, self.seed, self.device = config, seed, torch.device(device)
        self.name = f"procedural:{'+'.join(config.domains)}" if config.domains else "procedural"
        weight = MEAN_WEIGHT if config.mean_weight is None else config.mean_weight
        self.protocol = DepthProtocol(LIMITS[0] / config.unit_m, LIMITS[1] / config.unit_m, weight)
        self.input_size = config.input_size or INPUT_SIZE
        scenes = self._scenes(self.input_size)
        wanted = (i for i in itertools.count() if not config.domains or scenes.facts(i).domain in config.domains)
        self.indices = list(itertools.islice(wanted, config.scenes))

    def __len__(self) -> int:
        return len(self.indices)

    def batch(self, keys: Sequence[SampleKey], size: tuple[int, int]) -> TrainBatch:
        """Rendered, not resized, at `size`; image and depth are on the source's device."""
        scenes = self._scenes(size)
        indices = [self.indices[key.index] for key in keys]
        rendered = scenes.batch(indices)
        depth = rendered.depth / self.config.unit_m
        if self.config.ground_truth_share < 1:
            depth = depth * torch.stack([self._measured(index, size) for index in indices])
        sentences = [scenes.describe(index, variant=key.epoch) for index, key in zip(indices, keys, strict=True)]
        return TrainBatch(self.name, self.protocol, rendered.image, depth, sentences)

    def _scenes(self, size: tuple[int, int]) -> ProceduralScenes:
        return ProceduralScenes(size, seed=self.config.scene_seed, device=self.device)

    def _measured(self, index: int, size: tuple[int, int]) -> Tensor:
        """Which pixels keep their ground truth, (1, H, W) bool."""
        chance = np.random.default_rng((self.seed, index)).random((1, *size))
        return torch.from_numpy(chance < self.config.ground_truth_share).to(self.device)


def _check(config: DatasetConfig) -> None:
    unknown = [domain for domain in config.domains if domain not in DOMAINS]
    if unknown:
        raise InputError(f"procedural: unknown domain '{unknown[0]}'; known: {', '.join(DOMAINS)}")
    for name, allowed, rule in (
        ("scenes", config.scenes >= 1, "at least 1"),
        ("scene_seed", config.scene_seed >= 0, "0 or more"),
        ("ground_truth_share", 0 < config.ground_truth_share <= 1, "over 0 and at most 1"),
        ("unit_m", 0 < config.unit_m < float("inf"), "over 0"),
    ):
        if not allowed:
            raise InputError(f"procedural: {name} must be {rule}, not {getattr(config, name)!r}")
