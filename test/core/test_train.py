"""The training loop: resume, kill, settings, and what comes out."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from tr2m_core.model.checkpoints import load_model
from tr2m_core.train.checkpoint import load_state
from tr2m_core.train.relative import RelativeStage
from tr2m_core.train.rescale import RescaleStage
from tr2m_core.train.trainer import Stage, TrainConfig, Trainer, read_config
from tr2m_core.types import InputError

RELATIVE = TrainConfig(
    phases=((28, 42, 2, 2), (42, 42, 2, 2)), warmup_steps=2, checkpoint_every=2, log_every=1, device="cpu"
)


def states_equal(first: Path, second: Path) -> bool:
    a, b = load_state(first)["trained"], load_state(second)["trained"]
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


def trained_relative(directory: Path) -> Path:
    Trainer(RelativeStage(RELATIVE), RELATIVE, directory).train()
    return directory / "model" / "relative_depth"


class Interrupted(Exception):
    pass


class StopsAt(RelativeStage):
    """Breaks off in the middle of step 3, after the checkpoint at step 2."""

    def loss(self, step: int) -> tuple[torch.Tensor, dict[str, float]]:
        if step == 3:
            raise Interrupted
        return super().loss(step)


def test_resumed_run_equals_an_uninterrupted_one_bit_for_bit(tmp_path: Path):
    trained_relative(tmp_path / "straight")
    with pytest.raises(Interrupted):
        Trainer(StopsAt(RELATIVE), RELATIVE, tmp_path / "broken").train()
    resumed = Trainer(RelativeStage(RELATIVE), RELATIVE, tmp_path / "broken")
    resumed.resume()
    assert resumed.step == 2
    resumed.train()
    assert states_equal(tmp_path / "straight", tmp_path / "broken")


def test_rescale_stage_trains_the_head_and_nothing_else(tmp_path: Path):
    relative = trained_relative(tmp_path / "relative")
    config = TrainConfig(
        stage="rescale",
        relative_depth=str(relative),
        scenes=6,
        sentences=60,
        phases=((14, 14, 8, 1), (42, 56, 4, 1), (126, 168, 2, 1)),
        warmup_steps=1,
        abs_rel_weight=1.0,
        text_noise=0.3,
        text_dropout=0.1,
        device="cpu",
    )
    stage = RescaleStage(config)
    frozen = {k: v.clone() for k, v in stage.model.relative_depth.state_dict().items()}
    head = {k: v.clone() for k, v in stage.model.rescale_head.state_dict().items()}
    Trainer(stage, config, tmp_path / "rescale").train()
    assert all(torch.equal(v, frozen[k]) for k, v in stage.model.relative_depth.state_dict().items())
    assert not any(p.requires_grad for part in stage.model.frozen_parts() for p in part.parameters())
    changed = {k for k, v in stage.model.rescale_head.state_dict().items() if not torch.equal(v, head[k])}
    assert {"align_mlp.a_fc.weight", "output_conv_scale2.2.bias", "output_conv_shift2.2.bias"} <= changed
    loaded = load_model(tmp_path / "rescale" / "model")
    assert torch.equal(loaded.rescale_head.projects.weight, stage.model.rescale_head.projects.weight)


class Diverging(Stage):
    def __init__(self) -> None:
        self.trained = torch.nn.Linear(1, 1)
        self.before = self.trained.weight.detach().clone()

    def loss(self, step: int) -> tuple[torch.Tensor, dict[str, float]]:
        return self.trained.weight.sum() * float("nan"), {}

    def save(self, directory: Path) -> None:
        raise AssertionError("a run that never made a step has nothing to save")


def test_non_finite_losses_are_skipped_and_then_stop_the_run(tmp_path: Path):
    stage = Diverging()
    trainer = Trainer(stage, TrainConfig(phases=((14, 14, 1, 100),)), tmp_path)
    with pytest.raises(InputError, match="non-finite losses in a row"):
        trainer.train()
    assert trainer.skipped == 20 and torch.equal(stage.trained.weight, stage.before)


def test_kill_9_leaves_a_checkpoint_that_loads(tmp_path: Path):
    config = tmp_path / "endless.yaml"
    config.write_text("phases: [[28, 42, 1, 100000]]\ncheckpoint_every: 1\nlog_every: 1\ndevice: cpu\n")
    command = [sys.executable, "-m", "tr2m_core", "train", str(config), "--output", str(tmp_path / "run")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    log = tmp_path / "run" / "log.jsonl"
    while not (log.exists() and len(log.read_text().splitlines()) >= 3):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    logged = json.loads(log.read_text().splitlines()[-1])["step"]
    assert load_state(tmp_path / "run")["step"] >= logged - 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("learning_rat: 1", "unknown setting 'learning_rat'"),
        ("learning_rate: fast", "'learning_rate' must be float"),
        ("[1, 2]", "must be a mapping"),
        ("a: [", "not readable YAML"),
    ],
)
def test_wrong_settings_are_named(tmp_path: Path, text: str, message: str):
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(InputError, match=message):
        read_config(tmp_path / "c.yaml", [])


def test_settings_of_the_shipped_configurations_load():
    folder = Path(__file__).resolve().parents[2] / "config" / "train"
    stages = {read_config(path, []).stage for path in folder.glob("embedded_*.yaml")}
    assert stages == {"relative", "rescale"}
    assert read_config(folder / "embedded_relative.yaml", ["seed=7"]).seed == 7
