"""The training loop with the rescale head: resumed, interrupted and spoilt runs, what is trained, what is learnt."""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate.state import AcceleratorState
from safetensors.torch import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tiny_datasets import write_kitti
from torch import Tensor

from tr2m_core import DepthPredictor
from tr2m_core.data.base import BatchSource, DatasetConfig, SampleKey, TrainBatch
from tr2m_core.data.kitti import KITTI
from tr2m_core.data.procedural.source import ProceduralSource
from tr2m_core.errors import InputError
from tr2m_core.eval.protocols import evaluation_crop
from tr2m_core.metrics.depth import METRIC_NAMES
from tr2m_core.metrics.measurement import METRIC, measure_depth
from tr2m_core.model.tr2m import load_model
from tr2m_core.settings import merge
from tr2m_core.train import trainer as trainer_module
from tr2m_core.train.checkpoint import BEST, LAST, load_state
from tr2m_core.train.config import TrainConfig, ValidationConfig
from tr2m_core.train.record import SCALARS, VALIDATION, read_lines
from tr2m_core.train.rescale import RescaleTask
from tr2m_core.train.trainer import Trainer, make_accelerator, train
from tr2m_core.train.validation import HeldOut

WITHOUT_EFFECT = {"crossattn.ln_visual.weight", "crossattn.ln_visual.bias"}  # see CrossAttentionBlock


@pytest.fixture
def settings(tiny_paper) -> Callable[..., TrainConfig]:
    """A run of six steps of the whole loss on two data sets of twelve and six scenes; keywords change it."""

    def make(**changes: Any) -> TrainConfig:
        # Of these the random networks see enough with near and far the right way round, so that there is a fit.
        tubes = {"domains": ["tube"], "scenes": 12, "scene_seed": 2, "input_size": [28, 42]}
        corridors = {"domains": ["corridor"], "scenes": 6, "ground_truth_share": 0.5, "input_size": [28, 42]}
        values = {
            "model": {"base": str(tiny_paper)},
            "device": "cpu",
            "datasets": [tubes, corridors],
            "batch_size": 6,
            "accumulation": 2,
            "steps": 6,
            "ema": 0.5,
            "optimizer": {"learning_rate": 1e-3},
            "loss": {"gate": 0.0, "contrast_settings": {"start_epoch": 0, "warmup_steps": 2, "samples": 16}},
            "checkpoint_every": 3,
            "log_every": 1,
        }
        return merge(TrainConfig(), values | changes, "test")

    return make


def start(config: TrainConfig, directory: Path, task: type[RescaleTask] = RescaleTask) -> Trainer:
    accelerator = make_accelerator(config, directory)
    return Trainer(task(config, accelerator), config, directory, accelerator)


def assert_same(first: Any, second: Any, where: str = "state") -> None:
    """Equality of nested containers, tensors bit for bit."""
    assert type(first) is type(second), where
    if isinstance(first, Tensor):
        assert torch.equal(first, second), where
    elif isinstance(first, dict):
        assert first.keys() == second.keys(), where
        for key in first:
            assert_same(first[key], second[key], f"{where}.{key}")
    elif isinstance(first, (list, tuple)):
        assert len(first) == len(second), where
        for place, (a, b) in enumerate(zip(first, second, strict=True)):
            assert_same(a, b, f"{where}.{place}")
    else:
        assert first == second or (first != first and second != second), where


class Interrupted(Exception):
    pass


class StopsAtStepThree(RescaleTask):
    """Breaks off in the middle of step 3, between its two micro-batches."""

    calls = 0

    def loss(self, trained, batch, moment, random):
        self.calls += moment.step == 3
        if self.calls == 2:
            raise Interrupted
        return super().loss(trained, batch, moment, random)


@pytest.mark.parametrize("schedule", ["cosine", "epoch_decay"])
def test_a_resumed_run_equals_an_uninterrupted_one_bit_for_bit(settings, tmp_path, schedule):
    config = settings(optimizer={"learning_rate": 1e-3, "schedule": schedule, "warmup_steps": 1})
    straight = start(config, tmp_path / "straight")
    straight.run()
    with pytest.raises(Interrupted):
        start(config, tmp_path / "broken", StopsAtStepThree).run()
    torch.manual_seed(12345)
    resumed = start(config, tmp_path / "broken")
    resumed.resume()
    assert resumed.step == 3
    resumed.run()
    assert_same(straight.state(), resumed.state())
    for name in (LAST, BEST):
        assert_same(load_state(tmp_path / "straight", name), load_state(tmp_path / "broken", name))
    head = "model/rescale_head.safetensors"
    assert_same(load_file(tmp_path / "straight" / head), load_file(tmp_path / "broken" / head))

    # None of what is compared is idle: all terms are computed, and average and key head differ from the weights.
    log = read_lines(tmp_path / "broken" / SCALARS)
    assert [entry["step"] for entry in log] == [1, 2, 3, 4, 5, 6]
    for term in ("log_loss", "pseudo_depth", "contrast_coarse", "contrast_fine", "smoothness"):
        assert max(entry[term] for entry in log) > 0, term
    state = resumed.state()
    for part in ("average", "task"):
        assert not torch.equal(state[part]["projects.weight"], state["model"]["projects.weight"])
    assert len(state["optimizer"]["state"]) == len(state["model"]) - len(WITHOUT_EFFECT)
    rates = [entry["learning_rate"] for entry in log]
    assert len(set(rates)) == (5 if schedule == "cosine" else 2)  # two epochs of four steps


def test_tensorboard_shows_every_step_of_a_resumed_run_once(settings, tmp_path):
    config = settings(validation={"scenes": 2, "every": 3, "panels": 1})
    with pytest.raises(Interrupted):
        start(config, tmp_path, StopsAtStepThree).run()
    resumed = start(config, tmp_path)
    resumed.resume()
    resumed.run()
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [event.step for event in events.Scalars("train/loss")] == [1, 2, 3, 4, 5, 6]
    assert [event.step for event in events.Scalars("procedural/abs_rel")] == [3, 6]
    assert [entry["step"] for entry in read_lines(tmp_path / VALIDATION)] == [3, 6]


def test_an_interruption_between_any_two_files_changes_nothing_in_the_end(settings, tmp_path, monkeypatch):
    """A run has up to three files to write at a time; it is cut short before each of them in turn."""
    config = settings(validation={"scenes": 1, "every": 1, "panels": 0}, steps=2)
    writes: list[str] = []
    stop_at = -1

    def counted(write: Callable[..., None], kind: str) -> Callable[..., None]:
        def wrapper(*arguments: Any) -> None:
            if len(writes) == stop_at:
                raise Interrupted
            writes.append(kind)
            write(*arguments)

        return wrapper

    monkeypatch.setattr(trainer_module, "save_state", counted(trainer_module.save_state, "state"))
    monkeypatch.setattr(RescaleTask, "save", counted(RescaleTask.save, "model"))
    train(config, tmp_path / "straight")
    count = len(writes)
    assert "model" in writes and count >= 5
    for stop in range(1, count):
        directory = tmp_path / str(stop)
        writes, stop_at = [], stop
        with pytest.raises(Interrupted):
            train(config, directory)
        stop_at = -1
        train(config, directory, resume=True)
        for name in (LAST, BEST):
            assert_same(load_state(tmp_path / "straight", name), load_state(directory, name), f"{stop}: {name}")
        head = "model/rescale_head.safetensors"
        assert_same(load_file(tmp_path / "straight" / head), load_file(directory / head), f"{stop}: model")
        assert load_model(directory / "model").config.name == "tiny-paper"
        assert [entry["step"] for entry in read_lines(directory / SCALARS)] == [1, 2]


def tensors(content: Any) -> list[Tensor]:
    if isinstance(content, Tensor):
        return [content]
    values = content.values() if isinstance(content, dict) else content if isinstance(content, (list, tuple)) else ()
    return [tensor for value in values for tensor in tensors(value)]


def test_nothing_but_the_head_is_trained_or_stored(settings, tmp_path):
    trainer = start(settings(), tmp_path)
    model = trainer.task.model
    before = {name: value.clone() for name, value in model.state_dict().items()}
    head = model.rescale_head
    expected = {name: value.shape for name, value in head.state_dict().items()}
    trained = [parameter for group in trainer.optimiser.param_groups for parameter in group["params"]]
    assert {id(parameter) for parameter in trained} == {id(parameter) for parameter in head.parameters()}
    assert len(trained) == len(expected)
    assert {name for name, parameter in model.named_parameters() if parameter.requires_grad} == {
        f"rescale_head.{name}" for name in expected
    }
    trainer.run()

    frozen = {name: value for name, value in model.state_dict().items() if not name.startswith("rescale_head.")}
    assert {name.split(".")[0] for name in frozen} == {"relative_depth", "image_encoder", "text_encoder"}
    assert_same(frozen, {name: before[name] for name in frozen})
    for name, parameter in model.named_parameters():
        within = name.removeprefix("rescale_head.")
        if within == name or within in WITHOUT_EFFECT:
            assert parameter.grad is None or not parameter.grad.any(), name
        else:
            assert parameter.grad is not None and parameter.grad.any(), name
            assert not torch.equal(parameter, before[name]), name
    assert not any(p.requires_grad for part in (trainer.average, trainer.task.key_head) for p in part.parameters())

    moments = 2 * (len(expected) - len(WITHOUT_EFFECT))
    for name in (LAST, BEST):
        state = load_state(tmp_path, name)
        for part in ("model", "average", "task"):
            assert {key: value.shape for key, value in state[part].items()} == expected
        of_optimiser = [value for value in tensors(state["optimizer"]) if value.dim()]
        assert len(of_optimiser) == moments
        everything = sum(value.numel() for value in tensors(state) if value.is_floating_point() and value.dim())
        # the random state is of bytes
        assert everything <= 5 * sum(shape.numel() for shape in expected.values())
    stored = load_file(tmp_path / "model" / "rescale_head.safetensors")
    assert {key: value.shape for key, value in stored.items()} == expected
    assert_same(stored, dict(load_state(tmp_path)["average"]))  # the average is what is saved


def test_the_result_is_the_last_model_without_and_the_best_with_validation(settings, tmp_path):
    config = settings(
        ema=0.0,
        steps=3,
        validation={"scenes": 2, "every": 1, "panels": 0},
        optimizer={"learning_rate": 0.3, "clip_norm": 1.0},
    )
    last = train(config, tmp_path / "best")
    rows = read_lines(tmp_path / "best" / VALIDATION)
    assert [row["step"] for row in rows] == [1, 2, 3]
    assert set(rows[0]["metrics"]["procedural"]) == set(METRIC_NAMES)
    assert last == rows[-1]["metrics"]
    values = [row["metrics"]["procedural"]["abs_rel"] for row in rows]
    best = load_state(tmp_path / "best", BEST)
    assert best["best"] == min(values) and best["step"] == values.index(min(values)) + 1
    stored = load_file(tmp_path / "best" / "model" / "rescale_head.safetensors")
    assert_same(stored, dict(best["model"]))
    train(settings(ema=0.0, steps=3), tmp_path / "last")
    stored = load_file(tmp_path / "last" / "model" / "rescale_head.safetensors")
    assert_same(stored, dict(load_state(tmp_path / "last")["model"]))


@pytest.mark.parametrize("size", [None, (28, 42)])
def test_held_out_images_are_seen_at_the_size_of_their_protocol(settings, tiny_paper, tmp_path, size):
    kitti = replace(write_kitti(tmp_path / "kitti", count=2), input_size=size)
    config = settings()
    held_out = HeldOut(ValidationConfig(datasets=(kitti,), samples=1), make_accelerator(config, tmp_path))
    found = held_out.measure(load_model(tiny_paper))

    predictor = DepthPredictor.from_pretrained(
        tiny_paper, device="cpu", precision="fp32", input_size=size or KITTI.input_size
    )
    image, depth, sentences, _ = KITTI().read(KITTI().records(kitti).records[0])
    prediction = predictor.predict(image, sentences[0], maps=False, size=depth.shape).metric_depth
    measured = measure_depth(depth, prediction, (0.001, 80.0), evaluation_crop("garg", depth.shape))
    expected = measured.metrics[METRIC]
    assert found == {"kitti": pytest.approx(expected, rel=1e-4)}


class Poisoned(BatchSource):
    """Procedural scenes, of which some have an image that is not a number."""

    name = "poisoned"

    def __init__(self, scenes: int, bad: Sequence[int]) -> None:
        self.scenes, self.bad = ProceduralSource(DatasetConfig(scenes=scenes, input_size=(28, 42)), seed=1), bad
        self.protocol, self.input_size = self.scenes.protocol, self.scenes.input_size

    def __len__(self) -> int:
        return len(self.scenes)

    def batch(self, keys: Sequence[SampleKey], size: tuple[int, int]) -> TrainBatch:
        batch = self.scenes.batch(keys, size)
        for place, key in enumerate(keys):
            if key.index in self.bad:
                batch.image[place, 0, 3, 4] = math.nan
        batch.source = self.name
        return batch


def poisoned(config: TrainConfig, directory: Path, *sources: BatchSource) -> Trainer:
    accelerator = make_accelerator(config, directory)
    task = RescaleTask(config, accelerator)
    task.sources = list(sources)
    return Trainer(task, config, directory, accelerator)


def test_a_bad_batch_is_skipped_and_counted(settings, tmp_path):
    config = settings(batch_size=2, accumulation=1, steps=8, max_skipped=2)
    trainer = poisoned(config, tmp_path, Poisoned(8, bad=[5]))
    weights: list[dict[str, Tensor]] = []
    original = trainer.train_step

    def observed(batches):
        weights.append({name: value.clone() for name, value in trainer.state()["model"].items()})
        return original(batches)

    trainer.train_step = observed
    trainer.run()
    weights.append(trainer.state()["model"])
    bad = [n for n in range(8) if any(key.index == 5 for key in trainer.schedule.requests(n)[0].keys)]
    assert len(bad) == 2  # two passes over eight samples
    unchanged = [n for n in range(8) if torch.equal(weights[n]["projects.weight"], weights[n + 1]["projects.weight"])]
    assert unchanged == bad
    assert trainer.skipped == load_state(tmp_path)["skipped"] == 2
    for part in (trainer.module, trainer.average, trainer.task.key_head):
        assert all(value.isfinite().all() for value in part.state_dict().values())
    log = read_lines(tmp_path / SCALARS)
    assert [entry["skipped"] for entry in log] == [sum(step < entry["step"] for step in bad) for entry in log]
    assert [n for n, entry in enumerate(log) if entry["log_loss"] is None] == bad
    for line in (tmp_path / SCALARS).read_text().splitlines():
        json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


def test_bad_batches_alone_end_the_run_and_are_named(settings, tmp_path):
    config = settings(batch_size=2, accumulation=1, steps=50, max_skipped=4)
    trainer = poisoned(config, tmp_path, Poisoned(4, bad=range(4)))
    before = {name: value.clone() for name, value in trainer.state()["model"].items()}
    with pytest.raises(InputError) as error:
        trainer.run()
    samples = ", ".join(str(key.index) for key in trainer.schedule.requests(3)[0].keys)
    assert str(error.value).startswith(
        f"step 3: 4 steps in a row were not finite, the last on data set 'poisoned', samples {samples};"
    )
    assert "\n" not in str(error.value)
    assert_same(before, dict(trainer.state()["model"]))


def test_of_accumulated_batches_the_bad_one_is_named(settings, tmp_path):
    config = settings(batch_size=4, accumulation=2, steps=50, max_skipped=1)
    sound = Poisoned(4, bad=[])
    sound.name = "sound"
    trainer = poisoned(config, tmp_path, Poisoned(4, bad=range(4)), sound)
    with pytest.raises(InputError, match=r"step 0: 1 steps in a row .* data set 'poisoned', samples \d, \d;") as error:
        trainer.run()
    assert "sound" not in str(error.value)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_sample_that_cannot_be_read_is_one_line(settings, tmp_path, workers):
    class Unreadable(Poisoned):
        def batch(self, keys: Sequence[SampleKey], size: tuple[int, int]) -> TrainBatch:
            raise InputError("a/b.png: damaged image")

    trainer = poisoned(settings(workers=workers), tmp_path, Unreadable(6, bad=[]))
    with pytest.raises(InputError) as error:
        trainer.run()
    assert str(error.value) == "a/b.png: damaged image"


def test_a_directory_with_a_run_is_not_overwritten(settings, tmp_path):
    train(settings(steps=1), tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(InputError, match=f"{tmp_path}: holds a run already; go on with --resume {tmp_path}"):
        train(settings(steps=2), tmp_path)
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}


def test_a_checkpoint_of_another_model_is_rejected(settings, tmp_path):
    train(settings(steps=1), tmp_path)
    with pytest.raises(InputError, match=f"{tmp_path}: the checkpoint is of another configuration"):
        train(settings(steps=2, head={"features": 24}), tmp_path, resume=True)


def test_a_damaged_checkpoint_is_rejected(settings, tmp_path):
    train(settings(steps=1), tmp_path)
    (tmp_path / "checkpoints" / LAST).write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(InputError, match=r"last\.pt: not a readable training state"):
        train(settings(steps=2), tmp_path, resume=True)


def test_settings_of_the_data_that_exclude_each_other(settings, tmp_path):
    with pytest.raises(InputError, match="datasets: none is named"):
        start(settings(datasets=[]), tmp_path)
    with pytest.raises(InputError, match="features and datasets"):
        start(settings(features={"scenes": 2, "sentences": 9}), tmp_path)


@pytest.fixture
def other_precision():
    """Accelerate keeps one precision for all runs of a process; this one forgets it before and after."""
    AcceleratorState._reset_state(reset_partial_state=True)
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


def test_bfloat16_trains_weights_of_full_precision(other_precision, settings, tmp_path):
    seen = []

    class Observed(RescaleTask):
        def describe(self, batch):
            with self.accelerator.autocast():
                seen.append(torch.nn.functional.linear(torch.ones(1, 1), torch.ones(1, 1)).dtype)
            return super().describe(batch)

    trainer = start(settings(precision="bf16", steps=2, validation={"scenes": 1}), tmp_path, Observed)
    before = trainer.task.trained.projects.weight.clone()
    metrics = trainer.run()
    assert set(seen) == {torch.bfloat16}
    state = trainer.state()
    for value in tensors(state["model"]):
        assert value.dtype == torch.float32 and value.isfinite().all()
    assert not torch.equal(before, state["model"]["projects.weight"])
    log = read_lines(tmp_path / SCALARS)
    assert [entry["step"] for entry in log] == [1, 2]
    assert all(math.isfinite(value) for entry in log for value in entry.values())
    assert log[-1]["skipped"] == 0
    assert math.isfinite(metrics["procedural"]["abs_rel"])
    environment = json.loads((tmp_path / "environment.json").read_text())
    assert environment["mixed_precision"] == "bf16"


def test_half_precision_needs_a_gpu(settings, tmp_path):
    with pytest.raises(InputError, match="precision: fp16 needs a GPU"):
        make_accelerator(settings(precision="fp16"), tmp_path)


class OneBatch(BatchSource):
    """The same two rooms with the same two sentences again and again, a tenth of their pixels measured."""

    name = "one batch"

    def __init__(self, task: RescaleTask) -> None:
        config = DatasetConfig(scenes=2, domains=("room",), scene_seed=3, input_size=(64, 96), ground_truth_share=0.1)
        rooms = ProceduralSource(config, seed=1)
        self.protocol, self.input_size = rooms.protocol, rooms.input_size
        self.features = task.describe(rooms.batch([SampleKey(0, 0), SampleKey(1, 0)], rooms.input_size))

    def __len__(self) -> int:
        return 2

    def batch(self, keys: Sequence[SampleKey], size: tuple[int, int]) -> TrainBatch:
        return self.features


@pytest.mark.parametrize(
    "changes",
    [{"phases": [{"input_size": [28, 32], "steps": 1}]}, {"datasets": [{"input_size": [28, 32]}]}],
    ids=["phases", "datasets"],
)
def test_sizes_must_suit_the_model(settings, tmp_path, changes):
    with pytest.raises(InputError, match=r"28x32.*multiples of 14"):
        start(settings(**changes), tmp_path)


@pytest.mark.slow
def test_a_new_head_learns_one_batch_by_heart(tmp_path):
    values = {
        "model": {"base": "embedded"},
        "head": {"features": 64, "out_channels": 96, "hidden_channels": 32},
        "device": "cpu",
        "datasets": [{}],
        "batch_size": 2,
        "steps": 300,
        "optimizer": {"learning_rate": 2e-3, "betas": [0.9, 0.98], "schedule": "cosine", "warmup_steps": 20},
        # relative_error is measured, and as good as without effect
        "loss": {"pseudo_depth": 0.0, "contrast": 0.0, "smoothness": 0.0, "relative_error": 1e-6},
        "validation": {"every": 1000},
        "log_every": 1,
    }
    config = merge(TrainConfig(), values, "test")
    accelerator = make_accelerator(config, tmp_path)
    task = RescaleTask(config, accelerator)
    task.sources = [OneBatch(task)]
    Trainer(task, config, tmp_path, accelerator).run()
    abs_rel = [entry["relative_error"] for entry in read_lines(tmp_path / SCALARS)]
    assert abs_rel[0] > 0.5
    assert abs_rel[-1] < 0.06
