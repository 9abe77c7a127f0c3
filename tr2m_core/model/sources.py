"""Where the parts of a model lie: in its directory, an installed package, the Hub's cache, or where the user says.

Imports neither torch nor transformers, so that what is missing is said at once.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from tr2m_core.errors import InputError
from tr2m_core.model.config import SHARED, STORED, ModelConfig, PyramidConfig, TextEncoderConfig
from tr2m_core.model.presets import EMBEDDED_DIRECTORY, PRESETS, RELEASED_HEADS
from tr2m_core.weights import hub

HEAD_FILE = "rescale_head.safetensors"
FROZEN = ("relative_depth", "backbone", "image_encoder", "text_encoder")
ROLES = (*FROZEN, "rescale_head")


@dataclass(frozen=True)
class Overrides:
    """What the user puts in place of a model's own parts.

    relative_depth, image_encoder and text_encoder are each a Hub id, a folder in the transformers format or an original
    release file. A Hub id named here may be downloaded.
    """

    checkpoint: str | Path | None = None
    """File with a rescale head."""
    relative_depth: str | Path | None = None
    image_encoder: str | Path | None = None
    text_encoder: str | Path | None = None


NO_OVERRIDES = Overrides()


@dataclass(frozen=True)
class Part:
    """One part of a model: what for, from where, and the folder or file it was found at, or what is missing."""

    role: str
    source: str
    path: Path | None
    problem: str = ""


@dataclass(frozen=True)
class ModelSources:
    """A model's configuration and its parts, found or not. directory: its model directory, if it has one."""

    name: str
    config: ModelConfig
    directory: Path | None
    parts: dict[str, Part]

    def require(self, roles: Collection[str] = ROLES) -> dict[str, Path]:
        """The place of every part among `roles`. Raises InputError naming all that is missing and how to get it."""
        problems = [part.problem for part in self.parts.values() if part.problem and part.role in roles]
        if problems:
            local = "name local ones with --checkpoint, --relative-depth, --image-encoder, --text-encoder"
            advice = f"run `tr2m download {self.name}` once, or {local}" if self._downloadable() else local
            raise InputError(f"model '{self.name}': {'; '.join(problems)}: {advice}")
        return {role: part.path for role, part in self.parts.items() if part.path is not None}

    def _downloadable(self) -> bool:
        return any(
            hub.is_hub_id(part.source) or (part.role == "rescale_head" and self.name in RELEASED_HEADS)
            for part in self.parts.values()
            if part.problem
        )


def find_model(name: str | Path, overrides: Overrides = NO_OVERRIDES) -> ModelSources:
    """Finds a preset, a model directory or a Hub id of one, with the overrides in place of its own parts.

    Only Hub ids that the caller names are downloaded, and only when the Hub's cache lacks them. Raises InputError when
    there is no such model, or what an override names is not there; other missing parts are told by the result.
    """
    name = str(name)
    config, directory = _find_config(name)
    named = {role: str(source) for role in hub.PART_FILES if (source := getattr(overrides, role)) is not None}
    config = _with_sources(config, named)
    parts = {
        "relative_depth": _find(config.relative_depth, "relative_depth", directory, named),
        "text_encoder": _find_text_encoder(config, directory, named),
        "rescale_head": _find_head(name, directory, overrides.checkpoint),
    }
    if config.image_encoder != SHARED:
        parts["image_encoder"] = _find(config.image_encoder, "image_encoder", directory, named)
    if backbone := _find_backbone(parts["relative_depth"]):
        parts["backbone"] = backbone
    return ModelSources(name, config, directory, parts)


def _find_config(name: str) -> tuple[ModelConfig, Path | None]:
    if name == "embedded":
        if not (EMBEDDED_DIRECTORY / "config.json").is_file():
            raise InputError(
                f"{EMBEDDED_DIRECTORY}: the embedded model is missing from this installation; reinstall tr2m_ros"
            )
        return ModelConfig.from_json(EMBEDDED_DIRECTORY / "config.json"), EMBEDDED_DIRECTORY
    if name in PRESETS:
        return PRESETS[name], None
    directory = hub.expanded(name)
    if name and directory.is_dir():
        return ModelConfig.from_json(directory / "config.json"), directory
    if directory.is_file():
        raise InputError(f"model '{name}': a file, not a model; give it with --checkpoint or to `tr2m convert`")
    if not hub.is_hub_id(name):
        known = ", ".join(PRESETS)
        raise InputError(f"model '{name}': not one of {known}, a model directory, an .onnx file or a Hub id")
    folder = hub.find_or_fetch(name, ("config.json", HEAD_FILE), [f"{role}/*" for role in ROLES])
    return ModelConfig.from_json(folder / "config.json"), folder


def _with_sources(config: ModelConfig, named: dict[str, str]) -> ModelConfig:
    text = config.text_encoder
    if "text_encoder" in named:
        text = dataclasses.replace(text, source=named["text_encoder"], sha256=None)
    return dataclasses.replace(
        config,
        relative_depth=named.get("relative_depth", config.relative_depth),
        image_encoder=named.get("image_encoder", config.image_encoder),
        text_encoder=text,
    )


def _find_head(name: str, directory: Path | None, checkpoint: str | Path | None) -> Part:
    if checkpoint is not None:
        path = hub.expanded(checkpoint)
        if not path.is_file():
            raise InputError(f"checkpoint {path}: no such file")
    elif directory is not None:
        path = directory / HEAD_FILE
    elif name in RELEASED_HEADS:
        path = hub.weights_folder() / RELEASED_HEADS[name].file
    else:
        return Part(
            "rescale_head", "", None, "no rescale head was released for it, train one or give one with --checkpoint"
        )
    if not os.path.isfile(path):  # Path.is_file raises where the folder is another user's
        return Part("rescale_head", str(path), None, f"missing {path}")
    return Part("rescale_head", str(path), path)


def _find_text_encoder(config: ModelConfig, directory: Path | None, named: dict[str, str]) -> Part:
    source = config.text_encoder.source
    if not source.startswith(hub.PACKAGE):
        return _find(source, "text_encoder", directory, named)
    try:
        return Part("text_encoder", source, text_encoder_folder(config.text_encoder))
    except InputError as error:
        return Part("text_encoder", source, None, str(error))


def _find_backbone(relative_depth: Part) -> Part | None:
    """The backbone that a pyramid's folder names; None for networks that hold their own."""
    config = relative_depth.path and PyramidConfig.from_json(relative_depth.path / "config.json")
    if not config:
        return None
    try:
        return Part("backbone", config.source, backbone_file(config))
    except InputError as error:
        return Part("backbone", config.source, None, str(error))


def _find(source: str, role: str, directory: Path | None, named: dict[str, str]) -> Part:
    """A network by its source; one that is not of this call's naming is looked for on the disk only."""
    files = hub.PART_FILES[role]
    if source == STORED:
        if directory is None:
            return Part(role, source, None, f"{role} is 'stored', but there is no model directory")
        return _folder(directory / role, role, source)
    relative = hub.expanded(source)
    for path in (directory / relative if directory and role not in named else relative, relative):
        if path.is_file():
            return Part(role, source, path)
        if path.is_dir():
            return _folder(path, role, source)
    if role in named:
        if not hub.is_hub_id(source):
            raise InputError(f"{role} {source}: no such file or folder, and no Hub id")
        return Part(role, source, hub.find_or_fetch(source, files))
    try:
        if not hub.is_hub_id(source):
            raise InputError(f"{role} {source}: no such file or folder")
        return Part(role, source, hub.find_cached(source, files))
    except InputError as error:
        return Part(role, source, None, str(error))


def _folder(folder: Path, role: str, source: str) -> Part:
    missing = [name for name in hub.NETWORK_FILES if not (folder / name).is_file()]
    if missing:
        return Part(role, source, None, f"{folder} is incomplete: {' and '.join(missing)} missing")
    return Part(role, source, folder)


def text_encoder_folder(config: TextEncoderConfig) -> Path:
    """The text encoder inside an installed package, in the transformers format. Raises InputError."""
    return hub.package_file(config.source, "model/model.safetensors", config.sha256, "the text encoder").parent


def backbone_file(config: PyramidConfig) -> Path:
    """The backbone's weights inside an installed package. Raises InputError."""
    return hub.package_file(config.source, config.file, config.sha256, "the backbone")
