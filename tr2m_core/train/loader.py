"""Batches as they are needed, loaded by processes of their own, which hand them over in shared memory."""

from __future__ import annotations

import math
import re
import shutil
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, get_worker_info

from tr2m_core.data.base import BatchSource, DatasetConfig, TrainBatch
from tr2m_core.data.procedural.source import INPUT_SIZE
from tr2m_core.data.registry import PROCEDURAL, find_dataset
from tr2m_core.errors import InputError
from tr2m_core.train.config import TrainConfig
from tr2m_core.train.sampling import Request, RequestSampler

SHARED_MEMORY = Path("/dev/shm")
PREFETCHED = 2  # batches that each process, or the thread that reads ahead, has ready
LONGEST_WAIT = 900  # s for one batch, of data on a slow network drive too; then something hangs
END = object()
REMEDY = "start the container with --shm-size=8g or --ipc=host, or train with --set workers=0"

T = TypeVar("T")


class RequestedBatches(Dataset[TrainBatch]):
    """Loads the batch that a request names, or gives the InputError that it raised.

    Raised in a worker process, its message would become a traceback.
    """

    def __init__(self, sources: Sequence[BatchSource]) -> None:
        self.sources = sources

    def __getitem__(self, request: Request) -> tuple[Request, TrainBatch | InputError]:  # type: ignore[override]
        source = self.sources[request.source]
        try:
            batch = source.batch(request.keys, request.size or source.input_size)
            if get_worker_info() is not None:
                _share(batch)
        except InputError as error:
            return request, error
        return request, batch


def _share(batch: TrainBatch) -> None:
    """Puts a batch into shared memory. Later, in the worker's queue, a failure would only drop it, and all would wait.

    Raises InputError when that has no room.
    """
    try:
        for value in vars(batch).values():
            if isinstance(value, Tensor):
                value.share_memory_()  # type: ignore[no-untyped-call]
    except RuntimeError as error:
        reason = str(error).rpartition(": ")[2]
        raise InputError(f"a batch cannot be put into shared memory, {SHARED_MEMORY} ({reason}): {REMEDY}") from None


def load(
    sources: Sequence[BatchSource], sampler: RequestSampler, workers: int, longest_wait: float = LONGEST_WAIT
) -> Generator[tuple[Request, TrainBatch], None, None]:
    """The batches that the sampler asks for. Raises InputError for a sample that cannot be read."""
    loader: DataLoader[Any] = DataLoader(
        RequestedBatches(sources),
        sampler=sampler,
        batch_size=None,
        num_workers=workers,
        prefetch_factor=PREFETCHED if workers else None,
        timeout=longest_wait if workers else 0,
        generator=torch.Generator(),  # the global one, which checkpoints hold, is not its to draw from
    )
    for request, batch in loader:
        if isinstance(batch, InputError):
            raise batch
        yield request, batch


def read_ahead(batches: Iterator[T]) -> Generator[T, None, None]:
    """The same batches, loaded by a thread that is a few ahead. Close it to end the thread."""
    with ThreadPoolExecutor(1) as thread:
        ahead = deque(thread.submit(next, batches, END) for _ in range(PREFETCHED))
        while (batch := ahead.popleft().result()) is not END:
            ahead.append(thread.submit(next, batches, END))
            yield batch  # type: ignore[misc]


@contextmanager
def workers_watched() -> Iterator[None]:
    """Turns the end of a process that loads data, which torch raises wherever it is noticed, into an OSError."""
    try:
        yield
    except RuntimeError as error:
        if not str(error).startswith("DataLoader"):
            raise
        text = f"{error.__cause__} {error}"  # which signal it was, if any, is told by the cause
        if waited := re.search(r"timed out after (\d+)", text):
            raise OSError(f"no batch came for {waited[1]} s: the processes that load data hang; {REMEDY}") from None
        found = re.search(r"killed by signal: [\w ]+|exited unexpectedly", text)
        how = found[0] if found else "ended"
        raise OSError(f"a process that loads data: {how}; out of memory? Use fewer workers, or {REMEDY}") from None


def require_shared_memory(config: TrainConfig, folder: Path = SHARED_MEMORY) -> None:
    """Raises InputError when the batches that the workers keep ready do not fit into the folder, where that exists."""
    needed = shared_memory(config)
    if not needed or not folder.is_dir():
        return
    free = shutil.disk_usage(folder).free
    if free < needed:
        sizes = f"{needed >> 20} MB of shared memory, {folder} has {free >> 20} MB free"
        raise InputError(f"workers: {config.workers} that load data need {sizes}; {REMEDY}")


def shared_memory(config: TrainConfig) -> int:
    """Bytes that the batches of all workers take, on a machine that has all processes of the run."""
    phases: list[tuple[tuple[int, int] | None, int]] = [(p.input_size, p.batch_size) for p in config.phases]
    phases = phases or [(None, config.batch_size)]
    batches = [batch * _sample(dataset, size) for dataset in config.datasets for size, batch in phases]
    return config.workers * PREFETCHED * max(batches, default=0) // config.accumulation


def _sample(config: DatasetConfig, size: tuple[int, int] | None) -> int:
    """Bytes of an image and its depth, in float32."""
    size = size or config.input_size
    if config.name == PROCEDURAL:
        image = depth = size or INPUT_SIZE
    else:
        dataset = find_dataset(config.name)
        image, depth = size or dataset.input_size, dataset.depth_size
    return 4 * (3 * math.prod(image) + math.prod(depth))
