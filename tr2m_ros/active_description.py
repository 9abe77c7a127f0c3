"""The sentence that is in force for a camera, and what is done to sentences from the graph first."""

from __future__ import annotations

import time

from tr2m_core.description import sentences_of
from tr2m_core.errors import FrameError


def parse_description(text: str, max_length: int) -> str:
    """The sentences of a text, one per line, each as `clean_description` has it.

    Raises FrameError when it is longer than `max_length` characters or says nothing.
    """
    if len(text) > max_length:
        limit = f"at most {max_length} are allowed (max_description_length)"
        raise FrameError(f"description of {len(text)} characters: {limit}", "description too long")
    description = "\n".join(sentences_of(text))
    if not description:
        raise FrameError("description without a word in it: give one sentence about the scene", "description empty")
    return description


class ActiveDescription:
    """The camera's own sentence once one was heard, else the one for all cameras, else the default.

    Written by the executor's thread; `text` may be read by any.
    """

    def __init__(self) -> None:
        self.text = ""
        self._heard: dict[bool, tuple[str, float]] = {}  # by whether it was for all cameras; time.monotonic()
        self._default = ""

    def take(self, description: str, for_all: bool) -> bool:
        """Takes a sentence from the graph. Returns True when another text is in force now."""
        self._heard[for_all] = description, time.monotonic()
        return self._choose()

    def set_default(self, description: str) -> bool:
        """Takes the sentence to fall back on, "" for none. Returns True when another text is in force now."""
        self._default = description
        return self._choose()

    def forget(self) -> None:
        """Back to the default."""
        self._heard.clear()
        self._choose()

    def age(self) -> float | None:
        """Seconds since the text in force was last heard; None while it is the default."""
        heard = self._heard.get(False) or self._heard.get(True)
        return None if heard is None else time.monotonic() - heard[1]

    def _choose(self) -> bool:
        heard = self._heard.get(False) or self._heard.get(True)
        before, self.text = self.text, self._default if heard is None else heard[0]
        return self.text != before
