"""Which sentence goes with which sample: its own, another's, none, or one for all."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt

from tr2m_core.eval.samples import Sample, SampleSet

OWN, SHUFFLED, EMPTY, DESCRIBED = SENTENCES = ("own", "shuffled", "empty", "described")


@dataclass(frozen=True)
class Condition:
    """told: the sentence of a sample by its number, None where the sample has none of the kind. seen: the sentence made
    of its image, in place of that."""

    name: str
    told: Callable[[int], str | None]
    seen: Callable[[npt.NDArray[np.uint8]], str] | None = None

    def sentence(self, number: int, sample: Sample) -> str | None:
        """What a sample is told."""
        return self.told(number) if self.seen is None else self.seen(sample.image)


def conditions_for(
    samples: SampleSet, names: Sequence[str], texts: Sequence[str] = (), seed: int = 0
) -> list[Condition]:
    """The conditions of SENTENCES that are named, then each of `texts` told of every sample.

    Raises InputError when a sentence that has to be shuffled cannot be read.
    """
    return [_condition(samples, name, seed) for name in names] + [fixed(f'"{text}"', text) for text in texts]


def fixed(name: str, description: str) -> Condition:
    """The same sentence whatever the sample."""
    return Condition(name, lambda number: description)


def listed(name: str, sentences: Sequence[str | None]) -> Condition:
    """A sentence, or none, for each sample."""
    return Condition(name, sentences.__getitem__)


def _condition(samples: SampleSet, name: str, seed: int) -> Condition:
    if name == OWN:
        return Condition(OWN, samples.description)
    if name == EMPTY:
        return fixed(EMPTY, "")
    if name == DESCRIBED:
        from tr2m_core.caption.embedded import EmbeddedCaptioner  # torch takes seconds to load

        return Condition(DESCRIBED, lambda number: None, EmbeddedCaptioner().describe)
    return listed(SHUFFLED, shuffle([samples.description(number) for number in range(len(samples))], seed))


def shuffle(sentences: Sequence[str], seed: int) -> list[str | None]:
    """Every place gets the sentence of another place that says something else; None where there are too few of those.

    Equal sentences are put next to each other, and all are moved on by as many places as the commonest one has.
    """
    order = list(range(len(sentences)))
    chance = random.Random(f"sentences/{seed}")
    chance.shuffle(order)
    distinct = sorted(set(sentences))
    chance.shuffle(distinct)
    rank = {description: place for place, description in enumerate(distinct)}
    order.sort(key=lambda number: rank[sentences[number]])
    commonest = max((len(list(group)) for _, group in groupby(order, lambda n: sentences[n])), default=0)
    moved: list[str | None] = [None] * len(sentences)
    for place, number in enumerate(order):
        other = sentences[order[(place + commonest) % len(order)]]
        moved[number] = None if other == sentences[number] else other
    return moved
