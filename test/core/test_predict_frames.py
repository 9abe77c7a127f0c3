"""Frames of several cameras as one batch: sizes, scales, edges, and devices that run out of memory or are lost."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tr2m_core import DepthPredictor
from tr2m_core.errors import DeviceError, InputError
from tr2m_core.inference.device_errors import device_error
from tr2m_core.inference.predictor import _at_scale, depth_edges, scaled_size
from tr2m_core.types import BackendOutput

RANDOM = np.random.default_rng(7)
FRAMES = [RANDOM.integers(0, 255, (*size, 3), np.uint8) for size in ((60, 83), (48, 64), (60, 83))]
SENTENCES = ["A room.", "A hangar with two planes.", "A shelf."]


def test_a_batch_gives_what_each_frame_gives_alone(embedded):
    together = embedded.predict_frames(FRAMES, SENTENCES)
    for frame, description, out in zip(FRAMES, SENTENCES, together, strict=True):
        alone = embedded.predict(frame, description, maps=False)
        assert out.metric_depth.shape == frame.shape[:2]
        np.testing.assert_allclose(out.metric_depth, alone.metric_depth, rtol=1e-4)
        assert out.scale_map is out.edges is None


def test_maps_on_demand(embedded):
    out = embedded.predict_frames(FRAMES[:1], SENTENCES[:1], maps=True)[0]
    alone = embedded.predict(FRAMES[0], SENTENCES[0])
    np.testing.assert_allclose(out.scale_map, alone.scale_map, rtol=1e-4)
    np.testing.assert_allclose(out.shift_map, alone.shift_map, rtol=1e-4)


@pytest.mark.parametrize(
    ("size", "scale", "expected"),
    [((480, 640), 0.5, (240, 320)), ((480, 640), 0.3, (144, 192)), ((5, 5), 0.01, (1, 1)), ((3, 7), 1.0, (3, 7))],
)
def test_sizes_of_scaled_frames(size, scale, expected):
    assert scaled_size(size, scale) == expected


@pytest.mark.parametrize("scale", [1.0, 0.5, 0.3])
def test_scaled_depth_is_that_at_the_centres_of_the_larger_pixels(scale):
    """A ramp of the frame's own pixel coordinates comes out as the coordinates of the new pixels' centres."""
    size = (40, 60)
    ramp = torch.stack(torch.meshgrid(torch.linspace(0, 39, 14), torch.linspace(0, 59, 28), indexing="ij"))[None]
    y, x = _at_scale(ramp, size, scale)[0].numpy()
    height, width = scaled_size(size, scale)
    np.testing.assert_allclose(y[:, 0], (np.arange(height) + 0.5) * 40 / height - 0.5, atol=1e-4)
    np.testing.assert_allclose(x[0], (np.arange(width) + 0.5) * 60 / width - 0.5, atol=1e-4)


def test_scaled_frames_have_scaled_arrays(embedded):
    out = embedded.predict_frames(FRAMES[:2], SENTENCES[:2], scale=0.5, edge_jump=0.1, maps=True)
    assert [p.metric_depth.shape for p in out] == [(30, 42), (24, 32)]
    assert [p.edges.shape for p in out] == [(30, 42), (24, 32)]
    assert [p.shift_map.shape for p in out] == [(30, 42), (24, 32)]


def test_edges_are_where_depth_jumps():
    depth = torch.full((1, 1, 6, 8), 2.0)
    depth[..., 4:] = 2.15
    expected = np.zeros((6, 8), bool)
    assert not depth_edges(depth, 0.1).any()
    expected[:, 3:5] = True
    np.testing.assert_array_equal(depth_edges(depth, 0.05)[0, 0].bool().numpy(), expected)


def test_edges_lie_beside_what_they_are_between(embedded):
    class TwoWalls:
        """A network output with a wall at 1 m and one at 3 m."""

        config, device, precision, input_size = (
            embedded.config, embedded.device, embedded.backend.precision, embedded.input_size,
        )  # fmt: skip

        def embed(self, sentences):
            return embedded.backend.embed(sentences)

        def condition(self, embedding):
            return embedded.backend.condition(embedding)

        def run(self, pixel_values, text, maps):
            depth = torch.ones(len(pixel_values), 1, 14, 28)
            depth[..., 14:] = 3.0
            return BackendOutput(depth)

    out = DepthPredictor(TwoWalls()).predict_frames(FRAMES[:1], SENTENCES[:1], edge_jump=0.1)[0]
    between = (out.metric_depth > 1.001) & (out.metric_depth < 2.999)
    assert between.any()
    assert out.edges[between].all()
    assert out.edges.mean() < 0.2


def test_no_frames(embedded):
    assert embedded.predict_frames([], []) == []


def test_unusable_frames_and_sentences(embedded):
    with pytest.raises(ValueError, match="at least 2x2"):
        embedded.predict_frames([FRAMES[0], FRAMES[0][:1]], SENTENCES[:2])
    with pytest.raises(InputError, match="empty"):
        embedded.predict_frames(FRAMES[:1], [" "])


class Failing:
    """A backend that computes at most `limit` frames at once, and nothing once `lost`."""

    def __init__(self, backend, limit, error):
        self.backend, self.limit, self.error = backend, limit, error
        self.batches = []

    def __getattr__(self, name):
        return getattr(self.backend, name)

    def run(self, pixel_values, text, maps):
        self.batches.append(len(pixel_values))
        if len(pixel_values) > self.limit:
            raise self.error
        return self.backend.run(pixel_values, text, maps)


OUT_OF_MEMORY = torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB")


def failing(embedded, limit, error=OUT_OF_MEMORY):
    backend = Failing(embedded.backend, limit, error)
    return DepthPredictor(backend), backend


def test_what_does_not_fit_is_computed_in_smaller_parts_then_and_later(embedded):
    predictor, backend = failing(embedded, limit=1)
    expected = [p.metric_depth for p in embedded.predict_frames(FRAMES, SENTENCES)]
    for _ in range(2):
        found = [p.metric_depth for p in predictor.predict_frames(FRAMES, SENTENCES)]
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4)
    assert backend.batches == [3, 1, 1, 1, 1, 1, 1]


def test_one_frame_that_does_not_fit_is_tried_once_more(embedded):
    predictor, backend = failing(embedded, limit=0)
    with pytest.raises(DeviceError, match="out of memory") as caught:
        predictor.predict_frames(FRAMES, SENTENCES)
    assert caught.value.out_of_memory
    assert backend.batches == [3, 1, 1]
    backend.limit = 1  # memory is there again
    assert len(predictor.predict_frames(FRAMES, SENTENCES)) == 3


def test_a_lost_device_is_not_tried_again(embedded):
    predictor, backend = failing(embedded, 0, RuntimeError("CUDA error: an illegal memory access was encountered"))
    with pytest.raises(DeviceError, match="illegal memory access") as caught:
        predictor.predict_frames(FRAMES, SENTENCES)
    assert not caught.value.out_of_memory
    assert backend.batches == [3]


def test_other_faults_are_not_the_devices(embedded):
    predictor, backend = failing(embedded, 0, RuntimeError("shape mismatch"))
    with pytest.raises(RuntimeError, match="shape mismatch"):
        predictor.predict_frames(FRAMES, SENTENCES)
    assert backend.batches == [3]


@pytest.mark.parametrize(
    ("error", "out_of_memory"),
    [
        (OUT_OF_MEMORY, True),
        (MemoryError(), True),
        (RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory"), True),
        (RuntimeError("CUDA error: out of memory"), True),
        (RuntimeError("Failed to allocate memory for requested buffer of size 1024"), True),
        (RuntimeError("CUDA error: device-side assert triggered"), False),
        (RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"), False),
        (ValueError("the frame is 1x1 pixels"), None),
        (KeyError("CUDA"), None),
    ],
)
def test_what_counts_as_a_failure_of_the_device(error, out_of_memory):
    failure = device_error(error)
    assert (None if failure is None else failure.out_of_memory) is out_of_memory
    assert failure is None or "\n" not in str(failure)


@pytest.mark.parametrize("engine", ["torch", "openvino"])
def test_closing_lets_go_of_the_model(tiny_paper, engine):
    import gc
    import weakref

    predictor = DepthPredictor.from_pretrained(tiny_paper, device="cpu", engine=engine)
    predictor.predict(FRAMES[0], SENTENCES[0])
    backend = weakref.ref(predictor.backend)
    assert predictor.device_memory() is None
    predictor.close()
    gc.collect()
    assert backend() is None
