"""How fast the model, the messages and the node are on this machine.

Everything is timed against the plain way to do it in the same run, in turn, so that ratios mean something; times are
medians with the tenth and ninetieth percentile. Frames are 640x480. --quick takes a third of the time. With --least the
exit code is 1 when this package is not so many times as fast as the plain way.
"""

from __future__ import annotations

import argparse
import dataclasses
import resource
import sys
from typing import TYPE_CHECKING, Any

from tr2m_core.cli.common import add_network_arguments, overrides_given
from tr2m_core.console import format_table, print_json, progress_bar
from tr2m_core.errors import InputError

if TYPE_CHECKING:
    from tr2m_core.benchmark.machine import Machine
    from tr2m_core.benchmark.timing import Row

HELP = "how fast the model, the messages and the node are here"
EXAMPLES = """examples:
  tr2m benchmark
  tr2m benchmark --quick --least 1.5
  tr2m benchmark --random-paper --no-node      # needs no download
"""
SIZE = (480, 640)
ROUNDS, QUICK_ROUNDS = 40, 12
SLOW, SLOW_ROUNDS = 500.0, 3  # ms a frame from which on a few rounds have to do
SECONDS, QUICK_SECONDS = 10.0, 4.0
STARTS, QUICK_STARTS = 5, 1
STEPS = 6  # of the progress bar
CAMERAS, QUICK_CAMERAS = (1, 2, 4), (1,)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--quick", action="store_true", help="fewer rounds and cameras")
    parser.add_argument(
        "--node",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="also the node, embedded, on a real ROS graph (default: on)",
    )
    parser.add_argument(
        "--least",
        type=float,
        default=0.0,
        metavar="X",
        help="fail when model or messages are less than X times as fast as the plain way",
    )
    parser.add_argument("--json", action="store_true", help="print the table as JSON")
    parser.add_argument(
        "--random-paper",
        action="store_true",
        help="instead of --model: the published model at full size with random weights, as fast as the real one",
    )
    parser.add_argument("--device", default="auto", metavar="D", help="auto, cpu, cuda or cuda:N (default: auto)")
    add_network_arguments(parser)


def run(args: argparse.Namespace) -> int:
    if args.model.endswith(".onnx"):
        raise InputError(f"model '{args.model}': a graph; give the model that it was made from")
    machine, rows, notes = measure(args)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # Linux counts in KiB
    if args.json:
        report = {"machine": dataclasses.asdict(machine), "peak_memory_bytes": memory, "notes": notes}
        print_json(report | {"rows": [dataclasses.asdict(row) for row in rows]})
    else:
        print_machine(machine, memory)
        print_rows(rows)
    for note in notes:
        print(f"tr2m: note: {note}", file=sys.stderr)
    return compare_with_plain(rows, args.least)


def default_row(rows: list[Row]) -> Row:
    """Of whole frames as they are computed when nothing is set."""
    frames = [row for row in rows if row.group == "whole frame"]
    return next((row for row in frames if row.name.startswith("auto")), frames[1])


def compare_with_plain(rows: list[Row], least: float) -> int:
    """The exit code: 1, and a line on stderr, when something is less than `least` times as fast as the plain way."""
    ours = default_row(rows), next(row for row in rows if row.name == "this package")
    slow = [row for row in ours if row.ratio is not None and row.ratio < least]
    for row in slow:
        print(f"tr2m: error: {row.group}: {row.ratio:.2f} times as fast as plain, less than {least:g}", file=sys.stderr)
    return 1 if slow else 0


def measure(args: argparse.Namespace) -> tuple[Machine, list[Row], list[str]]:
    """The machine, every row, and what was left out and why."""
    from tr2m_core.benchmark.machine import describe_machine
    from tr2m_core.benchmark.messages import message_rows
    from tr2m_core.benchmark.network import Load, engine_rows, noise_frames, stage_rows
    from tr2m_core.benchmark.node import node_rows, why_no_node
    from tr2m_core.benchmark.start import start_rows
    from tr2m_core.benchmark.timing import Effort, time_cases
    from tr2m_core.inference.engines import TORCH
    from tr2m_core.model.sources import find_model

    if args.random_paper:
        from tr2m_core.benchmark.random_paper import random_paper

        load = Load(random_paper(), args.device, args.size)
    else:
        load = Load(find_model(args.model, overrides_given(args)), args.device, args.size)
    effort = network_effort = Effort(QUICK_ROUNDS if args.quick else ROUNDS)
    frames, notes = noise_frames(SIZE), []
    with progress_bar("benchmark") as moved:
        torch_fp32 = load(TORCH, "fp32")
        machine = describe_machine(torch_fp32.device)
        moved(1, STEPS)
        once = time_cases({"frame": lambda _: torch_fp32.predict(frames[0], "A room.")}, Effort(1, 0))["frame"]
        if once.median > SLOW:
            network_effort = Effort(SLOW_ROUNDS, 1)
        rows = list(engine_rows(load, list(frames), network_effort))
        moved(2, STEPS)
        rows += stage_rows(torch_fp32, frames[0], machine.gflops, network_effort)
        moved(3, STEPS)
        rows += message_rows(frames[0], effort)
        moved(4, STEPS)
        rows += start_rows(QUICK_STARTS if args.quick else STARTS)
        moved(5, STEPS)
        reason = why_no_node() if args.node else "--no-node"
        if reason:
            notes.append(f"no rows of the node: {reason}")
        else:
            seconds = QUICK_SECONDS if args.quick else SECONDS
            rows += node_rows(default_row(rows).timing.median, seconds, QUICK_CAMERAS if args.quick else CAMERAS)
    return machine, rows, notes


def print_machine(machine: Machine, memory: int) -> None:
    cores = f"{machine.cores} cores ({', '.join(machine.features) or 'no AVX2'})"
    print(f"{machine.device}, {cores}: {machine.gflops:.0f} GFLOP/s, {machine.copy:.1f} GB/s copied")
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    print(f"{versions}; {memory / 1e6:.0f} MB of memory at most\n")


def print_rows(rows: list[Row]) -> None:
    table: list[list[Any]] = []
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}x"
        spread = f"{row.timing.low:.1f} to {row.timing.high:.1f}"
        table.append([row.group, row.name, ratio, f"{row.timing.median:.2f}", spread, row.note])
    print(format_table(["", "", "as fast", "ms", "10 to 90 %", ""], table))
