"""Descriptions of images: a text file per image with a sentence per line, or one with a line per image."""

from __future__ import annotations

from pathlib import Path

from tr2m_core.description import clean_description, read_descriptions
from tr2m_core.errors import InputError
from tr2m_core.text_files import read_text, split_lines


def read_texts(path: Path) -> list[str]:
    """The sentences of the lines that say something, at least one.

    Raises InputError, naming the file, when there is none to be read.
    """
    text = read_text(path, "text file", "the sentences about an image, one per line")
    sentences = [description for line in split_lines(text) if (description := clean_description(line))]
    if not sentences:
        raise InputError(f"{path}: empty; give at least one sentence about the image")
    return sentences


def read_listed(path: Path, images: int) -> list[str]:
    """The sentences of a file with a line per image; blank lines at its end do not count.

    Raises InputError, naming the file and, for one that is no sentence, the line, unless there are `images` of them.
    """
    sentences = read_descriptions(path)
    if len(sentences) != images:
        lines = f"{len(sentences)} lines for {images} images"
        raise InputError(f"{path}: {lines}; line k is about the k-th image, whether that is there or not")
    return sentences
