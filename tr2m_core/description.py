"""The sentence about the scene: what is accepted, and sentences read from a file."""

from __future__ import annotations

from pathlib import Path

from tr2m_core.types import InputError

MAX_CHARACTERS = 2000  # the text encoders read 77 to 256 tokens; far more is a mistake, not a sentence


def check_description(text: str) -> str:
    """The sentence without surrounding white space. Raises InputError when it is empty or over MAX_CHARACTERS."""
    sentence = text.strip()
    if not sentence:
        raise InputError("the scene description is empty; give one sentence, such as 'A small office with two desks.'")
    if len(sentence) > MAX_CHARACTERS:
        raise InputError(f"the scene description has {len(sentence)} characters; at most {MAX_CHARACTERS} are accepted")
    return sentence


def descriptions_for(text: str, count: int) -> list[str]:
    """One sentence per picture: `text` itself repeated, or, when it names a file, that file's lines in order.

    Raises InputError when the file cannot be read, its lines are not as many as the pictures, or a line is no sentence.
    """
    path = Path(text)
    try:
        is_file = path.is_file()
    except (OSError, ValueError):  # a long sentence is no valid file name
        is_file = False
    if not is_file:
        return [check_description(text)] * count
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a readable text file ({error})") from None
    if len(lines) != count:
        raise InputError(f"{path}: {len(lines)} lines for {count} pictures; give one sentence per picture")
    try:
        return [check_description(line) for line in lines]
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
