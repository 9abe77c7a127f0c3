"""How alike two images are, by what is left of them at a few pixels."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

THUMBNAIL = 8  # rows and columns
SAMPLED = 64  # rows and columns of the pixels that are looked at
NOISE = 4.0  # grey levels squared


def grid(shape: tuple[int, ...]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Indices of SAMPLED x SAMPLED pixels, evenly spread; a smaller frame's are taken several times."""
    rows, columns = (((np.arange(SAMPLED) + 0.5) * size / SAMPLED).astype(np.intp) for size in shape[:2])
    return rows[:, None], columns[None, :]


def thumbnail(rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """(H, W, 3) -> (THUMBNAIL, THUMBNAIL) mean levels of the green channel, in place of grey levels."""
    blocks = rgb[..., 1][grid(rgb.shape)].reshape(THUMBNAIL, SAMPLED // THUMBNAIL, THUMBNAIL, SAMPLED // THUMBNAIL)
    means: npt.NDArray[np.float32] = blocks.mean(axis=(1, 3), dtype=np.float32)
    return means


def likeness(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> float:
    """Correlation of two thumbnails, -1 to 1, blind to exposure; 1 for two that show nothing but noise."""
    a, b = a - a.mean(), b - b.mean()
    return float((a * b).mean() + NOISE) / math.sqrt(float((a * a).mean() + NOISE) * float((b * b).mean() + NOISE))


def has_changed(seen: npt.NDArray[np.float32], before: npt.NDArray[np.float32] | None, change: float) -> bool:
    """Whether a thumbnail shows another scene than the one before, None for none: 1 - likeness reaches `change`."""
    return before is None or 1 - likeness(seen, before) >= change
