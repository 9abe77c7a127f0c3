"""How the weights of a new rescale head are drawn."""

from __future__ import annotations

import torch
from torch import nn

TORCH, KAIMING = INITIALIZATIONS = ("torch", "kaiming")


@torch.no_grad()
def initialize_head(head: nn.Module, how: str) -> None:
    """Draws the weights anew, in place, from torch's global generator.

    "torch": as torch's layers draw theirs, which a new head has already. "kaiming": convolutions normal by He et al.
    2015 over their outputs (fan-out, ReLU), linear layers uniform by Glorot and Bengio 2010, no biases; attention and
    layer norms as torch has them. Which one the authors used is not published.
    """
    if how == TORCH:
        return
    for module in head.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        elif isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
        else:
            continue
        if module.bias is not None:
            nn.init.zeros_(module.bias)
