"""Split files: which images belong to training or to evaluation, and the depth that was measured with each."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from tr2m_core.errors import InputError
from tr2m_core.text_files import read_text, split_lines

HOLDS = "an image and a depth path per line"
NO_DEPTH = "None"  # how the Eigen split of KITTI marks an image without ground truth
DRIVE = re.compile(r"[A-Za-z]:[/\\]")
LISTS = (("images", "depths"), ("image", "ground_truth"))  # how SUN RGB-D's and VOID's pairs of lists are named


class SplitLine(NamedTuple):
    """Paths relative to the roots of images and depth; depth is None where there is no ground truth. number: from 1."""

    number: int
    image: PurePosixPath
    depth: PurePosixPath | None


Measured = Callable[[PurePosixPath], PurePosixPath | None]


def read_split(path: Path, measured: Measured = lambda image: None) -> list[SplitLine]:
    """Lines of an image path and a depth path; a third column (the focal length of the public files) is ignored.

    Where every line is an image path alone, the depth paths are the lines of the list that is published beside it, such
    as test_ground_truth.txt of test_image.txt; without one, `measured` tells where the depth of an image lies.
    Blank lines and comments, which begin with #, are passed over; paths may have the separators of Windows.

    Raises InputError, naming file and line, when a file cannot be read, has no lines, or a line is not of this form
    or leads out of the roots.
    """
    rows = _rows(path)
    if all(len(columns) == 1 for _, columns in rows):
        rows = _with_depths(path, rows, measured)
    return [_parse(path, number, columns) for number, columns in rows]


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """Number and columns of every line that says something."""
    text = read_text(path, "split file", HOLDS)
    rows = [(number, line.split()) for number, line in enumerate(split_lines(text), 1)]
    rows = [(number, columns) for number, columns in rows if columns and not columns[0].startswith("#")]
    if not rows:
        raise InputError(f"{path}: an empty split file; it holds {HOLDS}")
    return rows


def _with_depths(path: Path, rows: list[tuple[int, list[str]]], measured: Measured) -> list[tuple[int, list[str]]]:
    """The rows of a list of images with a depth path each, as they are where none can be told."""
    names = [
        f"{path.stem.removesuffix(ending)}{other}{path.suffix}" for ending, other in LISTS if path.stem.endswith(ending)
    ]
    beside = next((path.with_name(name) for name in names if path.with_name(name).is_file()), None)
    if beside is not None:
        depths = [columns[0] for _, columns in _rows(beside)]
        if len(depths) != len(rows):
            raise InputError(
                f"{path}: {len(rows)} images, but {beside} has {len(depths)} lines; they belong line by line"
            )
        return [(number, [image, depth]) for (number, [image]), depth in zip(rows, depths, strict=True)]
    found = [measured(_relative(f"{path}: line {number}", image)) for number, [image] in rows]
    return [
        (number, [image, *([str(depth)] if depth else [])])
        for (number, [image]), depth in zip(rows, found, strict=True)
    ]


def _parse(path: Path, number: int, columns: list[str]) -> SplitLine:
    where = f"{path}: line {number}"
    if len(columns) not in (2, 3):
        raise InputError(f"{where}: {len(columns)} columns; an image path and a depth path are needed, without spaces")
    image, depth = columns[:2]
    return SplitLine(number, _relative(where, image), None if depth == NO_DEPTH else _relative(where, depth))


def _relative(where: str, text: str) -> PurePosixPath:
    """The path below a root; the public split files of NYUv2 begin theirs with a slash."""
    path = PurePosixPath(text.replace("\\", "/").lstrip("/"))
    if ".." in path.parts or DRIVE.match(text):
        raise InputError(f"{where}: '{text}' leads out of the root; paths are relative to it and without '..'")
    if not path.parts:
        raise InputError(f"{where}: '{text}' is no path")
    return path
