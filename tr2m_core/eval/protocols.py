"""Which ground truth counts in the published evaluations, beyond the range of depth."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

# Rows and columns that count, of pictures of 480x640.
NYU_CROP = (slice(45, 471), slice(41, 601))
# Garg et al. 2016, as shares of height and width.
GARG_ROWS, GARG_COLUMNS = (0.40810811, 0.99189189), (0.03594771, 0.96405229)


def evaluation_crop(dataset: str, size: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """(H, W) bool, True inside the crop of the data set's protocol; all of it where the protocol has none."""
    mask = np.zeros(size, bool)
    if dataset in ("nyu", "void"):
        mask[NYU_CROP] = True
    elif dataset == "kitti":
        height, width = size
        rows = slice(int(GARG_ROWS[0] * height), int(GARG_ROWS[1] * height))
        mask[rows, int(GARG_COLUMNS[0] * width) : int(GARG_COLUMNS[1] * width)] = True
    else:
        mask[:] = True
    return mask
