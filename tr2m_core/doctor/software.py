"""Python and the packages; which versions are wanted is read from the metadata of this package."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator, Sequence
from importlib import metadata
from typing import TYPE_CHECKING

from tr2m_core import __version__
from tr2m_core.doctor.finding import MISSING, OK, WARNING, Finding
from tr2m_core.doctor.trials import Outcome, attempt

if TYPE_CHECKING:
    from packaging.requirements import Requirement

DISTRIBUTION = "tr2m_ros"
OLDEST_PYTHON, NEWEST_PYTHON = (3, 10), (3, 13)
NEEDED = ("numpy", "torch", "transformers", "safetensors", "huggingface-hub")  # by every model
MODULES = {"opencv-python-headless": "cv2", "pillow": "PIL", "pyyaml": "yaml"}  # named unlike their distributions
OPENCV = ("opencv-python-headless", "opencv-contrib-python-headless", "opencv-python", "opencv-contrib-python")
# Have checks of their own, or are the developers' business.
OTHER_EXTRAS = ("ros", "embedded", "dev")


def python() -> Iterator[Finding]:
    """Interpreter, operating system and the version of this package."""
    found = f"{platform.python_version()} ({sys.executable}), {platform.platform()}"
    if OLDEST_PYTHON <= sys.version_info[:2] <= NEWEST_PYTHON:
        yield Finding("python", OK, found)
    else:
        supported = " to ".join(f"{major}.{minor}" for major, minor in (OLDEST_PYTHON, NEWEST_PYTHON))
        yield Finding("python", WARNING, found, f"use a supported Python, {supported}")
    yield Finding("tr2m", OK, __version__)


def packages(together_with: Sequence[str] = ()) -> Iterator[Finding]:
    """Whether what this package and its extras require is installed, new enough and importable.

    together_with: trials that later checks ask for and that need the same imports, which take seconds.
    """
    if attempt(["packaging"])["packaging"].error:
        for name in ("packaging", *NEEDED):  # without packaging nothing can be said of versions
            if attempt([module := name.replace("-", "_")])[module].error:
                yield Finding(name, MISSING, "not installed", f"pip install {name}")
        return
    wanted = required() or [_requirement(name) for name in NEEDED]
    if not any(requirement.name == "huggingface-hub" for requirement in wanted):
        wanted.append(_hub_requirement())
    extras = [name for name in _extras() if name not in OTHER_EXTRAS]
    first = {_plain(requirement): extra for extra in reversed(extras) for requirement in required(extra)}
    optional = [(extra, requirement) for extra in extras for requirement in required(extra)]
    optional = [(extra, requirement) for extra, requirement in optional if first[_plain(requirement)] == extra]
    modules = [module_name(requirement) for requirement in (*wanted, *(r for _, r in optional))]
    outcomes = attempt([*modules, *together_with])
    for requirement in wanted:
        judge = _opencv if requirement.name in OPENCV else _package
        yield judge(requirement, outcomes[module_name(requirement)], f"pip install '{_plain(requirement)}'")
    for extra, requirement in optional:
        yield _package(requirement, outcomes[module_name(requirement)], f"pip install '{DISTRIBUTION}[{extra}]'")


def required(extra: str = "") -> list[Requirement]:
    """What this package requires, by itself or for an extra; empty where its metadata are not installed."""
    try:
        found = [_requirement(text) for text in metadata.requires(DISTRIBUTION) or []]
    except metadata.PackageNotFoundError:
        return []
    mark = f'extra == "{extra}"' if extra else ""
    return [r for r in found if (mark in str(r.marker) if extra else "extra ==" not in str(r.marker))]


def module_name(requirement: Requirement) -> str:
    return MODULES.get(requirement.name, requirement.name.replace("-", "_"))


def installed_version(distribution: str) -> str:
    """The version of an installed distribution, "" when there is none."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""


def _requirement(text: str) -> Requirement:
    from packaging.requirements import Requirement

    return Requirement(text)


def _plain(requirement: Requirement) -> str:
    return f"{requirement.name}{requirement.specifier}"


def _hub_requirement() -> Requirement:
    """What transformers asks of huggingface_hub."""
    try:
        asked = [_requirement(text) for text in metadata.requires("transformers") or []]
    except metadata.PackageNotFoundError:
        asked = []
    plain = [r for r in asked if r.name == "huggingface-hub" and "extra ==" not in str(r.marker)]
    return plain[0] if plain else _requirement("huggingface-hub")


def _extras() -> list[str]:
    try:
        return metadata.metadata(DISTRIBUTION).get_all("Provides-Extra") or []
    except metadata.PackageNotFoundError:
        return []


def _package(requirement: Requirement, outcome: Outcome, fix: str, version: str = "") -> Finding:
    version = version or installed_version(requirement.name) or outcome.found
    broken = MISSING if requirement.name in NEEDED else WARNING
    if outcome.absent and not installed_version(requirement.name):
        return Finding(requirement.name, broken, "not installed", fix)
    if outcome.error:
        fix = f"pip install --force-reinstall '{_plain(requirement)}'"
        return Finding(requirement.name, broken, f"{version}, cannot be imported ({outcome.error})".lstrip(", "), fix)
    if version and not requirement.specifier.contains(version, prereleases=True):
        return Finding(requirement.name, WARNING, f"{version}; {requirement.specifier} is wanted", fix)
    return Finding(requirement.name, OK, version or "installed, of unknown version")


def _opencv(requirement: Requirement, outcome: Outcome, fix: str) -> Finding:
    """OpenCV comes in several distributions that write the same files, or from the system without metadata."""
    installed = [name for name in OPENCV if installed_version(name)]
    headless = f"pip uninstall {' '.join(installed)}; {fix}"
    finding = _package(requirement, outcome, fix, version=installed_version(installed[0]) if installed else "")
    if "libGL" in outcome.error:
        return Finding(finding.check, finding.state, finding.found, f"{headless}; or sudo apt-get install libgl1")
    if len(installed) > 1 and not outcome.error:
        return Finding(finding.check, WARNING, f"{' and '.join(installed)} overwrite each other's files", headless)
    if finding.state == OK:
        return Finding(finding.check, OK, f"{finding.found} ({', '.join(installed) or 'not from pip'})")
    return finding
