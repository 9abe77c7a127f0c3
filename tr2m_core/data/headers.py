"""Sizes of pictures from their headers, without decoding them."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from tr2m_core.types import InputError


def picture_size(path: Path) -> tuple[int, int]:
    """(height, width). Raises InputError, naming the file, when it is no picture."""
    return _header(path)[0]


def depth_picture_size(path: Path) -> tuple[int, int]:
    """(height, width). Raises InputError, naming the file, unless it is a 16-bit depth picture."""
    size, mode = _header(path)
    if not mode.startswith("I"):
        raise InputError(f"{path}: not a 16-bit depth picture")
    return size


def check_mask_size(path: Path, mask: tuple[int, ...], depth: tuple[int, ...]) -> None:
    """Raises InputError, naming the mask's file, unless mask and depth are of one (height, width)."""
    if mask != depth:
        raise InputError(f"{path}: the mask has {mask[1]}x{mask[0]} pixels, its depth has {depth[1]}x{depth[0]}")


def _header(path: Path) -> tuple[tuple[int, int], str]:
    """(height, width) and Pillow's mode."""
    try:
        with Image.open(path) as picture:
            return (picture.height, picture.width), picture.mode
    except Exception as error:  # Pillow raises many kinds for damaged files
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: not a picture that can be read ({type(error).__name__}: {reason})") from None
