"""What programs print: tables, progress, and output that ends no program, whether or not anyone reads it."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

OK, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130  # exit codes
BROKEN_PIPE = 141  # of a program whose reader went away

T = TypeVar("T")


def prepare_output() -> None:
    """Names of files, topics and sentences may hold what the encoding lacks; streams may be closed."""
    for name in ("stdin", "stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # else the next file opened would take its place, and what libraries print
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115
        elif name != "stdin" and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def drop_output() -> None:
    """Keeps the interpreter from complaining at its end that its output cannot be written."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def format_table(headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Aligned plain text; numbers to the right, floats with four digits, None as a dash."""
    cells = [[_cell(value) for value in row] for row in rows]
    kinds = [all(_is_number(row[i]) for row in cells) for i in range(len(headers))]
    widths = [max(len(line[i]) for line in [list(headers), *cells]) for i in range(len(headers))]
    lines = []
    for line in [list(headers), ["-" * width for width in widths], *cells]:
        columns = zip(line, widths, kinds, strict=True)
        lines.append("  ".join(text.rjust(width) if number else text.ljust(width) for text, width, number in columns))
    return "\n".join(line.rstrip() for line in lines)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return text == "-"
    return True


def print_json(report: Mapping[str, Any]) -> None:
    """Prints a report for other programs."""
    print(json.dumps(report, indent=2, allow_nan=False))


@contextlib.contextmanager
def progress_bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """Yields a function of (done, total) that moves a bar on stderr; the bar shows on a terminal only."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def track(items: Iterable[T], total: int, label: str) -> Iterator[T]:
    """Yields the items behind a progress bar."""
    with progress_bar(label) as moved:
        for done, item in enumerate(items):
            moved(done, total)
            yield item
