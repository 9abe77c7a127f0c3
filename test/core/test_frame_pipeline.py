"""The way of a frame through the pipeline; what is packed is looked at in test_packing.py and by the node's tests."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from geometry_messages import camera_info
from stand_ins import OneByOne, Told

from tr2m_core.errors import DeviceError
from tr2m_core.inference.scale_filter import ScaleFilter
from tr2m_core.messages.packing import CloudOptions
from tr2m_core.pipeline.frame_pipeline import FrameFailure, FrameInput, FramePipeline, PipelineOptions, Product
from tr2m_core.pipeline.memory import Memory
from tr2m_core.types import DepthPrediction

SIZE = HEIGHT, WIDTH = 4, 6
RGB = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
METRES = np.arange(1, 25, dtype=np.float32).reshape(SIZE)
CAMERA = camera_info(SIZE, 2.0, (1.5, 1.0))
ALL = frozenset(Product)
SECOND = 1_000_000_000


def frame(**changes):
    return replace(FrameInput(RGB, "A desk.", SECOND, products=ALL, info=lambda: CAMERA), **changes)


def one(changes=None, options=None, depth=METRES):
    (output,) = FramePipeline(Told(depth)).process([frame(**changes or {})], options or PipelineOptions())
    return output


@pytest.mark.parametrize("product", sorted(ALL - {Product.INFO}, key=lambda product: product.name))
def test_only_what_is_asked_for_is_packed(product):
    alone, whole = one({"products": frozenset([product])}), one()
    assert list(alone.packed) == [product]
    assert set(whole.packed) == ALL - {Product.INFO}
    np.testing.assert_array_equal(alone.packed[product], whole.packed[product])
    assert one({"products": frozenset()}).packed == {}


def test_products_lie_in_the_callers_memory():
    memory, pipeline = Memory(), FramePipeline(Told(METRES))
    for _ in range(2):
        (output,) = pipeline.process([frame(memory=memory)], PipelineOptions())
        for product, values in output.packed.items():
            assert np.shares_memory(values, memory.array(product, values.shape, values.dtype)), product


def test_info_is_asked_for_once_the_depth_is_there():
    told = []

    class Asked(Told):
        def predict(self, *args, **options):
            told.append(CAMERA)
            return super().predict(*args, **options)

    (output,) = FramePipeline(Asked(METRES)).process([frame(info=lambda: told[-1])], PipelineOptions())
    assert output.info is CAMERA
    assert Product.CLOUD in output.packed


@pytest.mark.parametrize(
    ("info", "words", "known"),
    [
        (None, "None", False),
        (camera_info((9, 9), 2.0, (4, 3)), "sizes differ", False),
        (camera_info(SIZE, 0.0, (1.5, 1.0)), "not calibrated", True),
    ],
)
def test_without_rays_there_is_no_cloud_and_all_else(info, words, known):
    output = one({"info": lambda: info})
    assert words in str(output.camera_error)
    assert output.info is (info if known else None)
    assert set(output.packed) == ALL - {Product.INFO, Product.CLOUD}


def test_edges_are_asked_for_where_there_is_a_cloud():
    asked = []

    class Asked(Told):
        def predict_frames(self, *args, edge_jump, **options):
            asked.append(edge_jump)
            return super().predict_frames(*args, edge_jump=edge_jump, **options)

    edges = np.zeros(SIZE, bool)
    edges[1, 2] = True
    pipeline = FramePipeline(Asked(METRES, edges))
    for products, jump in ((ALL, 0.1), (ALL - {Product.CLOUD}, 0.1), (ALL, 0.0)):
        (output,) = pipeline.process([frame(products=products)], PipelineOptions(edge_jump=jump))
    assert asked == [0.1, None, None]
    (output,) = pipeline.process([frame()], PipelineOptions(edge_jump=0.1, cloud=CloudOptions(organised=False)))
    assert output.packed[Product.CLOUD].shape == (HEIGHT * WIDTH - 1, 4)


def test_each_camera_is_kept_steady_on_its_own():
    sizes = np.exp(0.03 * np.random.default_rng(1).standard_normal((20, 2)))
    room = np.ones((60, 80), np.float32)
    images = [np.random.default_rng(seed).integers(0, 256, (60, 80, 3), np.uint8) for seed in range(2)]
    filters = {"left": ScaleFilter(1.0), "right": ScaleFilter(1.0)}
    told = Told(room)
    pipeline = FramePipeline(told)
    for i, pair in enumerate(sizes):
        for name, size, image in zip(filters, pair, images, strict=True):
            told.depth = room * np.float32(size)
            stamp = i * SECOND // 30
            expected = np.float32(filters[name].factor(told.depth, image, stamp, "A desk.")) * told.depth
            seen = frame(rgb=image, stamp=stamp, camera=name, products=frozenset())
            (output,) = pipeline.process([seen], PipelineOptions(steadiness=1.0))
            np.testing.assert_array_equal(output.prediction.metric_depth, expected)
    assert not np.array_equal(expected, told.depth)
    (output,) = pipeline.process([seen], PipelineOptions())
    np.testing.assert_array_equal(output.prediction.metric_depth, told.depth)


class Failing(OneByOne):
    """Fails on bright frames with `error`; says how many frames each call brought."""

    def __init__(self, error):
        self.error, self.calls = error, []

    def predict_frames(self, frames, descriptions, **options):
        self.calls.append(len(frames))
        return super().predict_frames(frames, descriptions, **options)

    def predict(self, rgb, description, *, maps=True):
        if rgb.min() > 200:
            raise self.error
        return DepthPrediction(np.ones(rgb.shape[:2], np.float32))


BRIGHT = np.full_like(RGB, 255)


def outcomes(error, *images):
    predictor = Failing(error)
    frames = [FrameInput(image, "A desk.", 0) for image in images]
    results = list(FramePipeline(predictor).process(frames, PipelineOptions()))
    assert [result.frame for result in results] == frames
    return [result.error if isinstance(result, FrameFailure) else None for result in results], predictor.calls


def test_only_the_frame_to_blame_fails():
    error = ValueError("too bright")
    assert outcomes(error, RGB, BRIGHT, RGB) == ([None, error, None], [3, 1, 1, 1])
    assert outcomes(error, BRIGHT) == ([error], [1])


def test_a_lost_device_fails_all_and_is_not_tried_again():
    error = DeviceError("lost", out_of_memory=False)
    assert outcomes(error, RGB, BRIGHT) == ([error, error], [2])


def test_products_that_cannot_be_made_fail_their_frame_alone():
    def broken():
        raise RuntimeError("no info")

    frames = [frame(info=broken), frame()]
    first, second = FramePipeline(Told(METRES)).process(frames, PipelineOptions())
    assert isinstance(first, FrameFailure)
    assert first.predicted
    assert str(first.error) == "no info"
    assert Product.DEPTH in second.packed
