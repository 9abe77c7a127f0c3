"""Model directories: config.json, rescale_head.safetensors and, where stored, the encoders in transformers format."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

from tr2m_core.model.config import STORED, ModelConfig
from tr2m_core.model.heads import Head
from tr2m_core.model.relative_depth import RelativeDepthNetwork
from tr2m_core.model.sources import HEAD_FILE
from tr2m_core.model.tensors import check_tensors, load_strictly, read_weights, save_tensors, unwrapped, writing
from tr2m_core.model.text_encoder import TextEncoder

if TYPE_CHECKING:
    from tr2m_core.model.dinov2 import ImageEncoder

PREFIXES = ("module.scalemap.", "scalemap.", "module.")


def save_parts(
    directory: Path,
    config: ModelConfig,
    head: Head,
    relative_depth: RelativeDepthNetwork | None,
    image_encoder: ImageEncoder | None,
    text_encoder: TextEncoder | None,
) -> None:
    """Writes a model directory; parts that the configuration does not call "stored" are left out and may be None."""
    directory.mkdir(parents=True, exist_ok=True)
    with writing(directory):
        if config.relative_depth == STORED and relative_depth is not None:
            relative_depth.save_pretrained(directory / "relative_depth")
        if config.image_encoder == STORED and image_encoder is not None:
            image_encoder.save_pretrained(directory / "image_encoder")
        if config.text_encoder.source == STORED and text_encoder is not None:
            text_encoder.save_pretrained(directory / "text_encoder")
    save_tensors(head, directory / HEAD_FILE)
    # Last and in one step: its presence says that the directory is whole.
    temporary = directory / "config.json.partial"
    temporary.write_text(config.to_json(), encoding="utf-8")
    os.replace(temporary, directory / "config.json")


def load_head(head: Head, path: Path) -> None:
    """Loads a rescale head, strictly, from any of the forms it is published in.

    safetensors, or a file of torch.save that holds the weights themselves, a dictionary with them as `state_dict`, or
    a training checkpoint with them as `model` under the prefix `scalemap.` or `module.scalemap.`, beside other parts
    of the network or not. Raises InputError, naming the file and the weight, for anything else.
    """
    load_strictly(head, head_weights(path), path, "the rescale head")


def head_weights(path: Path) -> dict[str, Tensor]:
    """The rescale head's weights in a file, under the head's own names."""
    weights = unwrapped(read_weights(path))
    for prefix in PREFIXES:
        if any(name.startswith(prefix) for name in weights):
            weights = {n.removeprefix(prefix): value for n, value in weights.items() if n.startswith(prefix)}
            break
    return check_tensors(weights, path)
