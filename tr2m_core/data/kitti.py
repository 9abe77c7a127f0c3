"""KITTI, Eigen split: streets, accumulated lidar."""

from __future__ import annotations

from tr2m_core.data.arrays import Depth, ImageArray
from tr2m_core.data.base import DepthProtocol
from tr2m_core.data.dataset import FileDataset


class KITTI(FileDataset):
    """Images differ by a few pixels from drive to drive; the benchmark's bottom-centre crop makes them one size."""

    name = "kitti"
    protocol = DepthProtocol(min_depth=0.001, max_depth=80.0, mean_weight=1.0)
    input_size = (350, 1204)
    depth_size = (352, 1216)
    crop = "garg"
    unit_per_count = 1 / 256

    def fits(self, size: tuple[int, int]) -> bool:
        return size[0] >= self.depth_size[0] and size[1] >= self.depth_size[1]

    def frame(self, image: ImageArray, depth: Depth) -> tuple[ImageArray, Depth]:
        height, width = self.depth_size
        top, left = depth.shape[0] - height, (depth.shape[1] - width) // 2
        inside = slice(top, top + height), slice(left, left + width)
        return image[inside], depth[inside]
