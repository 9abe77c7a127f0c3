"""The measuring loop: who is measured under what, what is left out, and what is kept."""

from __future__ import annotations

import math
import sys
from typing import ClassVar

import numpy as np
import pytest
from PIL import Image
from stand_ins import FlatModel
from tiny_datasets import write_c3vd, write_nyu

from tr2m_core.data.base import DatasetConfig
from tr2m_core.errors import InputError
from tr2m_core.eval.conditions import EMPTY, OWN, SHUFFLED, conditions_for, listed, shuffle
from tr2m_core.eval.evaluator import NO_DESCRIPTION, add_constant, constant_name, evaluate
from tr2m_core.eval.file_samples import FileSamples
from tr2m_core.eval.gallery import Gallery, file_names
from tr2m_core.eval.methods import Method, RelativeDepth, TextModel, VerticalRamp
from tr2m_core.eval.samples import Sample, SampleSet
from tr2m_core.eval.summary import TABLE_HEADERS, SetResult, table_rows
from tr2m_core.metrics.measurement import AFFINE, METRIC, SCALE
from tr2m_core.processes import Processes, join_processes

LIMITS = (0.1, 10.0)


class Flat(SampleSet):
    """Images of one flat depth each; what is given as text is why an image cannot be read."""

    name, limits = "flat", LIMITS

    def __init__(self, *depths: float | str, sizes: tuple[tuple[int, int], ...] = ()) -> None:
        self.depths, self.sizes = depths, sizes or ((4, 6),) * len(depths)

    def __len__(self) -> int:
        return len(self.depths)

    def image(self, number: int) -> str:
        return f"room/{number}.jpg"

    def description(self, number: int) -> str:
        return f"Room {number}."

    def read(self, numbers: range) -> list[Sample | InputError]:
        return [self._sample(number) for number in numbers]

    def _sample(self, number: int) -> Sample | InputError:
        depth, size = self.depths[number], self.sizes[number]
        if isinstance(depth, str):
            return InputError(depth)
        everywhere = np.ones(size, bool)
        return Sample(
            np.zeros((*size, 3), np.uint8), self.description(number), np.full(size, depth), everywhere, LIMITS
        )


class Inverse(Method):
    """Perfect but for scale and shift of inverse depth."""

    name, relative, reads_description = "inverse", True, False

    def predict(self, samples, sentences):
        assert set(sentences) <= {""}
        return [3.0 / sample.depth + 1.0 for sample in samples]


def flat(depth: float = 1.0, name: str = "flat") -> TextModel:
    return TextModel(name, FlatModel(depth))


def test_every_method_is_measured_under_every_condition_and_those_that_hear_none_once():
    samples = Flat(1.0, 2.0, 4.0)
    conditions = conditions_for(samples, [OWN, EMPTY], ["A hall."])
    found = evaluate(samples, [flat(), Inverse()], conditions, chunk=2)
    heard = [("flat", "own"), ("flat", "empty"), ("flat", '"A hall."')]
    assert found.pairs == [*heard, ("inverse", NO_DESCRIPTION)]
    assert [(each.number, each.method, each.sentences) for each in found.outcomes] == [
        (number, *pair) for number in range(3) for pair in found.pairs
    ]
    assert [each.description for each in found.outcomes[:4]] == ["Room 0.", "", "A hall.", ""]
    assert found.mean("flat", OWN)["abs_rel"] == pytest.approx((0 + 0.5 + 0.75) / 3)
    assert found.mean("flat", OWN, SCALE)["abs_rel"] == pytest.approx(0)
    assert found.mean("inverse", NO_DESCRIPTION) is None
    assert found.mean("inverse", NO_DESCRIPTION, AFFINE)["abs_rel"] == pytest.approx(0, abs=1e-6)
    assert found.outcomes[4].measurement.scale_factor == pytest.approx(2)


def test_a_condition_without_a_sentence_for_a_sample_leaves_it_out():
    samples, model = Flat(1.0, 2.0, 4.0), FlatModel()
    found = evaluate(samples, [TextModel("flat", model)], [listed("some", [None, "A.", None])], chunk=1)
    assert [each.number for each in found.outcomes] == [1]
    assert [description for description, *_ in model.seen] == ["A."]


def test_what_cannot_be_measured_is_told_and_the_rest_goes_on():
    samples = Flat("a.png: damaged", 2.0, 20.0, 2.0, sizes=((4, 6), (4, 6), (4, 6), (1, 6)))
    found = evaluate(samples, [flat()], conditions_for(samples, [OWN]))
    assert [each.image for each in found.outcomes] == ["room/1.jpg"]
    assert found.empty == [(2, "room/2.jpg")]
    assert [text for _, text in found.problems] == [
        "room/0.jpg: a.png: damaged",
        "room/3.jpg: 6x1 pixels; at least 2x2 are needed",
    ]


def test_frames_of_several_sizes_are_predicted_at_their_ground_truths_size():
    model, sizes = FlatModel(), ((4, 6), (4, 6), (8, 6), (4, 6))
    samples = Flat(1.0, 1.0, 1.0, 1.0, sizes=sizes)
    found = evaluate(samples, [TextModel("flat", model)], conditions_for(samples, [OWN]))
    assert [(size, asked) for _, size, asked in model.seen] == [(size, size) for size in sizes]
    assert [each.measurement.valid_pixels for each in found.outcomes] == [24, 24, 48, 24]


def test_only_the_asked_alignments_are_measured():
    samples = Flat(2.0)
    found = evaluate(samples, [flat()], conditions_for(samples, [OWN]), alignments=(METRIC,))
    assert set(found.outcomes[0].measurement.metrics) == {METRIC}


# ---- sentences ----


def test_shuffled_sentences_are_those_of_others_and_the_same_for_the_same_seed():
    sentences = [f"Room {number}." for number in range(20)]
    moved = shuffle(sentences, seed=3)
    assert sorted(moved) == sorted(sentences)
    assert all(a != b for a, b in zip(moved, sentences, strict=True))
    assert moved == shuffle(sentences, seed=3) != shuffle(sentences, seed=4)


def test_equal_sentences_do_not_count_as_others():
    moved = shuffle(["a", "b", "a", "b", "a", "c"], seed=1)
    assert sorted(moved) == ["a", "a", "a", "b", "b", "c"]
    assert all(a != b for a, b in zip(moved, "ababac", strict=True))
    assert shuffle(["a", "a", "a", "b"], seed=1).count(None) == 2  # one b for three, and an a for the b
    assert shuffle(["a", "a"], seed=1) == [None, None]
    assert shuffle([], seed=1) == []


def test_a_shuffled_set_is_told_its_own_sentences(tmp_path):
    samples = FileSamples(write_nyu(tmp_path, count=3))
    (condition,) = conditions_for(samples, [SHUFFLED], seed=5)
    told = [condition.told(number) for number in range(3)]
    assert sorted(told) == [f"Sentence 1 about kitchen {number}." for number in range(3)]


# ---- the best constant ----


def test_the_best_constant_is_measured_beside_the_models():
    samples = Flat(1.0, 2.0, 4.0)
    found = evaluate(samples, [flat(2.0)], conditions_for(samples, [OWN]), keep_truths=True)
    assert add_constant(samples, found) == pytest.approx(1)  # the weight of a depth is 1 / depth
    name = constant_name(samples)
    assert found.pairs[-1] == (name, NO_DESCRIPTION)
    assert found.mean(name, NO_DESCRIPTION)["abs_rel"] == pytest.approx((0 + 0.5 + 0.75) / 3)
    assert [each.number for each in found.outcomes] == [0, 0, 1, 1, 2, 2]


def test_of_each_image_so_many_depths_are_kept_as_the_set_says():
    samples = Flat(1.0, 2.0)
    samples.truth_pixels = 5
    found = evaluate(samples, [flat()], conditions_for(samples, [OWN]), keep_truths=True)
    assert [truth.size for _, truth in found.truths] == [5, 5]
    assert constant_name(samples) == "best constant (5 pixels per image)"
    samples.truth_pixels = math.inf
    found = evaluate(samples, [flat()], conditions_for(samples, [OWN]), keep_truths=True)
    assert [truth.size for _, truth in found.truths] == [24, 24]
    assert constant_name(samples) == "best constant"


def test_without_truths_there_is_no_constant():
    samples = Flat("damaged")
    found = evaluate(samples, [flat()], conditions_for(samples, [OWN]), keep_truths=True)
    assert add_constant(samples, found) is None
    assert SetResult(samples, found).report()["metrics"] is None


# ---- the ramp ----


def test_the_ramp_looks_at_no_image_and_is_fitted_to_each():
    samples = Flat(1.0, 2.0, 4.0, sizes=((4, 6), (4, 6), (5, 3)))
    read = samples.read
    slope = np.array([[0.0, 1.0, 3.0, 2.0]]).T + np.zeros((4, 6))
    samples.read = lambda numbers: [
        sample._replace(depth=1 / (0.2 + 0.1 * slope)) if sample.depth.shape == (4, 6) else sample
        for sample in read(numbers)
    ]
    found = evaluate(samples, [VerticalRamp()], conditions_for(samples, [OWN]))
    assert found.pairs == [("vertical ramp", NO_DESCRIPTION)] and found.mean(*found.pairs[0]) is None
    # The line through 0, 1, 3, 2 at 0, 1, 2, 3 is 0.3 + 0.8 x.
    truth, fitted = 1 / (0.2 + 0.1 * np.array([0, 1, 3, 2])), 1 / (0.2 + 0.1 * np.array([0.3, 1.1, 1.9, 2.7]))
    expected = np.mean(abs(fitted - truth) / truth)
    errors = [outcome.measurement.metrics[AFFINE]["abs_rel"] for outcome in found.outcomes]
    assert errors == pytest.approx([expected, expected, 0], abs=1e-9)


def test_a_models_relative_depth_is_asked_for_once_whatever_the_sentences():
    samples, model = Flat(1.0, 2.0), FlatModel()
    methods = [TextModel("flat", model), RelativeDepth("flat", model)]
    found = evaluate(samples, methods, conditions_for(samples, [OWN, EMPTY]))
    assert found.pairs == [("flat", OWN), ("flat", EMPTY), ("flat, relative depth", NO_DESCRIPTION)]
    assert [description for description, *_ in model.seen] == ["Room 0.", "Room 1.", "", "", "", ""]
    assert found.mean(*found.pairs[2], AFFINE)["abs_rel"] == pytest.approx(0, abs=1e-6)


# ---- several processes ----


def test_one_process_needs_no_accelerate_and_several_say_that_they_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "accelerate", None)
    assert join_processes("auto") == Processes(index=0, count=1, device=None)
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(InputError, match=r"pip install 'tr2m_ros\[train\]'"):
        join_processes("auto")


class Other(Processes):
    """Stands for the first of two, and knows what the second found."""

    found: ClassVar[list[list]] = []

    def gather(self, items):
        return [*items, *Other.found.pop(0)]


def test_chunks_are_shared_out_and_put_in_order_again():
    samples = Flat(1.0, "bad", 3.0, 30.0, 5.0, 6.0, 7.0)
    conditions = conditions_for(samples, [OWN, EMPTY])

    def run(processes):
        return evaluate(samples, [flat()], conditions, chunk=2, keep_truths=True, processes=processes)

    class Second(Processes):
        def gather(self, items):
            Other.found.append(items)
            return items

    second = run(Second(1, 2))
    assert sorted({each.number for each in second.outcomes}) == [2, 6]
    whole, first = run(Processes()), run(Other(0, 2))
    assert [(o.number, o.sentences, o.metrics) for o in first.outcomes] == [
        (o.number, o.sentences, o.metrics) for o in whole.outcomes
    ]
    assert (first.empty, first.problems, first.pairs) == (whole.empty, whole.problems, whole.pairs)
    assert [number for number, _ in first.truths] == [0, 2, 4, 5, 6]


# ---- files ----


def test_the_best_and_the_worst_images_are_drawn(tmp_path):
    samples = Flat(1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6)  # errors of a prediction of 1.3: .3 .18 .08 0 .07 .13 .19
    gallery = Gallery(tmp_path, samples, 2, save_predictions=True)
    conditions = conditions_for(samples, [OWN, EMPTY])
    found = evaluate(samples, [flat(1.3), flat(9.0, "other")], conditions, on_prediction=gallery.add)
    gallery.write(found.of("flat", OWN))
    assert sorted(path.name for path in (tmp_path / "panels").iterdir()) == [
        "best1_flat_room_3.png",
        "best2_flat_room_4.png",
        "worst1_flat_room_0.png",
        "worst2_flat_room_6.png",
    ]
    image = np.asarray(Image.open(tmp_path / "panels" / "best1_flat_room_3.png"))
    assert image.ndim == 3 and image.std() > 10
    saved = sorted((tmp_path / "predictions").iterdir())
    assert [path.name for path in saved] == [f"flat_room_{number}.npy" for number in range(7)]
    prediction = np.load(saved[0], allow_pickle=False)
    assert prediction.dtype == np.float32 and prediction.shape == (4, 6) and (prediction == np.float32(1.3)).all()


def test_few_images_are_drawn_once(tmp_path):
    samples = Flat(1.0, 2.0, 4.0)
    gallery = Gallery(tmp_path, samples, 2, save_predictions=False)
    found = evaluate(samples, [flat()], conditions_for(samples, [OWN]), on_prediction=gallery.add)
    gallery.write(found.of("flat", OWN))
    names = {path.name for path in (tmp_path / "panels").iterdir()}
    assert names == {"best1_flat_room_0.png", "best2_flat_room_1.png", "worst1_flat_room_2.png"}
    assert not (tmp_path / "predictions").exists()


def test_file_names_are_one_word_each_and_no_two_are_alike():
    images = ["a/b_c.png", "a_b/c.jpg", "a/b_c", "../x", "a_b_c-2.png", "cam.v1"]
    assert file_names(images) == ["a_b_c", "a_b_c-2", "a_b_c-3", ".._x", "a_b_c-2-2", "cam.v1"]


# ---- what is said ----


def test_the_table_has_a_row_per_method_sentence_and_alignment_and_the_papers(tmp_path):
    samples = FileSamples(write_nyu(tmp_path, count=1))
    found = evaluate(samples, [flat(), Inverse()], conditions_for(samples, [OWN]))
    rows = table_rows([SetResult(samples, found)])
    assert [row[:5] for row in rows] == [
        ["nyu", "flat", "own", "metric", 1],
        ["", "flat", "own", "scale", 1],
        ["", "flat", "own", "affine", 1],
        ["", "inverse", None, "affine", 1],
        ["", "published", "own", "metric", None],
    ]
    published = dict(zip(TABLE_HEADERS, rows[-1], strict=True))
    assert published["abs_rel"] == 0.082 and published["delta1"] == 0.954 and published["silog"] is None
    assert rows[0][TABLE_HEADERS.index("abs_rel")] == pytest.approx(0.5)


# ---- data sets on disk ----


def test_unusable_records_are_left_out_and_told(tmp_path):
    config = write_nyu(tmp_path, count=3)
    (tmp_path / "sync/kitchen_0028b/rgb_00001.jpg").unlink()
    samples = FileSamples(config)
    assert [samples.image(number) for number in range(len(samples))] == [
        "kitchen_0028b/rgb_00000.jpg",
        "kitchen_0028b/rgb_00002.jpg",
    ]
    found = evaluate(samples, [flat()], conditions_for(samples, [OWN]))
    problems = SetResult(samples, found).problems()
    assert problems[0] == "nyu: 2 of 3 records usable, 1 missing image"
    assert "rgb_00001.jpg" in problems[1] and len(problems) == 2


def test_fixed_sentences_need_no_text_files(tmp_path):
    config = write_nyu(tmp_path, count=1)
    samples = FileSamples(DatasetConfig("nyu", config.root, split=config.split), texts=False)
    model = FlatModel()
    evaluate(samples, [TextModel("flat", model)], conditions_for(samples, [], ["A kitchen."]))
    assert [description for description, *_ in model.seen] == ["A kitchen."]


def test_a_part_of_a_set_is_spread_over_it(tmp_path):
    samples = FileSamples(write_c3vd(tmp_path, videos=("cecum_t1_a",), frames=6), limit=3)
    assert [samples.image(number) for number in range(3)] == [f"cecum_t1_a/{n:04d}_color.png" for n in (0, 2, 4)]
    assert len(samples) == 3 and samples.unit == "mm"
