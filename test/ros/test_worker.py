"""The latest item wins, and the thread outlives what an item does."""

from __future__ import annotations

import threading

from tr2m_ros.worker import Mailbox, Worker

PATIENCE = 30.0  # s


def test_a_newer_item_replaces_the_waiting_one() -> None:
    mailbox: Mailbox[int] = Mailbox()
    assert [mailbox.put(i) for i in range(4)] == [False, True, True, True]
    assert mailbox.get() == 3
    assert mailbox.put(4) is False


def test_closing_wakes_the_reader() -> None:
    mailbox: Mailbox[int] = Mailbox()
    reader = threading.Thread(target=mailbox.get)
    reader.start()
    mailbox.close()
    reader.join(PATIENCE)
    assert not reader.is_alive()


def test_what_arrives_during_work_is_replaced_by_the_latest() -> None:
    started, go_on, done = threading.Event(), threading.Event(), threading.Event()
    seen: list[int] = []

    def process(item: int) -> None:
        seen.append(item)
        started.set()
        assert go_on.wait(PATIENCE)
        if item == 3:
            done.set()

    worker = Worker(process, on_error=lambda error: None)
    worker.put(0)
    assert started.wait(PATIENCE)
    assert [worker.put(i) for i in (1, 2, 3)] == [False, True, True]
    go_on.set()
    assert done.wait(PATIENCE)
    assert worker.stop(PATIENCE)
    assert seen == [0, 3]


def test_an_exception_is_reported_and_the_thread_lives_on() -> None:
    errors: list[Exception] = []
    failed, done = threading.Event(), threading.Event()

    def process(item: str) -> None:
        if item == "bad":
            raise RuntimeError("out of memory")
        done.set()

    def on_error(error: Exception) -> None:
        errors.append(error)
        failed.set()

    worker = Worker(process, on_error)
    worker.put("bad")
    assert failed.wait(PATIENCE)
    worker.put("good")
    assert done.wait(PATIENCE)
    assert worker.stop(PATIENCE)
    assert [str(e) for e in errors] == ["out of memory"]


def test_stop_gives_up_on_an_item_that_does_not_end() -> None:
    started, release = threading.Event(), threading.Event()

    def process(item: int) -> None:
        started.set()
        release.wait(PATIENCE)

    worker = Worker(process, on_error=lambda error: None)
    worker.put(1)
    assert started.wait(PATIENCE)
    assert worker.stop(0.01) is False
    release.set()
    assert worker.stop(PATIENCE)
