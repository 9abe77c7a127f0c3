"""Reads text files whoever wrote them: their encodings and their ends of lines."""

from __future__ import annotations

import codecs
from pathlib import Path

from tr2m_core.errors import InputError

MAX_BYTES = 64 << 20  # far beyond the sentences of any data set
# UTF-32 first: its little-endian mark begins with that of UTF-16.
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)


def read_text(path: Path, what: str, holds: str) -> str:
    """The text of a file in UTF-8, or in UTF-16 or UTF-32 with a byte order mark.

    what, holds: what the file is and what is in it, for errors. Raises InputError, naming the file and, for a byte of
    another encoding, its line: which of the many encodings of one byte per character it is, no file tells.
    """
    try:
        with path.open("rb") as file:  # may be a pipe, whose size is not known before
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise InputError(f"{path}: no such {what}; it holds {holds}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path}: not a readable {what} ({reason})") from None
    if len(data) > MAX_BYTES:
        raise InputError(f"{path}: not a {what}: more than {MAX_BYTES:,} bytes; it holds {holds}")
    encoding = next((name for mark, name in MARKS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = len(split_lines(data[: error.start].decode(encoding, "ignore") + "|"))
        wrong = f"line {line}: byte 0x{data[error.start]:02x} is not {encoding.removesuffix('-sig').upper()}"
        raise InputError(f"{path}: not a readable {what}: {wrong}; save it as UTF-8") from None
    if "\0" in text:
        line = len(split_lines(text[: text.index("\0") + 1]))
        raise InputError(f"{path}: not a readable {what}: line {line}: a zero byte; save it as UTF-8")
    return text


def split_lines(text: str) -> list[str]:
    """The lines without their ends, which are those of Unix, Windows and old Macs; form feeds and the like end none."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return lines if lines[-1] else lines[:-1]
