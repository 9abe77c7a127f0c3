"""Progress of long preparations, shown once however many processes there are."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from accelerate import Accelerator
from rich.console import Console
from rich.progress import Progress

LINE_EVERY = 60.0  # s

Moved = Callable[[int, int], None]


def main_process_bar(accelerator: Accelerator) -> Callable[[str], Moved]:
    """A function of a label that gives a function of (done, total)."""
    return bar if accelerator.is_main_process else lambda label: lambda done, total: None


def bar(label: str) -> Moved:
    """A function of (done, total) that shows a bar on a terminal, and elsewhere prints a line once a minute."""
    console = Console(stderr=True)
    if not console.is_terminal:
        return _lines(label)
    progress = Progress(console=console, transient=True)
    task = progress.add_task(f"preparing {label}", total=None)

    def moved(done: int, total: int) -> None:
        progress.start()
        progress.update(task, completed=done, total=total)
        if done >= total:
            progress.stop()

    return moved


def _lines(label: str) -> Moved:
    last = time.monotonic()

    def moved(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= LINE_EVERY:
            last = time.monotonic()
            print(f"preparing {label}: {done:,} of {total:,}", file=sys.stderr, flush=True)

    return moved
