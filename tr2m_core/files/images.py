"""Images, depth maps, clouds and reports on disk."""

from __future__ import annotations

import csv
import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageOps

from tr2m_core.errors import FrameError, InputError
from tr2m_core.files.decoding import MAX_PIXELS as MAX_PIXELS
from tr2m_core.files.decoding import check_image, decode_image, image_kind
from tr2m_core.files.eight_bits import eight_bits

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm")
DEPTH_PNG_UNIT = 0.001  # metres per count
# By Pillow's mode, for those who gave one as depth.
_KINDS = {
    "1": "one bit per pixel",
    "L": "8-bit grey",
    "LA": "grey with alpha",
    "P": "colours of a palette",
    "PA": "colours of a palette",
    "RGB": "colours",
    "RGBA": "colours",
    "CMYK": "colours",
    "YCbCr": "colours",
    "F": "floating-point numbers",
}
# What Pillow raises for damaged files, besides OSError.
_DAMAGED = (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError, struct.error)


def read_image(path: Path, upright: bool = True) -> npt.NDArray[np.uint8]:
    """An image as (H, W, 3) uint8 RGB; the first where the file holds several.

    Grey is repeated, alpha dropped, 16 bits reduced to 8 (`eight_bits`). upright: turned as its EXIF data say; else as
    stored, which is how depth beside it was measured.
    Raises InputError, naming the file, when it cannot be read, is no image, is damaged, holds floating-point numbers
    or integers beyond 16 bits, or has more than MAX_PIXELS pixels.
    """
    with _opened(path) as image:
        if image.mode.startswith("F"):
            raise InputError(f"{path}: holds floating-point numbers; an 8-bit or 16-bit image is needed")
        try:
            deep = ";16" in str(_codec(image)) and not image.mode.startswith("I")
            orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
            if image.format == "TIFF" and orientation != 1 and (deep or not upright):  # Pillow turns it as it loads
                raise InputError(f"{path}: a TIFF with an orientation; save it without")
            if deep:
                image = Image.fromarray(_deep_colours(path))
                image.getexif()[ExifTags.Base.Orientation] = orientation
            if upright and image.format != "TIFF":
                image = ImageOps.exif_transpose(image)
            if image.mode.startswith("I"):
                return np.repeat(_grey(path, np.asarray(image))[..., None], 3, axis=2)
            return np.array(image.convert("RGB"))
        except _DAMAGED as error:
            raise InputError(f"{path}: damaged image ({error})") from None


def _grey(path: Path, samples: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """(H, W) of 16-bit grey, which Pillow would clip instead of scale."""
    if samples.min() < 0 or samples.max() > 65535:
        raise InputError(f"{path}: holds integers beyond 16 bits; an 8-bit or 16-bit image is needed")
    return eight_bits(samples.astype(np.uint16))


def _deep_colours(path: Path) -> npt.NDArray[np.uint8]:
    """(H, W, 3) of 16-bit colours as stored; Pillow would keep their high bytes only."""
    data, flags = np.fromfile(path, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH
    try:
        if image_kind(data) == "png":
            return eight_bits(cv2.cvtColor(decode_image(data, flags, check_image(data)), cv2.COLOR_BGR2RGB))
        return eight_bits(cv2.cvtColor(np.asarray(cv2.imdecode(data, flags)), cv2.COLOR_BGR2RGB))
    except (FrameError, cv2.error) as error:
        raise InputError(f"{path}: damaged image ({' '.join(str(error).split())})") from None


def read_depth_png(path: Path, metres_per_count: float) -> npt.NDArray[np.float32]:
    """A depth image as (H, W) float32 metres, NaN where it holds 0 or less; `check_depth_image` says which are one.

    Raises InputError as `read_image` does.
    """
    with _opened(path) as image:
        check_depth_image(path, image)
        try:
            counts = np.asarray(image)
        except _DAMAGED as error:
            raise InputError(f"{path}: damaged image ({error})") from None
    return np.where(counts > 0, counts * metres_per_count, np.nan).astype(np.float32)


def _codec(image: Image.Image) -> tuple[Any, ...]:
    """Name, place and arguments of the decoder, which tell what the mode does not; none once the pixels are loaded."""
    tiles = getattr(image, "tile", [])
    return tuple(tiles[0]) if tiles else ()


def check_depth_image(path: Path, image: Image.Image) -> None:
    """Raises InputError unless an image has one integer of 16 or more bits per pixel: png, tiff, or pgm up to 65535.

    Fewer bits are grey to look at, colours or the places of a palette; others have no unit that could be told.
    """
    if image.mode.startswith("I"):
        if image.format == "PPM" and "raw" not in _codec(image):  # Pillow scales the numbers to 65535
            raise InputError(f"{path}: a pgm of depth needs a maximum of 65535, in binary")
        return
    kind = _KINDS.get(image.mode, image.mode)
    raise InputError(f"{path}: not a 16-bit depth image: it holds {kind}")


def _opened(path: Path) -> Image.Image:
    """Opens the file and checks its announced size; the pixels are not decoded yet."""
    if path.is_dir():
        raise InputError(f"{path}: a folder, not an image")
    try:
        image = Image.open(path)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except PermissionError:
        raise InputError(f"{path}: no permission to read it") from None
    except Image.DecompressionBombError:
        raise InputError(f"{path}: too many pixels; at most {MAX_PIXELS:,} are accepted") from None
    except _DAMAGED:
        raise InputError(f"{path}: not an image that can be read") from None
    if image.width * image.height > MAX_PIXELS:
        image.close()
        raise InputError(f"{path}: {image.width}x{image.height} pixels; at most {MAX_PIXELS:,} are accepted")
    return image


def write_png(path: Path, image: npt.NDArray[np.uint8]) -> None:
    """Writes (H, W, 3) uint8 RGB."""
    Image.fromarray(image).save(path)


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
    with path.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]) if rows else [])
        writer.writeheader()
        writer.writerows(rows)
