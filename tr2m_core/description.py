"""The sentence about the scene: how it is cleaned, what is accepted, what reads as one, and sentences from a file."""

from __future__ import annotations

import html
import os
import re
import stat
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tr2m_core.errors import InputError
from tr2m_core.text_files import read_text, split_lines

MAX_CHARACTERS = 2000  # the text encoders read 77 to 256 tokens; far more is a mistake, not a sentence
REMEDY = "give a text file that is there, or the sentence itself, in several words"
EMPTY = "the scene description is empty; give one sentence, such as 'A small office with two desks.'"

JOINERS = frozenset("\u200c\u200d")  # invisible, but they spell words and compose emoji
BLANK_GLYPHS = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # letters and signs that show nothing
NOT_PLAIN = re.compile("[&\x1b]")  # what may be more than it seems in ASCII: entities, codes of terminals
# Controls, which ftfy would drop and so join words, and halves of surrogate pairs without the other.
BROKEN = re.compile(
    "[\\x00-\\x08\\x0b\\x0e-\\x1a\\x1c-\\x1f\\x7f]"
    "|[\\ud800-\\udbff](?![\\udc00-\\udfff])|(?<![\\ud800-\\udbff])[\\udc00-\\udfff]"
)
# An ampersand escaped again and again; ftfy resolves one level at a time, slowly.
NESTED = re.compile("&(?:(?:amp|#0*38|#x0*26);)+(?=(?:amp|#0*38|#x0*26);)", re.IGNORECASE)
MOST_PASSES = 8  # two resolve what anybody has escaped; each is slow
LINE_END = re.compile(r"(?<=[.!?。\uff01\uff1f])[^\S\r\n]*[\r\n]+")
# Scripts that put no blanks between words: Thai to Khmer, Kana, Han.
UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff]")

# What a file of sentences, or one that is taken for it, may end in.
SUFFIX = re.compile(
    r"\.(txt|text|md|rst|log|csv|tsv|lst|srt|vtt|jsonl?|ya?ml|xml|html?|docx?|odt|rtf|pdf|"
    r"png|jpe?g|bmp|tiff?|webp|npy|db3|mcap|bag|zip|gz)",
    re.IGNORECASE,
)
ANCHORED = re.compile(r"(~|\.{1,2})?[/\\]|[A-Za-z]:[/\\]")
SEPARATOR = re.compile(r"[/\\]")
FIELD = re.compile(r"\s*(- |---|%YAML|#|[\w./-]+\s*[:=](\s|$))")
SETTING = re.compile(r"[\w./-]+\s*[:=]\s*\S*")


def clean_description(text: str) -> str:
    """The sentence as models and reports take it, "" when it shows nothing; the one rule for all sentences.

    As CLIP's reference does, html.unescape(html.unescape(ftfy.fix_text(text))): entities, full-width forms, ligatures,
    curly quotes, composed accents, text that was decoded wrongly, codes of terminals. Control characters and halves of
    surrogate pairs become blanks, every run of white space one blank, and invisible characters that spell nothing are
    dropped: byte order marks, soft hyphens, marks of direction and the like. All again until nothing changes, so that a
    sentence that is clean stays as it is.
    """
    if not text.isascii() or NOT_PLAIN.search(text):
        return _as_clip_reads(NESTED.sub("&", BROKEN.sub(" ", text)))
    return _legible(text)


@dataclass(frozen=True)
class Mixture:
    """Sentences that are told at once, each with its weight: what counts is the weighted mean of their embeddings."""

    parts: tuple[tuple[str, float], ...]
    """Cleaned sentences, each once; the weights sum to 1."""

    @classmethod
    def of(cls, sentences: Sequence[str]) -> Mixture:
        """All of the same weight; a sentence that comes twice counts twice."""
        weights: dict[str, float] = {}
        for sentence in sentences:
            weights[sentence] = weights.get(sentence, 0.0) + 1 / len(sentences)
        return cls(tuple(weights.items()))

    def towards(self, other: Mixture, share: float) -> Mixture:
        """The share 1 - `share` of this and `share` of the other; 0 is this, 1 the other."""
        weights = {sentence: (1 - share) * weight for sentence, weight in self.parts}
        for sentence, weight in other.parts:
            weights[sentence] = weights.get(sentence, 0.0) + share * weight
        return Mixture(tuple(weights.items()))


def sentences_of(text: str) -> list[str]:
    """The cleaned sentences of a description that has one on each line; those that say nothing are left out.

    A line without full stop goes on in the next: text may be broken into lines anywhere.
    """
    return [sentence for line in LINE_END.split(text) if (sentence := clean_description(line))]


def says_something(text: str) -> bool:
    """Whether anything of a text shows; fast for texts of any length."""
    return bool(_legible(text))


def check_description(text: str) -> str:
    """The cleaned sentence. Raises InputError when it says nothing or is over MAX_CHARACTERS."""
    if (length := len(text.strip())) > MAX_CHARACTERS:
        raise InputError(f"the scene description has {length} characters; at most {MAX_CHARACTERS} are accepted")
    description = clean_description(text)
    if not description:
        raise InputError(EMPTY)
    return description


def check_sentences(text: str) -> str:
    """The cleaned sentences, one per line, see `sentences_of`. Raises InputError as `check_description` does."""
    check_description(text)
    return "\n".join(sentences_of(text))


def why_no_description(text: str) -> str | None:
    """What a text is, in a word or two, that does not read as a sentence in a human language; None for one that does.

    Robots publish much as text: models in XML, states in JSON or YAML, names of modes.
    """
    description = _legible(text)  # as it is: whatever is written with entities, markup is not
    if not description:
        return "nothing"
    if description.startswith("<"):
        return "XML"
    if description[0] in "{[":
        return "JSON"
    if _is_yaml(text):
        return "YAML"
    if len(description) > MAX_CHARACTERS:
        return f"{len(description)} characters"
    letters = sum(map(str.isalpha, description))
    if 2 * letters < len(description.replace(" ", "")):
        return "numbers"
    words = [word for word in description.split() if any(map(str.isalpha, word))]
    if len(words) < 2 and not (UNSPACED.search(description) and letters > 3):
        return "a single word"
    return None


def descriptions_for(text: str, count: int) -> list[str]:
    """One sentence per image: `text` itself repeated, or, when it names a file, that file's lines in order.

    Raises InputError when it looks like a file that is not there, the file cannot be read, its lines are not as many
    as the images, or a line is no sentence. Blank lines at the end do not count.
    """
    path = named_file(text)
    if path is None:
        return [check_description(text)] * count
    sentences = read_descriptions(path)
    if len(sentences) != count:
        raise InputError(f"{path}: {len(sentences)} lines for {count} images; give one sentence per image")
    return sentences


def description_for_all(text: str) -> str:
    """The one sentence for all images: `text` itself, or, when it names a file, that file's only line.

    Raises InputError as `descriptions_for` does.
    """
    path = named_file(text)
    if path is None:
        return check_description(text)
    sentences = read_descriptions(path)
    if len(sentences) != 1:
        raise InputError(f"{path}: {len(sentences)} lines; one sentence for all is needed here")
    return sentences[0]


def read_descriptions(path: Path) -> list[str]:
    """The sentences of a file, one per line. Raises InputError, naming the line, where one is none."""
    lines = split_lines(read_text(path, "text file", "one sentence per line"))
    while lines and not clean_description(lines[-1]):
        lines.pop()
    sentences = []
    for number, line in enumerate(lines, 1):
        try:
            sentences.append(check_description(line))
        except InputError as error:
            raise InputError(f"{path}: line {number}: {error}") from None
    return sentences


def named_file(text: str) -> Path | None:
    """The file that a text names, None for a sentence.

    Raises InputError for a folder, and for what looks like the name of a file that is not there.
    """
    name = text.strip()
    if not name or len(name) > MAX_CHARACTERS:
        return None
    path = Path(os.path.expanduser(name))
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):  # a long sentence is no valid file name
        if _looks_like_path(name):
            shown = name if len(name) <= 100 else f"{name[:100]}..."
            raise InputError(f"'{shown}' looks like a file, and there is none; {REMEDY}") from None
        return None
    if stat.S_ISDIR(mode):
        raise InputError(f"'{name}' is a folder; {REMEDY}")
    return path


def _looks_like_path(text: str) -> bool:
    """Never true for a sentence in words, which may well have a slash or end in the name of a file."""
    has_suffix = SUFFIX.fullmatch(Path(text).suffix) is not None
    words = len(text.split())
    if words > 1:
        return has_suffix and (words == 2 or ANCHORED.match(text) is not None)
    if has_suffix or ANCHORED.match(text):
        return True
    return bool(SEPARATOR.search(text)) and text[-1] not in ".!?" and not UNSPACED.search(text)


def _as_clip_reads(text: str) -> str:
    import ftfy  # takes long

    for _ in range(MOST_PASSES):
        before, text = text, _legible(html.unescape(html.unescape(ftfy.fix_text(text))))
        if text == before:
            break
    return text


def _legible(text: str) -> str:
    """Without what does not show, "" when nothing does."""
    description = " ".join("".join(map(_cleaned, text)).split())
    return description if any(map(_is_seen, description)) else ""


def _cleaned(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Cc", "Cs"):
        return " "
    return "" if category == "Cf" and character not in JOINERS else character


def _is_seen(character: str) -> bool:
    """Letters, numbers, punctuation and signs; marks are seen with a letter only."""
    return unicodedata.category(character)[0] in "LNPS" and character not in BLANK_GLYPHS


def _is_yaml(text: str) -> bool:
    """Most lines are fields or items, beginning with the first; of a single line, a name and one value."""
    lines = [line for line in split_lines(text) if line.strip()]
    if len(lines) == 1:
        return SETTING.fullmatch(lines[0].strip()) is not None
    return FIELD.match(lines[0]) is not None and 2 * sum(1 for line in lines if FIELD.match(line)) > len(lines)
