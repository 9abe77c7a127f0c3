"""Output that ends no program: whatever the terminal can show, and whether or not anyone reads it."""

from __future__ import annotations

import io
import os
import sys

BROKEN_PIPE = 141  # exit code of a program whose reader went away


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
