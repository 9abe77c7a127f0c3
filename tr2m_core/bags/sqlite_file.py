"""Reads one .db3 file, in order of time where it is whole and row by row where it is not."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from tr2m_core.bags.storage import Damage, Message, one_line, ros2_type

# What sqlite3 raises for damaged files; the texts of its errors quote their bytes, which may be no text.
BROKEN = (sqlite3.Error, UnicodeDecodeError, MemoryError)
MAGIC = b"SQLite format 3\0"
TABLES = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN ('topics', 'messages')"
TOPICS = "SELECT id, name, type, serialization_format FROM topics ORDER BY id"
OFFERED_QOS = "SELECT name, offered_qos_profiles FROM topics"  # not in bags of Dashing
COUNTS = "SELECT topic_id, count(*) FROM messages GROUP BY topic_id"
BY_TIME = "SELECT topic_id, timestamp, data FROM messages WHERE topic_id IN ({}) ORDER BY timestamp, id"
BY_ID = "SELECT id, topic_id, timestamp, data FROM messages ORDER BY id"
# What the recorder had not yet moved into the file, or not yet undone, when it died.
SIDECARS = ("-wal", "-journal")


class SqliteFile:
    """One open .db3 file. Implements `Storage`. Raises Damage when not even its topics can be read."""

    def __init__(self, path: Path) -> None:
        self._stack = ExitStack()
        self._names: dict[int, str] = {}
        self.types: dict[str, str] = {}
        self.unread: dict[str, str] = {}
        self.offered_qos: dict[str, str] = {}
        try:
            self._database = self._connect(path)
            self.counts = self._open()
        except BROKEN as error:
            self.close()
            raise Damage(one_line(error)) from None
        except BaseException:
            self.close()
            raise

    def messages(self, topics: Collection[str] | None) -> Iterator[Message]:
        """The messages of the topics, or all, in order of recording. Raises Damage where no more can be read."""
        wanted = {key: name for key, name in self._names.items() if topics is None or name in topics}
        try:
            for key, recorded, data in self._rows_by_id() if self.counts is None else self._rows_by_time(list(wanted)):
                if not isinstance(recorded, int) or not isinstance(data, bytes):
                    raise Damage("a row that is no message")
                if key in wanted:
                    yield Message(wanted[key], recorded, data)
        except BROKEN as error:
            raise Damage(one_line(error)) from None

    def close(self) -> None:
        self._stack.close()

    def _connect(self, path: Path) -> sqlite3.Connection:
        """Opens the file without ever writing to it: a copy where sqlite would have to take in what a recorder left, or
        would fill up a page that is cut with zeros.
        """
        sidecars = [side for suffix in SIDECARS if (side := path.with_name(path.name + suffix)).is_file()]
        options = "mode=ro&immutable=1"
        size = path.stat().st_size
        cut = size % _page_size(path)
        if cut or any(side.stat().st_size for side in sidecars):
            folder = Path(self._stack.enter_context(TemporaryDirectory(prefix="tr2m-")))
            for file in (path, *sidecars):
                shutil.copyfile(file, folder / file.name)
            path, options = folder / path.name, "mode=rw"
            os.truncate(path, size - cut)
        return self._stack.enter_context(
            closing(sqlite3.connect(f"file:{quote(str(path.resolve()))}?{options}", uri=True))
        )

    def _open(self) -> Counter[str] | None:
        """Learns the topics and counts their messages; None where the file is damaged."""
        try:
            self._learn_topics()
            counts: Counter[str] = Counter()
            for key, count in self._database.execute(COUNTS):
                if key in self._names:
                    counts[self._names[key]] += count
            return counts
        except BROKEN as error:
            self._damage = one_line(error)
            # Without this, sqlite rejects a file that is shorter than it says as a whole.
            self._database.execute("PRAGMA writable_schema = ON")
            self._learn_topics()
            return None

    def _learn_topics(self) -> None:
        if self._database.execute(TABLES).fetchone() != (2,):  # views could compute without end
            raise Damage("it has no tables of topics and messages")
        self._names, self.types, self.unread = {}, {}, {}
        for key, name, kind, form in self._database.execute(TOPICS):
            if not (isinstance(name, str) and isinstance(kind, str)):
                continue
            if str(form).lower() != "cdr":
                self.unread[name] = f"{kind} in {form or 'no encoding'}"
            elif self.types.setdefault(name, ros2_type(kind)) == ros2_type(kind):
                self._names[key] = name
            else:
                self.unread[name] = f"{kind} beside {self.types[name]}"
        with suppress(*BROKEN):
            rows = self._database.execute(OFFERED_QOS).fetchall()
            self.offered_qos = {name: qos for name, qos in rows if isinstance(name, str) and isinstance(qos, str)}

    def _rows_by_time(self, keys: list[int]) -> Iterator[tuple[int, object, object]]:
        yield from self._database.execute(BY_TIME.format(", ".join("?" * len(keys))), keys)

    def _rows_by_id(self) -> Iterator[tuple[int, object, object]]:
        """All rows as they were written, so that every pass ends at the same one, whatever topics it is for."""
        last = -1
        for place, *row in self._database.execute(BY_ID):
            if not isinstance(place, int) or place <= last:
                raise Damage("its rows are out of order")
            last = place
            yield row[0], row[1], row[2]
        raise Damage(self._damage)


def _page_size(path: Path) -> int:
    """Bytes per page by the file's header. Raises Damage when it has none."""
    with path.open("rb") as file:
        header = file.read(len(MAGIC) + 2)
    if len(header) < len(MAGIC) + 2 or not header.startswith(MAGIC):
        raise Damage("it does not begin as an sqlite3 file")
    size = int.from_bytes(header[-2:], "big")
    return {0: 4096, 1: 65536}.get(size, size)  # 65536 does not fit
