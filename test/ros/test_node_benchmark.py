"""What `tr2m benchmark` runs of the node, on the real middleware."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tr2m_ros.node_benchmark", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)


def test_two_cameras_are_served() -> None:
    done = run("--cameras", "2", "--rate", "2", "--seconds", "3")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert (result["cameras"], result["sent"]) == (2, 12)
    for kind in ("depth", "cloud"):
        found = result[kind]
        assert 0 < found["received"] <= 12
        assert found["per_second"] == found["received"] / 3
        assert 0 < found["p10_ms"] <= found["p50_ms"] <= found["p90_ms"] <= found["p95_ms"] < 60_000


def test_a_node_that_does_not_start_is_said() -> None:
    done = run("--rate", "2", "--seconds", "1", "--parameter", "engine:=tflite")
    assert done.returncode == 2
    assert "tflite" in done.stderr
