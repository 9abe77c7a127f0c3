"""tr2m_core must run where there is no ROS: it may import nothing of it, not even where it is installed."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "tr2m_core").rglob("*.py"))
ROS = re.compile(r"^(rclpy|rclcpp|rosbag2_py|rpyutils|cv_bridge|tf2_\w+|\w+_msgs|\w+_srvs|\w+_interfaces|sensor_msgs_py"
                 r"|message_filters|launch|launch_ros|ament_\w+|image_transport\w*|tr2m_ros)$")  # fmt: skip

IMPORT_ALL = """
import importlib, pkgutil, sys
before = set(sys.modules)  # site hooks of installed wheels do not count
import tr2m_core
names = [m.name for m in pkgutil.walk_packages(tr2m_core.__path__, "tr2m_core.") if not m.name.endswith("__main__")]
for name in names:
    importlib.import_module(name)
print(len(names))
print(*sorted({name.partition(".")[0] for name in set(sys.modules) - before}))
"""


def test_importing_everything_loads_nothing_of_ros():
    done = subprocess.run([sys.executable, "-c", IMPORT_ALL], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    count, loaded = done.stdout.strip().splitlines()[-2:]
    assert int(count) > 20
    assert [name for name in loaded.split() if ROS.match(name)] == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_source_mentions_ros_in_an_import(source):
    names = []
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names.append(node.module or "")
    assert [name for name in names if ROS.match(name.partition(".")[0])] == []


def test_the_pattern_knows_ros_packages():
    for name in ("rclpy", "sensor_msgs", "std_srvs", "cv_bridge", "builtin_interfaces", "tr2m_ros"):
        assert ROS.match(name)
    for name in ("rosbags", "torch", "tr2m_core", "msgs"):
        assert not ROS.match(name)


def test_help_needs_no_torch():
    code = "import sys; from tr2m_core.cli.main import build_parser; build_parser().format_help(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert not {"torch", "transformers", "numpy", "matplotlib", "rosbags"} & set(done.stdout.split())
