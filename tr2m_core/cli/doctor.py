"""What works on this machine, what does not, and how to fix it.

"missing": the model cannot run without it; the exit code is 1. "warning": something else works less well or not at all.
Nothing is downloaded or changed. --ros also sends images from one process to another, in a ROS domain of its own on
this machine, and exits with 1 when it cannot.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import json
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from tr2m_core.cli.common import add_encoder_arguments, overrides_given
from tr2m_core.console import format_table, progress_bar, track

if TYPE_CHECKING:
    from tr2m_core.doctor.finding import Finding
    from tr2m_core.doctor.transport import TransportFinding

HELP = "what works on this machine, what does not, and how to fix it"
EXAMPLES = """examples:
  tr2m doctor
  tr2m doctor --model paper
  tr2m doctor --ros                  # do whole images arrive? sends some, half a minute
  tr2m doctor --model paper --checkpoint da_s_vitl_vitl.pth --device cuda
  tr2m doctor --json
"""
COLUMNS = ("check", "state", "found", "fix")
ARRIVALS = ("rgb8 image", "MB", "sent as", "sent", "arrived", "with fastdds.xml")
COLOURS = {"ok": "green", "warning": "yellow", "missing": "bold red"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print the table as JSON")
    parser.add_argument(
        "--ros", action="store_true", help="also send whole images between two processes, and say what would help"
    )
    group = parser.add_argument_group("model")
    group.add_argument(
        "--model", default="embedded", metavar="M", help="the model that is to run, as for infer (default: embedded)"
    )
    group.add_argument("--checkpoint", type=Path, metavar="F", help="rescale head instead of the model's own")
    add_encoder_arguments(group)
    group.add_argument("--device", default="auto", metavar="D", help="auto, cpu, cuda or cuda:N (default: auto)")


def run(args: argparse.Namespace) -> int:
    from tr2m_core.doctor.checks import all_checks
    from tr2m_core.doctor.finding import MISSING, examine

    findings: list[Finding] = []
    selected = all_checks(args.model, overrides_given(args), args.device)
    steps = track(selected.items(), len(selected), "examining") if has_rich() else selected.items()
    for name, check in steps:
        findings += examine(name, check)
    sent = send_images() if args.ros else None
    if sent is not None:
        findings.append(sent)
    missing = sum(finding.state == MISSING for finding in findings)
    if args.json:
        print(json.dumps([dataclasses.asdict(finding) for finding in findings], indent=2))
    else:
        show(findings)
        if sent is not None and sent.rows:
            print(f"\n{format_table(ARRIVALS, map(dataclasses.astuple, sent.rows))}\n")
        verdict = f"cannot run here: {missing} missing" if missing else "has all it needs here"
        print(f"model '{args.model}' {verdict}")
    unchecked = sent is not None and not sent.rows
    if sent is not None and unchecked:
        print(f"tr2m: error: --ros: {sent.found}", file=sys.stderr)
    return 1 if missing or unchecked else 0


def send_images() -> TransportFinding:
    """Whether they arrive from one process in another, behind a progress bar."""
    from tr2m_core.doctor.transport import transport

    with progress_bar("sending images") if has_rich() else nullcontext(lambda done, total: None) as on_progress:
        return transport(on_progress)


def has_rich() -> bool:
    """Whether there is what draws tables and bars; to say that it is not, a plain table must do."""
    return importlib.util.find_spec("rich") is not None


def show(findings: list[Finding]) -> None:
    """The table: coloured and wrapped on a terminal, with each fix under what was found; plain lines elsewhere."""
    if not (sys.stdout.isatty() and has_rich()):
        print(format_table(COLUMNS, [[f.check, f.state, f.found, f.fix] for f in findings]))
        return
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    table = Table("check", "state", Column("found", overflow="fold"), box=None, padding=(0, 2, 0, 0))
    for finding in findings:
        found = Text(finding.found)
        if finding.fix:
            found.append(f"\nfix: {finding.fix}", "bold")
        table.add_row(finding.check, Text(finding.state, COLOURS[finding.state]), found)
    Console().print(table)
