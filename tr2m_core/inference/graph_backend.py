"""GraphBackend: an exported graph in an engine other than torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from tr2m_core.errors import InputError
from tr2m_core.export.onnx_format import CONFIG_KEY, INPUTS, OUTPUTS, TEXT_ENCODER_KEY
from tr2m_core.inference.graph_session import GraphSession
from tr2m_core.model.config import ModelConfig
from tr2m_core.model.sources import text_encoder_folder
from tr2m_core.model.text_encoder import TextEncoder
from tr2m_core.settings import merge
from tr2m_core.types import BackendOutput
from tr2m_core.weights.hub import NETWORK_FILES, PACKAGE


class SentenceEncoder(Protocol):
    """A `TextEncoder`, or its graph."""

    def encode(self, sentences: list[str]) -> Tensor: ...


class GraphBackend:
    """Computes what `export_onnx` wrote. Tensors are on the CPU."""

    def __init__(self, path: Path, session: GraphSession, text_encoder: SentenceEncoder | None = None) -> None:
        """session: of the file at `path`. text_encoder: None loads the one that the file names, in torch.

        Raises InputError for a file that is incomplete or of another origin.
        """
        self.device, self.precision, self.engine = torch.device("cpu"), torch.float32, session.engine
        self.config = _read_config(session.metadata, path)
        self.input_size = self.config.input_size
        if text_encoder is None:
            folder = _text_encoder_folder(self.config, session.metadata, path)
            text_encoder = TextEncoder.from_pretrained(self.config.text_encoder.kind, folder)
        self._session, self._text_encoder = session, text_encoder

    def embed(self, sentences: list[str]) -> Tensor:
        """(B, 1, Ct)."""
        return self._text_encoder.encode(sentences)

    def condition(self, embedding: Tensor) -> Tensor:
        """The embedding as it is: the rest is in the graph."""
        return embedding

    def run(self, pixel_values: Tensor, text: Tensor, maps: bool) -> BackendOutput:
        """See `inference.Backend.run`."""
        text = text.expand(len(pixel_values), -1, -1)
        inputs = dict(zip(INPUTS, (pixel_values.numpy(), text.numpy()), strict=True))
        arrays = self._session.run(inputs, OUTPUTS if maps else OUTPUTS[:1])
        return BackendOutput(*(torch.from_numpy(array) for array in arrays))


def _read_config(metadata: Mapping[str, str], path: Path) -> ModelConfig:
    if CONFIG_KEY not in metadata:
        raise InputError(f"{path}: an ONNX file, but not one that `tr2m export` wrote")
    try:
        values = json.loads(metadata[CONFIG_KEY])
    except json.JSONDecodeError as error:
        raise InputError(f"{path}: metadata {CONFIG_KEY} is damaged ({error})") from None
    if not isinstance(values, dict):
        raise InputError(f"{path}: metadata {CONFIG_KEY} is damaged (not a mapping)")
    config: ModelConfig = merge(ModelConfig(), values, f"{path}: metadata {CONFIG_KEY}")
    return config


def _text_encoder_folder(config: ModelConfig, metadata: Mapping[str, str], path: Path) -> Path:
    if config.text_encoder.source.startswith(PACKAGE):
        return text_encoder_folder(config.text_encoder)
    name = metadata.get(TEXT_ENCODER_KEY, "")
    if name in ("", "..") or name != Path(name).name:
        raise InputError(f"{path}: metadata {TEXT_ENCODER_KEY} names no folder beside the file: '{name}'")
    folder = path.parent / name
    if any(not (folder / file).is_file() for file in NETWORK_FILES):
        raise InputError(
            f"{folder}: missing or incomplete; it holds the text encoder of {path.name}, keep them together"
        )
    return folder
