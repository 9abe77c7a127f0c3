"""The latest item of each camera wins, none starves another, and the thread outlives what an item does."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from tr2m_ros.worker import Limits, Mailboxes, Worker

PATIENCE = 30.0  # s
ONE = Limits(1, 0.0)


def ignore(items: dict[str, Any], error: Exception) -> None:
    pass


def test_a_newer_item_replaces_the_waiting_one() -> None:
    mailboxes: Mailboxes[int] = Mailboxes(["a", "b"])
    assert [mailboxes.put("a", i) for i in range(4)] == [False, True, True, True]
    assert mailboxes.put("b", 7) is False
    assert mailboxes.get(Limits(2, 0.0)) == {"a": 3, "b": 7}
    assert mailboxes.put("a", 4) is False


def test_closing_wakes_the_reader_and_tells_what_is_lost() -> None:
    mailboxes: Mailboxes[int] = Mailboxes(["a"])
    results: list[Any] = []
    reader = threading.Thread(target=lambda: results.append(mailboxes.get(ONE)))
    reader.start()
    assert mailboxes.close() == []
    reader.join(PATIENCE)
    assert results == [None]
    other: Mailboxes[int] = Mailboxes(["a", "b"])
    other.put("b", 1)
    assert other.close() == ["b"]


def test_no_box_starves_another() -> None:
    """A camera that is always first in line does not keep the others from being served."""
    names = ["fast", "slow", "slower"]
    mailboxes: Mailboxes[str] = Mailboxes(names)
    served = []
    for _ in range(6):
        for name in names:
            mailboxes.put(name, name)
        served += list(mailboxes.get(ONE) or {})
    assert served == names * 2


def test_a_batch_is_as_large_as_allowed() -> None:
    mailboxes: Mailboxes[int] = Mailboxes(["a", "b", "c"])
    for name in "abc":
        mailboxes.put(name, 0)
    assert list(mailboxes.get(Limits(2, 0.0)) or {}) == ["a", "b"]
    mailboxes.put("a", 1)
    assert list(mailboxes.get(Limits(2, 0.0)) or {}) == ["c", "a"]


def test_the_window_gathers_items_and_ends_when_all_are_there() -> None:
    mailboxes: Mailboxes[int] = Mailboxes(["a", "b"])
    mailboxes.put("a", 1)
    late = threading.Timer(0.05, lambda: mailboxes.put("b", 2))
    late.start()
    begin = time.monotonic()
    assert mailboxes.get(Limits(8, PATIENCE)) == {"a": 1, "b": 2}
    assert time.monotonic() - begin < PATIENCE / 2


def test_the_window_ends_without_the_others() -> None:
    mailboxes: Mailboxes[int] = Mailboxes(["a", "b"])
    mailboxes.put("a", 1)
    assert mailboxes.get(Limits(8, 0.01)) == {"a": 1}


def test_what_arrives_during_work_is_replaced_by_the_latest() -> None:
    started, go_on, done = threading.Event(), threading.Event(), threading.Event()
    seen: list[int] = []

    def process(items: dict[str, int]) -> None:
        seen.extend(items.values())
        started.set()
        assert go_on.wait(PATIENCE)
        if items == {"a": 3}:
            done.set()

    worker = Worker(["a"], process, ignore)
    worker.put("a", 0)
    assert started.wait(PATIENCE)
    assert worker.busy_for() > 0
    assert [worker.put("a", i) for i in (1, 2, 3)] == [False, True, True]
    go_on.set()
    assert done.wait(PATIENCE)
    assert worker.close() == []
    assert worker.join(PATIENCE)
    assert seen == [0, 3]


def test_an_exception_is_reported_with_its_items_and_the_thread_lives_on() -> None:
    errors: list[tuple[dict[str, str], str]] = []
    failed, done = threading.Event(), threading.Event()

    def process(items: dict[str, str]) -> None:
        if items == {"a": "bad"}:
            raise RuntimeError("out of memory")
        done.set()

    def on_error(items: dict[str, str], error: Exception) -> None:
        errors.append((items, str(error)))
        failed.set()

    worker = Worker(["a"], process, on_error)
    worker.put("a", "bad")
    assert failed.wait(PATIENCE)
    worker.put("a", "good")
    assert done.wait(PATIENCE)
    worker.close()
    assert worker.join(PATIENCE)
    assert errors == [({"a": "bad"}, "out of memory")]


@pytest.mark.parametrize("waiting", [[], ["a"]])
def test_joining_gives_up_on_an_item_that_does_not_end(waiting: list[str]) -> None:
    started, release = threading.Event(), threading.Event()

    def process(items: dict[str, int]) -> None:
        started.set()
        release.wait(PATIENCE)

    worker = Worker(["a"], process, ignore)
    worker.put("a", 1)
    assert started.wait(PATIENCE)
    for name in waiting:
        worker.put(name, 2)
    assert worker.close() == waiting
    assert worker.join(0.01) is False
    release.set()
    assert worker.join(PATIENCE)


def test_what_is_left_for_the_end_waits_for_a_batch_that_hangs() -> None:
    started, release, ended = threading.Event(), threading.Event(), threading.Event()
    order: list[str] = []

    def process(items: dict[str, int]) -> None:
        started.set()
        release.wait(PATIENCE)
        order.append("batch")

    def close_model() -> None:
        order.append("closed")
        ended.set()

    worker = Worker(["a"], process, ignore)
    worker.put("a", 1)
    assert started.wait(PATIENCE)
    worker.close()
    assert not worker.join(0.01)
    worker.at_end(close_model)
    assert order == []
    release.set()
    assert ended.wait(PATIENCE)
    assert order == ["batch", "closed"]
    assert worker.join(PATIENCE)
    worker.at_end(lambda: order.append("at once"))
    assert order[-1] == "at once"
