"""Reports side by side: which model, precision or description is better, and by how much.

Reads the report.json of tr2m replay, of eval_node, and of tr2m evaluate on data sets. The best of each column has a
star; below are the differences to the first report. Numbers aligned with the ground truth are left out.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tr2m_core.console import format_table, print_json
from tr2m_core.errors import InputError
from tr2m_core.files.folders import make_output

if TYPE_CHECKING:
    from tr2m_core.report.compare import Entry

HELP = "reports side by side"
EXAMPLES = """examples:
  tr2m compare out/replay_embedded out/replay_paper
  tr2m compare out/fp32/report.json out/bf16/report.json out/fp16/report.json -o comparison.html
  tr2m compare out/nyu_small out/nyu_large --json
"""
COLUMN_WIDTH = 32  # characters of text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "reports", nargs="+", type=Path, metavar="REPORT", help="report.json, or the folder of results that holds it"
    )
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="also write a page with a chart: .html")
    parser.add_argument("--json", action="store_true", help="print the comparison as JSON")


def run(args: argparse.Namespace) -> int:
    if len(args.reports) < 2:
        raise InputError(f"{args.reports[0]}: give at least two reports to compare")
    if args.output is not None and args.output.suffix != ".html":
        raise InputError(f"{args.output}: the name of the page must end in .html")
    from tr2m_core.report.compare import different_data, read_entries, write_comparison

    groups = [read_entries(path) for path in args.reports]
    warning = different_data(groups)
    if warning is not None:
        print(f"tr2m: warning: {_printable(warning)}", file=sys.stderr)
    if args.output is not None:
        make_output(args.output.parent)
        write_comparison(args.output, groups)
    if args.json:
        print_json(comparison(groups))
    else:
        print_tables(groups)
        if args.output is not None:
            print(f"written to {args.output}")
    return 0


def comparison(groups: Sequence[Sequence[Entry]]) -> dict[str, Any]:
    """Everything for other programs. groups: the results of each report."""
    from tr2m_core.report.compare import best, differences, references

    entries, compared_with = [entry for group in groups for entry in group], references(groups)
    rows = zip(entries, compared_with, differences(entries, compared_with), strict=True)
    return {
        "results": [asdict(entry) | {"compared_with": place, "differences": change} for entry, place, change in rows],
        "best": {name: sorted(places) for name, places in best(entries, compared_with).items()},
    }


def print_tables(groups: Sequence[Sequence[Entry]]) -> None:
    """All numbers, and the differences to what they are compared with; columns that no report has are left out."""
    compared = comparison(groups)
    results, marked = compared["results"], compared["best"]
    known = [name for name in marked if any(result["numbers"][name] is not None for result in results)]
    rows, changes = [], []
    for place, result in enumerate(results):
        about = [_shortened(result[key]) for key in ("label", "data", "model", "precision", "description")]
        cells = [_starred(result["numbers"][name], place in marked[name]) for name in known]
        rows.append([place + 1, *about, result["frames"], *cells])
        reference = result["compared_with"]
        if reference != place:
            change = [result["differences"][name] for name in known]
            changes.append([f"{place + 1} - {reference + 1}", about[0], *change])
    print(format_table(["", "report", "data", "model", "precision", "description", "frames", *known], rows))
    print("\ndifferences:")
    print(format_table(["", "report", *known], changes))


def _starred(value: float | None, is_best: bool) -> str | None:
    """The number, and room for a star, so that the column stays aligned."""
    return None if value is None else f"{value:.4g}{'*' if is_best else ' '}"


def _shortened(text: str | None) -> str | None:
    """As much as fits into a column; a report is data and may hold anything."""
    if text is None:
        return None
    line = _printable(text)
    return line if len(line) <= COLUMN_WIDTH else f"{line[: COLUMN_WIDTH - 1]}…"


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)
