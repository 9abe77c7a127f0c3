"""The frozen text encoders. Imports transformers, which takes seconds, only where one is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tr2m_core.errors import InputError
from tr2m_core.model.pretrained import load_pretrained, quiet_transformers

# What files of a whole CLIP or BERT hold besides the part that reads sentences.
BEYOND_TEXT = ("vision_model.", "visual_projection.", "logit_scale", "text_model.embeddings.position_ids")
BEYOND_SENTENCES = ("pooler.", "cls.", "embeddings.position_ids")


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
        from transformers import AutoModel, AutoTokenizer, CLIPTextModelWithProjection

        from tr2m_core.model.release import load_clip_text

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
        return self.embed(tokens)

    def embed(self, tokens: Mapping[str, Tensor]) -> Tensor:
        """(B, 1, Ct) float32. tokens: input_ids and attention_mask, each (B, N) int64."""
        if self.kind == "clip":
            embedding: Tensor = self.network(**tokens).text_embeds
            return embedding.float().unsqueeze(1)
        states: Tensor = self.network(**tokens).last_hidden_state.float()
        mask = tokens["attention_mask"].unsqueeze(-1).float()
        mean = (states * mask).sum(1, keepdim=True) / mask.sum(1, keepdim=True)
        return F.normalize(mean, dim=-1)
