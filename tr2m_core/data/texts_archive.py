"""The archive that the paper's authors' splits and captions come in: a .tar.gz of their whole repository."""

from __future__ import annotations

import contextlib
import gzip
import os
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from tr2m_core.data.published_texts import SPLITS, TEXTS
from tr2m_core.errors import InputError
from tr2m_core.text_files import MAX_BYTES

COMMIT = "19c2c72c5faa62e71ab4002e65238e4801d90463"
URL = f"https://codeload.github.com/BeileiCui/TR2M/tar.gz/{COMMIT}"
LICENCE = "none stated by its authors: ask them before you pass it on or use it commercially"
MAX_TOTAL = 2 << 30  # bytes of text; what is known of them is a few megabytes
_DAMAGED = (tarfile.TarError, EOFError, zlib.error, OSError, ValueError)


def check_archive(path: Path, commit: str | None) -> None:
    """Raises InputError unless the archive is whole, has splits or captions, and is of the commit that is given."""
    with _damage_told(), gzip.open(path) as stream:  # whose checksum comes last, behind what tarfile reads
        while stream.read(1 << 20):
            pass
    if not sum(1 for _ in _texts(path)):
        raise InputError(f"no text file below {SPLITS}/ or {TEXTS}/ in it")
    if commit is not None and (found := archive_commit(path)) != commit:
        raise InputError(f"it is of commit {found}, not of {commit}")


def archive_commit(path: Path) -> str | None:
    """The commit that git notes in an archive; None where another program made it. Raises InputError."""
    with _opened(path) as files:
        files.next()
        return files.pax_headers.get("comment")


def extract_texts(archive: Path, folder: Path) -> list[str]:
    """Writes splits and captions below the folder, each file in one step; returns their names there, in order.

    Raises InputError for a damaged archive, OSError when the disk fails.
    """
    names = []
    for name, content in _texts(archive):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f"{target.name}.partial")
        partial.write_bytes(content)
        os.replace(partial, target)
        names.append(name)
    return sorted(names)


def _texts(archive: Path) -> Iterator[tuple[str, bytes]]:
    """Name, without the archive's own folder, and content of every text file that is wanted."""
    total = 0
    with _opened(archive) as files:
        for member in files:
            name = _wanted(member)
            if name is None:
                continue
            total += member.size
            if member.size > MAX_BYTES or total > MAX_TOTAL:
                raise tarfile.TarError(f"{member.name}: {member.size:,} bytes is no text of a data set")
            yield name, _read(files.extractfile(member), member)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    with _damage_told(), tarfile.open(path, "r:gz") as files:
        yield files


@contextlib.contextmanager
def _damage_told() -> Iterator[None]:
    try:
        yield
    except _DAMAGED as error:
        raise InputError(f"not an archive (.tar.gz) that can be read to its end ({error})") from None


def _wanted(member: tarfile.TarInfo) -> str | None:
    """The name below the repository, whose folder GitHub puts around it."""
    whole = PurePosixPath(member.name)
    if not member.isreg() or whole.suffix != ".txt" or ".." in whole.parts:
        return None
    paths = (whole, PurePosixPath(*whole.parts[1:]))
    return next((str(path) for path in paths if any(path.is_relative_to(top) for top in (SPLITS, TEXTS))), None)


def _read(file: IO[bytes] | None, member: tarfile.TarInfo) -> bytes:
    content = file.read() if file else b""
    if len(content) != member.size:
        raise EOFError(f"{member.name}: {len(content):,} of {member.size:,} bytes")
    return content
