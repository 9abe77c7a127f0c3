"""The launch files: their arguments, the defaults that decide topic names, and a bag played by one of them."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tr2m_ros import demo

ROOT = Path(__file__).resolve().parents[2]
ARGUMENTS = {
    "depth": {
        "image", "camera_info", "image_transport", "cameras", "description", "model", "checkpoint", "device",
        "autostart", "dds_profile", "rviz", "fixed_frame", "namespace", "params_file", "use_sim_time",
        "scale_reference", "reference_depth", "reference_points", "reference_scan", "reference_range",
        "describe", "describe_model", "describe_params_file", "description_blend",
    },
    "replay": {
        "image", "depth", "camera_info", "description", "model", "checkpoint", "device", "rate", "output",
        "assume_aligned", "player", "dds_profile", "namespace", "params_file",
    },
}  # fmt: skip
# What `ros2 launch` does, without its command line.
LAUNCH = """
import sys
from launch import LaunchDescription, LaunchService
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
source = PythonLaunchDescriptionSource(sys.argv[1])
arguments = [tuple(argument.split(":=")) for argument in sys.argv[2:]]
service = LaunchService()
service.include_launch_description(
    LaunchDescription([IncludeLaunchDescription(source, launch_arguments=arguments)])
)
sys.exit(service.run())
"""


def launch_tree(name: str) -> ast.Module:
    return ast.parse((ROOT / "launch" / f"{name}.launch.py").read_text())


@pytest.mark.parametrize("name", sorted(ARGUMENTS))
def test_every_argument_has_a_default_and_a_description(name: str) -> None:
    tables = [
        node.value
        for node in ast.walk(launch_tree(name))
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "table"
    ]
    rows = [row.elts for row in tables[0].elts]
    assert {row[0].value for row in rows} == ARGUMENTS[name]
    assert all(len(row) == 3 and row[2].value for row in rows)


def test_only_the_bag_has_no_default() -> None:
    required = [
        node
        for node in ast.walk(launch_tree("replay"))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == "DeclareLaunchArgument"
        and "default_value" not in {keyword.arg for keyword in node.keywords}
    ]
    assert [node.args[0].value for node in required] == ["bag"]


def test_rviz_shows_the_topics_of_the_default_launch() -> None:
    displays = yaml.safe_load((ROOT / "config" / "rviz" / "depth.rviz").read_text())["Visualization Manager"][
        "Displays"
    ]
    topics = {d["Name"]: d["Topic"]["Value"] for d in displays if "Topic" in d}
    assert topics == {
        "Image": "/camera/image_raw",
        "Metric depth": "/metric_depth",
        "Point cloud": "/metric_depth/points",
    }


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The package as an installation lays it out, for machines with launch on which it is not installed."""
    pytest.importorskip("launch_ros.actions")
    prefix = tmp_path / "install"
    index, programs = prefix / "share/ament_index/resource_index/packages", prefix / "lib/tr2m_ros"
    for folder in (index, programs, prefix / "share/tr2m_ros"):
        folder.mkdir(parents=True)
    (index / "tr2m_ros").touch()
    for name in ("launch", "config"):
        (prefix / "share/tr2m_ros" / name).symlink_to(ROOT / name)
    for name in ("depth_node", "eval_node", "bag_player"):
        program = programs / name
        program.write_text(f"#!{sys.executable}\nimport sys\nfrom tr2m_ros.{name} import main\nsys.exit(main())\n")
        program.chmod(0o755)
    paths = [str(prefix), *filter(None, [os.environ.get("AMENT_PREFIX_PATH")])]
    monkeypatch.setenv("AMENT_PREFIX_PATH", os.pathsep.join(paths))
    return ROOT / "launch" / "replay.launch.py"


def launch(file: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", LAUNCH, str(file), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=180)


def test_a_bag_is_played_measured_and_reported(package: Path, tmp_path: Path) -> None:
    room = demo.render_rooms(4, size=(48, 64))[0]
    room.bag = tmp_path / "room"
    demo.write_bag(room, fps=5.0)
    ended = launch(package, tmp_path, "bag:=room", "rate:=0.2", "player:=bag_player", "device:=cpu", "output:=result")
    said = ended.stdout + ended.stderr
    assert ended.returncode == 0, said
    report = json.loads((tmp_path / "result" / "report.json").read_text())
    assert report["frames"]["measured"] > 0
    assert f"{report['frames']['processed']} of {report['frames']['total']} frames processed" in said
    assert (tmp_path / "result" / "report.html").is_file()
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("bag:=nowhere",), "nowhere: no such bag"),
        (("bag:=room", "image:=/other"), "/other"),
        (("bag:=room", "player:=tape"), "player:=tape"),
    ],
)
def test_what_cannot_be_played_fails_the_launch(
    package: Path, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    room = demo.render_rooms(1, size=(48, 64))[0]
    room.bag = tmp_path / "room"
    demo.write_bag(room, fps=5.0)
    ended = launch(package, tmp_path, *arguments)
    assert ended.returncode == 1
    assert words in ended.stdout + ended.stderr


def test_a_node_that_fails_fails_the_launch(package: Path, tmp_path: Path) -> None:
    room = demo.render_rooms(2, size=(48, 64))[0]
    room.bag = tmp_path / "room"
    demo.write_bag(room, fps=5.0)
    ended = launch(package, tmp_path, "bag:=room", "model:=/no/such/model", "output:=")
    assert ended.returncode == 1
    assert "/no/such/model" in ended.stdout + ended.stderr
    assert "depth_node ended with exit code 2" in ended.stdout + ended.stderr
