"""Rows of starting: each in a process of its own, as a user waits for it."""

from __future__ import annotations

import subprocess
import sys
import time

from tr2m_core.benchmark.timing import Row, summarize
from tr2m_core.errors import InputError

CASES = {
    "import torch": "import torch",
    "tr2m --help": "from tr2m_core.cli.main import main; main(['--help'])",
    "from tr2m_core import DepthPredictor": "from tr2m_core import DepthPredictor",
    "embedded, up to its first depth": "from tr2m_core import DepthPredictor as P; P.from_pretrained().warm_up()",
}


def start_rows(rounds: int) -> list[Row]:
    """What a process takes from its start to its end, the disk's cache warm. Raises InputError when one fails."""
    seconds: dict[str, list[float]] = {name: [] for name in CASES}
    for number in range(rounds + 1):
        for name, code in CASES.items():
            start = time.perf_counter()
            command = [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}; {code}"]
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
            if done.returncode:
                raise InputError(f"{name}: {(done.stderr.strip().splitlines() or ['failed'])[-1][:300]}")
            if number > 0:  # the first reads from the disk, and may make the graph
                seconds[name].append(time.perf_counter() - start)
    return [Row("start", name, summarize(taken)) for name, taken in seconds.items()]
