"""Stored features: what the frozen networks said, cut, paired and disturbed as the configuration wants."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tr2m_core.data.base import SampleKey
from tr2m_core.data.procedural.scenes import ProceduralScenes
from tr2m_core.data.procedural.written import written
from tr2m_core.errors import InputError
from tr2m_core.model.normalizer import Normalizer
from tr2m_core.model.tr2m import TR2M, load_model
from tr2m_core.train.config import FeaturesConfig
from tr2m_core.train.features import FeatureSource, stored_written
from tr2m_core.train.sentences import SENTENCES_SEED

KEYS = [SampleKey(i, 0) for i in range(6)]


@pytest.fixture(scope="module")
def model() -> TR2M:
    return load_model("embedded")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("features")


def silent(label: str):
    return lambda done, total: None


def source(model: TR2M, folder: Path, **changes) -> FeatureSource:
    config = FeaturesConfig(**{"scenes": 6, "sentences": 80, "folder": str(folder), "seed": 3, **changes})
    return FeatureSource(model, config, seed=1, report=silent)


def test_whole_images_are_what_the_networks_say_of_the_scenes(model: TR2M, folder: Path):
    size = model.config.input_size
    batch = source(model, folder).batch(KEYS, size)
    scenes = ProceduralScenes(size, seed=3, varied=True).batch(range(6))
    with torch.no_grad():
        relative, tokens = model.relative_depth(Normalizer(model.config, torch.device("cpu"))(scenes.image))
    assert torch.allclose(batch.tokens, tokens, atol=2e-2) and batch.tokens.shape == tokens.shape
    assert torch.allclose(batch.relative_depth, relative, atol=1e-2)
    assert torch.allclose(batch.image, scenes.image, atol=0.5 / 255 + 1e-6)
    # Another size than the scene's own, for the sentence tells another: the same shape up to one factor per image.
    for mine, theirs in zip(batch.depth, scenes.depth, strict=True):
        ratio = mine[theirs > 0] / theirs[theirs > 0]
        assert torch.allclose(ratio, ratio.median().expand_as(ratio), rtol=5e-3)
        assert bool((mine[theirs == 0] == 0).all())


def test_sentences_go_with_scenes_of_their_domain_and_tell_the_size(model: TR2M, folder: Path):
    made = source(model, folder)
    batch = made.batch(KEYS, model.config.input_size)
    texts = ProceduralScenes(model.config.input_size, seed=3 + SENTENCES_SEED)
    known = model.text_encoder.encode([texts.describe(i) for i in range(80)]).squeeze(1)
    scenes = ProceduralScenes(model.config.input_size, seed=3, varied=True)
    for i in range(6):
        said = int((known @ batch.text[i, 0]).argmax())
        assert torch.allclose(known[said], batch.text[i, 0], atol=2e-3)
        facts = texts.facts(said)
        assert facts.domain == scenes.facts(i).domain
        truth = scenes.batch([i])
        expected = truth.depth[truth.valid].median() / scenes.facts(i).distance_m * facts.distance_m
        assert batch.depth[i][batch.depth[i] > 0].median().item() == pytest.approx(expected.item(), rel=0.01)


def test_a_window_is_cut_out_of_everything_alike(model: TR2M, folder: Path):
    made, patch, grid = source(model, folder), model.config.patch_size, model.config.grid(model.config.input_size)
    size = (2 * patch, 3 * patch)
    whole, window = made.batch(KEYS, model.config.input_size), made.batch(KEYS, size)
    assert window.tokens.shape == (6, 6, whole.tokens.shape[2]) and window.image.shape == (6, 3, *size)

    def cut(top: int, left: int) -> tuple[slice, slice]:
        return slice(patch * top, patch * (top + 2)), slice(patch * left, patch * (left + 3))

    places = [
        (top, left)
        for top in range(grid[0] - 1)
        for left in range(grid[1] - 2)
        if torch.equal(whole.image[(..., *cut(top, left))], window.image)
    ]
    assert len(places) == 1
    top, left = places[0]
    assert torch.equal(whole.relative_depth[(..., *cut(top, left))], window.relative_depth)
    tokens = whole.tokens.unflatten(1, grid)[:, top : top + 2, left : left + 3].flatten(1, 2)
    assert torch.equal(tokens, window.tokens)


def test_a_thinned_batch_has_every_so_many_th_pixel_and_all_tokens(model: TR2M, folder: Path):
    patch = model.config.patch_size
    step = 2
    whole = source(model, folder).batch(KEYS, (2 * patch, patch))
    thin = source(model, folder, thinning=step).batch(KEYS, (2 * patch, patch))
    assert thin.grid == whole.grid == (2, 1) and torch.equal(thin.tokens, whole.tokens)
    for name in ("image", "depth", "relative_depth"):
        assert torch.equal(getattr(thin, name), getattr(whole, name)[..., ::step, ::step])
    maps = model.rescale_head(thin.tokens, thin.text, thin.grid, step)
    assert maps.scale_map.shape == thin.depth.shape
    with pytest.raises(InputError, match=f"thinning: 3 does not divide the patch size, {patch}"):
        source(model, folder, thinning=3)


def test_exact_shape_is_an_affine_function_of_relative_depth_at_the_size_of_the_sentence(model: TR2M, folder: Path):
    size = model.config.input_size
    measured = source(model, folder).batch(KEYS, size)
    exact = source(model, folder, exact_shape=True).batch(KEYS, size)
    assert torch.equal(exact.relative_depth, measured.relative_depth)
    for depth, relative, shape in zip(exact.depth, exact.relative_depth, measured.depth, strict=True):
        metres = (depth * (relative + 0.1) / 1.1).flatten()
        torch.testing.assert_close(metres, metres[:1].expand_as(metres))
        scenes = (shape[shape > 0] / metres[0]).median()  # of a scene of one metre
        assert 0.5 < scenes < 2


def test_batches_repeat_for_equal_keys_and_change_with_the_epoch(model: TR2M, folder: Path):
    made, size = source(model, folder, text_noise=0.3), (model.config.patch_size,) * 2
    first, again = (made.batch(KEYS, size) for _ in range(2))
    later = made.batch([SampleKey(key.index, 1) for key in KEYS], size)
    assert torch.equal(first.text, again.text) and torch.equal(first.depth, again.depth)
    assert not torch.equal(first.text, later.text)
    assert torch.allclose(first.text.norm(dim=-1), torch.ones(6, 1), atol=1e-5)


def test_sparse_ground_truth_keeps_the_same_pixels_in_every_epoch(model: TR2M, folder: Path):
    dense, sparse = source(model, folder), source(model, folder, ground_truth_share=0.05)
    size = model.config.input_size
    first, later = (sparse.batch([SampleKey(i, epoch) for i in range(6)], size).depth > 0 for epoch in (0, 1))
    assert torch.equal(first, later)
    full = dense.batch(KEYS, size).depth > 0
    assert 0.04 < (first.sum() / full.sum()).item() < 0.06 and bool((first <= full).all())


def test_features_are_computed_once_and_again_for_another_network(model: TR2M, folder: Path):
    source(model, folder)
    files = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    source(model, folder)
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == files
    other = load_model("embedded")
    with torch.no_grad():
        for parameter in other.relative_depth.parameters():
            parameter.mul_(1.1)
    source(other, folder)
    added = [path.name for path in folder.iterdir() if path not in files]
    assert len(added) == 1 and added[0].startswith("images-")


def test_a_window_larger_than_the_images_is_rejected(model: TR2M, folder: Path):
    height, width = model.config.input_size
    with pytest.raises(InputError, match=r"input_size \(\d+, \d+\): stored features end at"):
        source(model, folder).batch(KEYS, (height + model.config.patch_size, width))


def test_too_few_sentences_are_rejected(model: TR2M, folder: Path):
    with pytest.raises(InputError, match=r"features\.sentences: 1 are too few"):
        source(model, folder, sentences=1)


@pytest.mark.slow
def test_descriptions_written_by_hand_come_as_often_as_told(model: TR2M, folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tr2m_core.train.features.REWORDINGS", 1)
    keys = [SampleKey(i, 0) for i in range(6)] * 40
    size = (model.config.patch_size, model.config.patch_size)
    alone = source(model, folder, written_share=1.0).batch(keys, size)
    stored = stored_written(model, FeaturesConfig(folder=str(folder), seed=3), lambda done, total: None)
    assert torch.equal(stored["size"], torch.tensor([one.distance_m for one in written(held_out=False)]))
    known = torch.nn.functional.normalize(stored["text"].float(), dim=1)
    assert float((alone.text[:, 0] @ known.T).max(1).values.min()) > 0.9999
    part = source(model, folder, written_share=0.25).batch(keys, size)
    assert 0.1 < float(((part.text[:, 0] @ known.T).max(1).values > 0.9999).float().mean()) < 0.4
