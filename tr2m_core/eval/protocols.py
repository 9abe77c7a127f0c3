"""What of the ground truth counts in the published evaluations, beyond the range of depth, and what they found."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tr2m_core.data.dataset import Crop

# Eigen et al. 2014, for images of 480x640: rows and columns that count.
EIGEN = (slice(45, 471), slice(41, 601))
# Garg et al. 2016, as shares of height and width.
GARG_ROWS, GARG_COLUMNS = (0.40810811, 0.99189189), (0.03594771, 0.96405229)

# Means over images, arXiv 2506.13387; all but nyu and kitti without training on the data set.
PUBLISHED = {
    "nyu": {"abs_rel": 0.082, "log10": 0.035, "rmse": 0.293, "delta1": 0.954, "delta2": 0.996, "delta3": 0.999},
    "kitti": {"abs_rel": 0.066, "rmse": 2.328, "rmse_log": 0.093, "delta1": 0.965, "delta2": 0.996, "delta3": 0.999},
    "sunrgbd": {"abs_rel": 0.451, "delta1": 0.591},
    "ibims": {"abs_rel": 0.154, "delta1": 0.736},
    "hypersim": {"abs_rel": 0.357, "delta1": 0.361},
    "diode_outdoor": {"abs_rel": 0.673, "delta1": 0.274},
    "simcol": {"abs_rel": 0.284, "delta1": 0.445},
}


def evaluation_crop(crop: Crop | None, size: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """(H, W) bool for ground truth of (height, width) = size, True inside the crop; all of it without one.

    The Eigen crop is the same rows and columns whatever the size; those beyond the edge are not there.
    """
    if crop is None:
        return np.ones(size, bool)
    mask = np.zeros(size, bool)
    mask[{"eigen": EIGEN, "garg": _garg(size)}[crop]] = True
    return mask


def _garg(size: tuple[int, int]) -> tuple[slice, slice]:
    height, width = size
    rows, columns = ([int(share * height) for share in GARG_ROWS], [int(share * width) for share in GARG_COLUMNS])
    return slice(*rows), slice(*columns)
