"""Procedural scenes as a training set: what depends on the key, sparse ground truth, units, domains."""

from dataclasses import astuple, replace

import pytest
import torch

from tr2m_core.data.base import DatasetConfig, SampleKey
from tr2m_core.data.procedural.scenes import ProceduralScenes
from tr2m_core.data.procedural.source import ProceduralSource
from tr2m_core.errors import InputError

SIZE = (28, 42)
CONFIG = DatasetConfig(scenes=12, scene_seed=3)


def keys(*indices, epoch=0):
    return [SampleKey(index, epoch) for index in indices]


def test_batches_hold_the_scenes_of_their_keys():
    batch = ProceduralSource(CONFIG, 0).batch(keys(4, 1), SIZE)
    scenes = ProceduralScenes(SIZE, seed=3)
    assert batch.image.shape == (2, 3, *SIZE) and batch.depth.shape == (2, 1, *SIZE)
    for place, index in enumerate((4, 1)):
        alone = scenes.batch([index])
        assert torch.equal(batch.image[place], alone.image[0]) and torch.equal(batch.depth[place], alone.depth[0])
    assert batch.descriptions == [scenes.describe(4, variant=0), scenes.describe(1, variant=0)]


def test_epochs_change_the_sentence_and_nothing_else():
    source = ProceduralSource(replace(CONFIG, ground_truth_share=0.3), 7)
    first, second = source.batch(keys(*range(6)), SIZE), source.batch(keys(*range(6), epoch=1), SIZE)
    assert torch.equal(first.image, second.image) and torch.equal(first.depth, second.depth)
    assert first.descriptions != second.descriptions


def test_sparse_ground_truth_keeps_a_share_that_the_seed_chooses():
    full = ProceduralSource(CONFIG, 7).batch(keys(*range(8)), SIZE)
    sparse = ProceduralSource(replace(CONFIG, ground_truth_share=0.05), 7).batch(keys(*range(8)), SIZE)
    other = ProceduralSource(replace(CONFIG, ground_truth_share=0.05), 8).batch(keys(*range(8)), SIZE)
    kept = sparse.depth > 0
    assert torch.equal(sparse.depth[kept], full.depth[kept])
    # 9408 pixels at 5 %: the standard deviation of the share is 0.0023.
    assert kept.sum() / (full.depth > 0).sum() == pytest.approx(0.05, abs=0.01)
    assert not torch.equal(kept[0], kept[1]) and not torch.equal(kept, other.depth > 0)
    assert torch.equal(sparse.image, full.image)


def test_domains_choose_scenes_and_units_scale_depth_and_limits():
    tubes = DatasetConfig(scenes=5, domains=("tube",), mean_weight=1.0)
    metres, millimetres = ProceduralSource(tubes, 0), ProceduralSource(replace(tubes, unit_m=0.001), 0)
    scenes = ProceduralScenes(SIZE, seed=1)
    expected = [i for i in range(200) if scenes.facts(i).domain == "tube"][:5]
    assert metres.indices == expected and len(metres) == 5
    assert torch.allclose(
        1000 * metres.batch(keys(0, 1), SIZE).depth, millimetres.batch(keys(0, 1), SIZE).depth, rtol=1e-5
    )
    assert astuple(millimetres.protocol) == pytest.approx((1.0, 200_000.0, 1.0))
    assert astuple(ProceduralSource(CONFIG, 0).protocol) == (0.001, 200.0, 0.6)


@pytest.mark.parametrize(
    ("change", "culprit"),
    [
        ({"domains": ("castle",)}, "castle"),
        ({"scenes": 0}, "scenes"),
        ({"scene_seed": -1}, "scene_seed"),
        ({"ground_truth_share": 0.0}, "ground_truth_share"),
        ({"unit_m": 0.0}, "unit_m"),
    ],
)
def test_unusable_settings_are_named(change, culprit):
    with pytest.raises(InputError, match=culprit):
        ProceduralSource(replace(CONFIG, **change), 0)
