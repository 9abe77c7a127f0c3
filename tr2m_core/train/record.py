"""What a run leaves behind beside its checkpoints: settings, environment, scalars, metrics and panels."""

from __future__ import annotations

import json
import math
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import accelerate
import numpy as np
import numpy.typing as npt
import torch
import transformers
from accelerate import Accelerator

from tr2m_core import __version__
from tr2m_core.train.config import TrainConfig, resolved
from tr2m_core.train.task import Metrics

CONFIG, ENVIRONMENT, SCALARS, VALIDATION = "config.yaml", "environment.json", "log.jsonl", "validation.jsonl"
TENSORBOARD = "tensorboard"


class RunRecord:
    """Writes into `directory`, from the main process only. What a run resumed at `step` repeats is dropped first."""

    def __init__(self, directory: Path, config: TrainConfig, accelerator: Accelerator, step: int) -> None:
        self.directory, self.accelerator = directory, accelerator
        self.main = accelerator.is_main_process
        if self.main:
            (directory / CONFIG).write_text(resolved(config), encoding="utf-8")
            environment = json.dumps(describe_environment(accelerator), indent=2) + "\n"
            (directory / ENVIRONMENT).write_text(environment, encoding="utf-8")
            for name in (SCALARS, VALIDATION):
                _drop_after(directory / name, step)
        accelerator.init_trackers(TENSORBOARD, init_kwargs={TENSORBOARD: {"purge_step": step + 1}})

    def scalars(self, values: dict[str, float], step: int) -> None:
        if self.main:
            self._append(SCALARS, {"step": step, **values})
        self.accelerator.log({f"train/{name}": value for name, value in values.items()}, step=step)

    def metrics(self, metrics: Metrics, step: int) -> None:
        if self.main:
            self._append(VALIDATION, {"step": step, "metrics": metrics})
        flat = {f"{source}/{name}": value for source, row in metrics.items() for name, value in row.items()}
        self.accelerator.log(flat, step=step)

    def panels(self, panels: dict[str, npt.NDArray[np.uint8]], step: int) -> None:
        if self.main and panels:
            writer = self.accelerator.get_tracker(TENSORBOARD, unwrap=True)
            for name, image in panels.items():
                writer.add_image(name, image, step, dataformats="HWC")
            writer.flush()

    def close(self) -> None:
        self.accelerator.end_training()

    def _append(self, name: str, entry: dict[str, Any]) -> None:
        with (self.directory / name).open("a", encoding="utf-8") as file:
            file.write(json.dumps(_without_nan(entry), allow_nan=False) + "\n")


def _without_nan(value: Any) -> Any:
    """JSON has neither NaN nor infinity: None, as of a step that was skipped."""
    if isinstance(value, dict):
        return {name: _without_nan(item) for name, item in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The entries of a .jsonl file; lines that a kill cut short, or that are none of ours, are left out."""
    entries = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []:
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            continue
        if isinstance(entry, dict) and isinstance(entry.get("step"), int):
            entries.append(entry)
    return entries


def _drop_after(path: Path, step: int) -> None:
    entries = [entry for entry in read_lines(path) if entry["step"] <= step]
    temporary = path.with_name(f"{path.name}.partial")
    temporary.write_text("".join(json.dumps(entry) + "\n" for entry in entries), encoding="utf-8")
    os.replace(temporary, path)


def describe_environment(accelerator: Accelerator) -> dict[str, Any]:
    """Versions, revision and machine that a result depends on."""
    cuda = accelerator.device.type == "cuda"
    return {
        "command": sys.argv,
        "git_revision": git_revision(),
        "tr2m": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "accelerate": accelerate.__version__,
        "numpy": np.__version__,
        "device": torch.cuda.get_device_name(accelerator.device) if cuda else cpu_name(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "processes": accelerator.num_processes,
        "mixed_precision": accelerator.mixed_precision,
    }


def cpu_name() -> str:
    """The processor's name as Linux gives it, else what Python knows."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def git_revision() -> str | None:
    """The commit of the source tree, with "+changes" where files differ from it; None outside a git checkout."""
    try:
        command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--abbrev=40", "--dirty=+changes"]
        done = subprocess.run([*command, "--exclude=*"], capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None
