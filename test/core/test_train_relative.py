"""The stage that trains the decoder of an embedded model's relative depth."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tiny_pyramid import TinyBackbone

from tr2m_core.data.base import SampleKey
from tr2m_core.errors import InputError
from tr2m_core.metrics.depth import METRIC_NAMES
from tr2m_core.model.presets import EMBEDDED
from tr2m_core.settings import merge
from tr2m_core.train import relative, scene_store
from tr2m_core.train.checkpoint import load_state
from tr2m_core.train.config import TrainConfig
from tr2m_core.train.loader import read_ahead
from tr2m_core.train.record import SCALARS, VALIDATION, read_lines
from tr2m_core.train.relative import (
    FRAME_SIZE,
    RAMP,
    HeldOutScenes,
    RelativeTask,
    StoredScenes,
    aligned_metrics,
    drop_channels,
    mix_styles,
)
from tr2m_core.train.scene_store import TARGET, SceneStore, Shard
from tr2m_core.train.trainer import Trainer, make_accelerator, train

SIZE = (64, 96)
STRIDES = {"level_0": 4, "level_1": 8, "level_2": 16, "level_3": 32, TARGET: 2}


class Interrupted(Exception):
    pass


class StopsAtStepThree(RelativeTask):
    def loss(self, trained, batch, moment, random):
        if moment.step == 3:
            raise Interrupted
        return super().loss(trained, batch, moment, random)


@pytest.fixture(scope="module", autouse=True)
def tiny_backbone():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(relative, "load_backbone", lambda variant: TinyBackbone())
        yield


@pytest.fixture(scope="module")
def config(tmp_path_factory) -> TrainConfig:
    """Two steps on windows and two on whole scenes."""
    values = {
        "stage": "relative",
        "device": "cpu",
        "relative": {
            "width": 8,
            "scenes": {"count": 12, "size": list(SIZE), "folder": str(tmp_path_factory.mktemp("scenes")), "workers": 1},
        },
        "phases": [
            {"input_size": [32, 64], "batch_size": 4, "steps": 2},
            {"input_size": list(SIZE), "batch_size": 4, "steps": 2},
        ],
        "ema": 0.9,
        "optimizer": {"learning_rate": 1e-2, "schedule": "cosine", "warmup_steps": 2, "clip_norm": 1.0},
        "validation": {"scenes": 2, "every": 2, "panels": 1},
        "checkpoint_every": 2,
        "log_every": 1,
    }
    return merge(TrainConfig(), values, "test")


@pytest.fixture(scope="module")
def finished(config, tmp_path_factory):
    directory = tmp_path_factory.mktemp("finished")
    train(config, directory)
    return directory


def start(config, directory: Path, task: type[RelativeTask] = RelativeTask) -> Trainer:
    accelerator = make_accelerator(config, directory)
    return Trainer(task(config, accelerator), config, directory, accelerator)


def test_a_resumed_run_equals_an_uninterrupted_one_bit_for_bit(config, finished, tmp_path):
    with pytest.raises(Interrupted):
        start(config, tmp_path, StopsAtStepThree).run()
    torch.manual_seed(12345)
    resumed = start(config, tmp_path)
    resumed.resume()
    assert resumed.step == 2
    resumed.run()
    first, second = load_state(finished), load_state(tmp_path)
    assert first["step"] == second["step"] == 4
    for part in ("model", "average"):
        assert first[part].keys() == second[part].keys()
        assert all(torch.equal(value, second[part][name]) for name, value in first[part].items())
    assert not torch.equal(first["model"]["laterals.0.weight"], first["average"]["laterals.0.weight"])
    moments, others = first["optimizer"]["state"], second["optimizer"]["state"]
    assert all(torch.equal(moments[n][key], others[n][key]) for n in moments for key in ("exp_avg", "exp_avg_sq"))
    assert (finished / SCALARS).read_text().count("\n") == 4


def test_the_result_is_the_best_average(config, finished):
    folder = finished / "model" / "relative_depth"
    assert sorted(path.name for path in (finished / "model").iterdir()) == ["relative_depth"]
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "model.safetensors"]
    best, weights = load_state(finished, "best.pt"), load_file(folder / "model.safetensors")
    assert weights.keys() == best["average"].keys()
    assert all(torch.equal(value, best["average"][name]) for name, value in weights.items())
    store = scene_store.open_store(TinyBackbone(), EMBEDDED, config.relative.scenes, pytest.fail)
    assert all(torch.equal(weights[f"mean_{place}"], mean) for place, mean in enumerate(store.means))
    assert all(torch.equal(weights[f"std_{place}"], std) for place, std in enumerate(store.stds))


def test_losses_metrics_and_images_are_recorded(config, finished):
    log = read_lines(finished / SCALARS)
    assert [entry["step"] for entry in log] == [1, 2, 3, 4]
    weight = config.relative.anchor_weight
    assert all(entry["loss"] == pytest.approx(entry["shape"] + weight * entry["anchor"], rel=1e-5) for entry in log)
    rows = [row["metrics"] for row in read_lines(finished / VALIDATION)]
    assert all(set(row["procedural, aligned"]) == set(METRIC_NAMES) for row in rows)
    assert len(rows) == 2 and rows[0][RAMP] == rows[1][RAMP] and rows[0] != rows[1]
    values = [row["procedural, aligned"]["abs_rel"] for row in rows]
    assert load_state(finished, "best.pt")["best"] == pytest.approx(min(values))  # the ramp has no say
    events = EventAccumulator(str(finished / "tensorboard")).Reload()
    assert [event.step for event in events.Images("relative_depth/0")] == [2, 4]
    assert events.Images("relative_depth/0")[0].encoded_image_string.startswith(b"\x89PNG")


def test_the_average_forgets_the_initial_weights(config, tmp_path):
    trainer = start(replace(config, ema=0.99), tmp_path)
    average, weights = trainer.average.laterals[0].bias, trainer.task.trained.laterals[0].bias
    expected = average.detach().clone()
    batches = trainer._batches()
    for step in range(3):
        trainer.train_step(batches)
        trainer.step += 1
        expected = torch.lerp(weights.detach(), expected, (1 + step) / (10 + step))
        torch.testing.assert_close(average, expected)
    batches.close()


def test_a_short_training_beats_the_ramp_on_its_own_scenes(config, tmp_path):
    """Features that tell depth plainly: what is learnt of them must be seen in the loss."""
    config = replace(
        config,
        phases=(replace(config.phases[0], input_size=SIZE, batch_size=6, steps=120),),
        validation=replace(config.validation, scenes=0),
        optimizer=replace(config.optimizer, warmup_steps=10),
        relative=replace(config.relative, width=16, style_mixing=0.0, channel_dropout=0.0),
    )
    trainer = start(config, tmp_path)
    trainer.run()
    scenes = trainer.task.sources[0]
    batch = scenes.batch([SampleKey(n, 0) for n in range(12)], SIZE)
    features = trainer.task.decoder.standardize([level.float() for level in batch.features])
    with torch.no_grad():
        predicted = trainer.result(features)[:, 0].numpy()
    target = batch.target[:, 0].float().numpy()
    ramp = np.linspace(0, 1, target.shape[1])[:, None].repeat(target.shape[2], 1)
    depth = np.where(target > 0, 1 / np.maximum(target, 1e-3), 0)
    learnt = np.mean([aligned_metrics(p, d)["abs_rel"] for p, d in zip(predicted, depth, strict=True)])
    reference = np.mean([aligned_metrics(ramp, d)["abs_rel"] for d in depth])
    assert learnt < 0.8 * reference


def test_held_out_frames_are_seen_as_a_predictor_sees_them(config, tmp_path):
    task = start(config, tmp_path).task
    frames = task.held_out.frames
    assert frames.shape == (2, *FRAME_SIZE, 3) and frames.dtype == np.uint8
    predicted = task._predict(task.trained)
    assert [p.shape for p in predicted] == [FRAME_SIZE] * 2
    assert np.ptp(predicted[0]) > 0 and not np.array_equal(predicted[0], predicted[1])
    assert len(HeldOutScenes(0)) == 0


# ---- windows ----


@pytest.fixture
def places(tmp_path) -> SceneStore:
    """A store of two scenes of 128x160 in which every cell of every level holds its own column and row, in pixels."""
    shapes = {name: (128 // stride, 160 // stride) for name, stride in STRIDES.items()}
    fields = [(name, np.float16, shape if name == TARGET else (*shape, 3)) for name, shape in shapes.items()]
    records = np.zeros(2, np.dtype(fields))
    for name, (height, width) in shapes.items():
        y, x = np.mgrid[:height, :width] * STRIDES[name]
        for index in range(2):
            content = 1000 * y + x if name == TARGET else np.stack((x, y, np.full_like(x, index)), axis=-1)
            records[name][index] = content / 1000 if name == TARGET else content
    shard = Shard(tmp_path, 0, 2)
    np.save(shard.path, records)
    np.save(shard.moments_path, np.zeros((2, 12)))
    return SceneStore([shard], (128, 160))


def test_windows_and_mirror_images_keep_features_and_target_aligned(places):
    source = StoredScenes(places, seed=0)
    keys = [SampleKey(n % 2, n) for n in range(40)]
    batch = source.batch(keys, (64, 96))
    assert [tuple(level.shape) for level in batch.features] == [(40, 3, 64 // s, 96 // s) for s in (4, 8, 16, 32)]
    assert batch.target.shape == (40, 1, 32, 48)
    corners, mirrored = set(), 0
    for n in range(40):
        x, y, index = batch.features[-1][n]
        left, top, flipped = int(x.min()), int(y.min()), bool(x[0, 0] > x[0, 1])
        corners.add((top, left))
        mirrored += flipped
        assert (index == n % 2).all()
        for level, stride in zip(batch.features, (4, 8, 16, 32), strict=True):
            columns = torch.arange(left, left + 96, stride)
            assert level[n, 0, 0].tolist() == (columns.flip(0) if flipped else columns).tolist()
            assert level[n, 1, :, 0].tolist() == torch.arange(top, top + 64, stride).tolist()
        # y + x / 1000, in half precision
        columns = np.arange(left, left + 96, 2)
        expected = np.arange(top, top + 64, 2)[:, None] + (columns[::-1] if flipped else columns) / 1000
        assert np.array_equal(batch.target[n, 0].numpy(), expected.astype(np.float16))
    assert corners == {(top, left) for top in (0, 32, 64) for left in (0, 32, 64)}
    assert 10 < mirrored < 30


def test_batches_depend_on_the_keys_and_the_seed_alone(places):
    keys = [SampleKey(0, 3), SampleKey(1, 4)]
    batch, same = (StoredScenes(places, seed=5).batch(keys, (32, 32)) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(batch.features, same.features, strict=True))
    others = [StoredScenes(places, seed=seed).batch(keys, (32, 32)).target for seed in range(6, 12)]
    assert not all(torch.equal(batch.target, other) for other in others)
    alone = StoredScenes(places, seed=5).batch(keys[1:], (32, 32))
    assert torch.equal(alone.target[0], batch.target[1])


# ---- augmentation ----


@pytest.fixture
def features() -> list[torch.Tensor]:
    torch.manual_seed(0)
    style = torch.randn(6, 5, 1, 1)
    return [
        style[:, :4] + torch.rand(6, 4, 8, 12),
        style + 3 * torch.rand(6, 5, 8, 12),
        style + torch.randn(6, 5, 4, 6),
    ]


def test_mixed_styles_lie_between_those_of_two_scenes_and_leave_the_content(features):
    mixed = mix_styles(features, 1.0, 0.3, torch.Generator().manual_seed(1))
    weights = []
    for before, after in zip(features, mixed, strict=True):
        normalised = [(x - x.mean((2, 3), keepdim=True)) / x.std((2, 3), keepdim=True) for x in (before, after)]
        torch.testing.assert_close(*normalised, rtol=1e-3, atol=1e-3)
        means, stds = before.mean((2, 3)), before.std((2, 3), correction=0)
        new_means, new_stds = after.mean((2, 3)), after.std((2, 3), correction=0)
        found = []
        for n in range(6):
            # The one partner and weight that explain all channels.
            fits = []
            for partner in range(6):
                difference = means[n] - means[partner]
                weight = (
                    (new_means[n] - means[partner]) @ difference / (difference @ difference).clamp_min(1e-9)
                ).item()
                error = (weight * means[n] + (1 - weight) * means[partner] - new_means[n]).abs().max().item()
                fits.append((error, partner, weight))
            error, partner, weight = min(fits)
            assert error < 1e-4
            torch.testing.assert_close(
                new_stds[n], weight * stds[n] + (1 - weight) * stds[partner], rtol=1e-3, atol=1e-3
            )
            found.append(weight if partner != n else 1.0)
        weights.append(found)
    np.testing.assert_allclose(weights[0], weights[1], atol=1e-3)  # all levels of a scene alike
    np.testing.assert_allclose(weights[0], weights[2], atol=1e-3)
    assert min(weights[0]) < 0.5 and all(-1e-3 <= weight <= 1 + 1e-3 for weight in weights[0])


def test_a_share_of_the_scenes_keeps_its_style(features):
    kept = 0
    for seed in range(100):
        mixed = mix_styles(features[:1], 0.7, 0.3, torch.Generator().manual_seed(seed))[0]
        kept += int(((mixed - features[0]).abs().amax((1, 2, 3)) < 1e-3).sum())
    # 0.3 are not mixed, and of the others one in six meets itself and some have a weight of nearly 1.
    assert 0.35 < kept / 600 < 0.65
    unmixed = mix_styles(features, 0.0, 0.3, torch.Generator())
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(features, unmixed, strict=True))


def test_a_share_of_the_channels_is_dropped_and_the_mean_stays():
    ones = torch.ones(64, 100, 2, 3)
    dropped = drop_channels([ones], 0.1, torch.Generator().manual_seed(0))[0]
    assert dropped.unique().tolist() == [0.0, pytest.approx(1 / 0.9)]
    assert torch.equal(dropped.amax((2, 3)), dropped.amin((2, 3)))  # whole channels
    assert (dropped == 0).float().mean().item() == pytest.approx(0.1, abs=0.02)
    assert torch.equal(drop_channels([ones], 0.0, torch.Generator())[0], ones)


# ---- the rest ----


def test_metrics_do_not_depend_on_scale_and_shift_of_the_relative_depth():
    depth = np.linspace(1, 5, 60, dtype=np.float32).reshape(6, 10)
    depth[0, :3] = 0  # sky
    relative = np.where(depth > 0, 3.0 / np.where(depth > 0, depth, 1) + 0.7, 0)
    exact = aligned_metrics(relative, depth)
    assert exact["abs_rel"] == pytest.approx(0, abs=1e-6) and exact["delta1"] == 1
    wrong = np.random.default_rng(0).random(depth.shape)
    first, second = aligned_metrics(wrong, depth), aligned_metrics(5 * wrong + 2, depth)
    assert first == pytest.approx(second, rel=1e-6) and first["abs_rel"] > 0.1


def test_a_thread_reads_ahead_and_tells_of_errors():
    loaded = []

    def batches():
        for n in range(10):
            loaded.append(n)
            if n == 5:
                raise InputError("unreadable")
            yield n

    ahead = read_ahead(batches())
    assert next(ahead) == 0
    assert [next(ahead) for _ in range(4)] == [1, 2, 3, 4]
    with pytest.raises(InputError, match="unreadable"):
        next(ahead)
    assert list(read_ahead(iter("abc"))) == ["a", "b", "c"]
    loaded.clear()
    ahead = read_ahead(batches())
    next(ahead)
    ahead.close()
    assert len(loaded) <= 4  # a few, and the thread has ended


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"datasets": [{"scenes": 2}]}, "datasets: the relative stage learns from scenes that it renders"),
        ({"validation": {"datasets": [{"name": "nyu"}]}}, "validation.datasets: the relative stage"),
        ({}, r"relative\.scenes\.count: 0 must be at least 1"),
        ({"relative": {"scenes": {"count": 1, "size": [48, 64]}}}, "48x64.*multiples of 32"),
        ({"phases": [{"input_size": [48, 64], "steps": 1}]}, "48x64.*multiples of 32"),
        (
            {"phases": [{"input_size": [256, 352], "steps": 1}]},
            "phases 0: input_size 256x352 is larger than",
        ),
    ],
)
def test_settings_that_the_stage_cannot_use_are_named(tmp_path, changes, message):
    with pytest.raises(InputError, match=message):
        start(merge(TrainConfig(), {"stage": "relative", "device": "cpu"} | changes, "test"), tmp_path)
