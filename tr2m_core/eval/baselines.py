"""What a model is compared with, by name: the best constant, a ramp, another TR2M model, a public depth network."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tr2m_core.errors import InputError
from tr2m_core.model.presets import PRESETS
from tr2m_core.weights import hub

BEST_CONSTANT, VERTICAL_RAMP, RELATIVE_DEPTH = "best constant", "vertical ramp", "relative depth"  # of reports
CONSTANT, RAMP = BLIND = ("constant", "ramp")  # what never looks at the image
RELATIVE, METRIC = KINDS = ("relative", "metric")  # what a depth network predicts
NETWORK_FILES = ("config.json", "model.safetensors", "preprocessor_config.json")


@dataclass(frozen=True)
class Baseline:
    """A model to compare with."""

    source: str
    """The model as it was named, without the kind."""
    folder: Path | None
    """Folder of a public depth network, None for a TR2M model."""
    kind: str | None = None
    """One of KINDS, None if not given."""


def find_baseline(text: str) -> Baseline:
    """SOURCE[:relative|:metric]: a TR2M model as --model takes it, or a folder or Hub id of a depth network.

    A Hub id is downloaded when the Hub's cache lacks it. Raises InputError when it is neither; ConnectionError when a
    download fails.
    """
    source, _, suffix = text.rpartition(":")
    source, kind = (source, suffix) if source and suffix in KINDS else (text, None)
    if kind is None and (source in PRESETS or Path(source).suffix == ".onnx"):
        return Baseline(source, None)
    folder = hub.expanded(source)
    if not folder.is_dir():
        if not hub.is_hub_id(source):
            raise InputError(
                f"baseline {source}: not {', '.join(BLIND)}, a TR2M model, a folder of a depth network or a Hub id"
            )
        folder = hub.find_or_fetch(source, ("config.json",))
    if "rescale_head" in _config(source, folder):
        return Baseline(source, None)
    if hub.is_hub_id(source):
        folder = hub.find_or_fetch(source, NETWORK_FILES)
    return Baseline(source, folder, kind)


def vertical_ramp(height: int, width: int) -> npt.NDArray[np.float64]:
    """Inverse depth (height, width) up to scale and shift: 0 in the top row, 1 in the bottom one, linear between.

    Most cameras look at a floor below and a wall or the sky above; this is how far one gets with that alone.
    """
    return np.repeat(np.linspace(0.0, 1.0, height)[:, None], width, axis=1)


def label(name: str, entry: Mapping[str, Any]) -> str:
    """How a table calls a baseline of a run, see `replay.baselines.Baselines.report`."""
    return f"{name}, {entry['depth_m']:.3g} m" if "depth_m" in entry else f"{name}, affine-aligned"


def thinned(depths: npt.NDArray[np.floating], count: float) -> npt.NDArray[np.floating]:
    """At most `count` of the depths (N,), evenly spaced: what the best constant is chosen for and measured on."""
    if depths.size <= count:
        return depths
    kept: npt.NDArray[np.floating] = depths[np.linspace(0, depths.size - 1, int(count)).astype(int)]
    return kept


def _config(source: str, folder: Path) -> dict[str, object]:
    path = folder / "config.json"
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"baseline {source}: {path} is missing; is it the folder of a model?") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"baseline {source}: {path}: not readable ({error})") from None
    if not isinstance(values, dict):
        raise InputError(f"baseline {source}: {path}: not the configuration of a model")
    return values
