"""A sentence for each image, without a human: what an image classifier sees, for `tr2m infer --text FILE`.

The embedded captioner works offline with what the embedded model installs. It names things and the place they belong
to; it knows no people, counts nothing, and is wrong at times: look at its sentences.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tr2m_core.cli.infer import find_images
from tr2m_core.console import track
from tr2m_core.errors import InputError

HELP = "a sentence for each image, without a human"
EXAMPLES = """examples:
  tr2m describe photo.jpg
  tr2m describe photos/ -o descriptions.txt
  tr2m infer photos/ --text descriptions.txt -o out/photos
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("images", nargs="+", type=Path, metavar="IMAGE", help="images, or folders of them")
    parser.add_argument(
        "--style",
        choices=("sentence", "objects"),
        default="sentence",
        help="sentence: the place and what is in it (default); objects: what is in it",
    )
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="a line per image; without it to stdout")


def run(args: argparse.Namespace) -> int:
    from tr2m_core.caption.embedded import EmbeddedCaptioner
    from tr2m_core.files.images import read_image

    paths = find_images(args.images)
    if args.output is not None and args.output.resolve() in {path.resolve() for path in paths}:
        raise InputError(f"{args.output}: is an image and would be overwritten")
    captioner = EmbeddedCaptioner()
    lines = []
    for path in track(paths, len(paths), "describe"):
        try:
            lines.append(captioner.describe(read_image(path), args.style))
        except InputError as error:  # a line is owed to every image, or the next ones would get each other's
            print(f"tr2m: error: {error}; nothing is written", file=sys.stderr)
            return 2
    text = "".join(f"{line}\n" for line in lines)
    if args.output is None:
        print(text, end="")
        return 0
    try:
        args.output.parent.mkdir(parents=True, exist_ok=True)
        args.output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{args.output}: cannot be written ({error.strerror})") from None
    print(f"{len(lines)} sentences written to {args.output}")
    return 0
