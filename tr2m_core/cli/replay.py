"""Every frame of a rosbag through the model, measured against the bag's depth topic. Needs no ROS.

Reads sqlite3 and mcap bags. Frames run in the order of their stamps and none is dropped; the same bag gives the same
report. Writes report.json, frames.csv and pictures/ (image, prediction, ground truth, error).
"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tr2m_core.cli.common import (
    add_depth_range,
    add_model_arguments,
    check_depth_range,
    format_table,
    load_predictor,
    make_output,
    print_json,
    progress_bar,
)
from tr2m_core.types import InputError

if TYPE_CHECKING:
    from tr2m_core.replay.replay import ReplayOptions, ReplayResult

HELP = "a rosbag -> nine metrics per frame, report, pictures"
EXAMPLES = """examples:
  tr2m replay recording/ -o out/replay
  tr2m replay recording/ --text "A workshop bench." -o out/replay
  tr2m replay recording.mcap --image-topic /camera/color/image_raw --fail-above abs_rel=0.3 -o out/replay
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bag", type=Path, metavar="BAG", help="rosbag2 folder, or one .db3 or .mcap file")
    parser.add_argument("-o", "--output", required=True, type=Path, metavar="DIR", help="folder for the results")
    topics = parser.add_argument_group("topics (found by type and name when not given)")
    topics.add_argument("--image-topic", metavar="NAME", help="colour frames, 8-bit sensor_msgs/Image")
    topics.add_argument("--depth-topic", metavar="NAME", help="measured depth aligned with them, 16UC1 mm or 32FC1 m")
    topics.add_argument("--info-topic", metavar="NAME", help="CameraInfo of the frames, for the report")
    topics.add_argument("--text-topic", metavar="NAME", help="std_msgs/String with sentences about the scene")
    parser.add_argument("--text", metavar="T", help="one sentence for all frames, instead of the bag's own")
    parser.add_argument(
        "--tolerance",
        type=float,
        default=0.02,
        metavar="S",
        help="most seconds between image and depth (default: 0.02)",
    )
    parser.add_argument(
        "--pictures", type=int, default=6, metavar="N", help="frames to draw, evenly spaced (default: 6)"
    )
    parser.add_argument("--save-predictions", action="store_true", help="write every metric depth map as float32 npy")
    parser.add_argument(
        "--fail-above",
        type=parse_threshold,
        action="append",
        default=[],
        metavar="METRIC=X",
        help="exit with 1 when the mean of a metric is above X; repeatable",
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    add_depth_range(parser)
    add_model_arguments(parser)


def parse_threshold(text: str) -> tuple[str, float]:
    """Reads "abs_rel=0.3". Raises InputError for an unknown metric, one where larger is better, or no number."""
    from tr2m_core.metrics import LARGER_IS_BETTER, METRIC_NAMES

    name, _, number = text.partition("=")
    errors = [metric for metric in METRIC_NAMES if metric not in LARGER_IS_BETTER]
    try:
        limit = float(number)
    except ValueError:
        limit = math.nan
    if name not in errors or math.isnan(limit):
        raise InputError(f"--fail-above '{text}': give METRIC=NUMBER with one of {', '.join(errors)}")
    return name, limit


def run(args: argparse.Namespace) -> int:
    from tr2m_core.replay.bag_reader import Bag, find_topics
    from tr2m_core.replay.replay import replay_bag

    options = make_options(args)
    with Bag(args.bag) as bag:
        topics = find_topics(bag, args.image_topic, args.depth_topic, args.info_topic, args.text_topic)
        output = make_output(args.output)
        with progress_bar("replay") as on_progress:
            result = replay_bag(bag, topics, lambda: load_predictor(args), output, options, on_progress)
    metrics = result.metrics()
    if args.json:
        print_json(result.report())
    else:
        print_result(result, output)
    if metrics is None:
        return fail(f"{args.bag}: nothing could be measured: {summary(result.problems())}")
    missed = [(name, limit) for name, limit in args.fail_above if metrics[name] > limit]
    reasons = ", ".join(f"{name} {metrics[name]:.4g} is above {limit:g}" for name, limit in missed)
    return fail(f"{args.bag}: {reasons}") if missed else 0


def make_options(args: argparse.Namespace) -> ReplayOptions:
    """The checked options of a replay."""
    from tr2m_core.description import check_description
    from tr2m_core.replay.replay import ReplayOptions

    check_depth_range(args)
    if not 0 <= args.tolerance < math.inf:
        raise InputError(f"--tolerance {args.tolerance:g}: must be zero or more seconds")
    if args.pictures < 0:
        raise InputError(f"--pictures {args.pictures}: must not be negative")
    return ReplayOptions(
        text=None if args.text is None else check_description(args.text),
        min_depth=args.min_depth,
        max_depth=args.max_depth,
        tolerance=args.tolerance,
        pictures=args.pictures,
        save_predictions=args.save_predictions,
    )


def print_result(result: ReplayResult, output: Path) -> None:
    """Counts, the nine metrics over the frames, and what kept frames from being measured."""
    from tr2m_core.metrics import METRIC_NAMES

    frames = result.report()["frames"]
    print(f"image {result.topics.image}, depth {result.topics.depth}, {result.described_by()}")
    print(f"{frames['processed']} of {frames['total']} frames processed, {frames['measured']} measured")
    means = result.metrics()
    if means is not None:
        measured = [frame.metrics for frame in result.frames if frame.metrics is not None]
        columns = [[metrics[name] for metrics in measured] for name in METRIC_NAMES]
        rows = [
            ["mean", *means.values()],
            ["lowest", *map(min, columns)],
            ["highest", *map(max, columns)],
        ]
        print(format_table(["", *METRIC_NAMES], rows))
    for reason, count in {**result.problems(), **result.skipped_sentences}.items():
        print(f"{count} x {reason}")
    print(f"written to {output}")


def summary(problems: dict[str, int]) -> str:
    """The reasons with their counts in one line."""
    return "; ".join(f"{count} x {reason}" for reason, count in problems.items())


def fail(message: str) -> int:
    """Reports that the work failed; the exit code is 1."""
    print(f"tr2m: error: {message}", file=sys.stderr)
    return 1
