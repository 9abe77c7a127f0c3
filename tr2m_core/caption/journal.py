"""What has been described already, so that an interrupted run goes on where it stopped."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import TracebackType
from typing import Any

from tr2m_core.errors import InputError
from tr2m_core.processes import Processes


class Journal:
    """Sentences by the name of what they describe, beside the file that will be written; a line for each, at once.

    Each of several processes writes a file of its own and reads those of all. Entries of other settings do not count.
    Use as a context manager. Raises InputError where nothing can be written.
    """

    def __init__(self, output: Path, settings: dict[str, Any], processes: Processes) -> None:
        self._folder, self._stem = output.parent, f".{output.name}.described-"
        self._settings = json.dumps(settings, sort_keys=True)
        self._known: dict[str, list[str]] = {}
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for path in self._files():
                self._read(path)
            self._file = (self._folder / f"{self._stem}{processes.index}").open("a", encoding="utf-8")
        except OSError as error:
            raise InputError(f"{output}: cannot be written ({error.strerror})") from None
        self._write({"settings": self._settings})

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def __len__(self) -> int:
        return len(self._known)

    def __contains__(self, name: str) -> bool:
        return name in self._known

    def __getitem__(self, name: str) -> list[str]:
        return self._known[name]

    def add(self, name: str, sentences: list[str]) -> None:
        """Keeps the sentences about one thing."""
        self._known[name] = sentences
        self._write({"name": name, "sentences": sentences})

    def remove(self) -> None:
        """Removes the files of all processes, once what they were for is written."""
        for path in self._files():
            path.unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        return sorted(path for path in self._folder.iterdir() if path.name.startswith(self._stem))

    def _write(self, entry: dict[str, Any]) -> None:
        self._file.write(json.dumps(entry) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def _read(self, path: Path) -> None:
        counts = False
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                entry = json.loads(line)
                if "settings" in entry:
                    counts = entry["settings"] == self._settings
                elif counts:
                    self._known[entry["name"]] = [str(sentence) for sentence in entry["sentences"]]
            except (ValueError, KeyError, TypeError):
                continue  # the process was killed while it wrote the line
