"""Memory that is used again from frame to frame."""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import Any

import numpy as np
import numpy.typing as npt


class Memory:
    """Arrays by name: fresh pages cost more than the arithmetic on them.

    What was made in one is good until the next of its name is asked for.
    """

    def __init__(self) -> None:
        self._kept: dict[Hashable, npt.NDArray[np.uint8]] = {}

    def array(self, name: Hashable, shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """An array of this shape and type, of any content."""
        size = math.prod(shape) * np.dtype(dtype).itemsize
        kept = self._kept.get(name)
        if kept is None or kept.size != size:
            kept = self._kept[name] = self._allocate(name, size)
        return kept.view(dtype).reshape(shape)

    def _allocate(self, name: Hashable, size: int) -> npt.NDArray[np.uint8]:
        return np.empty(size, np.uint8)
