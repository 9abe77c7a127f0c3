"""Loading the parts of a model from where they lie."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tr2m_core.errors import InputError
from tr2m_core.model.checkpoints import load_head, save_parts
from tr2m_core.model.config import SHARED, STORED, ModelConfig, PyramidConfig
from tr2m_core.model.heads import Head, build_head
from tr2m_core.model.relative_depth import PyramidDepthNetwork, RelativeDepthNetwork
from tr2m_core.model.sources import FROZEN, ModelSources
from tr2m_core.model.text_encoder import TextEncoder
from tr2m_core.settings import merge
from tr2m_core.weights.hub import PACKAGE, is_hub_id

if TYPE_CHECKING:
    from tr2m_core.model.dinov2 import ImageEncoder


class Parts(NamedTuple):
    """What a TR2M is made of. image_encoder None: the relative-depth network's backbone serves as one."""

    config: ModelConfig
    relative_depth: RelativeDepthNetwork
    image_encoder: ImageEncoder | None
    text_encoder: TextEncoder
    rescale_head: Head


def load_parts(sources: ModelSources) -> Parts:
    """The parts of a model, on the CPU, in float32.

    Raises InputError, naming the file, for anything missing, unreadable or of other shapes than the configuration's.
    """
    paths = sources.require()
    parts = _assemble(sources, paths)
    load_head(parts.rescale_head, paths["rescale_head"])
    return parts


def new_parts(sources: ModelSources, head: dict[str, Any]) -> Parts:
    """The frozen parts beside a head with fresh weights, to be trained. head: changes to its configuration.

    Raises InputError for unknown settings and as `load_parts` does.
    """
    changed = merge(sources.config.rescale_head, head, "head")
    sources = dataclasses.replace(sources, config=dataclasses.replace(sources.config, rescale_head=changed))
    return _assemble(sources, sources.require(FROZEN))


def _assemble(sources: ModelSources, paths: dict[str, Path]) -> Parts:
    """The frozen parts at `paths` and a fresh head."""
    config = sources.config
    relative = load_relative_depth(paths["relative_depth"])
    image = None if config.image_encoder == SHARED else load_image_encoder(paths["image_encoder"])
    text = TextEncoder.from_pretrained(config.text_encoder.kind, paths["text_encoder"])
    _check_fit(config, relative, image, text, sources)
    return Parts(portable(sources), relative, image, text, build_head(config.rescale_head))


def load_relative_depth(source: str | Path) -> RelativeDepthNetwork:
    """The network in a folder, of the kind that its config.json says, or in Depth Anything's release file, in
    evaluation mode. Raises InputError, naming what is missing or does not fit."""
    path = Path(source)
    config = PyramidConfig.from_json(path / "config.json")
    if config is not None:
        return PyramidDepthNetwork.from_pretrained(path, config)
    from tr2m_core.model.depth_anything import DepthAnything  # transformers takes seconds to import

    return DepthAnything.from_pretrained(path)


def load_image_encoder(source: str | Path) -> ImageEncoder:
    """The DINOv2 in a folder or in its release file. Raises InputError."""
    from tr2m_core.model.dinov2 import ImageEncoder  # transformers takes seconds to import

    return ImageEncoder.from_pretrained(source)


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

    Returns its configuration. Raises InputError as `load_parts` does.
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
    image = load_image_encoder(paths["image_encoder"]) if "image_encoder" in stored else None
    kind = config.text_encoder.kind
    text = TextEncoder.from_pretrained(kind, paths["text_encoder"]) if "text_encoder" in stored else None
    save_parts(directory, config, head, relative, image, text)
    return config
