"""A folder for ROS's logs where there is no home folder that can be written, without which rcl does not start."""

from __future__ import annotations

import os
import tempfile

from tr2m_core.weights import hub

CHOSEN = ("ROS_LOG_DIR", "ROS_HOME")  # by the user


def provide() -> str:
    """Lets logs go to a temporary folder where the usual one cannot be used, and returns a line that says so."""
    usual = hub.expanded("~") / ".ros" / "log"
    problem = hub.unwritable(usual)
    if not problem or any(os.environ.get(name) for name in CHOSEN):
        return ""
    os.environ["ROS_LOG_DIR"] = tempfile.mkdtemp(prefix="ros_log_")
    return f"logs go to {os.environ['ROS_LOG_DIR']}, as {problem}; ROS_LOG_DIR chooses another folder"
