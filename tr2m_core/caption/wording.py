"""What is seen, in the two kinds of sentences that the paper trained with: places with things, and lists of things."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tr2m_core.data.procedural.english import NUMBERS, plural, with_article

SENTENCE, OBJECTS = STYLES = ("sentence", "objects")
MOST_SENTENCES = 20  # of one image
UNKNOWN = "room"  # what a place is called that nothing tells of
UNCOUNTABLE = ("food", "fruit")
MANY = "several"  # more than there are NUMBERS
# With which the wordings of a sentence begin, in turn; {a} is a place with things, {with} things alone.
OPENINGS = (
    "{a}",
    "The image shows {a}",
    "A photo of {a}",
    "We see {a}",
    "A picture of {a}",
    "The camera shows {a}",
    "A view of {a}",
    "This image shows {a}",
    "Here is {a}",
    "The photo shows {a}",
)
LIST_OPENINGS = (
    "An image with {with}",
    "The image shows {with}",
    "A photo with {with}",
    "We see {with}",
    "A picture of {with}",
    "The camera shows {with}",
    "A view of {with}",
    "This image shows {with}",
    "{with}",
    "The photo shows {with}",
)


def sentences(place: str | None, names: Sequence[str], count: int) -> list[str]:
    """`count` wordings of a place, None where it is unknown, with things by their names; the first is the plainest.

    They differ in their openings and in the order of things; from the eleventh on they may be the same.
    """
    if place is None and not names:
        place = UNKNOWN
    openings = LIST_OPENINGS if place is None else OPENINGS
    worded = []
    for number in range(count):
        things = listed([_one(name) for name in _turned(names, number)])
        scene = with_article(place) + (f" with {things}" if things else "") if place is not None else ""
        text = openings[number % len(openings)].format_map({"a": scene, "with": things})
        worded.append(f"{text[0].upper()}{text[1:]}.")
    return worded


def counted(labels: Sequence[str], count: int) -> list[str]:
    """`count` sentences such as "An image with two chairs, a desk and a lamp.", about things by their names.

    A name that comes several times is that many things. The first names what there is most of first, the others name
    all in other orders. Without names: "An image of a room.".
    """
    if not labels:
        return [f"An image of {with_article(UNKNOWN)}."] * count
    phrases = [_several(name, many) for name, many in Counter(labels).most_common()]
    return [f"An image with {listed(_turned(phrases, number))}." for number in range(count)]


def _turned(items: Sequence[str], number: int) -> list[str]:
    """Another order for each number, as far as there are some: turned round, then backwards and turned round."""
    turn, backwards = number % max(1, len(items)), number // max(1, len(items)) % 2
    turned = [*items[turn:], *items[:turn]]
    return turned[::-1] if backwards else turned


def listed(phrases: Sequence[str]) -> str:
    """ "a, b and c"."""
    return " and ".join([", ".join(phrases[:-1]), phrases[-1]]) if len(phrases) > 1 else "".join(phrases)


def _one(name: str) -> str:
    return name if name in UNCOUNTABLE else with_article(name)


def _several(name: str, many: int) -> str:
    if many == 1 or name in UNCOUNTABLE:
        return _one(name)
    return f"{NUMBERS[many] if many < len(NUMBERS) else MANY} {plural(name)}"
