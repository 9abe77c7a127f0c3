"""Which sentence goes with which sample: its own, another's, none, or one for all."""

from __future__ import annotations

import hashlib
import random
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby

import numpy as np
import numpy.typing as npt

from tr2m_core.eval.samples import Sample, SampleSet

WORDING = "wording"  # beginning of the names of conditions that are one wording each
REMEMBERED = 64  # images whose sentences are kept from one condition to the next
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


class Wordings:
    """`count` sentences that a captioner makes of an image; remembered for the images seen last."""

    def __init__(self, captioner: str, device: str, count: int = 1) -> None:
        """captioner: see `Captioner.from_pretrained`, which raises InputError."""
        from tr2m_core.caption.captioner import Captioner  # torch takes seconds to load

        self.count = count
        self._captioner = Captioner.from_pretrained(captioner, device=device)
        self._known: OrderedDict[bytes, list[str]] = OrderedDict()

    def __call__(self, image: npt.NDArray[np.uint8]) -> list[str]:
        """The sentences about an image (H, W, 3)."""
        key = hashlib.blake2b(np.ascontiguousarray(image).data, digest_size=16).digest()
        if key not in self._known:
            (self._known[key],) = self._captioner.describe([image], count=self.count)
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return self._known[key]


def conditions_for(
    samples: SampleSet,
    names: Sequence[str],
    texts: Sequence[str] = (),
    seed: int = 0,
    wordings: Wordings | None = None,
) -> list[Condition]:
    """The conditions of SENTENCES that are named, then each of `texts` told of every sample.

    wordings: for DESCRIBED; where there are several, all are told at once, and then each on its own.

    Raises InputError when a sentence that has to be shuffled cannot be read.
    """
    conditions = []
    for name in names:
        if name == DESCRIBED:
            assert wordings is not None
            conditions += _described(wordings)
        else:
            conditions.append(_condition(samples, name, seed))
    return conditions + [fixed(f'"{text}"', text) for text in texts]


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
    return listed(SHUFFLED, shuffle([samples.description(number) for number in range(len(samples))], seed))


def _described(wordings: Wordings) -> list[Condition]:
    def told(number: int) -> None:
        return None

    def one(image: npt.NDArray[np.uint8], which: int) -> str:
        return wordings(image)[which]

    conditions = [Condition(DESCRIBED, told, lambda image: "\n".join(dict.fromkeys(wordings(image))))]
    if wordings.count > 1:
        conditions += [
            Condition(f"{WORDING} {which + 1}", told, partial(one, which=which)) for which in range(wordings.count)
        ]
    return conditions


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
