"""Metric depth of images.

Writes per image STEM_depth.png (16-bit millimetres, 0 = invalid), STEM_depth.npy (float32 metres) and STEM_panel.png,
and with --intrinsics also STEM.ply, a coloured cloud. An image that cannot be read is reported; the others are
processed.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tr2m_core.cli.common import add_model_arguments, load_predictor
from tr2m_core.console import format_table, print_json, track
from tr2m_core.errors import InputError
from tr2m_core.files.folders import make_output
from tr2m_core.types import DepthPrediction, Intrinsics

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

HELP = "metric depth, panels and clouds of images and a description"
EXAMPLES = """examples:
  tr2m infer photo.jpg --text "A small office with two desks." -o out/infer
  tr2m infer photos/ --text descriptions.txt -o out/infer
  tr2m infer photo.jpg --text "A workbench." --intrinsics 525,525,319.5,239.5 -o out/clouds
  tr2m infer photos/ --text "A street." --model paper --size kitti --flip -o out/paper
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "images", nargs="+", type=Path, metavar="IMAGE", help="images, or folders of them; turned upright by EXIF"
    )
    parser.add_argument(
        "--text",
        required=True,
        metavar="T",
        help="description: one sentence about the scene, or a file with a line per image",
    )
    parser.add_argument(
        "--intrinsics", metavar="fx,fy,cx,cy", help="pinhole intrinsics of the images, pixels; writes clouds"
    )
    parser.add_argument("-o", "--output", required=True, type=Path, metavar="DIR", help="folder for the results")
    parser.add_argument(
        "--flip", action="store_true", help="average with the mirrored image: a little more accurate, half as fast"
    )
    parser.add_argument("--json", action="store_true", help="print the table as JSON")
    add_model_arguments(parser, antialias=True)


def run(args: argparse.Namespace) -> int:
    from tr2m_core.camera.pinhole import parse_intrinsics
    from tr2m_core.description import descriptions_for
    from tr2m_core.files.images import read_image

    intrinsics = parse_intrinsics(args.intrinsics) if args.intrinsics is not None else None
    paths = find_images(args.images)
    reject_collisions(paths, args.output)
    descriptions = descriptions_for(args.text, len(paths))
    output = make_output(args.output)
    predictor = None
    rows: list[dict[str, Any]] = []
    for path, description in track(zip(paths, descriptions, strict=True), len(paths), "depth"):
        try:
            rgb = read_image(path)
            if min(rgb.shape[:2]) < 2:
                raise InputError(f"{path}: {rgb.shape[1]}x{rgb.shape[0]} pixels; at least 2x2 are needed")
        except InputError as error:
            print(f"tr2m: error: {error}", file=sys.stderr)
            continue
        # Loaded after the first readable image, so that bad input is answered at once.
        predictor = predictor or load_predictor(args)
        prediction = predictor.predict(rgb, description, flip=args.flip)
        write_results(output, path.stem, rgb, prediction, description, intrinsics)
        rows.append(table_row(path, prediction.metric_depth, description))
    print_rows(rows, output, as_json=args.json)
    return 0 if len(rows) == len(paths) else 2


def find_images(inputs: list[Path]) -> list[Path]:
    """The images named, and those in the folders named, sorted by name within a folder.

    Raises InputError for a folder without images.
    """
    from tr2m_core.files.images import IMAGE_SUFFIXES

    paths: list[Path] = []
    for item in inputs:
        if not item.is_dir():
            paths.append(item)
            continue
        visible = (path for path in item.iterdir() if not path.name.startswith("."))  # macOS leaves ._NAME beside NAME
        inside = sorted(path for path in visible if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file())
        if not inside:
            raise InputError(f"{item}: no images in this folder ({', '.join(IMAGE_SUFFIXES)})")
        paths += inside
    return paths


def reject_collisions(paths: list[Path], output: Path) -> None:
    """Raises InputError when two images' results would have the same names, or a result would replace an image."""
    by_stem: dict[str, list[Path]] = defaultdict(list)
    for path in paths:
        by_stem[path.stem].append(path)
    for stem, same in by_stem.items():
        if len(same) > 1:
            raise InputError(f"{same[0]} and {same[1]}: both would write {stem}_depth.png; use separate folders")
    inputs = {path.resolve() for path in paths}
    for path in paths:
        for suffix in ("_depth.png", "_panel.png"):
            if (result := output / f"{path.stem}{suffix}").resolve() in inputs:
                raise InputError(f"{result}: is an input and would be overwritten; choose another output folder")


def write_results(
    output: Path,
    stem: str,
    rgb: npt.NDArray[np.uint8],
    prediction: DepthPrediction,
    description: str,
    intrinsics: Intrinsics | None,
) -> None:
    """Writes one image's files; the cloud only with intrinsics."""
    import numpy as np

    from tr2m_core.camera.pinhole import unproject
    from tr2m_core.files.images import write_depth_png, write_ply, write_png
    from tr2m_core.visualization import prediction_panel

    depth = prediction.metric_depth
    write_depth_png(output / f"{stem}_depth.png", depth)
    np.save(output / f"{stem}_depth.npy", depth, allow_pickle=False)
    write_png(output / f"{stem}_panel.png", prediction_panel(rgb, prediction, description))
    if intrinsics is not None:
        write_ply(output / f"{stem}.ply", unproject(depth, intrinsics), rgb)


def table_row(path: Path, depth: npt.NDArray[np.float32], description: str) -> dict[str, Any]:
    """An image's line of the table, depths in metres."""
    import numpy as np

    nearest, median, farthest = (float(value) for value in np.percentile(depth, (0, 50, 100)))
    depths = {"min_m": nearest, "median_m": median, "max_m": farthest}
    return {"image": str(path), "size": f"{depth.shape[1]}x{depth.shape[0]}", **depths, "text": description}


def print_rows(rows: list[dict[str, Any]], output: Path, *, as_json: bool) -> None:
    """The table of the images done."""
    if as_json:
        print_json({"output": str(output), "images": rows})
    elif rows:
        columns = [name for name in rows[0] if name != "text"]
        print(format_table(columns, [[row[name] for name in columns] for row in rows]))
        print(f"written to {output}")
