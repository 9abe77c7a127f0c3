"""Descriptions as people and captioning models write them, each with the distance it stands for: written.yaml.

The grammar of descriptions.py is uniform where people are not. These were written one by one, without looking at any
data set; every fifth is held out of training. They go with any scene of their domain, as the grammar's do.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from functools import cache

from tr2m_core.data.procedural.places import Domain
from tr2m_core.data.procedural.tables import load_tables

HELD_OUT_EVERY = 5
_CLAUSES = re.compile(r"(?<=[,;])\s+")
_KEPT_CLAUSE, _KEPT_WORD = 0.75, 0.93  # chances under `reworded`


@dataclass(frozen=True)
class WrittenDescription:
    """distance_m: median depth in metres of the image that one would take for it."""

    domain: Domain
    distance_m: float
    text: str


@cache
def written(held_out: bool) -> tuple[WrittenDescription, ...]:
    """Those that training leaves out, or all others."""
    table: dict[Domain, tuple[tuple[float, str], ...]] = load_tables("written.yaml")  # type: ignore[assignment]
    found = [WrittenDescription(domain, *entry) for domain, entries in table.items() for entry in entries]
    return tuple(one for place, one in enumerate(found) if (place % HELD_OUT_EVERY == 0) == held_out)


def reworded(text: str, rng: random.Random) -> str:
    """The text as it is half of the time; else without some of its clauses and words, now and then in small letters.

    The first clause stays: it names what the image is of.
    """
    if rng.random() < 0.5:
        return text
    first, *rest = _CLAUSES.split(text)
    clauses = [first, *(clause for clause in rest if rng.random() < _KEPT_CLAUSE)]
    words = [word for word in " ".join(clauses).split() if rng.random() < _KEPT_WORD]
    shorter = " ".join(words).rstrip(",;") if len(words) > 2 else text
    return shorter.lower() if rng.random() < 0.3 else shorter
