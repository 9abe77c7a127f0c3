from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from tr2m_core import DepthPredictor
from tr2m_core.errors import InputError
from tr2m_core.inference.torch_backend import TorchBackend

RGB = np.random.default_rng(3).integers(0, 255, (60, 83, 3), np.uint8)
ROOM = "A small office with two desks."
FRAMES = np.random.default_rng(5).integers(0, 255, (3, 45, 61, 3), np.uint8)
SENTENCES = ["A room.", "A hangar with two planes.", "A shelf."]


@pytest.fixture(scope="module")
def paper(tiny_paper):
    return DepthPredictor.from_pretrained(tiny_paper, device="cpu", engine="torch")


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
    fresh = DepthPredictor.from_pretrained("embedded", device="cpu", engine="torch")
    assert np.array_equal(fresh.predict(RGB, ROOM).metric_depth, first)


def test_frames_may_be_views(embedded):
    padded = np.zeros((60, 90, 3), np.uint8)
    padded[:, :83] = RGB
    assert np.array_equal(embedded.predict(padded[:, :83], ROOM).metric_depth, embedded.predict(RGB, ROOM).metric_depth)


@pytest.mark.parametrize(
    "told",
    [
        "A  small\toffice\nwith two desks.",
        "\ufeffA small\u00a0office with two desks.\ud83d",
        "A small of\u00adfice with two desks.",
        "\uff21\u3000small o\ufb03ce &#119;ith &#x26;#116;wo desks&amp;period;",
    ],
)
def test_sentences_are_cleaned(embedded, told):
    plain = embedded.predict(RGB, "A small office with two desks.", maps=False).metric_depth
    assert np.array_equal(embedded.predict(RGB, told, maps=False).metric_depth, plain)


@pytest.mark.parametrize("told", ["", " \n", "\u200b\ufe0f", "\udc80"])
def test_sentences_that_show_nothing(embedded, told):
    with pytest.raises(InputError, match="the scene description is empty"):
        embedded.predict(RGB, told)
    empty = embedded.predict(RGB, "", maps=False, allow_empty=True).metric_depth
    assert np.array_equal(embedded.predict(RGB, told, maps=False, allow_empty=True).metric_depth, empty)


def test_sentences_matter_and_are_encoded_once(monkeypatch):
    predictor = DepthPredictor.from_pretrained("embedded", device="cpu", engine="torch")
    encoder, encoded = predictor.backend.model.text_encoder, []
    original = encoder.encode
    monkeypatch.setattr(encoder, "encode", lambda sentences: encoded.append(list(sentences)) or original(sentences))
    depths = [predictor.predict(RGB, text, maps=False).metric_depth for text in (ROOM, ROOM, "A hangar.", ROOM)]
    assert encoded == [[ROOM], ["A hangar."]]
    assert np.array_equal(depths[0], depths[3])
    assert not np.array_equal(depths[0], depths[2])


@pytest.mark.parametrize(
    "frame",
    [RGB.astype(np.float64), RGB[..., 0], RGB[..., :2], RGB[None, None], RGB.astype(np.int64)],
    ids=["float64", "grey", "two channels", "five dimensions", "int64"],
)
def test_frames_of_another_kind_are_rejected(embedded, frame):
    with pytest.raises(ValueError, match=r"\(H, W, 3\) uint8 or float32"):
        embedded.predict(frame, ROOM)


@pytest.mark.parametrize("frames", [FRAMES, FRAMES[0], FRAMES[:, ::2, ::2]], ids=["batch", "one", "views"])
def test_frames_of_whole_floats_are_the_same_frames(paper, frames):
    floats = frames.astype(np.float32)
    predict = paper.predict_batch if frames.ndim == 4 else paper.predict
    assert np.array_equal(predict(floats, "A room.").metric_depth, predict(frames, "A room.").metric_depth)


def test_frames_of_floats_are_not_rounded(embedded, paper):
    for predictor in (embedded, paper):
        levels = [np.full((1, 200, 300, 3), value, np.float32) for value in (-1.5, 99.75, 100, 100.25, 256.5)]
        pixels = [float(predictor.preprocess(level).mean()) for level in levels]
        steps = np.diff(pixels) / np.diff([-1.5, 99.75, 100, 100.25, 256.5])
        assert np.allclose(steps, steps[0], rtol=1e-3)


@pytest.fixture(scope="module")
def large():
    """An image larger than the input of any model here, with detail that a resize has to filter."""
    return np.random.default_rng(8).integers(0, 255, (225, 400, 3), np.uint8)


def test_antialiased_frames_are_what_pillow_makes(tiny_paper, large):
    """Larger than the input in both directions, in one, in none."""
    filtering = DepthPredictor.from_pretrained(tiny_paper, device="cpu", antialias=True)
    level = 1 / 255 / min(filtering.config.image_std)
    for frame in (large, large[:30], large[:30, :40]):
        height, width = filtering.input_size
        pillow = Image.fromarray(frame).resize((width, height), Image.Resampling.BILINEAR)
        expected = filtering._normalize(torch.from_numpy(np.array(pillow)).permute(2, 0, 1)[None].float())
        for frames in (frame[None], frame[None].astype(np.float32)):
            assert float((filtering.preprocess(frames) - expected).abs().max()) < 1.01 * level


def test_the_configuration_says_how_frames_are_resized_unless_told(tiny_paper, paper, embedded, large):
    assert (paper.antialias, embedded.antialias) == (False, True)
    other = DepthPredictor.from_pretrained(tiny_paper, device="cpu", antialias=False)
    assert torch.equal(other.preprocess(large[None]), paper.preprocess(large[None]))
    pixels = torch.from_numpy(large).permute(2, 0, 1)[None].float()
    corners = F.interpolate(pixels, size=paper.input_size, mode="bilinear", align_corners=True)
    assert torch.allclose(paper.preprocess(large[None]), paper._normalize(corners), atol=1e-4)
    plain = DepthPredictor.from_pretrained("embedded", device="cpu", antialias=False)
    difference = (plain.preprocess(large[None]) - embedded.preprocess(large[None])).abs()
    assert float(difference.mean()) > 0.1
    assert plain.without_normalisation().antialias is False


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1), (0, 0)])
def test_frames_under_two_pixels_are_rejected(embedded, size):
    with pytest.raises(ValueError, match="at least 2x2"):
        embedded.predict(np.zeros((*size, 3), np.uint8), ROOM)
    assert embedded.predict(np.zeros((2, 2, 3), np.uint8), ROOM).metric_depth.shape == (2, 2)


@pytest.mark.parametrize("text", ["", "  \n"])
def test_empty_sentences_are_rejected(embedded, text):
    with pytest.raises(InputError, match="description is empty"):
        embedded.predict(RGB, text)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"device": "gpu"}, "device 'gpu'"),
        ({"device": "mps"}, "device 'mps'"),
        ({"device": "cuda:99"}, "device 'cuda:99'"),
        ({"precision": "int4"}, "precision 'int4'.*fp32"),
        ({"input_size": (100, 140)}, "model input size 100x140: this model needs multiples of "),
        ({"model": "no/such/model"}, "not one of embedded, paper|missing"),
    ],
)
def test_unusable_options_say_what_is_accepted(options, words):
    with pytest.raises(InputError, match=words):
        DepthPredictor.from_pretrained(**{"device": "cpu"} | options)


def test_another_input_size(embedded):
    patch = embedded.config.patch_size
    size = (5 * patch, 7 * patch)
    predictor = DepthPredictor(TorchBackend(embedded.backend.model, device="cpu", input_size=size))
    assert predictor.preprocess(RGB[None]).shape == (1, 3, *size)
    assert predictor.predict(RGB, ROOM).metric_depth.shape == (60, 83)


def test_bf16_is_close_to_fp32(embedded):
    half = DepthPredictor.from_pretrained("embedded", device="cpu", precision="bf16")
    assert half.backend.precision == torch.bfloat16
    a, b = half.predict(RGB, ROOM).metric_depth, embedded.predict(RGB, ROOM).metric_depth
    assert np.median(abs(a - b) / b) < 0.05


@pytest.mark.parametrize("maps", [False, True])
def test_batches_equal_single_frames(paper, maps):
    batch = paper.predict_batch(FRAMES, SENTENCES, maps=maps)
    assert batch.metric_depth.shape == (3, 45, 61)
    for i, (frame, description) in enumerate(zip(FRAMES, SENTENCES, strict=True)):
        single = paper.predict(frame, description, maps=maps)
        for name in ("metric_depth", "relative_depth", "scale_map", "shift_map"):
            if maps or name == "metric_depth":
                assert np.allclose(getattr(batch, name)[i], getattr(single, name), rtol=1e-4)
    assert not np.allclose(batch.metric_depth[0], paper.predict(FRAMES[0], SENTENCES[1]).metric_depth, rtol=1e-3)


def test_one_sentence_serves_a_batch(paper):
    together = paper.predict_batch(FRAMES, "A room.", maps=False).metric_depth
    each = paper.predict_batch(FRAMES, ["A room."] * 3, maps=False).metric_depth
    assert np.allclose(together, each, rtol=1e-5)


def test_batches_that_make_no_sense_are_rejected(paper):
    with pytest.raises(ValueError, match="2 descriptions for 3 frames"):
        paper.predict_batch(FRAMES, SENTENCES[:2])
    with pytest.raises(ValueError, match="no frame"):
        paper.predict_batch(FRAMES[:0], "A room.")


@pytest.mark.parametrize("batch", [False, True])
def test_flip_averages_with_the_mirrored_frame(paper, batch):
    frames, description = (FRAMES, SENTENCES) if batch else (FRAMES[0], SENTENCES[0])
    columns = 2 if batch else 1
    # Of the model's own size, so that no resizing comes between.
    height, width = paper.input_size
    frames = np.random.default_rng(6).integers(0, 255, (*frames.shape[:-3], height, width, 3), np.uint8)
    predict = paper.predict_batch if batch else paper.predict
    straight, mirrored = predict(frames, description), predict(np.flip(frames, columns), description)
    flipped = predict(frames, description, flip=True)
    for name in ("metric_depth", "scale_map"):
        expected = (getattr(straight, name) + np.flip(getattr(mirrored, name), columns)) / 2
        assert np.allclose(getattr(flipped, name), expected, rtol=1e-4)
    assert not np.allclose(flipped.metric_depth, straight.metric_depth, rtol=1e-2)


@pytest.mark.parametrize(("precision", "median", "worst"), [("bf16", 0.01, 0.06), ("fp16", 0.002, 0.01)])
def test_half_precision_stays_within_the_stated_tolerance(tiny_paper, paper, precision, median, worst):
    half = DepthPredictor.from_pretrained(tiny_paper, device="cpu", precision=precision)
    a, b = half.predict_batch(FRAMES, SENTENCES), paper.predict_batch(FRAMES, SENTENCES)
    error = abs(a.metric_depth - b.metric_depth) / b.metric_depth
    assert 0 < np.median(error) < median
    assert np.quantile(error, 0.99) < worst
    for name in ("relative_depth", "scale_map", "shift_map"):  # a half-precision last layer leaves a few steps only
        pixels = paper.input_size[0] * paper.input_size[1] * 3
        assert len(np.unique(getattr(a, name))) > 0.5 * pixels


def test_layers_that_decide_precision_stay_in_float32(tiny_paper):
    model = DepthPredictor.from_pretrained(tiny_paper, device="cpu", precision="bf16").backend.model
    types = {name: parameter.dtype for name, parameter in model.named_parameters()}
    assert {t for n, t in types.items() if "norm" in n or ".ln_" in n} == {torch.float32}
    assert types["rescale_head.output_conv_scale2.2.weight"] == torch.float32
    assert types["relative_depth.network.head.conv3.weight"] == torch.float32
    assert types["rescale_head.output_conv_scale2.0.weight"] == torch.bfloat16
    assert {t for n, t in types.items() if n.startswith("text_encoder")} == {torch.float32}


@pytest.mark.slow
@pytest.mark.skipif(torch.__version__ < "2.5", reason="torch 2.4 writes C++ for the layer norms that does not compile")
def test_compiled_model_equals_the_eager_one(tiny_paper, paper):
    compiled = DepthPredictor.from_pretrained(tiny_paper, device="cpu", compile=True)
    expected = paper.predict(FRAMES[0], "A room.").metric_depth
    assert np.allclose(compiled.predict(FRAMES[0], "A room.").metric_depth, expected, rtol=1e-3)


def test_without_a_compiler_compile_is_one_line(tiny_paper, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match=r"compile needs a C\+\+ compiler.*apt-get install g\+\+"):
        DepthPredictor.from_pretrained(tiny_paper, device="cpu", compile=True)
