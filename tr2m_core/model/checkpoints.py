"""Model directories: config.json, rescale_head.safetensors and, where stored, the encoders in transformers format."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

from torch import Tensor

from tr2m_core.errors import InputError
from tr2m_core.model.config import SHARED, STORED, ModelConfig, merge
from tr2m_core.model.encoders import ImageEncoder, TextEncoder
from tr2m_core.model.relative_depth import RelativeDepthNetwork, load_relative_depth
from tr2m_core.model.sources import FROZEN, HEAD_FILE, NO_OVERRIDES, ModelSources, Overrides, find_model
from tr2m_core.model.tensors import check_tensors, load_strictly, read_weights, save_tensors, unwrapped, writing
from tr2m_core.model.tr2m import TR2M, Head, build_head
from tr2m_core.weights.hub import PACKAGE, is_hub_id

PREFIXES = ("module.scalemap.", "scalemap.", "module.")


def load_model(name: str | Path, overrides: Overrides = NO_OVERRIDES) -> TR2M:
    """Loads a preset, a model directory or a Hub id of one in evaluation mode, on the CPU, in float32.

    Raises InputError, naming the file, for anything missing, unreadable or of other shapes than the configuration's.
    """
    sources = find_model(name, overrides)
    paths = sources.require()
    model = _assemble(sources, paths)
    load_head(model.rescale_head, paths["rescale_head"])
    return model.eval()


def new_model(sources: ModelSources, head: dict[str, Any]) -> TR2M:
    """The frozen parts beside a head with fresh weights, to be trained. head: changes to its configuration.

    Raises InputError for unknown settings and as `load_model` does.
    """
    changed = merge(sources.config.rescale_head, head, "head")
    sources = dataclasses.replace(sources, config=dataclasses.replace(sources.config, rescale_head=changed))
    return _assemble(sources, sources.require(FROZEN))


def _assemble(sources: ModelSources, paths: dict[str, Path]) -> TR2M:
    """The model with the frozen parts at `paths` and a fresh head."""
    config = sources.config
    relative = load_relative_depth(paths["relative_depth"])
    image = None if config.image_encoder == SHARED else ImageEncoder.from_pretrained(paths["image_encoder"])
    text = TextEncoder.from_pretrained(config.text_encoder.kind, paths["text_encoder"])
    _check_fit(config, relative, image, text, sources)
    return TR2M(portable(sources), relative, image, text, build_head(config.rescale_head))


def _check_fit(
    config: ModelConfig,
    relative: RelativeDepthNetwork,
    image: ImageEncoder | None,
    text: TextEncoder,
    sources: ModelSources,
) -> None:
    """Raises InputError, naming the part, unless the head fits the networks' widths and patch sizes."""
    head = config.rescale_head
    image_role = "relative_depth" if image is None else "image_encoder"
    tokens = image or relative
    for role, what, found, expected in (
        ("relative_depth", "takes patches of", relative.patch_size, head.patch_size),
        (image_role, "takes patches of", tokens.patch_size, head.patch_size),
        (image_role, "gives embeddings of width", tokens.token_width, head.image_width),
        ("text_encoder", "gives embeddings of width", text.width, head.text_width),
    ):
        if found != expected:
            raise InputError(
                f"{sources.parts[role].path}: {what} {found}; the rescale head of model '{sources.name}' expects "
                f"{expected}"
            )


def portable(sources: ModelSources) -> ModelConfig:
    """The configuration a saved copy needs: networks from local files are stored along, the others named."""

    def source(named: str) -> str:
        return named if named == SHARED or named.startswith(PACKAGE) or is_hub_id(named) else STORED

    config = sources.config
    text = dataclasses.replace(config.text_encoder, source=source(config.text_encoder.source))
    return dataclasses.replace(
        config,
        relative_depth=source(config.relative_depth),
        image_encoder=source(config.image_encoder),
        text_encoder=text,
    )


def convert(sources: ModelSources, directory: Path) -> ModelConfig:
    """Writes a model directory of the head and of networks given as local files; the others need not be here.

    Returns its configuration. Raises InputError as `load_model` does.
    """
    config = portable(sources)
    origins = {
        "relative_depth": config.relative_depth,
        "image_encoder": config.image_encoder,
        "text_encoder": config.text_encoder.source,
    }
    stored = [role for role, source in origins.items() if source == STORED]
    paths = sources.require(["rescale_head", *stored])
    head = build_head(config.rescale_head)
    load_head(head, paths["rescale_head"])
    relative = load_relative_depth(paths["relative_depth"]) if "relative_depth" in stored else None
    image = ImageEncoder.from_pretrained(paths["image_encoder"]) if "image_encoder" in stored else None
    kind = config.text_encoder.kind
    text = TextEncoder.from_pretrained(kind, paths["text_encoder"]) if "text_encoder" in stored else None
    save_parts(directory, config, head, relative, image, text)
    return config


def save_model(model: TR2M, directory: Path) -> None:
    """Writes a model directory; encoders that the configuration calls "stored" go along."""
    save_parts(
        directory, model.config, model.rescale_head, model.relative_depth, model.image_encoder, model.text_encoder
    )


def save_parts(
    directory: Path,
    config: ModelConfig,
    head: Head,
    relative_depth: RelativeDepthNetwork | None,
    image_encoder: ImageEncoder | None,
    text_encoder: TextEncoder | None,
) -> None:
    """As `save_model`; parts that the configuration does not call "stored" may be None."""
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
