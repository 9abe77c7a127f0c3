"""Processes that load data: how they fail, and the shared memory that they need."""

import os
import resource
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tr2m_core.data.base import BatchSource, DatasetConfig, DepthProtocol, SampleKey, TrainBatch
from tr2m_core.errors import InputError
from tr2m_core.train.config import Phase, TrainConfig, read_config
from tr2m_core.train.loader import load, require_shared_memory, shared_memory, workers_watched
from tr2m_core.train.sampling import RequestSampler, Schedule

PAPER = Path(__file__).resolve().parents[2] / "config" / "train" / "paper.yaml"


class Source(BatchSource):
    """Batches of ones; `before` is called first, in the process that loads."""

    name, protocol, input_size = "ones", DepthProtocol(0.1, 10, 0.5), (14, 28)

    def __init__(self, before: Callable[[], object] = bool) -> None:
        self.before = before

    def __len__(self) -> int:
        return 8

    def batch(self, keys: Sequence[SampleKey], size: tuple[int, int]) -> TrainBatch:
        self.before()
        image = torch.ones(len(keys), 3, *size)
        return TrainBatch(self.name, self.protocol, image, image[:, :1], [""] * len(keys))


def load_all(source: Source, workers: int, longest_wait: float = 60) -> list[TrainBatch]:
    sampler = RequestSampler(Schedule(TrainConfig(batch_size=2, steps=4), [len(source)]), 0, 0, 1)
    with workers_watched():
        return [batch for _, batch in load([source], sampler, workers, longest_wait)]


@pytest.mark.parametrize("workers", [0, 1])
def test_batches_come_from_any_number_of_processes(workers):
    batches = load_all(Source(), workers)
    assert [batch.image.sum().item() for batch in batches] == [2 * 3 * 14 * 28] * 4


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "killed by signal: Killed"),
        (lambda: os.kill(os.getpid(), signal.SIGBUS), "killed by signal: Bus error"),
        (lambda: os._exit(3), "exited unexpectedly"),
    ],
    ids=["killed", "bus error", "exit"],
)
def test_the_end_of_a_process_is_one_line_with_a_remedy(end, words):
    with pytest.raises(OSError, match=f"a process that loads data: {words}.*--shm-size=8g.*--set workers=0"):
        load_all(Source(end), 1)


def test_a_process_that_hangs_is_not_waited_for():
    with pytest.raises(OSError, match=r"no batch came for 1 s.*--set workers=0"):
        load_all(Source(lambda: time.sleep(30)), 1, longest_wait=1)


def test_shared_memory_that_is_full_is_one_line():
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))  # bytes that a file of this process may have

    with pytest.raises(InputError, match=r"cannot be put into shared memory, /dev/shm .File too large.*--shm-size=8g"):
        load_all(Source(limit), 1)


def test_other_errors_keep_their_traceback():
    with pytest.raises(RuntimeError, match="a bug"), workers_watched():
        raise RuntimeError("a bug")


def test_the_shared_memory_that_is_needed():
    scenes = DatasetConfig(input_size=(28, 42))
    config = TrainConfig(workers=3, batch_size=4, datasets=(scenes,))
    assert shared_memory(config) == 3 * 2 * 4 * 4 * (3 + 1) * 28 * 42  # two batches each, float32
    assert shared_memory(replace(config, accumulation=2)) == shared_memory(config) // 2
    assert shared_memory(replace(config, phases=(Phase((28, 42), 8, 1), Phase((14, 14), 8, 1)))) == (
        2 * shared_memory(config)
    )
    assert shared_memory(replace(config, workers=0)) == 0
    sizes = 3 * 350 * 1204 + 352 * 1216  # KITTI's, the largest
    assert shared_memory(read_config(PAPER, [])) == 8 * 2 * 8 * 4 * sizes


def test_too_little_shared_memory_is_told_before_training(tmp_path):
    config = TrainConfig(workers=1000, batch_size=10**9, datasets=(DatasetConfig(),))
    words = "workers: 1000 that load data need .* MB of shared memory, .* MB free; .*--shm-size=8g.*--set workers=0"
    with pytest.raises(InputError, match=words):
        require_shared_memory(config, tmp_path)
    require_shared_memory(replace(config, batch_size=1, workers=1), tmp_path)
    require_shared_memory(replace(config, workers=0), tmp_path)
    require_shared_memory(config, tmp_path / "none")  # systems without
