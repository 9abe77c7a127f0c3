"""Folders of single photographs with measured depth, each with an index.json: an evaluation set.

index.json holds {"source": name, "frames": [...]}; a frame has rgb and depth (file names beside it), depth_scale
(metres per count of the 16-bit depth picture, 0 = invalid), description, and optionally id, fx, fy, cx, cy in pixels.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tr2m_core.files import read_depth_png, read_image
from tr2m_core.types import InputError, Intrinsics

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
        """Picture (H, W, 3) uint8 and depth (H, W) float32 metres, NaN where not measured. Raises InputError."""
        rgb = read_image(self.rgb_path)
        depth = read_depth_png(self.depth_path, self.depth_scale)
        if depth.shape != rgb.shape[:2]:
            sizes = f"{depth.shape[1]}x{depth.shape[0]}, the picture {rgb.shape[1]}x{rgb.shape[0]}"
            raise InputError(f"{self.depth_path}: the depth is {sizes}")
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
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
        source = str(index.get("source", path.parent.name))
        entries = list(index["frames"])
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, KeyError, AttributeError, TypeError) as error:
        raise InputError(f"{path}: not a readable index of frames ({error!r})") from None
    for place, entry in enumerate(entries):
        try:
            yield _frame(source, path.parent, entry)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(f"{path}: frame {place} is not usable ({error!r})") from None


def _frame(source: str, folder: Path, entry: dict[str, Any]) -> Frame:
    scale = float(entry["depth_scale"])
    if not (math.isfinite(scale) and scale > 0):
        raise ValueError(f"depth_scale {scale:g} is not positive")
    intrinsics = None
    if all(key in entry for key in ("fx", "fy", "cx", "cy")):
        intrinsics = Intrinsics(*(float(entry[key]) for key in ("fx", "fy", "cx", "cy")))
    return Frame(
        source=source,
        name=str(entry.get("id", Path(entry["rgb"]).stem)),
        rgb_path=folder / entry["rgb"],
        depth_path=folder / entry["depth"],
        depth_scale=scale,
        description=str(entry["description"]),
        intrinsics=intrinsics,
    )
