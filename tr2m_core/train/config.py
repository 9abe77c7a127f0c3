"""Every choice of a training run, read from one YAML file."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tr2m_core.data.base import DatasetConfig
from tr2m_core.data.procedural.scenes import MEAN_WEIGHT
from tr2m_core.errors import InputError
from tr2m_core.losses.total import LossConfig
from tr2m_core.metrics.depth import METRIC_NAMES
from tr2m_core.model.initialization import INITIALIZATIONS, TORCH
from tr2m_core.model.sources import FROZEN, ModelSources, Overrides, find_model
from tr2m_core.settings import check_choice, merge, read_settings

STAGES = ("rescale", "relative")
SCHEDULES = ("epoch_decay", "cosine")
PRECISIONS = ("fp32", "bf16", "fp16", "auto")
LARGEST_SEED = 2**32 - 1


@dataclass(frozen=True)
class ModelChoice:
    """The model that is trained, and its frozen parts."""

    base: str = "paper"
    """A preset or a model directory."""
    relative_depth: str = ""
    image_encoder: str = ""
    text_encoder: str = ""
    """relative_depth, image_encoder and text_encoder replace the base's own parts; empty keeps them."""
    checkpoint: str = ""
    """Rescale head to continue from; empty for a new one."""
    head_init: str = TORCH
    """How the weights of a new head are drawn; see model/initialization.py."""
    bend: bool = False
    """Whether relative depth is bent on purpose, for the ablation; see bent_depth.py."""

    def __post_init__(self) -> None:
        check_choice("head_init", self.head_init, INITIALIZATIONS)


@dataclass(frozen=True)
class OptimizerConfig:
    """Settings of AdamW."""

    learning_rate: float = 1e-5
    weight_decay: float = 1e-2
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-6
    schedule: str = "epoch_decay"
    """Learning rate: "epoch_decay" multiplies it by decay_per_epoch after each epoch, "cosine" lowers it to 1 %.

    The cosine reaches 1 % at the end of the run.
    """
    decay_per_epoch: float = 0.9
    warmup_steps: int = 0
    clip_norm: float = 0.0
    """Largest norm of the gradient; 0 for no limit."""

    def __post_init__(self) -> None:
        _check_not_negative(
            self, "learning_rate", "weight_decay", "eps", "decay_per_epoch", "warmup_steps", "clip_norm"
        )
        if not all(0 <= beta < 1 for beta in self.betas):
            raise InputError(f"betas: {list(self.betas)} must be two numbers in 0..1, 1 excluded")


@dataclass(frozen=True)
class Phase:
    """Part of a run with an image size and batch size of its own."""

    input_size: tuple[int, int] = (256, 320)
    """(height, width) of the images."""
    batch_size: int = 16
    """Number of images per optimiser step."""
    steps: int = 0
    """Number of optimiser steps."""


@dataclass(frozen=True)
class ValidationConfig:
    """Validation on held-out data during a run."""

    every: int = 0
    """Steps between validations; 0 validates at the end of each epoch. The end of the run is always validated."""
    scenes: int = 0
    """Number of procedural scenes."""
    datasets: tuple[DatasetConfig, ...] = ()
    samples: int = 0
    """Largest number of samples of each of `datasets`; 0 for all."""
    metric: str = "abs_rel"
    """The metric that decides which model is best, one of METRIC_NAMES in metrics/depth.py."""
    panels: int = 2
    """Number of panels per data set in TensorBoard."""

    def __post_init__(self) -> None:
        _check_not_negative(self, "every", "scenes", "samples", "panels")
        check_choice("validation.metric", self.metric, METRIC_NAMES)


@dataclass(frozen=True)
class SceneStoreConfig:
    """The scenes that the relative stage learns from; see scene_store.py."""

    count: int = 0
    """Number of scenes."""
    seed: int = 1
    """Seed of the scenes."""
    size: tuple[int, int] = (256, 320)
    """(height, width) of the scenes."""
    folder: str = "runs/scenes"
    """Where the stored data of the scenes is kept."""
    workers: int = 0
    """Number of processes that render the scenes; 0 for one per core."""

    def __post_init__(self) -> None:
        _check_not_negative(self, "count", "seed", "workers")


@dataclass(frozen=True)
class RelativeConfig:
    """The relative stage: a decoder learns from the stored features of a frozen backbone."""

    scenes: SceneStoreConfig = field(default_factory=SceneStoreConfig)
    backbone: int = 0
    """Variant of EfficientNet-Lite."""
    width: int = 64
    """Width of the decoder."""
    style_mixing: float = 0.7
    """Share of scenes that take on the feature statistics of others."""
    style_alpha: float = 0.3
    """Parameter of the Beta distribution that says how much of them these scenes take on."""
    channel_dropout: float = 0.1
    """Share of feature channels that a step does without."""
    gradient_weight: float = 0.5
    anchor_weight: float = 0.2
    """gradient_weight and anchor_weight: see losses/affine_invariant.py."""

    def __post_init__(self) -> None:
        _check_not_negative(self, "gradient_weight", "anchor_weight")
        if not 0 <= self.style_mixing <= 1:
            raise InputError(f"relative.style_mixing: {self.style_mixing} must lie in 0..1")
        if not 0 < self.style_alpha < math.inf:
            raise InputError(f"relative.style_alpha: {self.style_alpha} must be over 0 and finite")
        if not 0 <= self.channel_dropout < 1:
            raise InputError(f"relative.channel_dropout: {self.channel_dropout} must lie in 0..1, 1 excluded")


@dataclass(frozen=True)
class FeaturesConfig:
    """Training on stored features of procedural scenes; off while `scenes` is 0."""

    scenes: int = 0
    """Number of scenes."""
    sentences: int = 0
    """Number of descriptions.

    Any description goes with any scene of its domain, because pixels do not tell size.
    """
    folder: str = "runs/features"
    """Where the features are kept."""
    seed: int = 1
    """Seed of the scenes and the descriptions."""
    text_noise: float = 0.0
    """Spread of the noise on text embeddings, in units of the length of an L2-normalised embedding.

    It makes wordings that were never seen land near ones that were.
    """
    written_share: float = 0.0
    """How often a description is one that was written by hand; see data/procedural/written.py."""
    ground_truth_share: float = 1.0
    """Share of pixels that keep their depth."""
    mean_weight: float = MEAN_WEIGHT
    """Mean weight of the log loss; see losses/log_loss.py."""
    exact_shape: bool = False
    """Whether ground truth is what relative depth says, at the description's size.

    A head then learns sizes and nothing else.
    """
    thinning: int = 1
    """Only every n-th row and column of pixels is computed.

    This is for training where descriptions matter and images do not.
    """
    workers: int = 0
    """Number of processes that encode descriptions on a CPU; 0 for one per core."""

    def __post_init__(self) -> None:
        _check_not_negative(self, "scenes", "sentences", "seed", "text_noise", "mean_weight", "workers")
        if not 0 <= self.written_share <= 1:
            raise InputError(f"features.written_share: {self.written_share} must lie in 0..1")
        if self.thinning < 1:
            raise InputError(f"features.thinning: {self.thinning} must be at least 1")
        if self.scenes and not self.sentences:
            raise InputError("features.sentences: 0 must be at least 1")
        if not 0 < self.ground_truth_share <= 1:
            raise InputError(f"features.ground_truth_share: {self.ground_truth_share} must be over 0 and at most 1")


@dataclass(frozen=True)
class TrainConfig:
    """Configuration of a run. The defaults are the paper's where it publishes a value."""

    stage: str = "rescale"
    """Either "rescale", which trains the rescale head, or "relative", the relative-depth network of an embedded model.
    """
    seed: int = 1
    device: str = "auto"
    """Either "auto" or "cpu"."""
    precision: str = "fp32"
    """One of "fp32", "bf16", "fp16" and "auto".

    "auto" is bf16 where the device multiplies it in hardware, and fp32 elsewhere.
    """
    model: ModelChoice = field(default_factory=ModelChoice)
    head: dict[str, Any] = field(default_factory=dict)
    """Changes to the model's RescaleHeadConfig."""
    datasets: tuple[DatasetConfig, ...] = ()
    features: FeaturesConfig = field(default_factory=FeaturesConfig)
    batch_size: int = 8
    """Number of images per optimiser step, over all processes; `accumulation` divides it into equal parts."""
    accumulation: int = 1
    epochs: int = 20
    """Passes over the longest data set; every other data set is repeated as often as it takes."""
    steps: int = 0
    """Number of optimiser steps, instead of `epochs`; 0 uses `epochs`."""
    phases: tuple[Phase, ...] = ()
    """Phases, instead of `batch_size` and `steps`."""
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    relative: RelativeConfig = field(default_factory=RelativeConfig)
    validation: ValidationConfig = field(default_factory=ValidationConfig)
    ema: float = 0.0
    """Decay of an average of the weights; 0 for none.

    The average is validated and saved in place of the weights. In the first steps it covers fewer steps.
    """
    max_skipped: int = 20
    """Number of non-finite steps in a row that ends the run."""
    workers: int = 0
    """Number of processes that load data."""
    checkpoint_every: int = 500
    """Steps between checkpoints."""
    log_every: int = 10
    """Steps between log entries."""

    def __post_init__(self) -> None:
        for key, allowed in (("stage", STAGES), ("precision", PRECISIONS), ("device", ("auto", "cpu"))):
            check_choice(key, getattr(self, key), allowed)
        check_choice("optimizer.schedule", self.optimizer.schedule, SCHEDULES)
        for key in ("batch_size", "accumulation", "max_skipped", "checkpoint_every", "log_every"):
            if getattr(self, key) < 1:
                raise InputError(f"{key}: {getattr(self, key)} must be at least 1")
        _check_not_negative(self, "seed", "steps", "epochs", "workers")
        if self.seed > LARGEST_SEED:
            raise InputError(f"seed: {self.seed} must be at most {LARGEST_SEED}")
        if not 0 <= self.ema < 1:
            raise InputError(f"ema: {self.ema} must lie in 0..1, 1 excluded")
        for place, phase in enumerate(self.phases):
            if phase.batch_size < 1 or phase.steps < 1:
                raise InputError(f"phases {place}: batch_size and steps must be at least 1")


def _check_not_negative(config: Any, *keys: str) -> None:
    for key in keys:
        if not 0 <= getattr(config, key) < math.inf:
            raise InputError(f"{key}: {getattr(config, key)} must be finite and not negative")


def read_config(path: Path, overrides: list[str]) -> TrainConfig:
    """A YAML file plus key=value overrides, dots between levels (optimizer.learning_rate=1e-4, datasets.0.root=/data).

    Raises InputError naming file and key.
    """
    return merge(TrainConfig(), read_settings(path, overrides), str(path))


def frozen_sources(config: TrainConfig) -> ModelSources:
    """Where the model's frozen parts lie. Raises InputError naming those that are missing."""
    choice = config.model
    sources = find_model(
        choice.base,
        Overrides(
            relative_depth=choice.relative_depth or None,
            image_encoder=choice.image_encoder or None,
            text_encoder=choice.text_encoder or None,
        ),
    )
    sources.require(FROZEN)
    return sources


def resolved(config: TrainConfig) -> str:
    """The whole configuration as YAML, defaults included; `read_config` reads it back."""
    return yaml.safe_dump(_plain(dataclasses.asdict(config)), sort_keys=False, allow_unicode=True)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
