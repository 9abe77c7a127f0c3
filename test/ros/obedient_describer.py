"""The describing node with a captioner that says on which side an image is bright, in three wordings.

python obedient_describer.py ORDERS --ros-args ...   ORDERS: as of faulty_node.py
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from faulty_node import obey

from tr2m_core.caption.captioner import Captioner
from tr2m_ros.describe_node import main


class BrightSide:
    def __init__(self, orders: Path) -> None:
        self._orders = orders

    def generate(self, images: Sequence[np.ndarray], style: str, count: int) -> list[list[str]]:
        if self._orders.exists():
            obey(json.loads(self._orders.read_text()), len(images), 255.0)
        sides = ["left" if rgb[:, : rgb.shape[1] // 2].mean() > rgb.mean() else "right" for rgb in images]
        return [[f"Bright on the {side}, wording {number}." for number in range(count)] for side in sides]


if __name__ == "__main__":
    file = Path(sys.argv.pop(1))
    sys.exit(main(load=lambda settings: Captioner(BrightSide(file), "stand-in")))
