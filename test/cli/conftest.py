"""Command lines in several real processes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).resolve().parents[2]
Ended = list[tuple[int, str, str]]


@pytest.fixture
def in_two_processes() -> Iterator[Callable[..., Ended]]:
    """in_two_processes(*arguments) runs `tr2m` twice, as torchrun starts them: exit code, stdout and stderr of each.

    They have one thread each, and so has this process until the end of the test: sums depend on their number.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)

    def run(*arguments: str) -> Ended:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        place = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
        place |= {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        running = [
            subprocess.Popen(
                [sys.executable, "-m", "tr2m_core", *arguments],
                env={**os.environ, **place, "RANK": rank, "LOCAL_RANK": rank},
                cwd=ROOT,
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            for rank in "01"
        ]
        said = [process.communicate(timeout=200) for process in running]
        return [(process.returncode, *each) for process, each in zip(running, said, strict=True)]

    yield run
    torch.set_num_threads(threads)
