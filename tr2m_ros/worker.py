"""One-slot mailboxes, one per camera, and the thread that empties them: the latest frame wins."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Limits(NamedTuple):
    """most: items at once. window: seconds to wait for items of further boxes once one has something."""

    most: int = 1
    window: float = 0.0


class Mailboxes(Generic[T]):
    """Each box holds at most one item; a newer one replaces it. Safe between threads."""

    def __init__(self, names: Sequence[str]) -> None:
        self._condition = threading.Condition()
        self._items: dict[str, T] = {}
        self._order = list(names)  # the box that was emptied longest ago comes first
        self._closed = False

    def put(self, name: str, item: T) -> bool:
        """Leaves the item for the reader. Returns True when that replaced one nobody had taken."""
        with self._condition:
            replaced = name in self._items
            self._items[name] = item
            self._condition.notify()
            return replaced

    def get(self, limits: Limits) -> dict[str, T] | None:
        """Waits for items and takes up to `limits.most` of them, by name; None once the mailboxes are closed.

        Where more wait, those come first whose box was emptied longest ago: no camera starves another.
        """
        with self._condition:
            self._condition.wait_for(lambda: self._closed or self._items)
            if limits.window > 0:
                wanted = min(limits.most, len(self._order))
                self._condition.wait_for(lambda: self._closed or len(self._items) >= wanted, limits.window)
            if self._closed:
                return None
            taken = [name for name in self._order if name in self._items][: limits.most]
            self._order = [name for name in self._order if name not in taken] + taken
            return {name: self._items.pop(name) for name in taken}

    def close(self) -> list[str]:
        """Wakes the reader for the last time. Returns the names of the boxes whose item is lost."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()
            lost, self._items = list(self._items), {}
            return lost


class Worker(Generic[T]):
    """Runs `process` on the latest items in a thread of its own; what `process` raises goes to `on_error`.

    names: of the mailboxes. limits: asked before each batch, so that they may change at any time. prepare: called first
    in the thread.
    """

    def __init__(
        self,
        names: Sequence[str],
        process: Callable[[dict[str, T]], None],
        on_error: Callable[[dict[str, T], Exception], None],
        limits: Callable[[], Limits] = Limits,
        prepare: Callable[[], object] = lambda: None,
    ) -> None:
        self._process = process
        self._on_error = on_error
        self._limits = limits
        self._prepare = prepare
        self._mailboxes: Mailboxes[T] = Mailboxes(names)
        self._busy_since: float | None = None
        self._end_lock = threading.Lock()
        self._ended = False
        self._last_action: Callable[[], None] | None = None
        # A daemon: should a computation hang, the process can still end.
        self._thread = threading.Thread(target=self._run, name="inference", daemon=True)
        self._thread.start()

    def put(self, name: str, item: T) -> bool:
        """Hands an item over. Returns True when an older one of the same name was dropped for it."""
        return self._mailboxes.put(name, item)

    def busy_for(self) -> float:
        """Seconds that the batch in progress has taken so far; 0 while there is none."""
        since = self._busy_since
        return 0.0 if since is None else time.monotonic() - since

    def close(self) -> list[str]:
        """Takes nothing more. Returns the names under which an item was left."""
        return self._mailboxes.close()

    def join(self, timeout: float) -> bool:
        """Waits for the batch in progress. Returns False when that took longer than `timeout` seconds."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def at_end(self, action: Callable[[], None]) -> None:
        """Calls `action` once nothing is computed any more: now, or in the thread when its batch comes back at last."""
        with self._end_lock:
            if not self._ended:
                self._last_action = action
                return
        action()

    def _run(self) -> None:
        self._prepare()
        while (items := self._mailboxes.get(self._limits())) is not None:
            self._busy_since = time.monotonic()
            try:
                self._process(items)
            except Exception as error:  # the thread must outlive whatever one frame does
                self._on_error(items, error)
            self._busy_since = None
        with self._end_lock:
            self._ended = True
        if self._last_action is not None:
            self._last_action()
