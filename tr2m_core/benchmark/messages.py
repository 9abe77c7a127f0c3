"""Rows of the message path: an image's bytes in, the bytes of depth image and cloud out, without any network."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from tr2m_core.benchmark.plain import plain_messages
from tr2m_core.benchmark.timing import Effort, Row, compared, time_cases
from tr2m_core.messages.images import CheckedImage
from tr2m_core.pipeline.frame_pipeline import FrameInput, FrameOutput, FramePipeline, PipelineOptions, Product
from tr2m_core.pipeline.memory import Memory
from tr2m_core.types import DepthPrediction, Intrinsics

if TYPE_CHECKING:
    from tr2m_core.types import Pixels

PRODUCTS = frozenset({Product.DEPTH, Product.INFO, Product.CLOUD})


class _Known:
    """A predictor that has the depth already."""

    def __init__(self, prediction: DepthPrediction) -> None:
        self.prediction = prediction

    def predict_frames(self, frames: Sequence[Any], *args: Any, **kwargs: Any) -> list[DepthPrediction]:
        return [self.prediction] * len(frames)


def message_rows(frame: Pixels, effort: Effort) -> list[Row]:
    """On one thread: decoding of an rgb8 image, its depth image and its organised, coloured cloud."""
    height, width = frame.shape[:2]
    lens = Intrinsics(0.9 * width, 0.9 * width, width / 2, height / 2)
    depth = np.random.default_rng(1).uniform(0.5, 9.0, (height, width)).astype(np.float32)
    image = SimpleNamespace(
        height=height, width=width, encoding="rgb8", is_bigendian=0, step=3 * width, data=frame.tobytes()
    )
    k = (lens.fx, 0.0, lens.cx, 0.0, lens.fy, lens.cy, 0.0, 0.0, 1.0)
    region = SimpleNamespace(x_offset=0, y_offset=0, width=0, height=0, do_rectify=False)
    info = SimpleNamespace(
        height=height, width=width, distortion_model="plumb_bob", d=(), k=k, p=(*k[:3], 0.0, *k[3:6], 0.0, *k[6:], 0.0),
        binning_x=0, binning_y=0, roi=region,
    )  # fmt: skip
    pipeline, memory = FramePipeline(_Known(DepthPrediction(depth))), Memory()

    def ours(number: int) -> None:
        rgb = CheckedImage.parse(image).rgb(memory.array("rgb", frame.shape, np.uint8))
        made = FrameInput(rgb, "A room.", number, products=PRODUCTS, info=lambda: info, memory=memory)
        (output,) = pipeline.process([made], PipelineOptions())
        assert isinstance(output, FrameOutput)
        assert output.packed.keys() == PRODUCTS - {Product.INFO}

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        cases = {"plain numpy": lambda _: plain_messages(image, depth, lens), "this package": ours}
        return compared("message path", time_cases(cases, effort))
    finally:
        torch.set_num_threads(threads)
