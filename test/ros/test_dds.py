"""Our processes bring the shared memory for whole images, unless the user has a say in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ros_tools import FAST_DDS

from tr2m_core import InputError
from tr2m_ros import dds

FAST = "rmw_fastrtps_cpp"
MIB = 2**20
PROFILE = dds.profile_file()


def test_the_profile_is_found_and_its_variable_is_one_that_fast_dds_knows() -> None:
    assert PROFILE is not None
    assert dds.provide("auto", {}, FAST) == ({dds.profile_variable(): str(PROFILE)}, "")
    assert dds.export_line() == f"export {dds.profile_variable()}={PROFILE}"


@pytest.mark.parametrize(
    ("choice", "environment", "middleware"),
    [
        ("none", {}, FAST),
        ("auto", {}, "rmw_cyclonedds_cpp"),
        ("auto", {}, "rmw_zenoh_cpp"),
        *(("auto", {name: "/mine"}, FAST) for name in dds.OWN_SETTINGS),
    ],
)
def test_what_the_user_has_set_stays(choice: str, environment: dict[str, str], middleware: str) -> None:
    assert dds.provide(choice, environment, middleware) == ({}, "")


@pytest.mark.parametrize("name", dds.OWN_FILES)
def test_a_profile_in_the_working_directory_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    assert dds.provide("auto", {}, FAST)[0]
    (tmp_path / name).touch()
    assert dds.provide("auto", {}, FAST) == ({}, "")


def test_another_choice_is_rejected() -> None:
    with pytest.raises(InputError, match="dds_profile is 'big'; use one of auto, none"):
        dds.provide("big", {}, FAST)


def test_too_little_memory_is_one_warning_with_the_remedy(tmp_path: Path) -> None:
    profile = tmp_path / "greedy.xml"
    profile.write_text("<profiles xmlns='urn:p'><segment_size>1000000000000000</segment_size></profiles>")
    warning = dds.lacking_memory(profile, tmp_path)
    assert "--shm-size=1g" in warning
    assert str(tmp_path) in warning
    assert "\n" not in warning
    profile.write_text("<profiles xmlns='urn:p'><segment_size>1000</segment_size></profiles>")
    assert not dds.lacking_memory(profile, tmp_path)
    assert not dds.lacking_memory(profile, tmp_path / "no such folder")


@pytest.mark.parametrize(
    ("arguments", "choice"),
    [
        ([], "auto"),
        (["--ros-args", "-p", "dds_profile:=none"], "none"),
        (["--ros-args", "--param", "tr2m_depth:dds_profile:='none'"], "none"),
        (["--ros-args", "-p", "dds_profile:=none", "-p", "model:=embedded", "-p", "dds_profile:=auto"], "auto"),
        (["--ros-args", "--params-file", "FILE"], "none"),
        (["--ros-args", "--params-file", "FILE", "-p", "dds_profile:=auto"], "auto"),
        (["--ros-args", "--params-file", "/no/such/file"], "auto"),
        (["--ros-args", "-r", "dds_profile:=none"], "auto"),
    ],
)
def test_the_choice_is_read_before_the_middleware_starts(tmp_path: Path, arguments: list[str], choice: str) -> None:
    file = tmp_path / "parameters.yaml"
    file.write_text("/robot:\n  tr2m_depth:\n    ros__parameters: {model: embedded, dds_profile: none}\n")
    assert dds.choice_given([str(file) if a == "FILE" else a for a in arguments]) == choice


def largest_segment(process: Any) -> int:
    """Bytes of the largest piece of shared memory of Fast DDS that the process has mapped."""
    sizes = [0]
    for line in Path(f"/proc/{process.popen.pid}/maps").read_text().splitlines():
        if re.search(r"/dev/shm/fast(dds|rtps)_", line):
            begin, end = (int(part, 16) for part in line.split()[0].split("-"))
            sizes.append(end - begin)
    return max(sizes)


@pytest.mark.skipif(not FAST_DDS, reason="the profile is for Fast DDS")
@pytest.mark.parametrize("given", ["nothing", "dds_profile", "own transports"])
def test_a_node_has_the_memory_unless_told_otherwise(
    graph: Any, start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    if given == "own transports":
        monkeypatch.setenv("FASTDDS_BUILTIN_TRANSPORTS", "DEFAULT")
    namespace = f"/memory_{given.split()[0]}"
    options = ["-p", "dds_profile:=none"] if given == "dds_profile" else []
    process = start("tr2m_ros.eval_node", "--ros-args", "-r", f"__ns:={namespace}", *options)
    graph.wait(lambda: graph.node.count_publishers(f"{namespace}/tr2m_eval/metrics"), "the node", process)
    if given == "nothing":
        assert largest_segment(process) >= 32 * MIB
    else:
        assert 0 < largest_segment(process) < MIB
    process.stop()
    assert "XML" not in process.output(), "Fast DDS has nothing to say against the profile"
