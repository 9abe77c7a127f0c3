"""The frozen image encoder and text encoders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import AutoModel, AutoTokenizer, CLIPTextModelWithProjection, Dinov2Model

from tr2m_core.errors import InputError
from tr2m_core.model.pretrained import load_pretrained, quiet_transformers
from tr2m_core.model.relative_depth import OriginalPositionGrid
from tr2m_core.model.release import load_clip_text, load_dinov2

# What files of a whole CLIP or BERT hold besides the part that reads sentences.
BEYOND_TEXT = ("vision_model.", "visual_projection.", "logit_scale", "text_model.embeddings.position_ids")
BEYOND_SENTENCES = ("pooler.", "cls.", "embeddings.position_ids")


class ImageEncoder(nn.Module):
    """DINOv2: the patch tokens of the last block after the final layer norm, class token dropped."""

    def __init__(self, network: Dinov2Model) -> None:
        super().__init__()
        self.network = network
        network.embeddings = OriginalPositionGrid.of(network.embeddings)

    @classmethod
    def from_pretrained(cls, source: str | Path) -> ImageEncoder:
        """From a folder in the transformers format or from the original release's file. Raises InputError."""
        path = Path(source)
        return cls(load_pretrained(Dinov2Model, path) if path.is_dir() else load_dinov2(path))

    def save_pretrained(self, folder: Path) -> None:
        """Writes the network in the transformers format."""
        with quiet_transformers():
            self.network.save_pretrained(folder)

    @property
    def token_width(self) -> int:
        return int(self.network.config.hidden_size)

    @property
    def patch_size(self) -> int:
        return int(self.network.config.patch_size)

    def forward(self, pixel_values: Tensor) -> Tensor:
        """Normalised images (B, 3, H, W) -> tokens (B, P, C), row by row."""
        tokens: Tensor = self.network(pixel_values).last_hidden_state[:, 1:]
        return tokens


class TextEncoder(nn.Module):
    """Sentences -> embeddings (B, 1, Ct).

    kind "clip": the projected end-of-text embedding, not normalised. kind "sentence": the mean of the token
    embeddings, L2-normalised, which is what sentence-transformers computes for all-MiniLM-L6-v2.
    """

    def __init__(self, kind: str, network: Any, tokenizer: Any) -> None:
        super().__init__()
        self.kind, self.tokenizer = kind, tokenizer
        self.network: Any = network

    @classmethod
    def from_pretrained(cls, kind: str, source: str | Path) -> TextEncoder:
        """From a folder in the transformers format, tokenizer included, or from CLIP's release file. Raises InputError.

        kind: "sentence" or "clip".
        """
        path = Path(source)
        if not path.is_dir():
            if kind != "clip":
                raise InputError(f"{path}: not a folder with a text encoder of kind '{kind}'")
            return cls(kind, *load_clip_text(path))
        if kind == "clip":
            network = load_pretrained(CLIPTextModelWithProjection, path, BEYOND_TEXT)
        else:
            network = load_pretrained(AutoModel, path, BEYOND_SENTENCES)
        with quiet_transformers():
            try:
                tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=True)
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise InputError(f"{path}: no usable tokenizer ({' '.join(str(error).split())[:200]})") from None
        return cls(kind, network, tokenizer)

    def save_pretrained(self, folder: Path) -> None:
        """Writes network and tokenizer in the transformers format."""
        with quiet_transformers():
            self.network.save_pretrained(folder)
            self.tokenizer.save_pretrained(folder)

    @property
    def max_tokens(self) -> int:
        limit = int(self.network.config.max_position_embeddings)
        return min(limit, 256) if self.kind == "sentence" else limit

    @property
    def width(self) -> int:
        config = self.network.config
        return int(config.projection_dim if self.kind == "clip" else config.hidden_size)

    @torch.inference_mode()
    def encode(self, sentences: list[str]) -> Tensor:
        """(B, 1, Ct) float32 on the encoder's device.

        sentences: as `description.clean_description` has them; longer ones are cut at the encoder's token limit.
        """
        tokens = self.tokenizer(
            sentences, padding=True, truncation=True, max_length=self.max_tokens, return_tensors="pt"
        ).to(next(self.network.parameters()).device)
        if self.kind == "clip":
            embedding: Tensor = self.network(**tokens).text_embeds
            return embedding.float().unsqueeze(1)
        states: Tensor = self.network(**tokens).last_hidden_state.float()
        mask = tokens["attention_mask"].unsqueeze(-1).float()
        mean = (states * mask).sum(1, keepdim=True) / mask.sum(1, keepdim=True)
        return F.normalize(mean, dim=-1)
