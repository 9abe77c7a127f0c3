"""Split files: which pictures belong to training or to evaluation, and the depth that was measured with each."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import NamedTuple

from tr2m_core.types import InputError

NO_DEPTH = "None"  # how the Eigen split of KITTI marks a picture without ground truth


class SplitLine(NamedTuple):
    """Paths relative to the roots of images and depth; depth is None where there is no ground truth. number: from 1."""

    number: int
    image: PurePosixPath
    depth: PurePosixPath | None


def read_split(path: Path) -> list[SplitLine]:
    """Lines of an image path and a depth path; a third column (the focal length of the public files) is ignored.

    Raises InputError, naming file and line, when the file cannot be read, has no lines, or a line is not of this form
    or leads out of the roots.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{path}: no such split file; it holds an image and a depth path per line") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a readable split file ({error})") from None
    lines = [_parse(path, number, line.split()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not lines:
        raise InputError(f"{path}: an empty split file; it holds an image and a depth path per line")
    return lines


def _parse(path: Path, number: int, columns: list[str]) -> SplitLine:
    where = f"{path}: line {number}"
    if len(columns) not in (2, 3):
        raise InputError(f"{where}: {len(columns)} columns; an image path and a depth path are needed, without spaces")
    image, depth = columns[:2]
    return SplitLine(number, _relative(where, image), None if depth == NO_DEPTH else _relative(where, depth))


def _relative(where: str, text: str) -> PurePosixPath:
    """The path below a root; the public split files of NYUv2 begin theirs with a slash."""
    path = PurePosixPath(text.lstrip("/"))
    if ".." in path.parts:
        raise InputError(f"{where}: '{text}' leads out of the root; paths are relative to it and without '..'")
    if not path.parts:
        raise InputError(f"{where}: '{text}' is no path")
    return path
