"""Folders of single photographs with measured depth, each with an index.json: an evaluation set.

index.json holds {"source": name, "frames": [...]}; a frame has rgb and depth (file names beside it), depth_scale
(metres per count of the 16-bit depth image, 0 = invalid), description, and optionally id, and fx, fy, cx, cy in
pixels.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt

from tr2m_core.description import check_description
from tr2m_core.errors import InputError
from tr2m_core.files.images import read_depth_png, read_image
from tr2m_core.text_files import read_text
from tr2m_core.types import Intrinsics

INDEX_FILE = "index.json"


@dataclass(frozen=True)
class Frame:
    """One photograph. depth_scale: metres per count; intrinsics in pixels, None when not given."""

    source: str
    name: str
    rgb_path: Path
    depth_path: Path
    depth_scale: float
    description: str
    intrinsics: Intrinsics | None

    def load(self) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]:
        """Image (H, W, 3) uint8 and depth (H, W) float32 metres, NaN where not measured. Raises InputError.

        Both are as stored, whatever the EXIF data of the image say: cameras measure depth by sensor.
        """
        rgb = read_image(self.rgb_path, upright=False)
        depth = read_depth_png(self.depth_path, self.depth_scale)
        if depth.shape != rgb.shape[:2]:
            sizes = f"{depth.shape[1]}x{depth.shape[0]}, the image {rgb.shape[1]}x{rgb.shape[0]}"
            turned = " before EXIF turns it; store both the same way" if depth.shape == rgb.shape[1::-1] else ""
            raise InputError(f"{self.depth_path}: the depth is {sizes}{turned}")
        return rgb, depth


def read_frames(root: Path) -> list[Frame]:
    """All frames of root/index.json or of root/*/index.json, sources by name. Raises InputError when there are none."""
    if not root.is_dir():
        raise InputError(f"{root}: no such folder")
    indices = [root / INDEX_FILE] if (root / INDEX_FILE).is_file() else sorted(root.glob(f"*/{INDEX_FILE}"))
    frames = [frame for index in indices for frame in _read_index(index)]
    if not frames:
        raise InputError(f"{root}: no frames; {INDEX_FILE} is expected in this folder or in the folders inside it")
    return frames


def _read_index(path: Path) -> Iterator[Frame]:
    text = read_text(path, "index of frames", "the names of images with measured depth")
    try:
        index = json.loads(text)
        source = str(index.get("source") or path.parent.name)
        entries = list(index["frames"])
    except (json.JSONDecodeError, RecursionError, KeyError, AttributeError, TypeError) as error:
        raise InputError(f"{path}: not a readable index of frames ({error!r})") from None
    seen: dict[tuple[Path, Path, str], int] = {}
    for place, entry in enumerate(entries):
        try:
            frame = _frame(source, path.parent, entry)
        except InputError as error:
            raise InputError(f"{path}: frame {place}: {error}") from None
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(f"{path}: frame {place} is not usable ({error!r})") from None
        first = seen.setdefault((frame.rgb_path, frame.depth_path, frame.description), place)
        if first != place:
            raise InputError(f"{path}: frame {place} is frame {first} once more and would count twice")
        yield frame


def _frame(source: str, folder: Path, entry: dict[str, Any]) -> Frame:
    scale = float(entry["depth_scale"])
    if not (math.isfinite(scale) and scale > 0):
        raise ValueError(f"depth_scale {scale:g} is not positive")
    if scale > 1:
        raise ValueError(
            f"depth_scale {scale:g} is metres per count; for {scale:g} counts per metre give {1 / scale:g}"
        )
    rgb, depth, description = (_text(entry, key) for key in ("rgb", "depth", "description"))
    return Frame(
        source=source,
        name=Path(rgb).stem if entry.get("id") is None else str(entry["id"]),
        rgb_path=_beside(folder, rgb),
        depth_path=_beside(folder, depth),
        depth_scale=scale,
        description=check_description(description),
        intrinsics=_intrinsics(entry),
    )


def _text(entry: dict[str, Any], key: str) -> str:
    value = entry[key]
    if not isinstance(value, str):
        raise TypeError(f"{key} is {value!r}, not a text")
    return value


def _beside(folder: Path, name: str) -> Path:
    """A file in the folder of the index or in one inside it."""
    path = PurePosixPath(name.replace("\\", "/"))
    if not path.parts or path.is_absolute() or ".." in path.parts:
        raise ValueError(f"'{name}' is no file beside the index")
    return folder / path


def _intrinsics(entry: dict[str, Any]) -> Intrinsics | None:
    given = [float(value) for key in ("fx", "fy", "cx", "cy") if (value := entry.get(key)) is not None]
    if not given:
        return None
    if len(given) < 4:
        raise ValueError("fx, fy, cx and cy belong together")
    fx, fy, cx, cy = given
    if not all(map(math.isfinite, (fx, fy, cx, cy))) or fx <= 0 or fy <= 0:
        raise ValueError("the focal lengths must be positive and all four numbers finite")
    return Intrinsics(fx, fy, cx, cy)
