"""Progress bars of long preparations, shown once however many processes there are."""

from __future__ import annotations

from collections.abc import Callable

from accelerate import Accelerator
from rich.console import Console
from rich.progress import Progress


def main_process_bar(accelerator: Accelerator) -> Callable[[str], Callable[[int, int], None]]:
    """A function of a label that gives a function of (done, total)."""

    def start(label: str) -> Callable[[int, int], None]:
        if not accelerator.is_main_process:
            return lambda done, total: None
        bar = Progress(console=Console(stderr=True), transient=True)
        task = bar.add_task(f"preparing {label}", total=None)

        def moved(done: int, total: int) -> None:
            bar.start()
            bar.update(task, completed=done, total=total)
            if done >= total:
                bar.stop()

        return moved

    return start
