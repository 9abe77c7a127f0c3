"""Pictures, depth maps, clouds and reports on disk."""

from __future__ import annotations

import csv
import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from tr2m_core.types import InputError

MAX_PIXELS = 50_000_000
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm")
DEPTH_PNG_UNIT = 0.001  # metres per count
# What Pillow raises for damaged files, besides OSError.
_DAMAGED = (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError, struct.error)


def read_image(path: Path) -> npt.NDArray[np.uint8]:
    """A picture as (H, W, 3) uint8 RGB, turned upright as its EXIF data say.

    Grey is repeated, alpha dropped, 16 bits reduced to 8. Raises InputError, naming the file, when it cannot be read,
    is no picture, is damaged, holds floating-point numbers or has more than MAX_PIXELS pixels.
    """
    with _opened(path) as image:
        if image.mode.startswith("F"):
            raise InputError(f"{path}: holds floating-point numbers; an 8-bit or 16-bit picture is needed")
        try:
            upright = ImageOps.exif_transpose(image)
            if upright.mode.startswith("I"):  # 16-bit grey, which Pillow would clip instead of scale
                grey = (np.clip(np.asarray(upright), 0, 65535) >> 8).astype(np.uint8)
                return np.repeat(grey[..., None], 3, axis=2)
            return np.array(upright.convert("RGB"))
        except _DAMAGED as error:
            raise InputError(f"{path}: damaged picture ({error})") from None


def read_depth_png(path: Path, metres_per_count: float) -> npt.NDArray[np.float32]:
    """A 16-bit depth picture as (H, W) float32 metres, NaN where it holds 0. Raises InputError as `read_image` does."""
    with _opened(path) as image:
        try:
            counts = np.asarray(image)
        except _DAMAGED as error:
            raise InputError(f"{path}: damaged picture ({error})") from None
    if counts.ndim != 2 or not np.issubdtype(counts.dtype, np.integer):
        raise InputError(f"{path}: not a one-channel depth picture")
    return np.where(counts > 0, counts * metres_per_count, np.nan).astype(np.float32)


def _opened(path: Path) -> Image.Image:
    """Opens the file and checks its announced size; the pixels are not decoded yet."""
    if path.is_dir():
        raise InputError(f"{path}: a folder, not a picture")
    try:
        image = Image.open(path)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except PermissionError:
        raise InputError(f"{path}: no permission to read it") from None
    except Image.DecompressionBombError:
        raise InputError(f"{path}: too many pixels; at most {MAX_PIXELS:,} are accepted") from None
    except _DAMAGED:
        raise InputError(f"{path}: not a picture that can be read") from None
    if image.width * image.height > MAX_PIXELS:
        image.close()
        raise InputError(f"{path}: {image.width}x{image.height} pixels; at most {MAX_PIXELS:,} are accepted")
    return image


def write_png(path: Path, picture: npt.NDArray[np.uint8]) -> None:
    """Writes (H, W, 3) uint8 RGB."""
    Image.fromarray(picture).save(path)


def write_depth_png(path: Path, depth: npt.NDArray[np.floating[Any]]) -> None:
    """Writes (H, W) metres as 16-bit millimetres; 0 where the depth is not finite, under 0.5 mm or beyond 65.535 m."""
    with np.errstate(invalid="ignore"):
        counts = np.round(np.asarray(depth, np.float64) / DEPTH_PNG_UNIT)
        fits = (counts >= 1) & (counts <= 65535)
    Image.fromarray(np.where(fits, counts, 0).astype(np.uint16)).save(path)


def write_ply(path: Path, points: npt.NDArray[np.floating[Any]], colours: npt.NDArray[np.uint8]) -> None:
    """Writes the finite points as a binary little-endian PLY. points (..., 3) metres, colours (..., 3) uint8 RGB."""
    flat_points, flat_colours = points.reshape(-1, 3), colours.reshape(-1, 3)
    keep = np.isfinite(flat_points).all(axis=1)
    vertices = np.empty(int(keep.sum()), [("xyz", "<f4", 3), ("rgb", "u1", 3)])
    vertices["xyz"], vertices["rgb"] = flat_points[keep], flat_colours[keep]
    lines = ["ply", "format binary_little_endian 1.0", f"element vertex {len(vertices)}"]
    lines += [f"property float {axis}" for axis in "xyz"]
    lines += [f"property uchar {channel}" for channel in ("red", "green", "blue")]
    with path.open("wb") as file:
        file.write("\n".join([*lines, "end_header", ""]).encode("ascii"))
        file.write(vertices.tobytes())


def write_json(path: Path, report: Mapping[str, Any]) -> None:
    """Writes an indented report. Raises ValueError for NaN or infinity, which JSON does not have."""
    path.write_text(json.dumps(report, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes one line per row under the keys of the first; None becomes an empty cell."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]) if rows else [])
        writer.writeheader()
        writer.writerows(rows)
