"""The shared memory that whole images and clouds need, given to Fast DDS before it starts.

As installed a process shares 512 KiB, in which most best-effort images are lost; config/dds/fastdds.xml asks for more.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import yaml

from tr2m_core import InputError

PARAMETER = "dds_profile"
AUTO, NONE = "auto", "none"
CHOICES = (AUTO, NONE)
KILTED, JAZZY = "FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE"  # and later; and before
# What a user sets who has transports of his own.
OWN_SETTINGS = (KILTED, JAZZY, "FASTDDS_BUILTIN_TRANSPORTS")
OWN_FILES = ("DEFAULT_FASTDDS_PROFILES.xml", "DEFAULT_FASTRTPS_PROFILES.xml")  # in the working directory
SHARED_MEMORY = Path("/dev/shm")
OVERHEAD = 4 << 20  # bytes of queues and of a second, small segment beside the large one


def provide(choice: str, environment: Mapping[str, str], middleware: str) -> tuple[dict[str, str], str]:
    """The variables that put the profile in force, and a warning; both may be empty.

    None are needed where the user has settings of his own, or another middleware (rmw identifier) is in use.
    Raises InputError for another choice than auto and none.
    """
    if choice not in CHOICES:
        raise InputError(f"{PARAMETER} is '{choice}'; use one of {', '.join(CHOICES)}")
    has_own = any(environment.get(name) for name in OWN_SETTINGS) or any(Path(name).exists() for name in OWN_FILES)
    if choice == NONE or has_own or not is_fast_dds(middleware):
        return {}, ""
    profile = profile_file()
    if profile is None:
        return {}, "config/dds/fastdds.xml is not installed beside this package: large images and clouds may be lost"
    if short := lacking_memory(profile):
        return {}, short
    return {profile_variable(): str(profile)}, ""


def is_fast_dds(middleware: str) -> bool:
    """middleware: rmw identifier."""
    return middleware.startswith("rmw_fastrtps")


def put_in_force(choice: str, middleware: str) -> str:
    """Sets the variables of `provide` for this process and those it starts. Returns the warning."""
    variables, warning = provide(choice, os.environ, middleware)
    os.environ.update(variables)
    return warning


def profile_variable() -> str:
    """The environment variable that names a profile, by the distribution whose rclpy this is."""
    try:
        major = int(version("rclpy").partition(".")[0])
    except (PackageNotFoundError, ValueError):
        return KILTED
    return KILTED if major >= 8 else JAZZY


def profile_file() -> Path | None:
    """config/dds/fastdds.xml, in the source tree or where the package is installed."""
    here = Path(__file__).resolve()
    roots = (here.parents[1], *(folder / "share" / "tr2m_ros" for folder in here.parents[4:5]))
    found = (root / "config" / "dds" / "fastdds.xml" for root in roots)
    return next((path for path in found if path.is_file()), None)


def export_line() -> str:
    """What a user types to give another program, such as a camera's driver, the same memory."""
    return f"export {profile_variable()}={profile_file() or '.../config/dds/fastdds.xml'}"


def lacking_memory(profile: Path, folder: Path = SHARED_MEMORY) -> str:
    """A warning when the folder has no room for the segment of the profile; "" where it has, or does not exist."""
    if not folder.is_dir():
        return ""
    text = next((e.text for e in ElementTree.parse(profile).iter() if e.tag.endswith("segment_size")), None)
    needed, free = int(text or 0) + OVERHEAD, shutil.disk_usage(folder).free
    if free >= needed:
        return ""
    sizes = f"{free >> 20} MB free in {folder}, {needed >> 20} MB are needed for whole images and clouds"
    return f"{sizes}: many may be lost; start the container with --shm-size=1g or --ipc=host, or enlarge {folder}"


def choice_given(arguments: Sequence[str]) -> str:
    """The parameter `dds_profile` as ROS arguments set it, the last one counting; auto without.

    A node's own parameters come too late: they are read by a middleware that has started.
    """
    choice = AUTO
    for flag, value in pairwise(arguments):
        if flag in ("-p", "--param"):
            name, _, given = value.partition(":=")
            if name.rpartition(":")[2] == PARAMETER:
                choice = given.strip("'\"")
        elif flag == "--params-file":
            choice = next(_in_file(Path(value)), choice)
    return choice


def _in_file(path: Path) -> Iterator[str]:
    """The parameter in any section of a parameter file; what cannot be read is for rcl to complain of."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return
    yield from _in_sections(content)


def _in_sections(content: Any) -> Iterator[str]:
    for name, section in content.items() if isinstance(content, dict) else ():
        if name == "ros__parameters" and isinstance(section, dict) and PARAMETER in section:
            yield str(section[PARAMETER])
        else:
            yield from _in_sections(section)
