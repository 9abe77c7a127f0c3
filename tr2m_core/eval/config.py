"""Several data sets to evaluate in one call, read from one YAML file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tr2m_core.data.base import DatasetConfig
from tr2m_core.errors import InputError
from tr2m_core.settings import merge, read_settings


@dataclass(frozen=True)
class EvaluationConfig:
    """datasets: in the order of the report; their fields for training have no effect."""

    datasets: tuple[DatasetConfig, ...] = ()


def read_config(path: Path, overrides: Sequence[str] = ()) -> EvaluationConfig:
    """A YAML file plus key=value overrides. Raises InputError naming file and key."""
    config = merge(EvaluationConfig(), read_settings(path, overrides), str(path))
    if not config.datasets:
        raise InputError(f"{path}: datasets: none is named")
    names = [dataset.name for dataset in config.datasets]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"{path}: datasets: {twice} is named twice; evaluate its other part in a call of its own")
    return config
