"""TextGraph: a text encoder as its exported graph, which needs neither torch's modules nor transformers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from tr2m_core.export.onnx_format import EMBEDDING, TOKENIZER_FILE, TOKENS
from tr2m_core.inference.graph_session import GraphSession


class TextGraph:
    """Computes what `export_text_encoder` wrote."""

    def __init__(self, session: GraphSession, folder: Path) -> None:
        """session: of the graph. folder: where its tokenizer lies."""
        self._session = session
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))

    def encode(self, sentences: list[str]) -> Tensor:
        """As `TextEncoder.encode`."""
        embeddings = []
        for encoding in self._tokenizer.encode_batch(sentences):
            tokens = np.array([encoding.ids], np.int64)
            embeddings += self._session.run({TOKENS: tokens}, [EMBEDDING])
        return torch.from_numpy(np.concatenate(embeddings))
