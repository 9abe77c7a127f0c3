"""The little English grammar behind the scene descriptions: plurals, articles, enumerations, distances in words."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

_CASUAL_SHARE = 0.05  # of texts without capitals and full stop
NUMBERS: tuple[str, ...] = (
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)  # fmt: skip
_IRREGULAR_PLURALS: dict[str, str] = {
    "person": "people", "man": "men", "woman": "women", "child": "children", "mouse": "mice", "foot": "feet",
        "shelf": "shelves", "knife": "knives",
    "leaf": "leaves", "loaf": "loaves", "scarf": "scarves", "wife": "wives", "policeman": "policemen",
    "tooth": "teeth",
        "fish": "fish", "sheep": "sheep",
    "passer-by": "passers-by", "potato": "potatoes", "tomato": "tomatoes", "steps": "steps", "lights": "lights",
        "crackers": "crackers",
    "crew": "crew", "residue": "residue", "lattice": "lattices",
}  # fmt: skip
_LINKS = (
    r"(?:of|in|on|with|at|under|between|for|from|behind|lined|full|seen|through|along|by|to|beside|into|near|across)"
)
_PLURAL_PLACES = re.compile(  # names whose head is a plural or cannot be counted
    rf"(?:(?!\b{_LINKS}\b).)*\b(?:stairs|steps|stacks|works|roadworks|baths|gardens|lessons|surroundings|people|toilets|shelves|tracks|rows|keys|slabs|"
    rf"seats|pebbles|leaves|flowers|traffic|woods|pumps|grounds|spaces|boxes|gravel|soil|quarters|motorcycles|trees|"
    rf"colonoscopy|gastroscopy|bronchoscopy|lunch|farmland|grassland)(?=$| (?:{_LINKS}|waiting|walking|outdoors)\b)"
)
# Nouns that begin with a vowel sound despite a consonant letter, and the reverse.
_AN = re.compile(r"^(?:[AEIOaeio]|[Uu](?!ni|se|til)|hour|honest|X-ray|MRI|LED|SUV|HVAC)")
_A_EXCEPTIONS = re.compile(r"^(?:one\b|euro|UPS|USB|ewer)")


def plural(noun: str) -> str:
    """Plural of a noun; of the first noun in "box of cereal" or "person on foot"."""
    for link in (" of ", " on ", " at ", " in ", " for ", " walking"):
        head, found, tail = noun.partition(link)
        if found:
            return plural(head) + found + tail
    stem, space, last = noun.rpartition(" ")
    if last in _IRREGULAR_PLURALS:
        last = _IRREGULAR_PLURALS[last]
    elif last.endswith("y") and last[-2:-1] not in "aeiou":
        last = last[:-1] + "ies"
    elif last.endswith(("s", "x", "z", "ch", "sh")):
        last += "es"
    elif last.endswith("man") and last != "human":
        last = last[:-2] + "en"
    else:
        last += "s"
    return stem + space + last


def with_article(phrase: str) -> str:
    """The phrase with "a" or "an", or alone where its noun is a plural."""
    if _PLURAL_PLACES.match(phrase):
        return phrase
    return f"{'an' if _AN.match(phrase) and not _A_EXCEPTIONS.match(phrase) else 'a'} {phrase}"


def join_words(*words: str) -> str:
    return " ".join(word for word in words if word)


def enumerate_phrases(phrases: Sequence[str], rng: random.Random) -> str:
    """ "a, b and c" with or without the second comma."""
    if len(phrases) < 2:
        return "".join(phrases)
    return (
        ", ".join(phrases[:-1])
        + rng.choice((" and ", " and ", ", and ", " and also " if len(phrases) > 3 else " and "))
        + phrases[-1]
    )


def distance_words(metres: float, rng: random.Random) -> str:
    """A distance in words, rounded to about 10 %, e.g. "three metres", "40 cm"."""
    if metres >= 0.95:
        rounded = (
            float(f"{metres:.2g}") if metres >= 10 else round(metres * 2) / 2 if metres >= 2.5 else round(metres, 1)
        )
        unit = rng.choice((" m", " metres", " meters", " metres"))
    elif metres >= 0.02:
        rounded, unit = (
            float(f"{metres * 100:.2g}") if metres >= 0.1 else round(metres * 100, 1),
            rng.choice((" cm", " centimetres", " centimeters")),
        )
    else:
        rounded, unit = round(metres * 1000), rng.choice((" mm", " millimetres", " millimeters"))
    number = f"{rounded:g}"
    if rounded == int(rounded) and rounded <= 12 and len(unit) > 3:
        number = NUMBERS[int(rounded)] if rng.random() < 0.6 else number
        unit = unit[:-1] if rounded == 1 else unit
    return number + unit


def finish(text: str, rng: random.Random) -> str:
    """Tidy the spaces, capitalise each sentence and end it with a full stop; a few texts stay casual."""
    text = re.sub(r"\s+([,.;:])", r"\1", re.sub(r"\s+", " ", text)).strip()
    text = re.sub(r"([.,;:])(?:[.,;:])+", r"\1", text)
    if rng.random() < _CASUAL_SHARE:
        return text.lower().rstrip(".")
    text = re.sub(r"(^|[.] )([a-z])", lambda match: match.group(1) + match.group(2).upper(), text)
    return text if text.endswith(".") or rng.random() < 0.03 else text + "."
