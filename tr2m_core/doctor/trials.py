"""What may crash or hang is tried in a process of its own: imports, ROS, cv_bridge."""

from __future__ import annotations

import dataclasses
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tr2m_core.doctor.finding import one_line
from tr2m_core.doctor.torch_facts import device_facts, torch_facts
from tr2m_core.quiet_import import import_quietly

# Trials that are more than an import; DEVICE is followed by the name of one.
NETWORKS, TORCH, DEVICE, RMW, CV_BRIDGE = "networks", "torch facts", "device ", "rmw", "cv_bridge"
TIMEOUT = 120.0  # seconds; a cold disk is slow

_done: dict[str, Outcome] = {}


@dataclass(frozen=True)
class Outcome:
    """What came of one trial."""

    found: Any = ""
    """What the trial yields; for an import, the module's version."""
    error: str = ""
    """Why the trial failed, empty if it did not."""
    absent: bool = False
    """Whether the import failed because there is no such module."""


def attempt(names: Sequence[str], timeout: float = TIMEOUT) -> dict[str, Outcome]:
    """Outcomes of trials by name: one of those above, or a module to import. Each is tried once.

    Those of one call share a process, and with it what they import. A trial that ends its process or takes too long
    has failed; those after it go on in another process.
    """
    waiting = [name for name in names if name not in _done]
    while waiting:
        outcomes, end = _run(waiting, timeout)
        _done.update(zip(waiting, outcomes, strict=False))
        waiting = waiting[len(outcomes) :]
        if waiting:
            _done[waiting.pop(0)] = Outcome(error=end)
    return {name: _done[name] for name in names}


def child_command(module: str) -> list[str]:
    """Runs the `main` of a module of this project, here or installed, without importing from the working directory."""
    root = str(Path(__file__).resolve().parents[2])
    code = (
        f"import sys; sys.path = [p for p in sys.path if p] + [{root!r}]; from {module} import main; sys.exit(main())"
    )
    return [sys.executable, "-c", code]


def _run(names: list[str], timeout: float) -> tuple[list[Outcome], str]:
    """Outcomes of the first trials, and how the process ended."""
    command = [*child_command(__name__), *names]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=timeout, stdin=subprocess.DEVNULL
        )
        lines, code_of_end = done.stdout.splitlines(), done.returncode
        last_words = (done.stderr.strip().splitlines() or [""])[-1][:200]
        end = f"killed by signal {-code_of_end}" if code_of_end < 0 else f"exit code {code_of_end}: {last_words}"
    except subprocess.TimeoutExpired as error:
        output = error.stdout or b""
        lines = (output if isinstance(output, str) else output.decode(errors="replace")).splitlines()
        end = f"not done after {timeout:g} s"
    return [Outcome(**json.loads(line)) for line in lines], end


def main() -> None:
    """The other process: tries what the command line names, and prints one JSON line per trial."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the modules print is no answer
    for name in sys.argv[1:]:
        print(json.dumps(_try(name)), file=answers, flush=True)


def _try(name: str) -> dict[str, Any]:
    try:
        if name.startswith(DEVICE):
            return {"found": dataclasses.asdict(device_facts(name.removeprefix(DEVICE)))}
        trial = _TRIALS.get(name)
        return {"found": trial() if trial else _version(import_quietly(name))}
    except Exception as error:
        absent = isinstance(error, ModuleNotFoundError) and error.name == name
        return {"error": one_line(error), "absent": absent}


def _version(module: Any) -> str:
    return str(getattr(module, "__version__", ""))


def _networks() -> str:
    """Imports what the models are made of."""
    if not importlib.import_module("transformers.utils").is_torch_available():
        raise ImportError("transformers does not use this torch")
    importlib.import_module("tr2m_core.inference.torch_backend")
    return ""


def _rclpy() -> str:
    return str(Path(importlib.import_module("rclpy").__file__ or "").parent)


def _rmw_identifier() -> str:
    """The middleware that rclpy loads, such as rmw_fastrtps_cpp."""
    return str(importlib.import_module("rclpy.utilities").get_rmw_implementation_identifier())


def _cv_bridge_round_trip() -> str:
    """Takes an image through a bgr8 message; cv_bridge's compiled part fails here under another major NumPy."""
    numpy = importlib.import_module("numpy")
    bridge = importlib.import_module("cv_bridge").CvBridge()
    bgr = numpy.arange(2 * 3 * 3, dtype=numpy.uint8).reshape(2, 3, 3)
    rgb = bridge.imgmsg_to_cv2(bridge.cv2_to_imgmsg(bgr, "bgr8"), "rgb8")
    if not numpy.array_equal(rgb, bgr[..., ::-1]):
        raise ValueError("an image came back with other pixels")
    return ""


_TRIALS: dict[str, Callable[[], Any]] = {
    NETWORKS: _networks,
    TORCH: lambda: dataclasses.asdict(torch_facts()),
    "rclpy": _rclpy,
    RMW: _rmw_identifier,
    CV_BRIDGE: _cv_bridge_round_trip,
}
