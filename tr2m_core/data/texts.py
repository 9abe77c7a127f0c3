"""Descriptions beside pictures: a text file per picture, a sentence per line."""

from __future__ import annotations

from pathlib import Path

from tr2m_core.types import InputError


def read_texts(path: Path) -> list[str]:
    """The lines that are not empty, at least one. Raises InputError, naming the file, when there is none to be read."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{path}: no such text file; it holds the sentences about a picture, one per line") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a readable text file ({error})") from None
    sentences = [line.strip() for line in text.splitlines() if line.strip()]
    if not sentences:
        raise InputError(f"{path}: empty; give at least one sentence about the picture")
    return sentences
