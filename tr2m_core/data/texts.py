"""Descriptions beside pictures: a text file per picture, a sentence per line."""

from __future__ import annotations

from pathlib import Path

from tr2m_core.description import clean_sentence
from tr2m_core.text_files import read_text, split_lines
from tr2m_core.types import InputError


def read_texts(path: Path) -> list[str]:
    """The sentences of the lines that say something, at least one.

    Raises InputError, naming the file, when there is none to be read.
    """
    text = read_text(path, "text file", "the sentences about a picture, one per line")
    sentences = [sentence for line in split_lines(text) if (sentence := clean_sentence(line))]
    if not sentences:
        raise InputError(f"{path}: empty; give at least one sentence about the picture")
    return sentences
