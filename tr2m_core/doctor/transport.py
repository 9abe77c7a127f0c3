"""Whether whole images arrive between two programs of this machine; ROS runs in other processes only, see `trials`."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tr2m_core.doctor.finding import OK, WARNING, Finding
from tr2m_core.doctor.ros import receive_buffer
from tr2m_core.doctor.trials import attempt, child_command

CHECK = "ROS transport"
COUNT = 30  # messages of each kind
LIMIT = 100.0  # s; it takes less than 40 where the processes find each other
BEST_EFFORT, RELIABLE = "best_effort", "reliable"
PROFILE = "config/dds/fastdds.xml"


@dataclass(frozen=True)
class Arrivals:
    """How many rgb8 images of a kind were sent, how many arrived as programs are set up here, and how many with the
    profile in the sender, None where that was not tried."""

    size: str
    megabytes: float
    reliability: str
    sent: int
    arrived: int
    with_profile: int | None = None


@dataclass(frozen=True)
class TransportFinding(Finding):
    """rows: none when it could not be checked."""

    rows: tuple[Arrivals, ...] = ()


def transport(on_progress: Callable[[int, int], None]) -> TransportFinding:
    """Sends images from one process to another. on_progress(done, total): called on the way."""
    if error := attempt(["rclpy"])["rclpy"].error:
        return TransportFinding(CHECK, WARNING, f"not checked: rclpy cannot be imported ({error})", "see ROS")
    facts, lines, end = _run(on_progress)
    if end:
        fix = "see ROS middleware and ROS discovery; python -m tr2m_ros.transport_check says more"
        return TransportFinding(CHECK, WARNING, f"not checked: {end}", fix)
    return judge(facts, arrivals(lines))


def _run(on_progress: Callable[[int, int], None]) -> tuple[dict[str, Any], list[dict[str, Any]], str]:
    """The facts, the lines that followed, and why there are not more of them, "" when all came."""
    command = [*child_command("tr2m_ros.transport_check"), "--count", str(COUNT)]
    answers: list[dict[str, Any]] = []
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace"
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        said: list[str] = []
        listening = threading.Thread(target=said.extend, args=(process.stderr,), daemon=True)
        listening.start()
        limit = threading.Timer(LIMIT, process.kill)
        limit.start()
        try:
            for line in process.stdout:
                answers.append(json.loads(line))
                on_progress(len(answers) - 1, answers[0]["rows"])
            code = process.wait()
        finally:
            timed_out = limit.finished.is_set()
            limit.cancel()
            process.kill()
        listening.join()
    if answers and len(answers) > answers[0]["rows"]:
        return answers[0], answers[1:], ""
    end = f"not done after {LIMIT:g} s" if timed_out else f"the process that tries it ended with code {code}"
    return {}, [], next((line.strip()[:200] for line in reversed(said) if line.strip()), end)


def arrivals(lines: Sequence[dict[str, Any]]) -> tuple[Arrivals, ...]:
    """One row per kind of the lines that `tr2m_ros.transport_check` prints."""

    def kind(line: dict[str, Any]) -> tuple[Any, ...]:
        return line["width"], line["height"], line["reliability"]

    profiled = {kind(line): line["arrived"] for line in lines if line["with_profile"]}
    return tuple(
        Arrivals(
            f"{line['width']}x{line['height']}",
            round(line["bytes"] / 1e6, 1),
            line["reliability"],
            line["sent"],
            line["arrived"],
            profiled.get(kind(line)),
        )
        for line in lines
        if not line["with_profile"]
    )


def judge(facts: dict[str, Any], rows: tuple[Arrivals, ...]) -> TransportFinding:
    """What was lost, and the setting that would help. facts: the first line of `tr2m_ros.transport_check`."""
    kinds = (BEST_EFFORT, RELIABLE)
    sent = {kind: sum(row.sent for row in rows if row.reliability == kind) for kind in kinds}
    lost = {kind: sent[kind] - sum(row.arrived for row in rows if row.reliability == kind) for kind in kinds}
    found = f"{facts['middleware']}: {lost[BEST_EFFORT]} of {sent[BEST_EFFORT]} best-effort images lost"
    found += f", {lost[RELIABLE]} of {sent[RELIABLE]} reliable ones"
    helps = [row.with_profile for row in rows if row.with_profile is not None]
    if helps:
        still = sum(row.sent for row in rows) - sum(helps)
        found += f"; {still or 'none'} of either with {PROFILE} in the sender"
    if not any(lost.values()):
        return TransportFinding(CHECK, OK, found, "", rows)
    advice = []
    if facts["lacking_memory"]:
        found += f"; {facts['lacking_memory'].partition(': ')[0]}"
        advice.append(facts["lacking_memory"].rpartition("; ")[2])
    if facts["lacking_memory"] or (helps and sum(helps) > sum(row.arrived for row in rows)):
        instead = "".join(f", in place of {name}" for name in facts["own_settings"])
        advice.append(f"{facts['export_line']} (where the camera's driver, or what else sends, is started{instead})")
    if not advice:
        advice.append("send reliably, or send less: compressed or smaller images, a larger cloud_stride")
    if receive_buffer().state != OK:
        advice.append(f"between machines: {receive_buffer().fix}")
    return TransportFinding(CHECK, WARNING, found, "; ".join(advice), rows)
