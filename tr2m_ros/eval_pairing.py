"""Pairs predictions with references by header stamp while both arrive, in bounded memory."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Generic, TypeVar

P = TypeVar("P")
R = TypeVar("R")

MAX_WAITING = 300
MAX_BYTES = 128 * 2**20
JUMP = 1_000_000_000  # ns; stamps that go back by more belong to a clock that was set, not to a late message


class StampBuffer(Generic[P]):
    """Items by stamp (ns); the oldest fall out when they are too many or too large together."""

    def __init__(self, max_items: int = MAX_WAITING, max_bytes: int = MAX_BYTES) -> None:
        self._max_items, self._max_bytes = max_items, max_bytes
        self._items: dict[int, tuple[P, int]] = {}  # in order of arrival
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, stamp: object) -> bool:
        return stamp in self._items

    def put(self, stamp: int, item: P, size: int) -> list[tuple[int, P]]:
        """Keeps an item of `size` bytes in place of one with the same stamp. Returns what fell out, but never it."""
        self.pop(stamp)
        self._items[stamp] = item, size
        self._bytes += size
        fallen = []
        while len(self._items) > 1 and (len(self._items) > self._max_items or self._bytes > self._max_bytes):
            oldest = next(iter(self._items))
            fallen.append((oldest, self._items[oldest][0]))
            self.pop(oldest)
        return fallen

    def get(self, stamp: int) -> P | None:
        return self._items[stamp][0] if stamp in self._items else None

    def pop(self, stamp: int) -> P | None:
        """Takes an item out; None when there is none of that stamp."""
        item, size = self._items.pop(stamp, (None, 0))
        self._bytes -= size
        return item

    def stamps(self) -> list[int]:
        """In order of arrival."""
        return list(self._items)

    def values(self) -> list[P]:
        """In order of arrival."""
        return [item for item, _ in self._items.values()]

    def nearest(self, stamp: int, tolerance: int) -> int | None:
        """The stamp nearest to this one, None when all are farther than the tolerance; of two the earlier."""
        if stamp in self._items:
            return stamp
        best = min(self._items, key=lambda other: (abs(other - stamp), other), default=None)
        return best if best is not None and abs(best - stamp) <= tolerance else None


@dataclass(frozen=True)
class Pair(Generic[P, R]):
    """A prediction and what it is measured against, None when nothing came within the tolerance. gap: ns."""

    stamp: int
    prediction: P
    reference: R | None
    gap: int | None


class Pairing(Generic[P, R]):
    """Gives every prediction the reference of the nearest stamp within `tolerance` ns, as a reading of a bag would.

    A reference of the same stamp is taken at once; another one only when references have gone past the prediction,
    so that none is nearer, or back in time. What finds no partner comes out alone when it falls out of the buffer, or
    at the end.
    """

    def __init__(self, tolerance: int, max_items: int = MAX_WAITING, max_bytes: int = MAX_BYTES) -> None:
        self._tolerance = tolerance
        self._predictions: StampBuffer[P] = StampBuffer(max_items, max_bytes)
        self._references: StampBuffer[R] = StampBuffer(max_items, max_bytes)
        self._used: set[int] = set()  # stamps of buffered references that have a partner
        self._newest: float = -math.inf  # stamp of the references
        self.unmatched_references = 0

    @property
    def waiting(self) -> list[P]:
        """Predictions without a partner so far."""
        return self._predictions.values()

    def add_prediction(self, stamp: int, prediction: P, size: int) -> list[Pair[P, R]]:
        """Returns the pairs that are settled by it."""
        fallen = self._predictions.put(stamp, prediction, size)
        return [self._pair(old, item) for old, item in fallen] + self._settle([stamp])

    def add_reference(self, stamp: int, reference: R, size: int) -> list[Pair[P, R]]:
        """Returns the pairs that are settled by it."""
        for old, _ in self._references.put(stamp, reference, size):
            self.unmatched_references += old not in self._used
            self._used.discard(old)
        pairs = []
        if stamp < self._newest - JUMP:  # what goes on now does not go past what waits
            self._newest = math.inf
            pairs = self._settle(self._predictions.stamps())
            self._newest = stamp
        passed, self._newest = self._newest, max(self._newest, stamp)
        within = self._tolerance
        waiting = self._predictions.stamps()
        return pairs + self._settle([s for s in waiting if abs(s - stamp) <= within or passed < s <= self._newest])

    def flush(self) -> list[Pair[P, R]]:
        """Settles all that waits with what has come."""
        waiting = zip(self._predictions.stamps(), self._predictions.values(), strict=True)
        pairs = [self._pair(stamp, item) for stamp, item in waiting]
        self.unmatched_references += len(set(self._references.stamps()) - self._used)
        self._predictions, self._references = StampBuffer(), StampBuffer()
        self._used.clear()
        return pairs

    def _settle(self, stamps: list[int]) -> list[Pair[P, R]]:
        """Takes out those that have a partner, unless a nearer one may still come."""
        pairs = []
        for stamp in stamps:
            partner = self._references.nearest(stamp, self._tolerance)
            if partner is not None and (partner == stamp or self._newest >= stamp):
                prediction = self._predictions.pop(stamp)
                assert prediction is not None
                pairs.append(self._pair(stamp, prediction))
        return pairs

    def _pair(self, stamp: int, prediction: P) -> Pair[P, R]:
        """The prediction with the nearest of the references that have come."""
        partner = self._references.nearest(stamp, self._tolerance)
        if partner is None:
            return Pair(stamp, prediction, None, None)
        self._used.add(partner)
        return Pair(stamp, prediction, self._references.get(partner), abs(partner - stamp))
