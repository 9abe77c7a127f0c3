"""The arguments of `tr2m evaluate`."""

from __future__ import annotations

import argparse
from pathlib import Path

from tr2m_core.cli.common import add_depth_range, add_model_arguments

FRAMES, PROCEDURAL = "frames", "procedural"
PANELS = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dataset", nargs="?", metavar="DATASET", help="a data set of --list, or a file naming several")
    parser.add_argument("--list", action="store_true", help="name the data sets with their settings and exit")
    _add_data_arguments(parser)
    _add_comparison_arguments(parser)
    parser.add_argument(
        "-o", "--output", type=Path, metavar="DIR", help="folder for the report; without it the table is all"
    )
    parser.add_argument("--save-predictions", action="store_true", help="write every metric depth map as float32 npy")
    parser.add_argument(
        "--panels",
        type=int,
        metavar="N",
        help=f"panels of the N best and the N worst images (default: {PANELS}; frames: every image)",
    )
    parser.add_argument("--batch-size", type=int, default=4, metavar="N", help="images predicted at once (default: 4)")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    add_depth_range(parser)
    parser.set_defaults(min_depth=None, max_depth=None)  # a published protocol has its own
    add_model_arguments(parser)


def _add_data_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("data")
    group.add_argument("--root", type=Path, metavar="R", help="the folder with the data")
    group.add_argument("--gt-root", type=Path, metavar="G", help="the folder with the depth (default: the root)")
    group.add_argument("--split", type=Path, metavar="FILE", help="an image and a depth path per line, or images alone")
    texts = group.add_mutually_exclusive_group()
    texts.add_argument(
        "--text-root", type=Path, metavar="T", help="the folder with the descriptions (default: the root)"
    )
    texts.add_argument(
        "--text-file",
        type=Path,
        metavar="FILE",
        help="a description per line, for the images in the order of --split or, without one, of the layout: "
        "sunrgbd by number, ibims by imagelist.txt, others by path; diode_outdoor needs --split",
    )
    group.add_argument(
        "--texts",
        type=Path,
        metavar="DIR",
        help="the authors' splits and descriptions, used where the above name none (default: the folder of "
        "`tr2m download texts`)",
    )
    group.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="overrides a setting of FILE.yaml; repeatable"
    )
    group.add_argument(
        "--count", type=int, default=500, metavar="N", help="procedural: number of scenes (default: 500)"
    )
    group.add_argument(
        "--seed",
        type=seed,
        metavar="S",
        help="procedural: of the scenes (default: the held-out ones); else of shuffled descriptions",
    )


def _add_comparison_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("comparison")
    group.add_argument(
        "--sentences",
        nargs="+",
        choices=("own", "shuffled", "empty", "described"),
        metavar="KIND",
        help="descriptions: own, shuffled (another image's), empty, or described (by a captioner, see `tr2m "
        "describe`), one or more (default: own)",
    )
    group.add_argument(
        "--captioner",
        default="embedded",
        metavar="MODEL",
        help="described: who describes, as `tr2m describe --model` (default: embedded)",
    )
    group.add_argument(
        "--wordings",
        type=int,
        metavar="N",
        help="described: N wordings at once, then each on its own, and how far their scale factors lie apart",
    )
    group.add_argument(
        "--text",
        action="append",
        default=[],
        metavar="T",
        help="one description for all images, or a file with it; repeatable",
    )
    group.add_argument(
        "--scale-from",
        metavar="depth:N",
        help="also measured: depth corrected by N random measured pixels of each image, which then do not count",
    )
    group.add_argument(
        "--baseline",
        action="append",
        default=[],
        metavar="B",
        help="also measured, repeatable: constant (the best constant depth of the data), ramp (inverse depth growing "
        "from the top row to the bottom one, affine-aligned, beside the relative depth of the TR2M models), a TR2M "
        "model, or a folder or Hub id of a transformers depth model, with :relative or :metric where its configuration "
        "does not say; frames always have constant and ramp",
    )


def seed(text: str) -> int:
    """--seed; argparse words its ValueError."""
    if (number := int(text)) < 0:
        raise ValueError
    return number
