"""Optimiser and learning-rate schedule."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import nn


def adamw(
    parameters: Iterable[tuple[str, nn.Parameter]], learning_rate: float, weight_decay: float
) -> torch.optim.AdamW:
    """AdamW that decays matrices and convolutions only, not biases and norms."""
    parameters = [(n, p) for n, p in parameters if p.requires_grad]
    return torch.optim.AdamW(
        [
            {"params": [p for _, p in parameters if p.ndim > 1], "weight_decay": weight_decay},
            {"params": [p for _, p in parameters if p.ndim <= 1], "weight_decay": 0.0},
        ],
        lr=learning_rate,
        betas=(0.9, 0.98),
        eps=1e-6,
    )


def warmup_cosine(step: int, steps: int, warmup: int) -> float:
    """Factor on the learning rate: linear from 0 over `warmup` steps, then a half cosine down to 1 %."""
    if step < warmup:
        return (step + 1) / warmup
    progress = (step - warmup) / max(1, steps - warmup)
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
