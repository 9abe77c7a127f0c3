"""Which storage files a bag consists of."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

import yaml

from tr2m_core.bags.storage import one_line
from tr2m_core.errors import InputError

METADATA = "metadata.yaml"
MAX_METADATA = 16 << 20  # bytes
FORMATS = (".db3", ".mcap")
SUFFIXES = (*FORMATS, ".db3.zstd", ".mcap.zstd")


def storage_files(path: Path) -> tuple[list[Path], list[str]]:
    """The storage files of a bag in order of recording, and one line for everything wrong with the list of them.

    path: a rosbag2 folder or one storage file. Raises InputError when it is neither.
    """
    if not path.exists():
        raise InputError(f"{path}: no such bag")
    if path.is_file():
        if path.suffix.lower() == ".bag":
            raise InputError(f"{path}: a ROS 1 bag; convert it with rosbags-convert")
        if not path.name.lower().endswith(SUFFIXES):
            raise InputError(f"{path}: not a readable rosbag2 file; one of {', '.join(SUFFIXES)} is needed")
        return [path], []
    try:
        present = sorted(filter(is_storage, path.iterdir()), key=_natural)
    except OSError as error:
        raise InputError(f"{path}: the folder cannot be read ({error.strerror})") from None
    if not present:
        raise InputError(f"{path}: not a rosbag2 folder (no file that ends in {', '.join(SUFFIXES)})")
    if not (path / METADATA).is_file():
        return present, []
    listed, wrong = _listed_files(path)
    if not listed:
        return present, [*wrong, f"{METADATA}: names no file that is there; they are taken in order of their names"]
    return listed, wrong


def is_storage(path: Path) -> bool:
    """Hidden files are none: macOS leaves ._NAME beside NAME."""
    return path.name.lower().endswith(SUFFIXES) and not path.name.startswith(".") and path.is_file()


def _natural(path: Path) -> list[tuple[int, str]]:
    """Sorts bag_10 behind bag_9."""
    return [(int(digits or 0), text) for digits, text in re.findall(r"(\d*)(\D*)", path.name)]


def _listed_files(folder: Path) -> tuple[list[Path], list[str]]:
    """The files that metadata.yaml lists and the folder has."""
    metadata = folder / METADATA
    try:
        if metadata.stat().st_size > MAX_METADATA:
            raise ValueError(f"more than {MAX_METADATA:,} bytes")
        text = metadata.read_text(encoding="utf-8", errors="replace")  # may quote anything
        names = yaml.safe_load(text)["rosbag2_bagfile_information"]["relative_file_paths"]
        names = list(dict.fromkeys(map(str, names)))
    except Exception as error:  # the parser and what follows raise anything for damaged text
        return [], [f"{METADATA}: damaged ({one_line(error)[:200]})"]
    files, wrong = [], []
    for name in names:
        path = PurePosixPath(name.replace("\\", "/"))  # early releases put the name of the folder in front
        if path.is_absolute() or ".." in path.parts or not path.name.lower().endswith(SUFFIXES):
            wrong.append(f"{METADATA}: names '{name[:100]}', which is not a storage file inside the bag")
        elif not (folder / path.name).is_file():
            wrong.append(f"{path.name}: missing")
        else:
            files.append(folder / path.name)
    return files, wrong
