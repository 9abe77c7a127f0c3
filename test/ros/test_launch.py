"""The launch file: its arguments, and the defaults that decide the absolute topic names."""

from __future__ import annotations

import ast
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
ARGUMENTS = {
    "image", "camera_info", "description", "model", "checkpoint", "device", "rviz", "namespace", "params_file",
    "use_sim_time",
}  # fmt: skip


def launch_tree() -> ast.Module:
    return ast.parse((ROOT / "launch" / "depth.launch.py").read_text())


def test_every_argument_has_a_default_and_a_description() -> None:
    tables = [
        node.value
        for node in ast.walk(launch_tree())
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "table"
    ]
    rows = [row.elts for row in tables[0].elts]
    assert {row[0].value for row in rows} == ARGUMENTS
    assert all(len(row) == 3 and row[2].value for row in rows)


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
