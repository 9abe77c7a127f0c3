"""Telling: which sentences a camera's frames are told, from one description to the next."""

from __future__ import annotations

from tr2m_core.description import Mixture, sentences_of


class Telling:
    """One camera's. A description has one sentence per line, which all count the same until one of them is preferred.

    From one description to the next, and to the sentence that is preferred, the weights go over in a straight line
    within a time, so that depth does not jump. The first description, and one after stamps went back, holds at once.
    """

    def __init__(self) -> None:
        self.preferred = ""
        self._description: str | None = None
        self._sentences: list[str] = []
        self._before: Mixture | None = None
        self._target = self._now = Mixture(())
        self._since = self._stamp = 0  # ns

    @property
    def undecided(self) -> list[str]:
        """The different sentences of a description of several, until one is preferred; else none."""
        distinct = list(dict.fromkeys(self._sentences))
        return distinct if len(distinct) > 1 and not self.preferred else []

    def at(self, description: str, stamp: int, seconds: float) -> str | Mixture:
        """What the frame of this stamp (ns) is told; `seconds` is how long a change takes."""
        if description != self._description:
            self._sentences = sentences_of(description)
            first = self._description is None
            self._description, self.preferred = description, ""
            self._turn(Mixture.of(self._sentences), stamp)
            if first:
                self._before = None
        passed = (stamp - self._since) * 1e-9
        if self._before is None or stamp < self._stamp or passed >= seconds:
            self._before, self._now = None, self._target
        else:
            self._now = self._before.towards(self._target, passed / seconds)
        self._stamp = stamp
        return self._now.parts[0][0] if len(self._now.parts) == 1 else self._now

    def prefer(self, sentence: str) -> None:
        """From the next frame on, this sentence of the description alone."""
        self.preferred = sentence
        self._turn(Mixture.of([sentence]), self._stamp)

    def _turn(self, target: Mixture, stamp: int) -> None:
        self._before, self._target, self._since = self._now, target, stamp
