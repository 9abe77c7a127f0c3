"""What a model is compared with, by name: the best constant, another TR2M model, a public depth network."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from tr2m_core import hub
from tr2m_core.model.presets import PRESETS
from tr2m_core.types import InputError

CONSTANT = "constant"
RELATIVE, METRIC = KINDS = ("relative", "metric")  # what a depth network predicts
NETWORK_FILES = ("config.json", "model.safetensors", "preprocessor_config.json")


@dataclass(frozen=True)
class Baseline:
    """source: as it was named. folder: of a public depth network, None for a TR2M model. kind: of KINDS, when given."""

    source: str
    folder: Path | None
    kind: str | None = None


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
                f"baseline {source}: not '{CONSTANT}', a TR2M model, a folder of a depth network or a Hub id"
            )
        folder = hub.find_or_fetch(source, ("config.json",))
    if "rescale_head" in _config(source, folder):
        return Baseline(source, None)
    if hub.is_hub_id(source):
        folder = hub.find_or_fetch(source, NETWORK_FILES)
    return Baseline(source, folder, kind)


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
