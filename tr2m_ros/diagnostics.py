"""What the node counts and what it complains about, as diagnostic_msgs for rqt_robot_monitor and friends."""

from __future__ import annotations

import os
import threading
import time
import traceback
from collections import Counter, deque
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR

# Why a frame was not published.
REPLACED, NO_SUBSCRIBERS, NO_DESCRIPTION = "replaced by a newer frame", "no subscribers", "no description"
TOO_FAST, TOO_OLD, BAD_MESSAGE = "above max_rate", "older than max_latency", "bad message"
FAILED, STOPPED, WITHHELD = "inference failed", "node deactivated", "beyond scale_stop_ratio"
DROP_CAUSES = (REPLACED, NO_SUBSCRIBERS, NO_DESCRIPTION, TOO_FAST, TOO_OLD, BAD_MESSAGE, FAILED, STOPPED, WITHHELD)

_PLAUSIBLE_LATENCY = 60.0  # s; beyond it the stamps come from another clock, as with a replayed bag
_PROBLEM_HELD = 5.0  # s a problem stays in diagnostics after it was last seen
_RECENT_FRAMES = 1000
MOST_CHARACTERS = 500  # of an error's text in diagnostics
_RATE_WINDOW = 5.0  # s


class Statistics:
    """Counts and durations since start. Safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.frames_in = 0
        self.frames_published = 0
        self.clouds_published = 0
        self.lost = 0
        self.dropped: Counter[str] = Counter(dict.fromkeys(DROP_CAUSES, 0))
        self.bad_messages: Counter[str] = Counter()
        self.last_bad_message = ""
        self.last_image_time: float | None = None  # time.monotonic()
        self._latency: deque[float] = deque(maxlen=_RECENT_FRAMES)
        self._processing: deque[float] = deque(maxlen=_RECENT_FRAMES)
        self._inference: deque[float] = deque(maxlen=_RECENT_FRAMES)
        self._history: deque[tuple[float, int, int]] = deque([(time.monotonic(), 0, 0)])

    def count_frame_in(self) -> None:
        with self._lock:
            self.frames_in += 1
            self.last_image_time = time.monotonic()

    def count_lost(self, count: int) -> int:
        """Frames that did not even arrive; returns how many so far."""
        with self._lock:
            self.lost += count
            return self.lost

    def count_dropped(self, cause: str) -> None:
        with self._lock:
            self.dropped[cause] += 1

    def count_bad_message(self, reason: str, text: str) -> None:
        with self._lock:
            self.bad_messages[reason] += 1
            self.last_bad_message = text

    def count_published(self, latency: float, processing: float, inference: float, cloud: bool) -> None:
        """One frame out. Seconds from its stamp and from its arrival to publishing, and within the model."""
        with self._lock:
            self.frames_published += 1
            self.clouds_published += cloud
            if 0 <= latency < _PLAUSIBLE_LATENCY:
                self._latency.append(latency)
            self._processing.append(processing)
            self._inference.append(inference)

    def values(self) -> dict[str, Any]:
        """Everything as key and value, durations in milliseconds."""
        with self._lock:
            values: dict[str, Any] = self._rates()
            values |= {
                "frames lost on the way": self.lost,
                "frames in": self.frames_in,
                "frames published": self.frames_published,
                "clouds published": self.clouds_published,
                "frames dropped": sum(self.dropped.values()),
            }
            values |= {f"dropped: {cause}": count for cause, count in self.dropped.items()}
            values["bad messages"] = sum(self.bad_messages.values())
            values |= {f"bad messages: {reason}": count for reason, count in self.bad_messages.items()}
            values["last bad message"] = self.last_bad_message or "none"
            values |= _percentiles("stamp to publish", self._latency)
            values |= _percentiles("arrival to publish", self._processing)
            values |= _percentiles("inference", self._inference)
            return values

    def _rates(self) -> dict[str, Any]:
        """Frames per second since the call before the last five seconds."""
        now = time.monotonic()
        while len(self._history) > 1 and now - self._history[1][0] >= _RATE_WINDOW:
            self._history.popleft()
        since, frames_in, published = self._history[0]
        self._history.append((now, self.frames_in, self.frames_published))
        seconds = max(now - since, 1e-3)
        counts = {"input": self.frames_in - frames_in, "output": self.frames_published - published}
        return {f"{name} rate (Hz)": f"{count / seconds:.1f}" for name, count in counts.items()}


class Problems:
    """What is wrong at the moment. Logs each problem, but not at every frame. Safe between threads.

    prefix: what log lines begin with.
    """

    def __init__(self, logger: Any, prefix: str = "") -> None:
        self._prefix = prefix
        self._lock = threading.Lock()
        self._logger = logger
        self._seen: dict[str, tuple[float, bytes, str]] = {}
        self._logged: dict[str, float] = {}
        self._tracebacks: set[tuple[object, ...]] = set()

    def report(self, key: str, text: str, level: bytes = WARN, repeat_after: float = 5.0) -> None:
        """Notes the problem `key` and logs `text` unless the same key was logged in the last `repeat_after` seconds."""
        now = time.monotonic()
        with self._lock:
            self._seen[key] = (now, level, text)
            due = key not in self._logged or now - self._logged[key] >= repeat_after
            if due:
                self._logged[key] = now
        if due:
            line = self._prefix + text
            self._logger.warning(line) if level == WARN else self._logger.error(line)

    def report_exception(self, key: str, text: str, error: BaseException, repeat_after: float = 5.0) -> None:
        """As `report`, of an error that nobody expected: its traceback is logged too, in full, the first time."""
        line = " ".join(f"{text}: {type(error).__name__}: {error}".split())[:MOST_CHARACTERS]
        origin = type(error), *(frame[:2] for frame in traceback.extract_tb(error.__traceback__)[-1:])
        with self._lock:
            new = origin not in self._tracebacks
            self._tracebacks.add(origin)
        if new:
            self._logger.error(self._prefix + "".join([f"{text}:\n", *traceback.format_exception(error)]).rstrip())
        self.report(key, line, ERROR, repeat_after)

    def keep(self, key: str) -> None:
        """The problem, once reported, is still there."""
        with self._lock:
            if key in self._seen:
                self._seen[key] = (time.monotonic(), *self._seen[key][1:])

    def resolve(self, key: str) -> None:
        """Forgets the problem, so that it is logged at once should it come back."""
        with self._lock:
            self._seen.pop(key, None)
            self._logged.pop(key, None)

    def current(self) -> list[tuple[bytes, str]]:
        """Level and text of the problems seen in the last seconds, the worst first."""
        oldest = time.monotonic() - _PROBLEM_HELD
        with self._lock:
            recent = [(level, text) for seen, level, text in self._seen.values() if seen >= oldest]
        return sorted(recent, key=lambda problem: problem[0], reverse=True)


def diagnostic_status(
    name: str, hardware_id: str, problems: Iterable[tuple[bytes, str]], values: dict[str, Any]
) -> DiagnosticStatus:
    """The level of the worst problem, all problems as the message, and the values as text."""
    problems = list(problems)
    status = DiagnosticStatus(name=name, hardware_id=hardware_id)
    status.level = max((level for level, _ in problems), default=OK)
    status.message = "; ".join(text for _, text in problems) or "ok"
    status.values = [KeyValue(key=key, value=str(value)) for key, value in values.items()]
    return status


def diagnostic_array(stamp: Time, statuses: Iterable[DiagnosticStatus]) -> DiagnosticArray:
    """The message of these statuses."""
    array = DiagnosticArray(status=list(statuses))
    array.header.stamp = stamp
    return array


def process_memory() -> int:
    """Bytes of memory that the process occupies; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def megabytes(size: int | None) -> str:
    return "n/a" if size is None else f"{size / 2**20:.0f}"


def _percentiles(name: str, seconds: Iterable[float]) -> dict[str, str]:
    samples = np.fromiter(seconds, np.float64)
    if not samples.size:
        return {f"{name} p50 (ms)": "n/a", f"{name} p95 (ms)": "n/a"}
    middle, high = 1e3 * np.percentile(samples, (50, 95))
    return {f"{name} p50 (ms)": f"{middle:.1f}", f"{name} p95 (ms)": f"{high:.1f}"}
