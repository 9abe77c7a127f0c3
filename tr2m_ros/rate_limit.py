"""Lets through as many frames per second as are wanted, evenly."""

from __future__ import annotations


class RateLimit:
    """A camera of 30 frames/s limited to 20 gives 20: what is due late does not push back what comes after it."""

    def __init__(self) -> None:
        self._due = float("-inf")

    def allows(self, now: float, rate: float) -> bool:
        """Whether a frame that arrives `now` (s, of a clock that never goes back) may pass at `rate` Hz; 0: always."""
        if rate <= 0:
            return True
        if now < self._due:
            return False
        period = 1 / rate
        self._due = max(self._due, now - period) + period
        return True
