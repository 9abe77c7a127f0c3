"""Split files: which pictures belong to training or to evaluation, and the depth that was measured with each."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from tr2m_core.text_files import read_text, split_lines
from tr2m_core.types import InputError

HOLDS = "an image and a depth path per line"
NO_DEPTH = "None"  # how the Eigen split of KITTI marks a picture without ground truth
DRIVE = re.compile(r"[A-Za-z]:[/\\]")


class SplitLine(NamedTuple):
    """Paths relative to the roots of images and depth; depth is None where there is no ground truth. number: from 1."""

    number: int
    image: PurePosixPath
    depth: PurePosixPath | None


def read_split(path: Path) -> list[SplitLine]:
    """Lines of an image path and a depth path; a third column (the focal length of the public files) is ignored.

    Blank lines and comments, which begin with #, are passed over; paths may have the separators of Windows.

    Raises InputError, naming file and line, when the file cannot be read, has no lines, or a line is not of this form
    or leads out of the roots.
    """
    text = read_text(path, "split file", HOLDS)
    rows = [(number, line.split()) for number, line in enumerate(split_lines(text), 1)]
    lines = [_parse(path, number, columns) for number, columns in rows if columns and not columns[0].startswith("#")]
    if not lines:
        raise InputError(f"{path}: an empty split file; it holds {HOLDS}")
    return lines


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
