"""Training state on disk: written whole or not at all, never unpickled."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch

from tr2m_core.types import InputError

STATE_FILE = "last.pt"


def save_state(state: dict[str, Any], directory: Path) -> None:
    """Writes `last.pt` under a temporary name and renames it, so that a kill at any moment leaves a whole file."""
    temporary = directory / f"{STATE_FILE}.partial"
    torch.save(state, temporary)
    os.replace(temporary, directory / STATE_FILE)


def load_state(directory: Path) -> dict[str, Any]:
    path = directory / STATE_FILE
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise InputError(f"{path}: nothing to resume from; is this the output directory of a run?") from None
    except Exception as error:
        raise InputError(f"{path}: not a readable training state ({type(error).__name__})") from None
    return state
