"""Accuracy of a model on a data set.

frames      photographs with measured depth in folders with an index.json (--root); per source the model with each
            frame's sentence, beside the best constant depth. With -o: report.json, frames.csv and pictures/.
procedural  held-out generated scenes; with -o: report.json.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from tr2m_core.cli.common import (
    add_depth_range,
    add_model_arguments,
    check_depth_range,
    format_table,
    load_predictor,
    make_output,
    print_json,
    progress_bar,
    track,
)
from tr2m_core.types import InputError

HELP = "accuracy on a data set"
EXAMPLES = """examples:
  tr2m evaluate --list
  tr2m evaluate frames --root measured_frames/ -o out/frames
  tr2m evaluate procedural --count 500 --seed 7 --json
"""
DATASETS = {
    "frames": "photographs with measured depth, folders with an index.json",
    "procedural": "held-out generated scenes",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dataset", nargs="?", metavar="DATASET", help=f"one of {', '.join(DATASETS)}")
    parser.add_argument("--list", action="store_true", help="name the data sets and exit")
    parser.add_argument("--root", type=Path, metavar="R", help="frames: the folder with the data")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="DIR", help="folder for the report; without it the table is all"
    )
    parser.add_argument(
        "--save-predictions", action="store_true", help="frames: write every metric depth map as float32 npy"
    )
    parser.add_argument(
        "--count", type=int, default=500, metavar="N", help="procedural: number of scenes (default: 500)"
    )
    parser.add_argument("--seed", type=int, metavar="S", help="procedural: random seed (default: the held-out one)")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    add_depth_range(parser)
    add_model_arguments(parser)


def run(args: argparse.Namespace) -> int:
    if args.list:
        print(format_table(["data set", "what"], DATASETS.items()))
        return 0
    if args.dataset is None:
        raise InputError(f"name a data set: {', '.join(DATASETS)}")
    if args.dataset not in DATASETS:
        raise InputError(f"data set '{args.dataset}': not one of {', '.join(DATASETS)}")
    check_depth_range(args)
    return run_frames(args) if args.dataset == "frames" else run_procedural(args)


def run_frames(args: argparse.Namespace) -> int:
    """Every frame; per source the mean of the model beside the best constant depth."""
    from tr2m_core.data.frames import read_frames
    from tr2m_core.eval.frames import evaluate_frames
    from tr2m_core.files import write_csv, write_json

    if args.root is None:
        raise InputError("evaluate frames needs --root, the folder with the data")
    frames = read_frames(args.root)
    output = make_output(args.output) if args.output else None
    limits = (args.min_depth, args.max_depth)
    tracked = track(frames, len(frames), "frames")
    result = evaluate_frames(tracked, load_predictor(args), limits, output, save_predictions=args.save_predictions)
    settings = {"dataset": "frames", "root": str(args.root), "model": args.model, "depth_range_m": limits}
    report = settings | result.report()
    if output:
        write_json(output / "report.json", report)
        write_csv(output / "frames.csv", result.rows())
    for problem in result.problems:
        print(f"tr2m: error: {problem}", file=sys.stderr)
    if args.json:
        print_json(report)
    else:
        print_sources(report["sources"])
        print_written(output)
    return 1 if result.problems else 0


def print_sources(sources: dict[str, Any]) -> None:
    """Two lines per source: the model and the best constant."""
    from tr2m_core.metrics import METRIC_NAMES

    rows = []
    for name, source in sources.items():
        constant = f"constant {source['best_constant_m']:.3g} m"
        rows.append([name, source["frames"], "model", *source["model"].values()])
        rows.append(["", "", constant, *source["best_constant"].values()])
    print(format_table(["source", "frames", "", *METRIC_NAMES], rows))


def run_procedural(args: argparse.Namespace) -> int:
    """Generated scenes; a line per kind of sentence."""
    if args.count < 1:
        raise InputError(f"--count {args.count}: must be at least 1")
    from tr2m_core.eval.procedural import HELD_OUT_SEED, evaluate_procedural
    from tr2m_core.files import write_json

    output = make_output(args.output) if args.output else None
    seed = HELD_OUT_SEED if args.seed is None else args.seed
    predictor = load_predictor(args)
    with progress_bar("scenes") as on_progress:
        rows = evaluate_procedural(predictor, args.count, seed, on_progress)
    report = {"dataset": "procedural", "model": args.model, "count": args.count, "seed": seed, "rows": rows}
    if output:
        write_json(output / "report.json", report)
    if args.json:
        print_json(report)
    else:
        names = list(next(iter(rows.values())))
        print(format_table(["sentences", *names], [[kind, *metrics.values()] for kind, metrics in rows.items()]))
        print_written(output)
    return 0


def print_written(output: Path | None) -> None:
    if output:
        print(f"written to {output}")
