"""One line of the examination."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

OK = "ok"
WARNING = "warning"  # something works less well, or not at all, but the model runs
MISSING = "missing"  # the model cannot run without it


@dataclass(frozen=True)
class Finding:
    """What one check found."""

    check: str
    """What was looked at."""
    state: str
    """OK, WARNING or MISSING."""
    found: str
    """What is there."""
    fix: str = ""
    """What to do, if anything."""


def examine(name: str, check: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """What a check finds; an exception becomes a warning after what it had found until then."""
    findings: list[Finding] = []
    try:
        for finding in check():
            findings.append(finding)
    except Exception as error:
        findings.append(Finding(name, WARNING, f"could not be checked: {one_line(error)}"))
    return findings


def one_line(error: BaseException) -> str:
    """The exception's type and the beginning of its text."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:200]}" if text else type(error).__name__


def gigabytes(size: float) -> str:
    """A size in bytes for people, GB or MB."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"
