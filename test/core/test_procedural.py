"""Procedural scenes: reproducible, true to their facts, and silent about size in their pixels."""

import dataclasses
import math

import torch

from tr2m_core.data.procedural import ProceduralScenes, masked_median, render_sequence

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
    """Facts that differ in size alone give the same pictures at another scale."""
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
