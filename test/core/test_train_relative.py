"""The stage that trains the relative-depth network of an embedded model."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tiny_models import tiny_depth_anything

from tr2m_core.metrics import METRIC_NAMES
from tr2m_core.model.relative_depth import RelativeDepthNetwork
from tr2m_core.train.checkpoint import load_state
from tr2m_core.train.config import config_from
from tr2m_core.train.record import SCALARS, VALIDATION, read_lines
from tr2m_core.train.relative import RelativeTask, aligned_metrics, flip_half
from tr2m_core.train.trainer import Trainer, make_accelerator, train
from tr2m_core.types import InputError


class Interrupted(Exception):
    pass


class StopsAtStepThree(RelativeTask):
    def loss(self, trained, batch, moment, random):
        if moment.step == 3:
            raise Interrupted
        return super().loss(trained, batch, moment, random)


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    """Two steps on small and two on larger pictures, from a tiny network."""
    network = tmp_path_factory.mktemp("network")
    tiny_depth_anything().save_pretrained(network)
    values = {
        "stage": "relative",
        "device": "cpu",
        "model": {"network": str(network)},
        "datasets": [{"scenes": 6}],
        "phases": [
            {"input_size": [28, 42], "batch_size": 2, "steps": 2},
            {"input_size": [42, 42], "batch_size": 2, "steps": 2},
        ],
        "optimizer": {"learning_rate": 1e-2, "schedule": "cosine", "warmup_steps": 2, "clip_norm": 1.0},
        "validation": {"scenes": 2, "every": 2, "pictures": 1},
        "checkpoint_every": 2,
        "log_every": 1,
    }
    return config_from(values, "test")


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
    resumed = start(config, tmp_path)
    resumed.resume()
    assert resumed.step == 2
    resumed.run()
    first, second = load_state(finished), load_state(tmp_path)
    assert first["step"] == second["step"] == 4
    assert first["model"].keys() == second["model"].keys()
    assert all(torch.equal(value, second["model"][name]) for name, value in first["model"].items())
    moments, others = first["optimizer"]["state"], second["optimizer"]["state"]
    assert all(torch.equal(moments[n][key], others[n][key]) for n in moments for key in ("exp_avg", "exp_avg_sq"))
    assert (finished / SCALARS).read_text().count("\n") == 4


def test_the_result_loads_and_is_the_best(config, finished):
    folder = finished / "model" / "relative_depth"
    assert sorted(path.name for path in (finished / "model").iterdir()) == ["relative_depth"]
    best = load_state(finished, "best.pt")
    network = RelativeDepthNetwork.from_pretrained(folder)
    weights = network.state_dict()
    assert weights.keys() == best["model"].keys()
    assert all(torch.equal(value, best["model"][name]) for name, value in weights.items())
    before = RelativeDepthNetwork.from_pretrained(config.model.network).state_dict()
    changed = [name for name, value in weights.items() if not torch.equal(value, before[name])]
    assert any("backbone" in name for name in changed) and any("head.conv3" in name for name in changed)
    picture = torch.rand(1, 3, 28, 42)
    relative, tokens = network(picture)
    assert relative.shape == (1, 1, 28, 42) and tokens.shape == (1, 6, 32)
    assert torch.isfinite(relative).all()


def test_losses_metrics_and_pictures_are_recorded(finished):
    log = read_lines(finished / SCALARS)
    assert [entry["step"] for entry in log] == [1, 2, 3, 4]
    assert all(entry["loss"] == pytest.approx(entry["shape"] + entry["anchor"], rel=1e-5) for entry in log)
    rows = read_lines(finished / VALIDATION)
    assert [row["step"] for row in rows] == [2, 4]
    assert all(set(row["metrics"]["procedural, aligned"]) == set(METRIC_NAMES) for row in rows)
    events = EventAccumulator(str(finished / "tensorboard")).Reload()
    assert [event.step for event in events.Images("relative_depth/0")] == [2, 4]
    assert events.Images("relative_depth/0")[0].encoded_image_string.startswith(b"\x89PNG")
    assert len(events.Scalars("train/shape")) == 4


def test_a_new_network_is_the_embedded_models(tmp_path, config):
    trainer = start(config_from({"stage": "relative", "device": "cpu", "datasets": [{"scenes": 2}]}, "test"), tmp_path)
    shipped = RelativeDepthNetwork.from_pretrained(
        Path(__file__).resolve().parents[2] / "tr2m_core" / "assets" / "embedded" / "relative_depth"
    )
    new = trainer.task.trained.state_dict()
    assert {name: value.shape for name, value in new.items()} == {n: v.shape for n, v in shipped.state_dict().items()}
    assert all(parameter.requires_grad for parameter in trainer.task.trained.parameters())
    batch = trainer.task.sources[0].batch(trainer.schedule.requests(0)[0].keys[:2], (42, 56))
    relative, _ = trainer.task.trained(trainer.task.normalize(batch.image))
    assert (relative > 0).float().mean() > 0.9  # the last ReLU lets it through


def test_half_of_the_pictures_are_mirrored():
    pictures = torch.arange(12.0).view(3, 1, 1, 4)
    assert flip_half(pictures).flatten(1).tolist() == [[0, 1, 2, 3], [7, 6, 5, 4], [8, 9, 10, 11]]
    assert pictures[1, 0, 0, 0] == 4  # the original stays


def test_metrics_do_not_depend_on_scale_and_shift_of_the_relative_depth():
    depth = np.linspace(1, 5, 60, dtype=np.float32).reshape(6, 10)
    depth[0, :3] = 0  # sky
    relative = np.where(depth > 0, 3.0 / np.where(depth > 0, depth, 1) + 0.7, 0)
    exact = aligned_metrics(relative, depth)
    assert exact["abs_rel"] == pytest.approx(0, abs=1e-6) and exact["delta1"] == 1
    wrong = np.random.default_rng(0).random(depth.shape)
    first, second = aligned_metrics(wrong, depth), aligned_metrics(5 * wrong + 2, depth)
    assert first == pytest.approx(second, rel=1e-6) and first["abs_rel"] > 0.1


def test_data_are_needed(tmp_path):
    with pytest.raises(InputError, match="datasets: none is named"):
        start(config_from({"stage": "relative", "device": "cpu"}, "test"), tmp_path)
