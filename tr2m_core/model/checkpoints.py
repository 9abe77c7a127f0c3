"""Model directories: config.json, rescale_head.safetensors and, where stored, the encoders in transformers format."""

from __future__ import annotations

import contextlib
import logging
import os
import struct
from collections.abc import Iterator
from pathlib import Path

import transformers
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from tr2m_core.config import SHARED, STORED, ModelConfig
from tr2m_core.model.encoders import ImageEncoder, TextEncoder
from tr2m_core.model.relative_depth import RelativeDepthNetwork
from tr2m_core.model.rescale_head import RescaleHead
from tr2m_core.model.tr2m import TR2M
from tr2m_core.types import InputError

HEAD_FILE = "rescale_head.safetensors"


def load_model(directory: Path, checkpoint: Path | None = None) -> TR2M:
    """Loads a model directory in evaluation mode on the CPU; `checkpoint` replaces its rescale head.

    Raises InputError, naming the file, for anything missing, unreadable or of other shapes than the configuration's.
    """
    if not directory.is_dir():
        raise InputError(f"{directory}: no such model directory")
    config = ModelConfig.from_json(directory / "config.json")
    head = RescaleHead(config.rescale_head)
    load_strictly(head, checkpoint or directory / HEAD_FILE)
    with quiet_transformers():
        relative = RelativeDepthNetwork.from_pretrained(_part(directory, "relative_depth", config.relative_depth))
        image = None
        if config.image_encoder != SHARED:
            image = ImageEncoder.from_pretrained(_part(directory, "image_encoder", config.image_encoder))
        stored_text = directory / "text_encoder" if config.text_encoder.source == STORED else None
        text = TextEncoder.from_config(config.text_encoder, stored_text)
    return TR2M(config, relative, image, text, head).eval()


def save_model(model: TR2M, directory: Path) -> None:
    """Writes a model directory; encoders that the configuration calls "stored" go along."""
    directory.mkdir(parents=True, exist_ok=True)
    config = model.config
    with quiet_transformers():
        if config.relative_depth == STORED:
            model.relative_depth.network.save_pretrained(directory / "relative_depth")
        if config.image_encoder == STORED and model.image_encoder is not None:
            model.image_encoder.network.save_pretrained(directory / "image_encoder")
        if config.text_encoder.source == STORED:
            model.text_encoder.network.save_pretrained(directory / "text_encoder")
            model.text_encoder.tokenizer.save_pretrained(directory / "text_encoder")
    save_tensors(model.rescale_head, directory / HEAD_FILE)
    (directory / "config.json").write_text(config.to_json(), encoding="utf-8")


def save_tensors(module: nn.Module, path: Path) -> None:
    """Writes the module's parameters as safetensors, to a temporary name first."""
    temporary = path.with_suffix(".partial")
    save_file({name: tensor.contiguous() for name, tensor in module.state_dict().items()}, temporary)
    temporary.chmod(0o644)  # safetensors writes for its owner only; an installed copy must be readable by everyone
    os.replace(temporary, path)


def load_strictly(module: nn.Module, path: Path) -> None:
    """Loads safetensors into the module. Every name must match and every shape too, else InputError says which."""
    try:
        tensors = load_file(path)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (SafetensorError, OSError, struct.error) as error:
        raise InputError(f"{path}: not a readable safetensors file ({error})") from None
    own = module.state_dict()
    problems = [f"missing {name}" for name in own if name not in tensors]
    problems += [f"unexpected {name}" for name in tensors if name not in own]
    problems += [
        f"{name} is {tuple(tensors[name].shape)}, expected {tuple(own[name].shape)}"
        for name in own
        if name in tensors and tensors[name].shape != own[name].shape
    ]
    if problems:
        raise InputError(f"{path}: does not fit the rescale head: {'; '.join(problems[:3])} ({len(problems)} in all)")
    module.load_state_dict(tensors)


def _part(directory: Path, name: str, source: str) -> str:
    """Where to load a part from: its folder when stored, else the Hub id or path that the configuration names."""
    if source != STORED:
        return source
    folder = directory / name
    if not (folder / "config.json").is_file() or not (folder / "model.safetensors").is_file():
        raise InputError(f"{folder}: config.json or model.safetensors is missing; the model directory is incomplete")
    return str(folder)


@contextlib.contextmanager
def quiet_transformers() -> Iterator[None]:
    """Keeps transformers' loading bars and notices off the terminal; errors still raise."""
    level = transformers.logging.get_verbosity()
    transformers.logging.set_verbosity(logging.ERROR)
    transformers.logging.disable_progress_bar()
    try:
        yield
    finally:
        transformers.logging.set_verbosity(level)
        transformers.logging.enable_progress_bar()
