from __future__ import annotations

import numpy as np
import pytest
import torch

from tr2m_core import DepthPredictor
from tr2m_core.types import InputError

RGB = np.random.default_rng(3).integers(0, 255, (60, 83, 3), np.uint8)
ROOM = "A small office with two desks."


def test_maps_have_the_size_of_the_frame(embedded):
    out = embedded.predict(RGB, ROOM)
    for values in (out.metric_depth, out.relative_depth, out.scale_map, out.shift_map):
        assert values.shape == (60, 83)
        assert values.dtype == np.float32
        assert np.isfinite(values).all()
    assert (out.metric_depth > 0).all()
    assert (out.relative_depth >= 0).all()


def test_depth_alone_is_the_same_depth(embedded):
    alone = embedded.predict(RGB, ROOM, maps=False)
    assert alone.relative_depth is alone.scale_map is alone.shift_map is None
    assert np.array_equal(alone.metric_depth, embedded.predict(RGB, ROOM).metric_depth)


def test_metric_depth_is_the_rescaled_relative_depth(embedded):
    height, width = embedded.input_size
    frame = np.random.default_rng(4).integers(0, 255, (height, width, 3), np.uint8)  # no resizing of the results
    out = embedded.predict(frame, ROOM)
    assert np.allclose(out.metric_depth, 1 / (out.scale_map * out.relative_depth + out.shift_map), rtol=1e-4)


def test_the_same_frame_gives_the_same_result(embedded):
    first = embedded.predict(RGB, ROOM).metric_depth
    embedded.predict(RGB[::-1].copy(), "A hangar.")
    assert np.array_equal(embedded.predict(RGB.copy(), ROOM).metric_depth, first)
    fresh = DepthPredictor.from_pretrained("embedded", device="cpu")
    assert np.array_equal(fresh.predict(RGB, ROOM).metric_depth, first)


def test_frames_may_be_views(embedded):
    padded = np.zeros((60, 90, 3), np.uint8)
    padded[:, :83] = RGB
    assert np.array_equal(embedded.predict(padded[:, :83], ROOM).metric_depth, embedded.predict(RGB, ROOM).metric_depth)


def test_sentences_matter_and_are_encoded_once(monkeypatch):
    predictor = DepthPredictor.from_pretrained("embedded", device="cpu")
    encoder, encoded = predictor.model.text_encoder, []
    original = encoder.encode
    monkeypatch.setattr(encoder, "encode", lambda sentences: encoded.append(list(sentences)) or original(sentences))
    depths = [predictor.predict(RGB, text, maps=False).metric_depth for text in (ROOM, ROOM, "A hangar.", ROOM)]
    assert encoded == [[ROOM], ["A hangar."]]
    assert np.array_equal(depths[0], depths[3])
    assert not np.array_equal(depths[0], depths[2])


@pytest.mark.parametrize(
    "frame",
    [RGB.astype(np.float32), RGB[..., 0], RGB[..., :2], RGB[None], RGB.astype(np.int64)],
    ids=["float", "grey", "two channels", "batch", "int64"],
)
def test_frames_of_another_kind_are_refused(embedded, frame):
    with pytest.raises(ValueError, match=r"\(H, W, 3\) uint8"):
        embedded.predict(frame, ROOM)


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1), (0, 0)])
def test_frames_under_two_pixels_are_refused(embedded, size):
    with pytest.raises(ValueError, match="at least 2x2"):
        embedded.predict(np.zeros((*size, 3), np.uint8), ROOM)
    assert embedded.predict(np.zeros((2, 2, 3), np.uint8), ROOM).metric_depth.shape == (2, 2)


@pytest.mark.parametrize("text", ["", "  \n"])
def test_empty_sentences_are_refused(embedded, text):
    with pytest.raises(InputError, match="description is empty"):
        embedded.predict(RGB, text)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"device": "gpu"}, "device 'gpu'"),
        ({"device": "mps"}, "device 'mps'"),
        ({"device": "cuda:99"}, "device 'cuda:99'"),
        ({"precision": "int4"}, "precision 'int4'.*fp32"),
        ({"input_size": (100, 140)}, "multiples of 14"),
        ({"model": "no/such/model"}, "neither 'embedded' nor a model directory"),
    ],
)
def test_unusable_options_say_what_is_accepted(options, words):
    with pytest.raises(InputError, match=words):
        DepthPredictor.from_pretrained(**{"device": "cpu"} | options)


def test_another_input_size(embedded):
    predictor = DepthPredictor(embedded.model, device="cpu", input_size=(70, 98))
    assert predictor.preprocess(RGB).shape == (1, 3, 70, 98)
    assert predictor.predict(RGB, ROOM).metric_depth.shape == (60, 83)


def test_bf16_is_close_to_fp32(embedded):
    half = DepthPredictor(embedded.model, device="cpu", precision="bf16")
    assert half.precision == torch.bfloat16
    a, b = half.predict(RGB, ROOM).metric_depth, embedded.predict(RGB, ROOM).metric_depth
    assert np.median(abs(a - b) / b) < 0.05
