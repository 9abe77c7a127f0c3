"""What `tr2m download` notes and tells, of models and of texts."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tr2m_core.weights.ledger import Entry, read_record, write_record

TEXTS, CAPTIONER = "texts", "captioner"  # what is asked for, in place of a model


@dataclass(frozen=True)
class Part:
    """What a model takes from one source: the files that must be had, and patterns of those taken where they exist."""

    role: str
    source: str
    files: tuple[str, ...]
    optional: tuple[str, ...] = ()


class Record:
    """A model's files as earlier runs recorded them (`before`) and as this run leaves them (`now`).

    states: by file, "fetched" or "found" in this run, "verified" against the record, or "changed" on disk since.
    """

    def __init__(self, model: str, path: Path) -> None:
        self.model, self.path = model, path
        self.before = {entry.file: entry for entry in read_record(path)}
        self.now: dict[str, Entry] = {}
        self.states: dict[str, str] = {}

    def add(self, entry: Entry, *, fetched: bool) -> None:
        """Takes a file in, compared with what was recorded of it."""
        if entry.file in self.now:
            return
        before = self.before.get(entry.file)
        state = "fetched" if fetched else "found"
        if before is not None and before.sha256 == entry.sha256:
            state = state if fetched else "verified"
            entry = dataclasses.replace(entry, date=before.date)
        elif before is not None and not fetched and before.revision == entry.revision:
            state = "changed"
            advice = "delete it and what it links to, then run again"
            difference = self._difference(before, entry)
            print(f"tr2m: error: {entry.path}: changed on disk: {difference}; {advice}", file=sys.stderr)
            entry = before
        elif before is not None:
            note(f"{entry.file}: the source has another file now: {self._difference(before, entry)}")
        self.now[entry.file], self.states[entry.file] = entry, state

    @property
    def fetched(self) -> int:
        """How many files this run fetched."""
        return sum(state == "fetched" for state in self.states.values())

    def _difference(self, before: Entry, entry: Entry) -> str:
        was = f"{before.sha256[:12]} of {before.size:,} bytes on {before.date}"
        return f"sha256 {entry.sha256[:12]} of {entry.size:,} bytes, was {was}"

    def save(self, *, complete: bool = False) -> None:
        """Writes the record in one step; entries of files that the model no longer has go when it is complete."""
        entries = self.now if complete else {**self.before, **self.now}
        if not entries:
            return
        write_record(self.path, self.model, entries.values())


def announce(source: str, licence: str) -> None:
    """Tells the licence of what is about to be fetched. Raises InputError where downloads are forbidden."""
    from tr2m_core.weights.hub import require_network

    require_network(source)
    note(f"{source}: licence: {licence}")


def note(text: str) -> None:
    print(f"tr2m: note: {text}", file=sys.stderr)


def files_report(record: Record) -> dict[str, Any]:
    """What --json prints."""
    files = [{**dataclasses.asdict(entry), "state": record.states[entry.file]} for entry in record.now.values()]
    return {"model": record.model, "record": str(record.path), "fetched": record.fetched, "files": files}


@contextlib.contextmanager
def byte_bar(label: str) -> Iterator[Callable[[int, int], None] | None]:
    """Yields a function of bytes done and bytes in all that moves a bar on stderr, None where there is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn(label), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total or None)
