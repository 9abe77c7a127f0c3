"""The check of an exported graph against torch."""

from __future__ import annotations

from pathlib import Path

import torch

from tr2m_core.inference.graph_backend import GraphBackend
from tr2m_core.inference.onnx_session import OnnxSession
from tr2m_core.model.tr2m import TR2M

DESCRIPTIONS = ["A small office with two desks.", "A street with parked cars."]


@torch.inference_mode()
def check_onnx(path: Path, model: TR2M) -> float:
    """The largest relative difference of metric depth, onnxruntime against torch, on noise in batches of 1 and 2."""
    backend = GraphBackend(path, OnnxSession(path, "cpu"))
    noise = torch.randn(2, 3, *backend.input_size, generator=torch.Generator().manual_seed(0))
    worst = 0.0
    for batch in (1, 2):
        images, sentences = noise[:batch], DESCRIPTIONS[:batch]
        expected = model(images, model.encode(sentences)).metric_depth
        found = backend.run(images, backend.condition(backend.embed(sentences)), maps=False).metric_depth
        worst = max(worst, float(((found - expected) / expected).abs().nan_to_num(nan=float("inf")).max()))
    return worst
