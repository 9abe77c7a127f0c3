"""Rows of the node on a real graph; ROS runs in other processes only."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from tr2m_core.benchmark.timing import Row, Timing
from tr2m_core.doctor.trials import attempt, child_command
from tr2m_core.errors import InputError

SLOW, FULL = 5.0, 30.0  # frames a second: one that any machine keeps up with, and a camera's
LIMIT = 240.0  # s


def why_no_node() -> str:
    """Why there are no rows of the node; "" when there can be."""
    error = attempt(["rclpy"])["rclpy"].error
    return f"rclpy cannot be imported ({error})" if error else ""


def node_rows(frame_ms: float, seconds: float, cameras: tuple[int, ...]) -> list[Row]:
    """One camera at a slow rate and at 30 frames a second, then several. frame_ms: of the predictor alone.

    Raises InputError when the node does not come up.
    """
    slow = _run(1, SLOW, seconds)
    overhead = slow["depth"]["p50_ms"] - frame_ms
    start = Timing(*[1e3 * slow["start_s"]] * 3)
    rows = [
        Row("start", "node, up to its subscriptions", start),
        _row(f"1 camera at {SLOW:g}/s", slow, f"{overhead:+.1f} ms on top of the predictor alone"),
    ]
    for count in cameras:
        result = _run(count, FULL, seconds)
        rates = ", ".join(f"{result[kind]['per_second']:.1f} {kind}" for kind in ("depth", "cloud"))
        name = f"{count} camera{'s' if count > 1 else ''} at {FULL:g}/s"
        rows.append(_row(name, result, f"received per second: {rates}; {result['sent'] / seconds:.0f} sent"))
    return rows


def _row(name: str, result: dict[str, Any], note: str) -> Row:
    cloud = f"stamp to cloud p50 {result['cloud']['p50_ms']:.0f}, p95 {result['cloud']['p95_ms']:.0f} ms"
    depth = result["depth"]
    return Row("node", name, Timing(depth["p50_ms"], depth["p10_ms"], depth["p90_ms"]), None, f"{note}; {cloud}")


def _run(cameras: int, rate: float, seconds: float) -> dict[str, Any]:
    options = ["--cameras", str(cameras), "--rate", str(rate), "--seconds", str(seconds)]
    try:
        done = subprocess.run(
            [*child_command("tr2m_ros.node_benchmark"), *options],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=LIMIT,
        )
    except subprocess.TimeoutExpired:
        raise InputError(f"node: not done after {LIMIT:g} s; tr2m doctor --ros may know why") from None
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        said = done.stderr.strip().splitlines() or [f"the process ended with code {done.returncode}"]
        raise InputError(f"node: {said[-1][:300]}; tr2m doctor --ros may know why")
    result: dict[str, Any] = json.loads(lines[-1])
    return result
