"""Sharing an evaluation out among the processes of `accelerate launch` or torchrun."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NoReturn, TypeVar

from tr2m_core.errors import InputError

T = TypeVar("T")


@dataclass(frozen=True)
class Processes:
    """This process among those that work together; one alone needs no accelerate. device: which it is to use."""

    index: int = 0
    count: int = 1
    device: str | None = None

    @property
    def is_main(self) -> bool:
        return self.index == 0

    def gather(self, items: list[T]) -> list[T]:
        """The items of all processes, in every process."""
        if self.count == 1:
            return items
        from accelerate.utils import gather_object

        gathered: list[T] = gather_object(items)
        return gathered


ALONE = Processes()
LAUNCHER = ("WORLD_SIZE", "RANK", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")  # variables


def join_processes(device: str) -> Processes:
    """This process's place among those that were launched together, by the environment they were given.

    device: as `DepthPredictor.from_pretrained` takes it; "auto" becomes a device of this process's own. Raises
    InputError when accelerate is needed and not installed, or the environment makes no sense.
    """
    with launched():
        if int(os.environ.get("WORLD_SIZE") or "1") <= 1:
            return ALONE
    try:
        from accelerate import PartialState
    except ImportError:
        raise InputError("several processes need accelerate: pip install 'tr2m_ros[train]'") from None
    from tr2m_core.devices import select_device

    with launched():
        state = PartialState(cpu=select_device(device).type == "cpu")
    return Processes(state.process_index, state.num_processes, str(state.device) if device == "auto" else device)


@contextmanager
def launched() -> Iterator[None]:
    """Turns the ValueError of variables that no launcher sets so into an InputError."""
    try:
        yield
    except ValueError as error:
        given = ", ".join(f"{name}={os.environ[name]}" for name in LAUNCHER if name in os.environ)
        if not given:
            raise
        how = "unset them, or let torchrun or accelerate launch set them"
        raise InputError(f"{given}: not what several processes need ({error}); {how}") from None


def end_process(code: int) -> NoReturn:
    """Ends this process with the exit code; one of several at once, without the clean-up of its process group.

    That one races with the other processes' ends: gloo then aborts or, destroyed in time, may wait forever.
    """
    distributed = sys.modules.get("torch.distributed")
    if distributed is None or not distributed.is_available() or not distributed.is_initialized():
        sys.exit(code)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
