"""Depth and camera model to an organised, coloured point cloud."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from sensor_msgs.msg import CameraInfo, Image, PointCloud2, PointField
from std_msgs.msg import Header

from tr2m_core import camera
from tr2m_core.camera import CameraError, RayTable
from tr2m_core.packing import POINT_FIELDS, POINT_STEP, cloud_shape, pack_cloud
from tr2m_ros.conversions import Memory, MessageError, depth_from_image

FIELDS = tuple(
    PointField(name=name, offset=offset, datatype=PointField.FLOAT32, count=1) for name, offset in POINT_FIELDS
)


def check_camera_info(info: CameraInfo) -> None:
    """Raises MessageError when the intrinsics are not finite. An uncalibrated camera (K all zero) passes."""
    if not camera.is_finite(info):
        raise MessageError("camera_info not finite", "camera_info with NaN or infinite values in K, D or P")


class RayTables:
    """The ray tables of clouds."""

    def __init__(self) -> None:
        self._tables = camera.RayTables()

    def get(self, info: CameraInfo, image: Image, rectified: bool) -> RayTable:
        """The table for a picture of this camera. Raises CameraError when size, K or model do not allow one."""
        try:
            return self._tables.get(info, (image.height, image.width), rectified)
        except CameraError as error:
            raise CameraError(f"{error}: no point cloud") from None


def build_cloud(
    depth: Image,
    rgb: npt.NDArray[np.uint8],
    rays: RayTable,
    header: Header,
    stride: int = 1,
    memory: Memory | None = None,
) -> PointCloud2:
    """Every `stride`-th row and column as a point (x, y, z, rgb), in metres; NaN where `depth` is not finite.

    depth: 32FC1 of the same size as `rgb`. Colour is 0x00RRGGBB in the rgb field, as PCL packs it.
    """
    memory = memory or Memory()
    height, width = cloud_shape((depth.height, depth.width), stride)
    msg, data = memory.message(PointCloud2, height * width * POINT_STEP)
    points = data.view(np.float32).reshape(height, width, POINT_STEP // 4)
    pack_cloud(depth_from_image(depth), rgb, rays, points, memory.array("points", height, width, 4), stride)
    msg.header, msg.height, msg.width, msg.fields = header, height, width, list(FIELDS)
    msg.point_step, msg.row_step = POINT_STEP, POINT_STEP * width
    msg.is_bigendian = msg.is_dense = False
    return msg
