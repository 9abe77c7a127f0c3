"""Samples of 16 bits as 8, in the same way for files, messages and bags."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

BITS = (8, 10, 12, 14, 16)  # that cameras have


def eight_bits(samples: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """uint16 samples of one image as uint8, rounded; uint8 as they are.

    White is the largest number of the fewest BITS that hold the brightest sample: cameras of 10, 12 or 14 bits send
    these in 16 without saying so. Images of 16 bits come out as cv_bridge makes them.
    """
    if samples.dtype == np.uint8:
        return samples
    brightest = int(samples.max(initial=0))
    white = next(2**bits - 1 for bits in BITS if brightest < 2**bits)
    return np.asarray(cv2.convertScaleAbs(samples, alpha=255 / white), np.uint8).reshape(samples.shape)
