"""Several sentences at once: their mixture, how one description goes over into the next, which one is preferred."""

from __future__ import annotations

import numpy as np
import pytest
from stand_ins import OneByOne

from tr2m_core.description import Mixture, check_sentences, sentences_of
from tr2m_core.errors import InputError
from tr2m_core.pipeline.frame_pipeline import FrameInput, FramePipeline, PipelineOptions, Product, ScaleOptions
from tr2m_core.pipeline.telling import Telling
from tr2m_core.scale.reference import Reference
from tr2m_core.scale.samples import ReferenceSamples
from tr2m_core.types import DepthPrediction

SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("A desk.", ["A desk."]),
        ("A desk.\nA lamp!\r\n\nWhat is it?", ["A desk.", "A lamp!", "What is it?"]),
        ("A small office\nwith two desks.", ["A small office with two desks."]),  # a text that was broken into lines
        ("桌子。\n椅子。", ["桌子。", "椅子。"]),
        (" \n\u200b\n", []),
    ],
)
def test_a_sentence_is_a_line_with_a_full_stop(text, sentences):
    assert sentences_of(text) == sentences
    if sentences:
        assert check_sentences(text).splitlines() == sentences
    else:
        with pytest.raises(InputError, match="empty"):
            check_sentences(text)


def test_weights_of_mixtures_sum_to_one():
    mixture = Mixture.of(["a", "b", "a", "c"])
    assert mixture.parts == (("a", 0.5), ("b", 0.25), ("c", 0.25))
    between = mixture.towards(Mixture.of(["c", "d"]), 0.5)
    assert dict(between.parts) == {"a": 0.25, "b": 0.125, "c": 0.375, "d": 0.25}


def test_one_description_goes_over_into_the_next():
    telling = Telling()
    assert telling.at("A desk.", 10 * SECOND, 2.0) == "A desk."  # the first holds at once
    assert telling.at("A hall.", 11 * SECOND, 2.0) == Mixture((("A desk.", 1.0), ("A hall.", 0.0)))
    halfway = telling.at("A hall.", 12 * SECOND, 2.0)
    assert dict(halfway.parts) == {"A desk.": 0.5, "A hall.": 0.5}
    again = telling.at("A desk.", 12 * SECOND, 2.0)  # back from where it is
    assert dict(again.parts) == {"A desk.": 0.5, "A hall.": 0.5}
    assert dict(telling.at("A desk.", 13 * SECOND, 2.0).parts) == {"A desk.": 0.75, "A hall.": 0.25}
    assert telling.at("A desk.", 14 * SECOND, 2.0) == "A desk."
    assert telling.at("A hall.", 15 * SECOND, 0.0) == "A hall."


def test_stamps_that_go_back_end_a_change():
    telling = Telling()
    telling.at("A desk.", 10 * SECOND, 2.0)
    telling.at("A hall.", 11 * SECOND, 2.0)
    assert telling.at("A hall.", 5 * SECOND, 2.0) == "A hall."
    assert telling.at("A hall.", 6 * SECOND, 2.0) == "A hall."


def test_several_sentences_count_the_same_until_one_is_preferred():
    telling = Telling()
    assert dict(telling.at("A desk.\nA table.", SECOND, 1.0).parts) == {"A desk.": 0.5, "A table.": 0.5}
    assert telling.undecided == ["A desk.", "A table."]
    telling.prefer("A table.")
    assert telling.undecided == []
    assert dict(telling.at("A desk.\nA table.", 3 * SECOND // 2, 1.0).parts) == {"A desk.": 0.25, "A table.": 0.75}
    assert telling.at("A desk.\nA table.", 2 * SECOND, 1.0) == "A table."
    telling.at("A desk.\nA chair.", 3 * SECOND, 0.0)
    assert telling.undecided == ["A desk.", "A chair."]
    telling.at("A desk.\nA desk.", 4 * SECOND, 0.0)
    assert telling.undecided == []


class SaidDepth(OneByOne):
    """A depth for each sentence, and for a mixture the mean by weight."""

    DEPTHS = {"A desk.": 1.0, "A hall.": 5.0, "A room.": 2.2}  # noqa: RUF012

    def __init__(self):
        self.told = []

    def predict(self, rgb, description, *, maps):
        self.told.append(description)
        parts = ((description, 1.0),) if isinstance(description, str) else description.parts
        depth = sum(weight * self.DEPTHS[sentence] for sentence, weight in parts)
        return DepthPrediction(np.full(rgb.shape[:2], depth, np.float32))


def run(pipeline, number, reference=2.0, correct=False):
    rows, columns = np.mgrid[2:40:4, 2:60:4].reshape(2, -1).astype(np.float64)
    samples = ReferenceSamples(rows, columns, np.full(rows.shape, reference))
    frame = FrameInput(
        np.zeros((48, 64, 3), np.uint8),
        "A desk.\nA hall.\nA room.",
        number * SECOND,
        products=frozenset({Product.DEPTH}),
        reference=lambda size: Reference(samples, "scan"),
    )
    (output,) = pipeline.process([frame], PipelineOptions(scale_reference=ScaleOptions(correct=correct)))
    return output


def test_the_sentence_that_fits_the_reference_is_preferred():
    predictor = SaidDepth()
    pipeline = FramePipeline(predictor)
    first, second = run(pipeline, 1), run(pipeline, 2)
    assert first.prediction.metric_depth[0, 0] == pytest.approx((1 + 5 + 2.2) / 3)
    assert second.prediction.metric_depth[0, 0] == pytest.approx(2.2)
    assert (second.preferred, second.scale.factor) == ("A room.", pytest.approx(2 / 2.2, rel=1e-3))
    run(pipeline, 3)
    assert len(predictor.told) == 1 + 3 + 1 + 1  # tried once


def test_without_a_reference_all_sentences_count():
    predictor = SaidDepth()
    pipeline = FramePipeline(predictor)
    frame = FrameInput(np.zeros((4, 6, 3), np.uint8), "A desk.\nA hall.", SECOND, products=frozenset({Product.DEPTH}))
    for _ in range(2):
        (output,) = pipeline.process([frame], PipelineOptions())
        assert (output.preferred, output.prediction.metric_depth[0, 0]) == ("", 3.0)


def test_a_change_of_description_is_blended_by_the_pipeline():
    pipeline = FramePipeline(SaidDepth())
    depths = []
    for number in range(5):
        text = "A desk." if number == 0 else "A hall."
        frame = FrameInput(
            np.zeros((4, 6, 3), np.uint8), text, number * SECOND // 2, products=frozenset({Product.DEPTH})
        )
        (output,) = pipeline.process([frame], PipelineOptions(description_blend=1.0))
        depths.append(float(output.prediction.metric_depth[0, 0]))
    assert depths == pytest.approx([1.0, 1.0, 3.0, 5.0, 5.0])


def test_the_model_takes_the_mean_of_embeddings(embedded):
    """Two equal sentences are one; several lie between; order does not count."""
    rgb = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)

    def median(text):
        return float(np.median(embedded.predict(rgb, text, maps=False).metric_depth))

    desk, hall, both = median("A desk."), median("A large hall."), median("A desk.\nA large hall.")
    assert median("A desk.\nA desk.") == desk
    assert min(desk, hall) < both < max(desk, hall)
    assert median("A large hall.\nA desk.") == pytest.approx(both, rel=1e-5)
    mixture = Mixture.of(["A desk."]).towards(Mixture.of(["A large hall."]), 0.5)
    (mixed,) = embedded.predict_frames([rgb], [mixture])
    assert float(np.median(mixed.metric_depth)) == pytest.approx(both, rel=1e-4)


def test_engines_agree_about_several_sentences(embedded):
    from tr2m_core import DepthPredictor

    rgb = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    text = "A desk.\nA large hall.\nA street with cars."
    other = DepthPredictor.from_pretrained(engine="onnxruntime", device="cpu")
    np.testing.assert_allclose(
        embedded.predict(rgb, text, maps=False).metric_depth,
        other.predict(rgb, text, maps=False).metric_depth,
        rtol=1e-3,
    )
