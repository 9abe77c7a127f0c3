"""Every frame of a rosbag through the model, measured against the bag's depth. Needs no ROS.

Reads sqlite3 and mcap bags, whole or damaged. Frames run in the order of their stamps and none is dropped; the same bag
gives the same numbers. Ground truth is a depth image aligned with the camera, or one of another camera or a lidar with
tf_static and camera_info; without any, the report shows what was predicted. Writes report.html, report.json,
frames.csv, timing.csv and panels/.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tr2m_core.cli.common import add_depth_range, add_model_arguments, check_depth_range, describe_model, load_predictor
from tr2m_core.console import print_json, progress_bar
from tr2m_core.errors import InputError
from tr2m_core.files.folders import make_output

if TYPE_CHECKING:
    from tr2m_core.replay.runner import ReplayOptions

HELP = "how far off depth is on a rosbag: report, metrics per frame, panels, a bag with depth"
EXAMPLES = """examples:
  tr2m replay recording/ -o out/replay
  tr2m replay recording.mcap --text "A workshop bench." --text "A hangar." -o out/descriptions
  tr2m replay recording/ --image-topic /camera/color/image_raw --fail-above abs_rel=0.3 -o out/replay
  tr2m replay recording/ --scale-from scan -o out/scale
  tr2m replay recording/ --baseline ramp --baseline constant -o out/blind
  tr2m replay recording/ --every 10 --start 5 --duration 60 --write-bag out/depth_bag -o out/replay
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bag", type=Path, metavar="BAG", help="rosbag2 folder, or one .db3 or .mcap file")
    parser.add_argument("-o", "--output", required=True, type=Path, metavar="DIR", help="folder for the results")
    parser.add_argument(
        "--text",
        action="append",
        default=[],
        metavar="T",
        help="one description for all frames, or a file with it, instead of the bag's own; repeat it to compare "
        "several (sums, panels and thresholds are about the first)",
    )
    parser.add_argument(
        "--steady",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="keep the size of the scene steady over this time, as the node's parameter steadiness does (default: 0, "
        "each frame on its own)",
    )
    parser.add_argument(
        "--scale-from",
        metavar="REFERENCE",
        help="also say what correcting depth by it would bring: scan, points, range (or scan=/TOPIC ...), depth:N "
        "(N random measured pixels a frame), height=METRES of the camera above the ground, or height=M,pitch=DEGREES",
    )
    _add_topics(parser)
    _add_frames(parser)
    _add_results(parser)
    add_depth_range(parser)
    add_model_arguments(parser, antialias=True)


def _add_topics(parser: argparse.ArgumentParser) -> None:
    topics = parser.add_argument_group("topics (found by type and name when not given)")
    topics.add_argument("--image-topic", metavar="NAME", help="colour frames, Image or CompressedImage")
    topics.add_argument(
        "--depth-topic",
        metavar="NAME",
        help="measured depth: Image (16UC1 mm, 32FC1 m), compressedDepth or PointCloud2; none: no ground truth",
    )
    topics.add_argument("--info-topic", metavar="NAME", help="CameraInfo of the colour frames")
    topics.add_argument("--depth-info-topic", metavar="NAME", help="CameraInfo of the depth, to project it")
    topics.add_argument(
        "--text-topic",
        metavar="NAME",
        help="std_msgs/String with descriptions (default: scene_description; else one whose name contains scene, "
        "caption, description, prompt or sentence, or the only one, if its texts read as sentences)",
    )
    topics.add_argument(
        "--assume-aligned", action="store_true", help="take depth of the image's size as aligned, whatever its frame_id"
    )
    topics.add_argument(
        "--tolerance",
        type=float,
        default=0.02,
        metavar="S",
        help="largest time between image and depth, seconds (default: 0.02)",
    )


def _add_frames(parser: argparse.ArgumentParser) -> None:
    frames = parser.add_argument_group("frames (all when not given)")
    frames.add_argument("--every", type=int, default=1, metavar="N", help="every N-th frame")
    frames.add_argument("--start", type=float, default=0.0, metavar="S", help="seconds after the first image")
    frames.add_argument("--duration", type=float, default=math.inf, metavar="S", help="seconds from there on")


def _add_results(parser: argparse.ArgumentParser) -> None:
    results = parser.add_argument_group("results")
    results.add_argument(
        "--panels", type=int, default=6, metavar="N", help="frames to draw, evenly spaced (default: 6)"
    )
    results.add_argument(
        "--baseline",
        choices=("constant", "ramp"),
        action="append",
        default=[],
        help="also measured, repeatable: constant (the best constant depth of the recording) or ramp (inverse depth "
        "growing from the top row to the bottom one, affine-aligned, beside the model's relative depth)",
    )
    results.add_argument("--save-predictions", action="store_true", help="write every metric depth map as float32 npy")
    results.add_argument(
        "--write-bag", type=Path, metavar="OUT", help="a new mcap bag with metric_depth, camera_info and points"
    )
    for option, word in (("--fail-above", "above"), ("--fail-below", "below")):
        results.add_argument(
            option,
            type=parse_threshold,
            action="append",
            default=[],
            metavar="METRIC=X",
            help=f"exit with 1 when the mean of a metric is {word} X; repeatable",
        )
    results.add_argument("--json", action="store_true", help="print the report as JSON")


def parse_threshold(text: str) -> tuple[str, float]:
    """Reads "abs_rel=0.3". Raises InputError for an unknown metric or no number."""
    from tr2m_core.metrics.depth import METRIC_NAMES

    name, _, number = text.partition("=")
    try:
        limit = float(number)
    except ValueError:
        limit = math.nan
    if name not in METRIC_NAMES or math.isnan(limit):
        raise InputError(f"threshold '{text}': give METRIC=NUMBER with one of {', '.join(METRIC_NAMES)}")
    return name, limit


def run(args: argparse.Namespace) -> int:
    from tr2m_core.bags.bag import Bag
    from tr2m_core.bags.depth_topic import find_depth
    from tr2m_core.bags.topics import find_topics
    from tr2m_core.processes import join_processes
    from tr2m_core.replay.runner import replay_bag
    from tr2m_core.report.console import print_result
    from tr2m_core.report.files import write_run

    options = make_options(args)
    processes = join_processes(args.device)
    args.device = processes.device or args.device
    about: dict[str, Any] = {}

    def load() -> Any:
        predictor = load_predictor(args)
        predictor.warm_up()  # else the first frame would look slow
        about.update(describe_model(args, predictor))
        return predictor

    with Bag(args.bag) as bag:
        names = (args.image_topic, args.depth_topic, args.info_topic, args.text_topic, args.depth_info_topic)
        topics = find_topics(bag, *names)
        if topics.depth is None and args.depth_topic is None and (why := find_depth(bag, topics.image).why):
            about["no_ground_truth"] = why
        output = make_output(args.output)
        with progress_bar("replay") as on_progress:
            result = replay_bag(bag, topics, load, output, options, about, processes, on_progress)
    if not processes.is_main:
        return 0
    report = result.report()
    write_run(output, result, report)
    if args.json:
        print_json(report)
    else:
        print_result(result, report)
        print(f"written to {output}" + (f" and {args.write_bag}" if args.write_bag else ""))
    return verdict(args, report)


def verdict(args: argparse.Namespace, report: Mapping[str, Any]) -> int:
    """The exit code of a run with this report, with a line on stderr for each reason why it is not 0."""
    from tr2m_core.report.console import summary

    metrics, problems = report["metrics"], report["problems"]
    reasons = [f"damaged bag, used as far as it can be read: {report['damage']}"] if report["damage"] else []
    thresholds = [*args.fail_above, *args.fail_below]
    if metrics is None:
        if not report["frames"]["processed"]:
            reasons.append(f"{args.bag}: no frame could be processed: {summary(problems)}")
        elif report["topics"]["depth"] is not None:
            reasons.append(f"{args.bag}: nothing could be measured: {summary(problems)}")
        elif thresholds:
            reasons.append(f"{args.bag}: has no ground truth to hold {thresholds[0][0]} against")
    else:
        above = [f"{name} {metrics[name]:.4g} is above {limit:g}" for name, limit in args.fail_above]
        below = [f"{name} {metrics[name]:.4g} is below {limit:g}" for name, limit in args.fail_below]
        missed = [text for text, (name, limit) in zip(above, args.fail_above, strict=True) if metrics[name] > limit]
        missed += [text for text, (name, limit) in zip(below, args.fail_below, strict=True) if metrics[name] < limit]
        reasons += [f"{args.bag}: {', '.join(missed)}"] if missed else []
    for reason in reasons:
        print(f"tr2m: error: {reason}", file=sys.stderr)
    return 1 if reasons else 0


def make_options(args: argparse.Namespace) -> ReplayOptions:
    """The checked options of a replay."""
    from tr2m_core.description import description_for_all
    from tr2m_core.replay.runner import ReplayOptions
    from tr2m_core.scale.scale_from import parse_scale_from

    check_depth_range(args)
    for name, value, good in (
        ("tolerance", args.tolerance, 0 <= args.tolerance < math.inf),
        ("panels", args.panels, args.panels >= 0),
        ("every", args.every, args.every >= 1),
        ("start", args.start, 0 <= args.start < math.inf),
        ("duration", args.duration, args.duration > 0),
        ("steady", args.steady, 0 <= args.steady < math.inf),
    ):
        if not good:
            raise InputError(f"--{name} {value:g}: out of range; see tr2m replay --help")
    return ReplayOptions(
        texts=tuple(dict.fromkeys(map(description_for_all, args.text))),
        min_depth=args.min_depth,
        max_depth=args.max_depth,
        tolerance=args.tolerance,
        every=args.every,
        start=args.start,
        duration=args.duration,
        aligned=args.assume_aligned,
        panels=args.panels,
        save_predictions=args.save_predictions,
        write_bag=args.write_bag,
        steady=args.steady,
        baselines=tuple(dict.fromkeys(args.baseline)),
        scale_from=None if args.scale_from is None else parse_scale_from(args.scale_from),
    )
