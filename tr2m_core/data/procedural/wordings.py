"""The words and sentence frames of the procedural scene descriptions: wordings.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from tr2m_core.data.procedural.places import Domain
from tr2m_core.data.procedural.tables import load_tables

Wording = Literal["train", "unseen"]
Position = Literal["left", "centre", "right"]
Texts = tuple[str, ...]


@dataclass(frozen=True)
class Words:
    """The tables of one wording; wordings.yaml says what the gaps of the frames hold."""

    openings: Texts
    frames: dict[str, Texts]  # by kind of sentence
    domain_frames: dict[Domain, dict[str, Texts]]  # "place": without objects, "both": with
    size_words: dict[str, Texts]
    size_clauses: Texts
    positions: dict[Position, Texts]
    distance_hints: Texts
    articles: Texts
    # the same in both wordings
    lights: Texts
    views: Texts
    moods: Texts
    directions: Texts
    adjectives: dict[Domain, Texts]
    object_adjectives: Texts
    states: Texts
    parked: Texts
    vehicles: Texts
    colour_words: dict[str, Texts]


@cache
def words_of(wording: Wording) -> Words:
    tables = load_tables("wordings.yaml")
    return Words(**tables[wording], **tables["shared"])
