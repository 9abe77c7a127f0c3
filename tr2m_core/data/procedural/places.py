"""Places and the objects that belong in them, for the procedural scene descriptions: places.yaml and objects.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from tr2m_core.data.procedural.tables import load_tables

Domain = Literal["room", "corridor", "street", "table", "tube"]
Shape = Literal["box", "sphere", "cylinder"]


@dataclass(frozen=True)
class ObjectKind:
    """A kind of object: singular noun, rendered shape, plausible colours (None: any) and its other names."""

    name: str
    shape: Shape
    colours: tuple[str, ...] | None = None
    train_names: tuple[str, ...] = ()
    unseen_names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Place:
    """A kind of place.

    ``distance_m`` is the ordinary camera-to-middle distance in metres. ``objects`` are keys of ``kinds()``, those named
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


@cache
def kinds() -> dict[str, ObjectKind]:
    """Every kind of object by its name."""
    return {name: ObjectKind(name, **entry) for name, entry in load_tables("objects.yaml").items()}


@cache
def places() -> dict[str, Place]:
    """Every place by its name, domain after domain."""
    tables = load_tables("places.yaml")
    return {
        name: _place(name, domain, entry, tables)
        for domain, entries in tables["places"].items()
        for name, entry in entries.items()
    }


def _place(name: str, domain: Domain, entry: dict[str, Any], tables: dict[str, Any]) -> Place:
    own = entry.get("objects", ())
    shared = [noun for pool in entry.get("pools", ()) for noun in tables["pools"][pool]]
    return Place(
        name=name,
        domain=domain,
        distance_m=float(entry["distance_m"]),
        weight=float(entry["weight"]),
        preposition=entry["preposition"],
        train_names=(name, *entry["train_names"]),
        unseen_names=entry["unseen_names"],
        objects=tuple(dict.fromkeys((*own, *shared))),
        own=len(own),
        features=tuple(feature for key in entry["features"] for feature in tables["features"][key]),
        telling=entry.get("telling", False),
    )
