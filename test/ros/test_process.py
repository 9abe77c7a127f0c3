"""Programs that the middleware rejects end with a line that says why; signals end others, but break nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PLAYER = "tr2m_ros.bag_player"
KEYS = ("identity_ca.cert.pem", "cert.pem", "key.pem", "permissions_ca.cert.pem", "governance.p7s", "permissions.p7s")


@pytest.fixture
def secured(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("ROS_SECURITY_ENABLE", "true")
    monkeypatch.setenv("ROS_SECURITY_STRATEGY", "Enforce")
    monkeypatch.delenv("ROS_SECURITY_KEYSTORE", raising=False)
    return monkeypatch


def last_line(process: Any) -> str:
    return process.output().splitlines()[-1]


def test_security_without_keys(start: Callable[..., Any], secured: Any) -> None:
    process = start(PLAYER, "/no/such/bag")
    assert process.wait() == 2
    assert last_line(process).startswith("bag_player: failed to initialize rcl")
    assert "ROS_SECURITY_KEYSTORE" in last_line(process)


def test_keys_that_the_middleware_cannot_use(start: Callable[..., Any], secured: Any, tmp_path: Path) -> None:
    enclave = tmp_path / "enclaves" / "tr2m"
    enclave.mkdir(parents=True)
    for name in KEYS:
        (enclave / name).touch()
    secured.setenv("ROS_SECURITY_KEYSTORE", str(tmp_path))
    process = start(PLAYER, "/no/such/bag", "--ros-args", "--enclave", "/tr2m")
    assert process.wait() == 1
    assert last_line(process).startswith("bag_player: error creating node")
    assert "Traceback" not in process.output()


def test_other_errors_of_the_middleware_do_not_blame_security(start: Callable[..., Any]) -> None:
    process = start(PLAYER, "/no/such/bag", "--ros-args", "-p")
    assert process.wait() == 2
    assert last_line(process).startswith("bag_player: ")
    assert "ROS_SECURITY" not in process.output()


SIGNALLED = """
import os, signal, sys
import rclpy
from rclpy.executors import SingleThreadedExecutor
from tr2m_ros.process import interruptible, run_process, spin

def on_timer():
    if {slow}:
        with interruptible():
            signals()
            print("slow work goes on")
    signals()
    print("the callback is whole")

def signals():
    os.kill(os.getpid(), signal.{signal})
    os.kill(os.getpid(), signal.{signal})  # a launch file's Ctrl-C arrives twice

def body():
    node = rclpy.create_node("signalled")
    node.create_timer(0.01, on_timer)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    spin(executor, lambda: True)
    print("spun")
    return 0

sys.exit(run_process("signalled", [], body))
"""


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize(("slow", "lines"), [(False, ["the callback is whole", "spun"]), (True, [])])
def test_a_signal_ends_spinning_between_callbacks_and_slow_work_at_once(
    start: Callable[..., Any], tmp_path: Path, number: str, slow: bool, lines: list[str]
) -> None:
    program = tmp_path / "signalled.py"
    program.write_text(SIGNALLED.format(slow=slow, signal=number))
    process = start(str(program))
    assert process.wait() == 0
    assert process.output().splitlines() == lines


def test_without_a_usable_home_folder_logs_go_elsewhere(
    start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    for name in ("ROS_LOG_DIR", "ROS_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "file"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    process = start(PLAYER, "/no/such/bag")
    assert process.wait() == 2
    warning, error = process.output().splitlines()
    assert f"logs go to {tmp_path}/ros_log_" in warning and "ROS_LOG_DIR" in warning
    assert error == "bag_player: /no/such/bag: no such bag"
    assert any(next(tmp_path.glob("ros_log_*")).iterdir())


def test_a_log_folder_that_cannot_be_used_is_one_line(
    start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("ROS_LOG_DIR", str(tmp_path / "file"))
    process = start(PLAYER, "/no/such/bag")
    assert process.wait() == 2
    assert len(process.output().splitlines()) == 1
    assert "set ROS_LOG_DIR to a folder that can be written" in process.output()
