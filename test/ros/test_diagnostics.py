"""Counts, percentiles, and problems that are logged once in a while and forgotten when they are over."""

from __future__ import annotations

from typing import Any

from builtin_interfaces.msg import Time

from tr2m_ros.diagnostics import (
    ERROR,
    OK,
    REPLACED,
    WARN,
    Problems,
    Statistics,
    diagnostic_array,
    diagnostic_status,
    megabytes,
    process_memory,
)


class Log:
    """Collects what is logged."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def warning(self, text: str) -> None:
        self.lines.append(f"warning: {text}")

    def error(self, text: str) -> None:
        self.lines.append(f"error: {text}")


def test_counts_and_percentiles() -> None:
    statistics = Statistics()
    for i in range(100):
        statistics.count_frame_in()
        statistics.count_published(latency=0.001 * (i + 1), processing=0.01, inference=0.005, cloud=i % 2 == 0)
    statistics.count_dropped(REPLACED)
    statistics.count_bad_message("step", "step of 3 bytes")
    values = statistics.values()
    assert (values["frames in"], values["frames published"], values["clouds published"]) == (100, 100, 50)
    assert (values["frames dropped"], values[f"dropped: {REPLACED}"]) == (1, 1)
    assert (values["bad messages: step"], values["last bad message"]) == (1, "step of 3 bytes")
    assert abs(float(values["stamp to publish p50 (ms)"]) - 50.5) < 0.2
    assert abs(float(values["stamp to publish p95 (ms)"]) - 95) < 0.2


def test_stamps_of_another_clock_give_no_latency() -> None:
    statistics = Statistics()
    statistics.count_published(latency=2e8, processing=0.01, inference=0.005, cloud=False)
    assert statistics.values()["stamp to publish p50 (ms)"] == "n/a"
    assert statistics.values()["arrival to publish p50 (ms)"] == "10.0"


def test_a_problem_is_logged_once_and_again_after_it_was_resolved() -> None:
    log = Log()
    problems = Problems(log)
    for _ in range(3):
        problems.report("a", "first")
    problems.report("b", "second", ERROR)
    assert log.lines == ["warning: first", "error: second"]
    assert problems.current() == [(ERROR, "second"), (WARN, "first")]
    problems.resolve("a")
    assert problems.current() == [(ERROR, "second")]
    problems.report("a", "first")
    assert len(log.lines) == 3


def test_a_problem_that_is_kept_stays_and_is_not_logged_again(monkeypatch: Any) -> None:
    now = 100.0
    monkeypatch.setattr("tr2m_ros.diagnostics.time.monotonic", lambda: now)
    log = Log()
    problems = Problems(log, "[front] ")
    problems.keep("a")
    problems.report("a", "gone", ERROR)
    for _ in range(10):
        now += 3.0
        problems.keep("a")
        assert problems.current() == [(ERROR, "gone")]
    assert log.lines == ["error: [front] gone"]
    now += 6.0
    assert problems.current() == []


def test_rates_are_those_of_the_last_seconds(monkeypatch: Any) -> None:
    now = 100.0
    monkeypatch.setattr("tr2m_ros.diagnostics.time.monotonic", lambda: now)
    statistics = Statistics()
    for second in range(20):
        for _ in range(30 if second < 10 else 12):
            statistics.count_frame_in()
        statistics.count_published(0.1, 0.1, 0.1, cloud=False)
        now += 1.0
        values = statistics.values()
        if second == 9:
            assert (values["input rate (Hz)"], values["output rate (Hz)"]) == ("30.0", "1.0")
    assert values["input rate (Hz)"] == "12.0"


def test_memory() -> None:
    assert process_memory() > 10 * 2**20
    assert megabytes(5 * 2**20) == "5"
    assert megabytes(None) == "n/a"


def test_the_status_has_the_worst_level() -> None:
    def status(problems: list[tuple[bytes, str]]) -> Any:
        status = diagnostic_status("node", "model", problems, {"count": 3})
        return diagnostic_array(Time(sec=1), [status]).status[0]

    assert (status([]).level, status([]).message) == (OK, "ok")
    both = status([(ERROR, "broken"), (WARN, "odd")])
    assert (both.level, both.message) == (ERROR, "broken; odd")
    assert [(pair.key, pair.value) for pair in both.values] == [("count", "3")]
