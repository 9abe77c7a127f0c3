"""The depth node, real but for its network, which obeys a file of orders: it is slow, fails or hangs as tests want.

python test/ros/faulty_node.py ORDERS --ros-args ...

ORDERS is JSON and read anew for every batch; without the file the network does its work.
seconds: that a batch takes. hang: a batch never ends. raises: "KindOfException: text", once `brighter_than` (mean
brightness of a frame, 0 to 255) or `more_than` (frames at once) or neither of them stands in the way.

Depth is the same all over a frame: its mean brightness in centimetres, and 1 m.
"""

from __future__ import annotations

import builtins
import json
import sys
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tr2m_core import DepthPredictor
from tr2m_core.model.config import ModelConfig
from tr2m_core.types import BackendOutput
from tr2m_ros.depth_node import main


class ObedientBackend:
    """Stands where TorchBackend does, see `tr2m_core.inference.predictor.Backend`; says on stdout what it computes."""

    engine, device, precision, input_size = "torch", torch.device("cpu"), torch.float32, (28, 28)
    config = ModelConfig(name="stand-in", antialias=True, image_mean=(0.0, 0.0, 0.0), image_std=(1.0, 1.0, 1.0))

    def __init__(self, orders: Path) -> None:
        self._orders = orders

    def embed(self, sentences: list[str]) -> Tensor:
        for description in sentences:
            print(f"encoded: {description}", flush=True)
        return torch.zeros(len(sentences), 1, 1)

    def condition(self, embedding: Tensor) -> Tensor:
        return embedding

    def run(self, pixel_values: Tensor, text: Tensor, maps: bool) -> BackendOutput:
        brightness = 255 * pixel_values.mean(dim=(1, 2, 3), keepdim=True)
        count = len(brightness)
        print(f"batch of {count}", flush=True)
        try:
            orders = json.loads(self._orders.read_text())
        except FileNotFoundError:
            orders = {}
        obey(orders, count, float(brightness.max()))
        depth = (1 + brightness / 100).expand(count, 1, *self.input_size)
        if not maps:
            return BackendOutput(depth)
        return BackendOutput(depth, 1 / depth, torch.full_like(depth, 2.0), torch.full_like(depth, 0.25))


def obey(orders: dict[str, Any], count: int, brightest: float) -> None:
    time.sleep(orders.get("seconds", 0.0))
    while orders.get("hang"):
        time.sleep(1.0)
    if "raises" in orders and brightest > orders.get("brighter_than", -1) and count > orders.get("more_than", 0):
        kind, _, text = orders["raises"].partition(": ")
        raise getattr(builtins, kind)(text)


if __name__ == "__main__":
    file = Path(sys.argv.pop(1))
    sys.exit(main(load=lambda settings: DepthPredictor(ObedientBackend(file))))
