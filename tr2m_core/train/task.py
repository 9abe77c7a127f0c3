"""What a run trains, on what, against which loss; the trainer knows nothing else of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from torch import Generator, Tensor, nn

from tr2m_core.data.base import BatchSource, TrainBatch

Metrics = dict[str, dict[str, float]]  # data set -> metric -> value


class Moment(NamedTuple):
    """Where a run is: the step, the epoch, and how many steps make one epoch."""

    step: int
    epoch: int
    steps_per_epoch: int


class Task(ABC):
    """What a run trains, on which data and against which loss."""

    trained: nn.Module
    """The only module with gradients; everything else is frozen and no part of a checkpoint."""
    sources: list[BatchSource]
    read_ahead: bool = False
    """Whether a thread loads the next batches during a step.

    This is worth it where loading waits for the disk.
    """
    references: frozenset[str] = frozenset()
    """Data sets of `validate` that tell what a baseline gives; they do not decide which model is best."""

    @abstractmethod
    def loss(
        self, trained: nn.Module, batch: TrainBatch, moment: Moment, random: Generator
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of a batch and figures to log; `trained` may be wrapped for several processes."""

    def after_step(self, trained: nn.Module) -> None:  # noqa: B027
        """Called after every optimiser step that was made, with the unwrapped module."""

    def state(self) -> dict[str, Tensor]:
        """What a checkpoint must hold beside weights and optimiser."""
        return {}

    def load_state(self, state: dict[str, Tensor]) -> None:  # noqa: B027
        """Restores what `state` gave."""

    @abstractmethod
    def validate(self, trained: nn.Module) -> Metrics:
        """Metrics on held-out data, the same in every process; empty where none is configured."""

    @abstractmethod
    def panels(self, trained: nn.Module) -> dict[str, npt.NDArray[np.uint8]]:
        """Panels (H, W, 3) that show what the model predicts now."""

    @abstractmethod
    def save(self, trained: nn.Module, directory: Path) -> None:
        """Writes what the run is for; at no moment is there half of it where there was a whole before."""
