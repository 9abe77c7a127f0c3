"""Where results go."""

from __future__ import annotations

from pathlib import Path

from tr2m_core.errors import InputError


def make_output(folder: Path) -> Path:
    """Creates the output folder. Raises InputError when that is not possible."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be used as output folder ({error.strerror})") from None
    return folder


def require_utf8(path: Path) -> None:
    """Raises InputError for a name that libraries which take names for text cannot write to."""
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        raise InputError(f"{path}: the name is not in UTF-8; choose another") from None
