"""One-slot mailbox and the thread that empties it: the latest frame wins."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """Holds at most one item; a newer one replaces it. Safe between threads."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._item: T | None = None
        self._closed = False

    def put(self, item: T) -> bool:
        """Leaves the item for the reader. Returns True when that replaced one nobody had taken."""
        with self._condition:
            replaced = self._item is not None
            self._item = item
            self._condition.notify()
            return replaced

    def get(self) -> T | None:
        """Waits for an item; None once the mailbox is closed."""
        with self._condition:
            self._condition.wait_for(lambda: self._closed or self._item is not None)
            item, self._item = self._item, None
            return None if self._closed else item

    def close(self) -> None:
        """Wakes the reader for the last time; an item still in the box is lost."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()


class Worker(Generic[T]):
    """Runs `process` on the latest item in a thread of its own; what `process` raises goes to `on_error`."""

    def __init__(self, process: Callable[[T], None], on_error: Callable[[Exception], None]) -> None:
        self._process = process
        self._on_error = on_error
        self._mailbox: Mailbox[T] = Mailbox()
        # A daemon: should a computation hang, the process can still end.
        self._thread = threading.Thread(target=self._run, name="inference", daemon=True)
        self._thread.start()

    def put(self, item: T) -> bool:
        """Hands an item over. Returns True when an older one was dropped for it."""
        return self._mailbox.put(item)

    def stop(self, timeout: float) -> bool:
        """Ends the thread after the item in progress. Returns False when that took longer than `timeout` seconds."""
        self._mailbox.close()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (item := self._mailbox.get()) is not None:
            try:
                self._process(item)
            except Exception as error:  # the thread must outlive whatever one frame does
                self._on_error(error)
