"""Sizes of images from their headers, without decoding them."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from tr2m_core.errors import InputError
from tr2m_core.files.images import check_depth_image


def image_size(path: Path) -> tuple[int, int]:
    """(height, width) as stored. Raises InputError, naming the file, when it is no image."""
    with _opened(path) as image:
        return image.height, image.width


def depth_image_size(path: Path) -> tuple[int, int]:
    """(height, width). Raises InputError, naming the file, unless it is a depth image."""
    with _opened(path) as image:
        check_depth_image(path, image)
        return image.height, image.width


def check_mask_size(path: Path, mask: tuple[int, ...], depth: tuple[int, ...]) -> None:
    """Raises InputError, naming the mask's file, unless mask and depth are of one (height, width)."""
    if mask != depth:
        raise InputError(f"{path}: the mask has {mask[1]}x{mask[0]} pixels, its depth has {depth[1]}x{depth[0]}")


def _opened(path: Path) -> Image.Image:
    try:
        return Image.open(path)
    except Exception as error:  # Pillow raises many kinds for damaged files
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: not an image that can be read ({type(error).__name__}: {reason})") from None
