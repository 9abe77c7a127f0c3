"""Training state on disk: written whole or not at all, never unpickled."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch

from tr2m_core.errors import InputError
from tr2m_core.model.tensors import writing

FOLDER = "checkpoints"
LAST, BEST = "last.pt", "best.pt"


def save_state(state: dict[str, Any], directory: Path, name: str = LAST) -> None:
    """Writes under a temporary name and renames, so that a kill at any moment leaves a whole file."""
    folder = directory / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f"{name}.partial"
    with writing(folder / name):
        torch.save(state, temporary)
    os.replace(temporary, folder / name)


def has_state(directory: Path) -> bool:
    """Whether a run in `directory` has got as far as a checkpoint."""
    return (directory / FOLDER / LAST).is_file()


def load_state(directory: Path, name: str = LAST) -> dict[str, Any]:
    """The state that `save_state` wrote. Raises InputError when there is none or it cannot be read."""
    path = directory / FOLDER / name
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise InputError(f"{path}: nothing to resume from; is {directory} the output directory of a run?") from None
    except Exception as error:
        raise InputError(f"{path}: not a readable training state ({type(error).__name__})") from None
    step = state.get("step") if isinstance(state, dict) else None
    if not (isinstance(step, int) and step >= 0):
        raise InputError(f"{path}: not a training state")
    return state
