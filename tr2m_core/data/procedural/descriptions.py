"""Random scene facts and English sentences about them, for the procedural training scenes.

Pixels cannot tell how large a scene is; the sentence must. ``sample_facts`` draws a place, its size and objects that
belong there; ``describe`` words them. The wordings "train" and "unseen" share no opening, sentence frame, size word or
place name, so sentences of the second measure how well a listener copes with wording it was never taught.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from tr2m_core.data.procedural import english
from tr2m_core.data.procedural.places import Domain, ObjectKind, Place, Shape, kinds, places
from tr2m_core.data.procedural.wordings import Position, Wording, words_of

__all__ = [
    "COLOURS", "DOMAINS", "SIZES", "Domain", "ObjectFact", "Place", "Position", "SceneFacts", "Shape", "Wording",
    "describe", "describe_as", "names_place", "place_may_go", "places", "sample_facts",
]  # fmt: skip

DOMAINS: tuple[Domain, ...] = ("room", "corridor", "street", "table", "tube")

COLOURS: dict[str, tuple[float, float, float]] = {  # linear RGB, 0..1
    "red": (0.55, 0.03, 0.03), "blue": (0.03, 0.10, 0.50), "green": (0.05, 0.30, 0.06), "yellow": (0.75, 0.55, 0.03),
    "orange": (0.70, 0.22, 0.02), "purple": (0.20, 0.04, 0.35), "pink": (0.75, 0.30, 0.40), "brown": (0.16, 0.07, 0.03),
    "black": (0.02, 0.02, 0.02), "white": (0.80, 0.80, 0.80), "grey": (0.22, 0.22, 0.22), "beige": (0.55, 0.45, 0.30),
    "turquoise": (0.06, 0.50, 0.48), "silver": (0.45, 0.46, 0.48),
}  # fmt: skip
SIZES: dict[str, float] = {"tiny": 0.6, "small": 0.8, "": 1.0, "large": 1.25, "huge": 1.6}  # factor on the distance

_DOMAIN_WEIGHTS: dict[Domain, float] = {"room": 0.3, "corridor": 0.12, "street": 0.22, "table": 0.28, "tube": 0.08}
_SIZE_WEIGHTS: dict[str, float] = {"": 0.62, "tiny": 0.07, "small": 0.12, "large": 0.12, "huge": 0.07}
_KIND_WEIGHTS: dict[str, float] = {
    "both": 0.21,
    "photo": 0.26,
    "place": 0.15,
    "objects": 0.14,
    "list": 0.06,
    "caption": 0.12,
    "terse": 0.06,
}
_MAX_OBJECT_SPREAD = 0.4  # rms of the log distance among the places that the objects could come from
_DISTANCE_HINT_SHARE = 0.05
_EVERYDAY = 1.5  # exponent on the places' weights: above 1, common places are drawn more often still
_ADJECTIVE_SHARE = 0.3


@dataclass(frozen=True)
class ObjectFact:
    """Some equal objects: a singular noun, how many, their shape, colour (key of ``COLOURS``) and position."""

    name: str
    count: int
    shape: Shape
    colour: str | None
    position: Position


@dataclass(frozen=True)
class SceneFacts:
    """What a scene is; ``distance_m`` is its typical median depth in metres."""

    domain: Domain
    place: str
    size: str
    distance_m: float
    objects: tuple[ObjectFact, ...]


_NEEDS_TWO = re.compile(r"\{(?:rest|last|fore|bare_things)\}")  # gaps that a single object leaves empty


def sample_facts(rng: random.Random, domain: Domain | None = None) -> SceneFacts:
    """Draw a place (of ``domain`` if given), its size and up to five kinds of objects that belong there."""
    if domain is None:
        domain = rng.choices(DOMAINS, [_DOMAIN_WEIGHTS[name] for name in DOMAINS])[0]
    candidates = _places_of(domain)
    place = rng.choices(candidates, [candidate.weight**_EVERYDAY for candidate in candidates])[0]
    size = rng.choices(list(_SIZE_WEIGHTS), list(_SIZE_WEIGHTS.values()))[0]
    names = _sample_objects(place, rng.choices((0, 1, 2, 3, 4, 5), (5, 15, 25, 25, 20, 10))[0], rng)
    objects = tuple(_sample_object(kinds()[name], rng) for name in names)
    return SceneFacts(domain, place.name, size, place.distance_m * SIZES[size], objects)


def describe(facts: SceneFacts, rng: random.Random, wording: Wording = "train") -> str:
    """One English description of ``facts``. A size other than the ordinary one is always mentioned."""
    kind = rng.choices(list(_KIND_WEIGHTS), list(_KIND_WEIGHTS.values()))[0]
    return describe_as(kind, facts, rng, wording)


def describe_as(kind: str, facts: SceneFacts, rng: random.Random, wording: Wording) -> str:
    """Like ``describe`` with the kind of sentence given, replaced where the facts do not allow it."""
    place = places()[facts.place]
    without_place = kind in ("objects", "list") and place_may_go(facts)
    if kind == "objects" and not without_place:
        kind = "both"
    if not facts.objects and kind not in ("place", "terse"):
        kind = "place"
    text = _fill_frame(kind, facts, place, without_place, rng, wording)
    if rng.random() < _DISTANCE_HINT_SHARE:
        hint = rng.choice(words_of(wording).distance_hints).format(metres=english.distance_words(facts.distance_m, rng))
        text = f"{text.rstrip('.')}. {hint}"
    return english.finish(text, rng)


def place_may_go(facts: SceneFacts) -> bool:
    """Whether a sentence may leave the place out: its objects tell the size, and that is the ordinary one."""
    return facts.size == "" and places()[facts.place].telling and _objects_tell_size(facts)


def names_place(sentence: str, facts: SceneFacts, wording: Wording = "train") -> bool:
    """Whether one of the place's names stands in the sentence, be it in an object's ("a garage door")."""
    place = places()[facts.place]
    names = "|".join(map(re.escape, place.train_names if wording == "train" else place.unseen_names))
    return re.search(rf"(?<![\w-])(?:{names})(?![\w-])", sentence, re.IGNORECASE) is not None


def _fill_frame(
    kind: str, facts: SceneFacts, place: Place, without_place: bool, rng: random.Random, wording: Wording
) -> str:
    """Choose a frame of ``kind`` and fill its gaps; adds the size where the frame does not carry it."""
    words = words_of(wording)
    frames = words.frames[kind]
    if kind in ("place", "both", "photo") and rng.random() < 0.25:
        frames = words.domain_frames[facts.domain]["place" if kind == "place" else "both"]
    if len(facts.objects) < 2:  # nothing to put in {rest}
        frames = tuple(frame for frame in frames if not _NEEDS_TWO.search(frame)) or frames[:1]
    frame = rng.choice(frames)
    names = place.train_names if wording == "train" else place.unseen_names
    place_name = rng.choice(names)
    size_word = rng.choice(words.size_words[facts.size]) if facts.size else ""
    size_clause = ""
    if size_word and rng.random() < 0.2:
        size_clause = " " + rng.choice(words.size_clauses).format(size=size_word)
        size_word = ""
    adjective = rng.choice(words.adjectives[facts.domain]) if rng.random() < _ADJECTIVE_SHARE else ""
    if set(adjective.split()) & set(place_name.split()):  # "wooden wooden table"
        adjective = ""
    noun_phrase = english.join_words(size_word, adjective, place_name)
    article = rng.choice(words.articles) if rng.random() < 0.25 else ""
    with_article = f"{article} {noun_phrase}" if article else english.with_article(noun_phrase)
    phrases = [_object_phrase(fact, rng, wording, place.domain) for fact in facts.objects]
    plural = [fact.count > 1 for fact in facts.objects]
    things_plural = len(phrases) > 1 or any(plural)
    items = phrases if without_place and rng.random() < 0.4 else [*phrases, with_article]
    if kind == "list":
        rng.shuffle(items)
    feature = (
        rng.choice((" with {}", ", {}", " and {}", "; {}")).format(rng.choice(place.features))
        if rng.random() < 0.6
        else ""
    )
    opening = rng.choice(words.openings)
    starts_plural = plural[:1] == [True] and not frame.startswith("{open} {place}")
    text = frame.format(
        open=opening.format(be="are" if starts_plural else "is"),
        place=with_article,
        the_place=f"the {noun_phrase}",
        at=f"{place.preposition} {with_article}",
        things=english.enumerate_phrases(phrases, rng),
        first=phrases[0] if phrases else "",
        rest=english.enumerate_phrases(phrases[1:], rng),
        fore=english.enumerate_phrases(phrases[:-1], rng),
        last=phrases[-1] if phrases else "",
        them="them" if len(phrases) > 2 or plural[:1] == [True] else "it",
        backdrop=rng.choice(place.features),
        stand=rng.choice(("stand", "sit") if plural[:1] == [True] else ("stands", "sits")),
        lie=rng.choice(("lie", "stand", "sit") if plural[:1] == [True] else ("lies", "stands", "sits")),
        are="are" if (things_plural if "{things} {are}" in frame else plural[:1] == [True]) else "is",
        are_rest="are" if len(phrases) > 2 or plural[1:] == [True] else "is",
        are_items="are" if len(items) > 1 or things_plural else "is",
        items=english.enumerate_phrases(items, rng),
        bare_place=noun_phrase,
        bare_things=", ".join(_bare_object(fact, rng, wording) for fact in facts.objects),
        feature=feature,
        state=rng.choice(words.states),
        light=rng.choice(words.lights),
        view=rng.choice(words.views),
        mood=rng.choice(words.moods),
        direction=rng.choice(words.directions),
    )
    return f"{text.rstrip(' .')}.{size_clause}" if size_clause else text


def _objects_tell_size(facts: SceneFacts) -> bool:
    """Whether somebody who hears only the objects, and knows the catalogue, can tell the distance."""
    names = [fact.name for fact in facts.objects if fact.name in kinds()]
    if not names:
        return False
    common = frozenset.intersection(*(_places_with(name) for name in names))
    candidates = [places()[name] for name in sorted(common)]
    weights = [_likelihoods()[place.name] / len(place.objects) ** len(names) for place in candidates]
    total = sum(weights)
    logs = [math.log(place.distance_m / facts.distance_m) for place in candidates]
    square = sum(weight * log**2 for weight, log in zip(weights, logs, strict=True))
    return total > 0 and math.sqrt(square / total) < _MAX_OBJECT_SPREAD


def _sample_objects(place: Place, count: int, rng: random.Random) -> list[str]:
    """Distinct objects of a place, those named for the place itself coming up more often than the shared ones."""
    chosen: list[str] = []
    while len(chosen) < min(count, len(place.objects)):
        pool = place.objects[: place.own] if place.own and rng.random() < 0.5 else place.objects
        name = rng.choice(pool)
        if name not in chosen:
            chosen.append(name)
        elif len(pool) <= len(chosen):
            count -= 1
    return chosen


def _sample_object(kind: ObjectKind, rng: random.Random) -> ObjectFact:
    count = rng.choices((1, 2, 3, 4, 5, 6), (66, 16, 8, 5, 3, 2))[0]
    colours = tuple(COLOURS) if kind.colours is None else kind.colours
    colour = rng.choice(colours) if colours and rng.random() < 0.6 else None
    position: Position = rng.choice(("left", "centre", "right"))
    return ObjectFact(kind.name, count, kind.shape, colour, position)


def _noun(fact: ObjectFact, rng: random.Random, wording: Wording) -> str:
    """One of the names of an object, plural if there are several."""
    kind = kinds().get(fact.name)
    names: Sequence[str] = ()
    if kind is not None and rng.random() < 0.5:
        names = kind.train_names if wording == "train" else kind.unseen_names or kind.train_names
    noun = rng.choice(names) if names else fact.name
    return noun if fact.count == 1 else english.plural(noun)


def _object_phrase(fact: ObjectFact, rng: random.Random, wording: Wording, domain: Domain) -> str:
    """An object with article or number, colour, and sometimes its position and an adjective."""
    words = words_of(wording)
    noun = _noun(fact, rng, wording)
    colour = rng.choice(words.colour_words[fact.colour]) if fact.colour and rng.random() < 0.5 else ""
    adjective = rng.choice(words.object_adjectives) if rng.random() < 0.15 and domain != "tube" else ""
    phrase = english.join_words(adjective, colour, noun)
    if fact.name in words.vehicles and rng.random() < 0.25:
        phrase = (
            f"{phrase} {rng.choice(words.parked)}" if rng.random() < 0.6 or "parked" in phrase else f"parked {phrase}"
        )
    if fact.count == 1:
        phrase = english.with_article(phrase) if rng.random() < 0.95 else f"the {phrase}"
    else:
        number = english.NUMBERS[fact.count] if rng.random() < 0.6 else str(fact.count)
        if fact.count >= 3 and rng.random() < 0.3:
            number = rng.choice(("several", "some", "a few", "a row of", "many", "various"))
        phrase = f"{number} {phrase}"
    return f"{phrase} {rng.choice(words.positions[fact.position])}" if rng.random() < 0.15 else phrase


def _bare_object(fact: ObjectFact, rng: random.Random, wording: Wording) -> str:
    """An object without article, as in a note."""
    noun = _noun(fact, rng, wording)
    colour = fact.colour if fact.colour and rng.random() < 0.3 else ""
    return english.join_words(english.NUMBERS[fact.count] if fact.count > 1 else "", colour, noun)


@cache
def _places_of(domain: Domain) -> list[Place]:
    return [place for place in places().values() if place.domain == domain]


@cache
def _likelihoods() -> dict[str, float]:
    """Chance of each place, up to a factor."""
    total = {domain: sum(place.weight for place in _places_of(domain)) for domain in DOMAINS}
    return {
        name: _DOMAIN_WEIGHTS[place.domain] * place.weight / total[place.domain] for name, place in places().items()
    }


@cache
def _places_with(name: str) -> frozenset[str]:
    """Names of the telling places of an object."""
    return frozenset(place.name for place in places().values() if place.telling and name in place.objects)
