"""The files that a run leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tr2m_core.eval.run import Run
from tr2m_core.files.images import write_csv, write_json


def write_run(folder: Path, run: Run, report: dict[str, Any]) -> None:
    """Writes report.json, frames.csv, timing.csv and report.html into an existing folder.

    report: what `run.report()` says.
    """
    from tr2m_core.report.html import write_html  # plotly takes a second to load

    frames = sorted(run.frames, key=lambda f: (f.stamp, f.index, f.variant))
    write_json(folder / "report.json", report)
    write_csv(folder / "frames.csv", [frame.row() for frame in frames])
    write_csv(folder / "timing.csv", [{"index": f.index, "stamp": f.stamp, "seconds": f.seconds} for f in frames])
    write_html(folder / "report.html", run, report)
