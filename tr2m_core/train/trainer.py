"""The training loop on Hugging Face accelerate: one process or many, resumable bit for bit on a CPU.

Every random choice is a function of seed, step and sample, so there is no sampler state to lose.
"""

from __future__ import annotations

import contextlib
import copy
import math
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator, PartialState
from accelerate.utils import DistributedDataParallelKwargs, gather_object
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor, nn

from tr2m_core.data.base import TrainBatch
from tr2m_core.devices import has_fast_bf16
from tr2m_core.errors import InputError
from tr2m_core.losses.contrast import momentum_update
from tr2m_core.metrics.depth import LARGER_IS_BETTER
from tr2m_core.processes import launched
from tr2m_core.train.checkpoint import BEST, has_state, load_state, save_state
from tr2m_core.train.config import TrainConfig
from tr2m_core.train.loader import load, read_ahead, require_shared_memory, workers_watched
from tr2m_core.train.optim import adamw, learning_rate
from tr2m_core.train.pace import Pace
from tr2m_core.train.record import TENSORBOARD, RunRecord
from tr2m_core.train.sampling import Request, RequestSampler, Schedule
from tr2m_core.train.seeds import generator
from tr2m_core.train.task import Metrics, Moment, Task


def train(config: TrainConfig, directory: Path, resume: bool = False) -> Metrics:
    """Runs a configuration to its end and returns the last validation. Raises InputError.

    resume: go on from the last checkpoint in `directory`. Without it a directory that holds a run is rejected.
    """
    if has_state(directory) and not resume:
        raise InputError(
            f"{directory}: holds a run already; go on with --resume {directory}, or choose another --output"
        )
    if resume and not has_state(directory):
        raise InputError(f"{directory}: nothing to resume from; is it the output directory of a run?")
    require_shared_memory(config)
    accelerator = make_accelerator(config, directory)
    trainer = Trainer(build_task(config, accelerator), config, directory, accelerator)
    if resume:
        trainer.resume()
    return trainer.run()


def make_accelerator(config: TrainConfig, directory: Path) -> Accelerator:
    if config.precision == "fp16" and (config.device == "cpu" or not torch.cuda.is_available()):
        raise InputError("precision: fp16 needs a GPU; bf16 and fp32 work everywhere")
    precision = config.precision
    if precision == "auto":
        cpu = config.device == "cpu" or not torch.cuda.is_available()
        precision = "bf16" if has_fast_bf16(torch.device("cpu" if cpu else "cuda")) else "fp32"
    # Two parameters of the rescale head have no effect and thus no gradient: see RescaleHead.
    unused = DistributedDataParallelKwargs(find_unused_parameters=True)
    with launched():
        return Accelerator(
            cpu=config.device == "cpu",
            mixed_precision={"fp32": "no"}.get(precision, precision),
            log_with=TENSORBOARD,
            project_dir=directory,
            kwargs_handlers=[unused],
        )


def main_process() -> bool:
    """Whether this process is the one of its run that speaks."""
    return bool(PartialState().is_main_process)


def build_task(config: TrainConfig, accelerator: Accelerator) -> Task:
    if config.stage == "relative":
        from tr2m_core.train.relative import RelativeTask

        return RelativeTask(config, accelerator)
    from tr2m_core.train.rescale import RescaleTask

    return RescaleTask(config, accelerator)


class Trainer:
    """Takes a task to the last step and keeps `directory` current: checkpoints, logs and the best model so far."""

    def __init__(self, task: Task, config: TrainConfig, directory: Path, accelerator: Accelerator) -> None:
        self.task, self.config, self.directory, self.accelerator = task, config, directory, accelerator
        self.schedule = Schedule(config, [len(source) for source in task.sources])
        self.average = copy.deepcopy(task.trained).requires_grad_(False) if config.ema else None
        optimiser = adamw(task.trained.parameters(), config.optimizer)
        self.module, self.optimiser = accelerator.prepare(task.trained, optimiser)
        self.step = 0
        self.pace = Pace()
        self.skipped = 0
        self.skipped_in_a_row = 0
        self.best = math.nan
        self.last_metrics: Metrics = {}

    # ---- state ----

    def state(self) -> dict[str, Any]:
        scaler = self.accelerator.scaler
        return {
            "model": self.accelerator.unwrap_model(self.module).state_dict(),
            "optimizer": self.optimiser.state_dict(),
            "average": None if self.average is None else self.average.state_dict(),
            "task": self.task.state(),
            "scaler": None if scaler is None else scaler.state_dict(),
            "rng": torch.get_rng_state(),
            "step": self.step,
            "skipped": self.skipped,
            "best": self.best,
        }

    def resume(self) -> None:
        """Goes back to the last checkpoint. Raises InputError when there is none or it is of another model."""
        state = load_state(self.directory)
        try:
            self.accelerator.unwrap_model(self.module).load_state_dict(state["model"])
            self.optimiser.load_state_dict(state["optimizer"])
            if self.average is not None:
                self.average.load_state_dict(state["average"] or state["model"])
            self.task.load_state(state["task"])
            if self.accelerator.scaler is not None and state["scaler"]:
                self.accelerator.scaler.load_state_dict(state["scaler"])
        except (RuntimeError, ValueError, KeyError, TypeError, AttributeError) as error:
            reason = " ".join(str(error).split())[:200]
            raise InputError(f"{self.directory}: the checkpoint is of another configuration ({reason})") from None
        torch.set_rng_state(state["rng"])
        self.step, self.skipped, self.best = state["step"], state["skipped"], state["best"]

    def save(self) -> None:
        if self.accelerator.is_main_process:
            save_state(self.state(), self.directory)

    @property
    def result(self) -> nn.Module:
        """The weights that are validated and saved."""
        module: nn.Module = self.accelerator.unwrap_model(self.module) if self.average is None else self.average
        return module

    # ---- the loop ----

    def run(self) -> Metrics:
        if self.accelerator.is_main_process:
            self.directory.mkdir(parents=True, exist_ok=True)
        self.accelerator.wait_for_everyone()
        record = RunRecord(self.directory, self.config, self.accelerator, self.step)
        if self.step == 0:
            self.save()  # a kill from here on loses no more than the steps made
        batches = self._batches()
        try:
            with workers_watched(), self._progress() as show:
                while self.step < self.schedule.steps:
                    with self.pace.step():
                        figures = self.train_step(batches)
                    self.step += 1
                    show(figures)
                    self._after_step(record, figures)
        finally:
            batches.close()
            record.close()
        return self.last_metrics

    def train_step(self, batches: Iterator[tuple[Request, TrainBatch]]) -> dict[str, Tensor]:
        """One optimiser step; its figures as scalar tensors, averaged over the micro-batches."""
        moment = Moment(self.step, self.schedule.epoch(self.step), self.schedule.steps_per_epoch)
        rate = learning_rate(self.config.optimizer, self.step, self.schedule.steps, moment.epoch)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.module.train()
        self.optimiser.zero_grad(set_to_none=True)
        figures: dict[str, list[Tensor]] = {}
        taken: list[str] = []
        count = self.config.accumulation
        for place in range(count):
            with self.pace.waiting():
                request, batch = next(batches)
            self.pace.images += len(request.keys) * self.accelerator.num_processes
            random = generator(self.config.seed, self.step, place, self.accelerator.process_index)
            last = place == count - 1
            with contextlib.nullcontext() if last else self.accelerator.no_sync(self.module):
                loss, terms = self.task.loss(self.module, batch.to(self.accelerator.device), moment, random)
                self.accelerator.backward(loss / count)
            samples = ", ".join(str(key.index) for key in request.keys)
            taken.append(f"data set '{batch.source}', samples {samples}")
            for name, value in {"loss": loss, **terms}.items():
                figures.setdefault(name, []).append(value.detach().float())
        limit = self.config.optimizer.clip_norm or math.inf
        norm = self.accelerator.clip_grad_norm_(self.module.parameters(), limit)
        self._optimise(norm, taken, figures["loss"])
        means = {name: torch.stack(values).mean() for name, values in figures.items()}
        return means | {"grad_norm": norm.detach().float(), "learning_rate": torch.tensor(rate)}

    def _optimise(self, norm: Tensor, taken: list[str], losses: list[Tensor]) -> None:
        """Makes the step, unless the gradient is not finite. Processes share the gradient, so all decide alike.

        taken: the samples of each micro-batch in words, whose losses are `losses`.
        """
        finite = bool(torch.isfinite(norm))
        if finite or self.accelerator.scaler is not None:  # the scaler skips by itself, and lowers its scale
            self.optimiser.step()
        if finite:
            self.skipped_in_a_row = 0
            trained = self.accelerator.unwrap_model(self.module)
            self.task.after_step(trained)
            if self.average is not None:
                # Early on the average spans the steps made so far: the initial weights must not linger in it.
                momentum_update(self.average, trained, min(self.config.ema, (1 + self.step) / (10 + self.step)))
            return
        self.skipped += 1
        self.skipped_in_a_row += 1
        if self.skipped_in_a_row >= self.config.max_skipped:
            told = gather_object(list(zip(taken, (bool(loss.isfinite()) for loss in losses), strict=True)))
            culprits = [samples for samples, finite in told if not finite] or [samples for samples, _ in told]
            raise InputError(
                f"step {self.step}: {self.skipped_in_a_row} steps in a row were not finite, the last on "
                f"{'; '.join(culprits)}; look at these, or lower optimizer.learning_rate"
            )

    def _after_step(self, record: RunRecord, figures: dict[str, Tensor]) -> None:
        ended = self.step == self.schedule.steps
        if self.step % self.config.log_every == 0 or ended:
            means = {
                name: self.accelerator.reduce(v.to(self.accelerator.device), "mean") for name, v in figures.items()
            }
            values = {name: value.item() for name, value in means.items()}
            record.scalars(values | {"skipped": self.skipped} | self.pace.figures(), self.step)
        every = self.config.validation.every or self.schedule.steps_per_epoch
        improved = False
        if self.step % every == 0 or ended:
            improved = self._validate(record)
        if improved and self.accelerator.is_main_process:
            # Before the checkpoint that remembers it as the best: a kill in between only repeats it.
            self.task.save(self.result, self.directory / "model")
            save_state(self.state(), self.directory, BEST)
        if self.step % self.config.checkpoint_every == 0 or improved or ended:
            self.save()

    def _validate(self, record: RunRecord) -> bool:
        """Whether the model is the best so far; without validation data the latest is."""
        self.last_metrics = metrics = self.task.validate(self.result)
        if not metrics:
            return True
        record.metrics(metrics, self.step)
        record.panels(self.task.panels(self.result), self.step)
        name = self.config.validation.metric
        judged = [row[name] for source, row in metrics.items() if source not in self.task.references]
        value = sum(judged) / len(judged)
        better = value > self.best if name in LARGER_IS_BETTER else value < self.best
        if math.isnan(self.best) or better:
            self.best = value
            return True
        return False

    def _batches(self) -> Generator[tuple[Request, TrainBatch], None, None]:
        """The batches of this process from the next step on."""
        place = self.accelerator.process_index, self.accelerator.num_processes
        batches = load(self.task.sources, RequestSampler(self.schedule, self.step, *place), self.config.workers)
        return read_ahead(batches) if self.task.read_ahead else batches

    @contextlib.contextmanager
    def _progress(self) -> Iterator[Any]:
        console = Console(stderr=True)
        if not (self.accelerator.is_main_process and console.is_terminal):
            yield lambda figures: None
            return
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console) as progress:
            bar = progress.add_task(self.config.stage, total=self.schedule.steps, completed=self.step)

            def show(figures: dict[str, Tensor]) -> None:
                text = f"{self.config.stage}: loss {figures['loss'].item():.3f}"
                progress.update(bar, completed=self.step, description=text)

            yield show
