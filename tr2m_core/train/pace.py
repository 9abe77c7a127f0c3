"""How fast training goes, and how much of its time it waits for data."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Pace:
    """Counts since the last `figures`. images: trained on, in all processes."""

    def __init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        self.images, self._seconds, self._waited = 0, 0.0, 0.0

    @contextmanager
    def step(self) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self._seconds += time.perf_counter() - started

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """For the part of a step in which the next batch has not been loaded yet."""
        started = time.perf_counter()
        yield
        self._waited += time.perf_counter() - started

    def figures(self) -> dict[str, float]:
        """images_per_second, and loading, the share of time that steps waited for data; without validation."""
        seconds = self._seconds or float("inf")
        figures = {"images_per_second": round(self.images / seconds, 3), "loading": round(self._waited / seconds, 4)}
        self._reset()
        return figures
