"""Procedural scenes: reproducible, true to their facts, and silent about size in their pixels."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from torch.nn.functional import avg_pool2d

from tr2m_core.data.procedural.descriptions import names_place, place_may_go
from tr2m_core.data.procedural.scenes import ProceduralScenes, masked_median, render_sequence
from tr2m_core.data.procedural.written import written
from tr2m_core.errors import InputError
from tr2m_core.eval.procedural import (
    IMAGE_SIZE,
    LIMITS,
    descriptions_by_kind,
    evaluate_procedural,
)
from tr2m_core.metrics.depth import METRIC_NAMES, clamp_depth, compute_depth_metrics

SIZE = (42, 56)


def test_scenes_depend_on_seed_and_index_only():
    together = ProceduralScenes(SIZE, seed=3).batch([4, 5, 6])
    again = ProceduralScenes(SIZE, seed=3).batch([4, 5, 6])
    alone = ProceduralScenes(SIZE, seed=3).batch([5])
    other = ProceduralScenes(SIZE, seed=4).batch([4, 5, 6])
    assert torch.equal(together.image, again.image) and torch.equal(together.depth, again.depth)
    assert torch.allclose(together.depth[1], alone.depth[0], rtol=1e-5)
    assert together.descriptions[1] == alone.descriptions[0]
    assert not torch.equal(together.depth, other.depth)


@pytest.mark.parametrize(
    ("scenes", "index", "brightness", "metres"),
    [
        (
            ProceduralScenes((12, 16), seed=990_000),
            7,
            [[0.423, 0.469, 0.619, 0.618], [0.440, 0.529, 0.527, 0.585], [0.506, 0.395, 0.395, 0.429]],
            [[1.003, 1.034, 1.519, 1.608], [0.781, 0.646, 0.764, 1.063], [0.529, 0.444, 0.600, 0.629]],
        ),
        (
            ProceduralScenes((12, 16), seed=3, varied=True),
            2,
            [[0.629, 0.509, 0.481, 0.640], [0.634, 0.575, 0.758, 0.689], [0.693, 0.585, 0.658, 0.876]],
            [[0.158, 0.244, 0.240, 0.126], [0.170, 0.322, 0.313, 0.138], [0.136, 0.221, 0.213, 0.104]],
        ),
    ],
)
def test_seed_and_index_give_these_images_for_good(scenes, index, brightness, metres):
    """A change of these changes every training set. Means of 4x4 pixels: the last bit differs between processors."""
    batch = scenes.batch([index])
    assert avg_pool2d(batch.image.mean(1), 4)[0].tolist() == [pytest.approx(row, abs=0.005) for row in brightness]
    assert avg_pool2d(batch.depth[:, 0], 4)[0].tolist() == [pytest.approx(row, rel=0.01) for row in metres]


def test_batch_shapes_and_ranges():
    batch = ProceduralScenes(SIZE, seed=1).batch(range(8))
    assert batch.image.shape == (8, 3, *SIZE) and batch.depth.shape == batch.valid.shape == (8, 1, *SIZE)
    assert batch.image.min() >= 0 and batch.image.max() <= 1
    assert (batch.depth[batch.valid] > 0).all() and torch.isfinite(batch.depth).all()
    assert (batch.depth[~batch.valid] == 0).all()
    assert batch.intrinsics.shape == (8, 4) and len(batch.descriptions) == len(batch.facts) == 8


def test_median_depth_is_what_the_facts_stand_for():
    batch = ProceduralScenes(SIZE, seed=2).batch(range(32))
    median = masked_median(batch.depth, batch.valid)
    errors = [math.log(m / f.distance_m) for m, f in zip(median.tolist(), batch.facts, strict=True)]
    spread = (sum(e * e for e in errors) / len(errors)) ** 0.5
    assert 0.02 < spread < 0.2  # the stated jitter of 8 %, and nothing else


def test_pixels_do_not_tell_size():
    """Facts that differ in size alone give the same images at another scale."""
    facts = ProceduralScenes(SIZE, seed=5).facts(0)
    larger = dataclasses.replace(facts, distance_m=10 * facts.distance_m)
    near, far = render_sequence(facts, 3, SIZE, seed=7), render_sequence(larger, 3, SIZE, seed=7)
    assert torch.equal(near.image, far.image)
    assert torch.allclose(10 * near.depth, far.depth, rtol=1e-4)


def test_sequence_moves_at_one_scale():
    facts = ProceduralScenes(SIZE, seed=5).facts(1)
    sequence = render_sequence(facts, 8, SIZE, seed=1)
    medians = masked_median(sequence.depth, sequence.valid)
    assert abs(math.log(medians[0].item() / facts.distance_m)) < 1e-3
    assert not torch.equal(sequence.depth[0], sequence.depth[2])


def test_each_row_of_the_evaluation_says_what_its_name_tells():
    count = 200
    scenes = ProceduralScenes(SIZE, seed=6)
    facts = [scenes.facts(i) for i in range(count)]
    kinds = descriptions_by_kind(scenes, count)
    assert kinds["training wording"] == [scenes.describe(i) for i in range(count)]
    assert kinds["unseen wording"] == [scenes.describe(i, "unseen") for i in range(count)]
    assert kinds["empty sentence"] == [""] * count
    held_out = {one.text: one for one in written(held_out=True)}
    by_hand = {i: held_out[text] for i, text in enumerate(kinds["written by hand"]) if text is not None}
    assert len(by_hand) > 0.6 * count
    for i, one in by_hand.items():
        assert one.domain == facts[i].domain and 0.9 < one.distance_m / facts[i].distance_m < 1.11
    only_objects = {i: description for i, description in enumerate(kinds["object-only"]) if description is not None}
    assert 0.3 * count < len(only_objects) < 0.6 * count
    for i, description in only_objects.items():
        assert place_may_go(facts[i]) and not names_place(description, facts[i]), description
    for i, description in enumerate(kinds["other size"]):
        others = [facts[j] for j, unseen in enumerate(kinds["unseen wording"]) if unseen == description]
        assert others and all(abs(math.log2(o.distance_m / facts[i].distance_m)) >= 1 for o in others)
        assert facts[i].domain in {other.domain for other in others}


def test_a_lone_scene_has_no_wrong_sentence():
    assert descriptions_by_kind(ProceduralScenes(SIZE, seed=6), 1)["other size"] == [None]


def test_rows_are_means_over_the_scenes_of_their_kind(embedded):
    """Three scenes, of which one's sentence does not name the place and two can be told by their objects."""
    scenes = ProceduralScenes(IMAGE_SIZE, seed=90)
    assert [names_place(scenes.describe(i), scenes.facts(i)) for i in range(3)] == [True, False, True]
    told = []
    rows = evaluate_procedural(embedded, 3, 90, on_progress=lambda *counts: told.append(counts))
    assert told == [(3, 3)]
    assert list(rows) == [
        "training wording",
        "training wording, place named",
        "unseen wording",
        "written by hand",
        "object-only",
        "empty sentence",
        "other size",
        "best constant",
    ]
    assert [row.pop("scenes") for row in rows.values()] == [3, 2, 3, 3, 2, 3, 3, 3]
    assert all(tuple(row) == METRIC_NAMES for row in rows.values())
    batch, metrics = scenes.batch(range(3)), []
    for i, description in enumerate(batch.descriptions):
        image = (batch.image[i] * 255).round().byte().permute(1, 2, 0).numpy()
        depth = embedded.predict(image, description, maps=False).metric_depth
        valid = batch.valid[i, 0].numpy()
        metrics.append(compute_depth_metrics(batch.depth[i, 0].numpy()[valid], clamp_depth(depth[valid], *LIMITS)))
    for name in METRIC_NAMES:
        assert rows["training wording"][name] == pytest.approx(np.mean([m[name] for m in metrics]), rel=1e-3)
        named = np.mean([metrics[0][name], metrics[2][name]])
        assert rows["training wording, place named"][name] == pytest.approx(named, rel=1e-3)


def test_the_empty_sentence_is_encoded_like_any_other(embedded):
    images = np.random.default_rng(0).integers(0, 255, (2, *embedded.input_size, 3), np.uint8)
    depth = embedded.predict_batch(images, ["", ""], maps=False, allow_empty=True).metric_depth
    with torch.inference_mode():
        model = embedded.backend.model
        expected = model(embedded.preprocess(images), model.encode([""])).metric_depth[:, 0]
    assert np.allclose(depth, expected.numpy(), rtol=1e-4)
    with pytest.raises(InputError, match="the scene description is empty"):
        embedded.predict_batch(images, "")
