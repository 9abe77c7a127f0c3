"""Places and the objects that belong in them, for the procedural scene descriptions.

The text tables of `place_tables` are parsed once on import. Distances are the median depth in metres that a camera
would typically see there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tr2m_core.data.procedural import place_tables as tables

Domain = Literal["room", "corridor", "street", "table", "tube"]
Shape = Literal["box", "sphere", "cylinder"]


@dataclass(frozen=True)
class ObjectKind:
    """A kind of object: singular noun, rendered shape, plausible colours (empty: any) and its other names."""

    name: str
    shape: Shape
    colours: tuple[str, ...]
    train_names: tuple[str, ...]
    unseen_names: tuple[str, ...]


@dataclass(frozen=True)
class Place:
    """A kind of place.

    ``distance_m`` is the ordinary camera-to-middle distance in metres. ``objects`` are keys of ``KINDS``, those named
    for this very place first (``own`` of them). ``telling`` is true where the objects alone identify the size.
    """

    name: str
    domain: Domain
    distance_m: float
    weight: float
    preposition: str
    train_names: tuple[str, ...]
    unseen_names: tuple[str, ...]
    objects: tuple[str, ...]
    own: int
    features: tuple[str, ...]
    telling: bool


_SHAPES: dict[str, Shape] = {"b": "box", "s": "sphere", "c": "cylinder"}


def _split(text: str, separator: str = ",") -> tuple[str, ...]:
    return tuple(part for part in (piece.strip() for piece in text.split(separator)) if part)


def _fields(line: str) -> list[str]:
    return [field.strip() for field in line.split("|")]


def _entries(text: str) -> dict[str, str]:
    """A table of "key: value" lines, of which some go on in indented ones."""
    lines = text.strip().replace("\n  ", " ").splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def _parse_objects(text: str, shapes: dict[str, Shape]) -> tuple[str, ...]:
    """Names listed in ``text``; records each one's shape, and refuses two different shapes for one noun."""
    names = []
    for entry in _split(text):
        name, _, code = entry.rpartition(" ")
        if shapes.setdefault(name, _SHAPES[code]) != _SHAPES[code]:
            raise ValueError(f"two shapes for {name!r}")
        names.append(name)
    return tuple(names)


def _parse_kinds(shapes: dict[str, Shape]) -> dict[str, ObjectKind]:
    palette = {noun: colours for colours, nouns in _entries(tables.COLOURS).items() for noun in _split(nouns)}
    synonyms = _entries(tables.SYNONYMS)
    kinds = {}
    for name, shape in shapes.items():
        train, _, unseen = synonyms.get(name, "/").partition("/")
        kinds[name] = ObjectKind(name, shape, _split(palette.get(name, "")), _split(train), _split(unseen))
    return kinds


def _parse_places(shapes: dict[str, Shape]) -> dict[str, Place]:
    pools = {key: _parse_objects(text, shapes) for key, text in _entries(tables.POOLS).items()}
    features = {key: _split(text, ";") for key, text in _entries(tables.FEATURES).items()}
    domains: tuple[Domain, ...] = ("room", "corridor", "street", "table", "tube")
    places: dict[str, Place] = {}
    for domain in domains:
        for line in tables.PLACES[domain].strip().replace("\n  ", " ").splitlines():
            name, metres, weight, preposition, train, unseen, own, pool_keys, feature_keys, telling = _fields(line)
            own_objects = _parse_objects(own, shapes)
            shared = [noun for key in _split(pool_keys) for noun in pools[key]]
            if name in places:
                raise ValueError(f"place {name!r} is listed twice")
            places[name] = Place(
                name=name,
                domain=domain,
                distance_m=float(metres),
                weight=float(weight),
                preposition=preposition,
                train_names=(name, *_split(train)),
                unseen_names=_split(unseen),
                objects=tuple(dict.fromkeys((*own_objects, *shared))),
                own=len(own_objects),
                features=tuple(feature for key in _split(feature_keys) for feature in features[key]),
                telling=telling == "y",
            )
    return places


_shapes: dict[str, Shape] = {}
PLACES: dict[str, Place] = _parse_places(_shapes)
KINDS: dict[str, ObjectKind] = _parse_kinds(_shapes)
