"""What `tr2m download` notes of files it fetched: source, revision, size, hash, date; one JSON file per model."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from tr2m_core.errors import InputError
from tr2m_core.weights.hub import sha256, weights_folder


@dataclass(frozen=True)
class Entry:
    """A file as the record keeps it."""

    file: str
    source: str
    """Hub id or URL, or that the file was found on this machine."""
    revision: str | None
    """Commit on the Hub."""
    size: int
    """In bytes."""
    sha256: str
    date: str
    """In UTC."""
    path: str


def describe(path: Path, file: str, source: str, revision: str | None = None) -> Entry:
    """The entry of a file as it is now."""
    date = datetime.now(timezone.utc).isoformat(timespec="seconds")
    return Entry(file, source, revision, path.stat().st_size, sha256(path), date, str(path))


def read_record(path: Path) -> list[Entry]:
    """The entries of a record; none where there is no file yet, or none to be seen. Raises InputError when damaged."""
    try:
        return [Entry(**values) for values in json.loads(path.read_text(encoding="utf-8"))["files"]]
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return []
    except (ValueError, TypeError, KeyError):
        raise InputError(f"{path}: damaged record of `tr2m download`; delete it and run again") from None


def write_record(path: Path, model: str, entries: Iterable[Entry]) -> None:
    """Writes a record in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.partial")
    content = {"model": model, "files": [dataclasses.asdict(entry) for entry in entries]}
    temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    os.replace(temporary, path)


def recorded_files() -> dict[str, Entry]:
    """What all records say, by path; files beside them that are no records are passed over."""
    files: dict[str, Entry] = {}
    for path in sorted(weights_folder().glob("*.json")):
        try:
            files |= {entry.path: entry for entry in read_record(path)}
        except (InputError, OSError):
            continue
    return files
