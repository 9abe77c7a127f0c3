"""ROS 2 as the node would find it. ROS is imported in other processes only, see `trials`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from tr2m_core.doctor.finding import OK, WARNING, Finding
from tr2m_core.doctor.software import DISTRIBUTION, installed_version, required
from tr2m_core.doctor.trials import CV_BRIDGE, RMW, Outcome, attempt

INSTALLATIONS = Path("/opt/ros")
RECEIVE_BUFFER = Path("/proc/sys/net/core/rmem_max")
LEAST_RECEIVE_BUFFER = 2 << 20  # bytes
DISCOVERY_RANGES = ("SUBNET", "LOCALHOST", "SYSTEM_DEFAULT", "OFF")
LAST_DOMAIN = 232


def installation() -> Iterator[Finding]:
    """The distribution, rclpy, the messages that the node uses, and the middleware."""
    distro = os.environ.get("ROS_DISTRO", "")
    rclpy = attempt(["rclpy"])["rclpy"]
    if rclpy.error:
        yield _no_rclpy(distro, rclpy)
        return
    version = installed_version("rclpy") or installed_version("ros-rclpy")
    yield Finding("ROS", OK, f"{distro or 'ROS_DISTRO not set'}, rclpy {version} ({rclpy.found})")
    modules = [requirement.name.removeprefix("ros-").replace("-", "_") for requirement in required("ros")]
    failed = {name: outcome.error for name, outcome in attempt(modules).items() if outcome.error}
    for name, error in failed.items():
        fix = _install(name, distro) or f"pip install '{DISTRIBUTION}[ros]'"
        yield Finding(name, WARNING, f"cannot be imported ({error}); the node needs it", fix)
    if modules and not failed:
        yield Finding("ROS messages", OK, ", ".join(name for name in modules if name != "rclpy"))
    yield _middleware(attempt([RMW])[RMW])


def network() -> Iterator[Finding]:
    """Which other nodes the node would see, and whether large messages fit the kernel's buffer."""
    if attempt(["rclpy"])["rclpy"].error:
        return
    domain = os.environ.get("ROS_DOMAIN_ID", "")
    if not domain or (domain.isdecimal() and int(domain) <= LAST_DOMAIN):
        yield Finding("ROS_DOMAIN_ID", OK, domain or "not set: domain 0")
    else:
        yield Finding("ROS_DOMAIN_ID", WARNING, f"{domain!r} is no domain", f"set it to 0 to {LAST_DOMAIN}")
    yield _discovery(os.environ.get("ROS_AUTOMATIC_DISCOVERY_RANGE", ""), os.environ.get("ROS_LOCALHOST_ONLY", ""))
    yield receive_buffer()


def cv_bridge() -> Iterator[Finding]:
    """Whether cv_bridge converts an image under this NumPy; the node asks it for unusual encodings only."""
    if attempt(["rclpy"])["rclpy"].error:
        return
    outcome = attempt([CV_BRIDGE])[CV_BRIDGE]
    if not outcome.error:
        yield Finding("cv_bridge", OK, "converts images under this NumPy")
        return
    if outcome.absent:
        found = "not installed"
        fix = _install("cv_bridge", os.environ.get("ROS_DISTRO", "")) or "a ROS 2 installation has it"
    else:
        found = f"does not work ({outcome.error})"
        fix = "build it for this NumPy, or pip install 'numpy<2'"
    yield Finding(
        "cv_bridge", WARNING, f"{found}; 8-bit colour and grey images are read without it", f"for others: {fix}"
    )


def receive_buffer(file: Path = RECEIVE_BUFFER) -> Finding:
    """The most that a socket may hold; a large image comes as many packets, and all go when one does not fit."""
    check = "net.core.rmem_max"
    try:
        size = int(file.read_text())
    except OSError:
        return Finding(check, WARNING, f"{file} cannot be read, as in some containers", "look at it on the host")
    if size >= LEAST_RECEIVE_BUFFER:
        return Finding(check, OK, f"{size:,} bytes")
    found = f"{size:,} bytes; large images and clouds that come over the network get lost"
    return Finding(check, WARNING, found, "sudo sysctl -w net.core.rmem_max=2147483647")


def _no_rclpy(distro: str, rclpy: Outcome) -> Finding:
    nothing_else = "the node does not run, everything else does"
    wanted = os.environ.get("RMW_IMPLEMENTATION", "")
    if wanted and not rclpy.absent:  # rcl ends the process when it cannot load the middleware
        found = f"RMW_IMPLEMENTATION={wanted}, and rclpy cannot be imported ({rclpy.error}): {nothing_else}"
        fix = " or ".join(filter(None, ("unset RMW_IMPLEMENTATION", _install(wanted, distro))))
    elif distro:
        found = f"ROS_DISTRO is {distro}, but {sys.executable} cannot import rclpy ({rclpy.error}): {nothing_else}"
        fix = f"use the Python that {distro} is made for; in a virtual environment, one with --system-site-packages"
    elif rclpy.absent:
        found = f"no rclpy: {nothing_else}"
        setups = sorted(INSTALLATIONS.glob("*/setup.bash"))
        fix = f"source {setups[-1]}" if setups else f"pip install '{DISTRIBUTION}[ros]', or install ROS 2"
    else:
        found = f"rclpy cannot be imported ({rclpy.error}): {nothing_else}"
        fix = f"pip install --force-reinstall '{DISTRIBUTION}[ros]', or source a ROS 2 installation"
    return Finding("ROS", WARNING, found, fix)


def _middleware(rmw: Outcome) -> Finding:
    wanted = os.environ.get("RMW_IMPLEMENTATION", "")
    asked = f"RMW_IMPLEMENTATION={wanted}" if wanted else "RMW_IMPLEMENTATION not set"
    if rmw.error:
        return Finding("ROS middleware", WARNING, f"{asked}; rclpy names none ({rmw.error})")
    return Finding("ROS middleware", OK, f"{rmw.found} ({asked})")


def _discovery(reach: str, localhost_only: str) -> Finding:
    check = "ROS discovery"
    if localhost_only == "1":
        return Finding(check, OK, "ROS_LOCALHOST_ONLY=1: nodes of this machine only")
    if reach == "OFF":
        found = "ROS_AUTOMATIC_DISCOVERY_RANGE=OFF: other nodes are not found"
        return Finding(check, WARNING, found, "unset it, or set it to LOCALHOST")
    if reach and reach not in DISCOVERY_RANGES:
        found = f"ROS_AUTOMATIC_DISCOVERY_RANGE={reach} is none of {', '.join(DISCOVERY_RANGES)}"
        return Finding(check, WARNING, found, "unset it, or set it to LOCALHOST")
    return Finding(check, OK, f"ROS_AUTOMATIC_DISCOVERY_RANGE {f'is {reach}' if reach else 'not set'}")


def _install(name: str, distro: str) -> str:
    """How a package comes to an installation of ROS, "" where there is none."""
    return f"sudo apt-get install ros-{distro}-{name.replace('_', '-')}" if distro else ""
