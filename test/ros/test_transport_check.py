"""What `tr2m doctor --ros` runs, on the real middleware."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rclpy.utilities import get_rmw_implementation_identifier
from ros_tools import FAST_DDS

from tr2m_ros import dds, transport_check
from tr2m_ros.transport_check import KINDS, SAFE_DOMAINS, alone

ROOT = Path(__file__).resolve().parents[2]
COUNT = 8


def run(*arguments: str) -> tuple[int, list[dict[str, Any]], str]:
    """Exit code, the lines of the answer, and stderr."""
    command = [sys.executable, "-m", "tr2m_ros.transport_check", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def test_every_kind_has_a_row_and_whole_images_arrive_with_the_profile() -> None:
    code, (facts, *rows), errors = run("--count", str(COUNT))
    assert code == 0, errors
    assert facts["middleware"] == get_rmw_implementation_identifier()
    assert (facts["rows"], facts["own_settings"]) == (len(rows), [])
    assert facts["export_line"] == dds.export_line()
    kinds = [(kind.width, kind.height, kind.bytes, kind.reliability) for kind in KINDS]
    parts = [[row for row in rows if row["with_profile"] is profiled] for profiled in (False, True)]
    for part in parts[: 1 + FAST_DDS]:
        assert [(row["width"], row["height"], row["bytes"], row["reliability"]) for row in part] == kinds
    for row in rows:
        assert row["sent"] == COUNT
        assert 0 <= row["arrived"] <= COUNT
        if row["reliability"] == "reliable" or row["with_profile"]:
            assert row["arrived"] == COUNT, row
    if FAST_DDS:
        assert sum(row["arrived"] for row in parts[0]) < sum(row["arrived"] for row in parts[1])


@pytest.mark.skipif(not FAST_DDS, reason="the profile is for Fast DDS")
def test_a_profile_in_force_is_not_tried_twice_and_own_settings_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = dds.profile_file()
    assert transport_check.profile() == ("", {dds.profile_variable(): str(file)})
    monkeypatch.setenv(dds.profile_variable(), str(file))
    assert transport_check.profile() == ("", {})
    monkeypatch.setenv(dds.profile_variable(), "/mine.xml")
    assert transport_check.profile() == ("", {dds.profile_variable(): str(file)})
    (tmp_path / dds.OWN_FILES[0]).touch()
    monkeypatch.chdir(tmp_path)
    assert transport_check.own_settings() == [dds.profile_variable(), dds.OWN_FILES[0]]
    monkeypatch.setattr(dds, "lacking_memory", lambda profile: "8 MB free in /dev/shm: enlarge it")
    assert transport_check.profile() == ("8 MB free in /dev/shm: enlarge it", {})


def test_nobody_who_listens_is_one_line() -> None:
    code, rows, errors = run("--send", "/nobody", "--count", "1")
    assert (code, rows) == (2, [])
    assert errors.splitlines()[-1].startswith("transport_check: two processes of this machine do not find each other")
    assert "Traceback" not in errors


@pytest.mark.parametrize("domain", [{}, {"ROS_DOMAIN_ID": ""}, {"ROS_DOMAIN_ID": "7"}])
def test_it_keeps_out_of_the_graph_of_the_robot(domain: dict[str, str]) -> None:
    chosen = {int(alone(domain)["ROS_DOMAIN_ID"]) for _ in range(2000)}
    assert chosen <= set(SAFE_DOMAINS) - {int(domain.get("ROS_DOMAIN_ID") or 0)}
    assert alone(domain)["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "LOCALHOST"
