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
    """What is trained and beside which frozen parts.

    base: a preset or model directory. relative_depth, image_encoder, text_encoder: in place of its own parts.
    checkpoint: rescale head to go on from; empty: a new one. head_init: how a new one is drawn, see
    model/initialization.py. bend: relative depth is bent on purpose, for the ablation: see bent_depth.py.
    """

    base: str = "paper"
    relative_depth: str = ""
    image_encoder: str = ""
    text_encoder: str = ""
    checkpoint: str = ""
    head_init: str = TORCH
    bend: bool = False

    def __post_init__(self) -> None:
        check_choice("head_init", self.head_init, INITIALIZATIONS)


@dataclass(frozen=True)
class OptimizerConfig:
    """AdamW. schedule: "epoch_decay" multiplies by decay_per_epoch after each epoch, "cosine" falls to 1 % at the end.

    clip_norm: largest norm of the gradient, 0 for no limit.
    """

    learning_rate: float = 1e-5
    weight_decay: float = 1e-2
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-6
    schedule: str = "epoch_decay"
    decay_per_epoch: float = 0.9
    warmup_steps: int = 0
    clip_norm: float = 0.0

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
    batch_size: int = 16
    steps: int = 0


@dataclass(frozen=True)
class ValidationConfig:
    """Held-out data, every so many steps and at the end; 0 steps: at the end of each epoch.

    scenes: procedural scenes. samples: at most so many of each of `datasets`, 0 for all. metric: which one decides
    what is best, one of metrics.METRIC_NAMES. panels: how many panels go to TensorBoard.
    """

    every: int = 0
    scenes: int = 0
    datasets: tuple[DatasetConfig, ...] = ()
    samples: int = 0
    metric: str = "abs_rel"
    panels: int = 2

    def __post_init__(self) -> None:
        _check_not_negative(self, "every", "scenes", "samples", "panels")
        check_choice("validation.metric", self.metric, METRIC_NAMES)


@dataclass(frozen=True)
class SceneStoreConfig:
    """The scenes that the relative stage learns from: see scene_store.py.

    count: how many. seed, size: of the scenes, (height, width). folder: where what is stored of them is kept.
    workers: processes that render them, 0 for one per core.
    """

    count: int = 0
    seed: int = 1
    size: tuple[int, int] = (256, 320)
    folder: str = "runs/scenes"
    workers: int = 0

    def __post_init__(self) -> None:
        _check_not_negative(self, "count", "seed", "workers")


@dataclass(frozen=True)
class RelativeConfig:
    """The relative stage: a decoder learns from the stored features of a frozen backbone.

    backbone: variant of EfficientNet-Lite. width: of the decoder. style_mixing: share of scenes that take on the
    feature statistics of others, style_alpha: of the Beta distribution that says how much of them. channel_dropout:
    share of feature channels that a step does without. gradient_weight, anchor_weight: see
    losses/affine_invariant.py.
    """

    scenes: SceneStoreConfig = field(default_factory=SceneStoreConfig)
    backbone: int = 0
    width: int = 64
    style_mixing: float = 0.7
    style_alpha: float = 0.3
    channel_dropout: float = 0.1
    gradient_weight: float = 0.5
    anchor_weight: float = 0.2

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
    """Training on stored features of procedural scenes; off while scenes is 0.

    scenes, sentences: how many of each. Any sentence goes with any scene of its domain, for pixels do not tell size.
    folder: where they are kept. seed: of scenes and sentences. text_noise: spread of noise on sentence embeddings, in
    units of the embedding's own, so that wordings never met land near ones that were. written_share: how often the
    sentence is one that was written by hand, see data/procedural/written.py. ground_truth_share: share of
    pixels that keep their depth. mean_weight: of the log loss, see losses/log_loss.py. exact_shape: ground truth is
    what relative depth says, at the sentence's size; a head then learns sizes and nothing else. thinning: only every
    so many-th row and column of pixels is computed, where sentences matter and images do not. workers: processes
    that encode sentences on a CPU, 0 for one per core.
    """

    scenes: int = 0
    sentences: int = 0
    folder: str = "runs/features"
    seed: int = 1
    text_noise: float = 0.0
    written_share: float = 0.0
    ground_truth_share: float = 1.0
    mean_weight: float = MEAN_WEIGHT
    exact_shape: bool = False
    thinning: int = 1
    workers: int = 0

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
    """A run. The defaults are the paper's where it publishes a value.

    stage: "rescale" trains the rescale head, "relative" the relative-depth network of an embedded model.
    head: changes to the model's RescaleHeadConfig.
    batch_size: over all processes and per optimiser step, divided by accumulation. epochs: passes over the longest data
    set, every other one repeated as often as it takes; steps: instead of epochs. phases: instead of batch_size and
    steps. precision: fp32, bf16, fp16, or auto: bf16 where the device multiplies it in hardware, else fp32. device:
    "auto" or "cpu". workers: processes that load data. ema: decay of an average of the weights that is validated and
    saved in their place, 0 for none; shorter in the first steps. max_skipped: so many non-finite steps in a row end the
    run. checkpoint_every, log_every: steps.
    """

    stage: str = "rescale"
    seed: int = 1
    device: str = "auto"
    precision: str = "fp32"
    model: ModelChoice = field(default_factory=ModelChoice)
    head: dict[str, Any] = field(default_factory=dict)
    datasets: tuple[DatasetConfig, ...] = ()
    features: FeaturesConfig = field(default_factory=FeaturesConfig)
    batch_size: int = 8
    accumulation: int = 1
    epochs: int = 20
    steps: int = 0
    phases: tuple[Phase, ...] = ()
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    relative: RelativeConfig = field(default_factory=RelativeConfig)
    validation: ValidationConfig = field(default_factory=ValidationConfig)
    ema: float = 0.0
    max_skipped: int = 20
    workers: int = 0
    checkpoint_every: int = 500
    log_every: int = 10

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
