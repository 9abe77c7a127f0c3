"""The training loop that both stages share: seeded, resumable, guarded against non-finite losses."""

from __future__ import annotations

import json
import time
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import yaml
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor, nn

from tr2m_core.config import merge
from tr2m_core.train.checkpoint import load_state, save_state
from tr2m_core.train.optim import adamw, warmup_cosine
from tr2m_core.types import InputError

MAX_SKIPPED_IN_A_ROW = 20


@dataclass(frozen=True)
class TrainConfig:
    """Every choice of a run. Phases are lists [height, width, batch size, steps] gone through in order.

    stage: "relative" (relative-depth network) or "rescale" (rescale head). gradient_weight, anchor_weight: see
    losses/affine_invariant.py. relative_depth: where the rescale stage finds the finished first stage. initial_head: a
    rescale head to go on from, empty for a new one. variance_focus: see losses/silog.py. abs_rel_weight: weight of the
    mean relative error beside it. scenes, sentences: how many of each the rescale stage learns from. text_noise,
    text_dropout: disturbances of the sentence embeddings.
    """

    stage: str = "relative"
    seed: int = 1
    device: str = "auto"
    phases: tuple[tuple[int, int, int, int], ...] = ((84, 112, 16, 100),)
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    warmup_steps: int = 200
    clip_norm: float = 1.0
    checkpoint_every: int = 100
    log_every: int = 10
    gradient_weight: float = 0.5
    anchor_weight: float = 0.5
    relative_depth: str = ""
    initial_head: str = ""
    variance_focus: float = 0.6
    abs_rel_weight: float = 0.0
    scenes: int = 4000
    sentences: int = 50000
    text_noise: float = 0.0
    text_dropout: float = 0.0

    @property
    def steps(self) -> int:
        return sum(phase[3] for phase in self.phases)

    def phase_at(self, step: int) -> tuple[tuple[int, int], int, int]:
        """Picture size, batch size and the index of the first scene of a step; scenes are never repeated."""
        scene = 0
        for height, width, batch, steps in self.phases:
            if step < steps:
                return (height, width), batch, scene + step * batch
            step, scene = step - steps, scene + steps * batch
        raise IndexError("step is past the last phase")


def read_config(path: Path, overrides: list[str]) -> TrainConfig:
    """A YAML file plus key=value overrides. Raises InputError naming file and key."""
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except FileNotFoundError:
        raise InputError(f"{path}: no such configuration file") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not readable YAML ({str(error).splitlines()[0]})") from None
    if not isinstance(values, dict):
        raise InputError(f"{path}: must be a mapping of settings")
    values.update(_override(text) for text in overrides)
    config: TrainConfig = merge(TrainConfig(), values, str(path))
    return config


def _override(text: str) -> tuple[str, Any]:
    key, separator, value = text.partition("=")
    if not separator or not key:
        raise InputError(f"--set {text}: must be key=value")
    return key, yaml.safe_load(value)


class Stage(ABC):
    """What is trained, on what, against which loss."""

    trained: nn.Module

    @abstractmethod
    def loss(self, step: int) -> tuple[Tensor, dict[str, float]]:
        """The loss of one step and figures to log."""

    @abstractmethod
    def save(self, directory: Path) -> None:
        """Writes what the run is for."""


class Trainer:
    """Runs a stage to its last step and keeps `directory`/last.pt current."""

    def __init__(self, stage: Stage, config: TrainConfig, directory: Path) -> None:
        self.stage, self.config, self.directory = stage, config, directory
        self.optimiser = adamw(stage.trained.named_parameters(), config.learning_rate, config.weight_decay)
        self.step = 0
        self.skipped = 0
        self.skipped_in_a_row = 0

    def resume(self) -> None:
        state = load_state(self.directory)
        self.stage.trained.load_state_dict(state["trained"])
        self.optimiser.load_state_dict(state["optimiser"])
        torch.set_rng_state(state["rng"])
        self.step, self.skipped = state["step"], state["skipped"]

    def save(self) -> None:
        state = {
            "trained": self.stage.trained.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "rng": torch.get_rng_state(),
            "step": self.step,
            "skipped": self.skipped,
        }
        save_state(state, self.directory)

    def train(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        (self.directory / "config.yaml").write_text(yaml.safe_dump(asdict(self.config)), encoding="utf-8")
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self.stage.trained.train()
        with (
            Progress(*columns, console=Console(stderr=True)) as progress,
            (self.directory / "log.jsonl").open("a") as log,
        ):
            bar = progress.add_task(self.config.stage, total=self.config.steps, completed=self.step)
            while self.step < self.config.steps:
                started = time.monotonic()
                figures = self.train_step()
                self.step += 1
                progress.update(bar, completed=self.step, description=f"{self.config.stage} loss {figures['loss']:.3f}")
                if self.step % self.config.log_every == 0:
                    figures |= {"step": self.step, "seconds": round(time.monotonic() - started, 3)}
                    log.write(json.dumps(figures) + "\n")
                    log.flush()
                if self.step % self.config.checkpoint_every == 0 or self.step == self.config.steps:
                    self.save()
        self.stage.save(self.directory / "model")

    def train_step(self) -> dict[str, float]:
        factor = warmup_cosine(self.step, self.config.steps, self.config.warmup_steps)
        for group in self.optimiser.param_groups:
            group["lr"] = self.config.learning_rate * factor
        self.optimiser.zero_grad(set_to_none=True)
        loss, figures = self.stage.loss(self.step)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(self.stage.trained.parameters(), self.config.clip_norm)
        if torch.isfinite(loss) and torch.isfinite(norm):
            self.optimiser.step()
            self.skipped_in_a_row = 0
        else:
            self._skip()
        return {"loss": loss.item(), "grad_norm": norm.item(), "lr": self.config.learning_rate * factor, **figures}

    def _skip(self) -> None:
        self.skipped += 1
        self.skipped_in_a_row += 1
        if self.skipped_in_a_row >= MAX_SKIPPED_IN_A_ROW:
            raise InputError(
                f"step {self.step}: {self.skipped_in_a_row} non-finite losses in a row; lower learning_rate"
            )
