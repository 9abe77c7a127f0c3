"""Depth and camera model to a point cloud message."""

from __future__ import annotations

import array
import math

import numpy as np
import numpy.typing as npt
from sensor_msgs.msg import CameraInfo, Image, PointCloud2, PointField
from std_msgs.msg import Header

from tr2m_core.camera import model as camera
from tr2m_core.camera.model import RayTable
from tr2m_core.errors import FrameError
from tr2m_core.messages.packing import CloudOptions, cloud_shape, finite_points, pack_cloud, point_fields, point_step
from tr2m_ros.conversions import Memory, depth_from_image
from tr2m_ros.parameters import Settings

FIELDS = {
    colour: tuple(
        PointField(name=name, offset=offset, datatype=PointField.FLOAT32, count=1)
        for name, offset in point_fields(colour)
    )
    for colour in (True, False)
}


def check_camera_info(info: CameraInfo) -> None:
    """Raises FrameError when the intrinsics are not finite. An uncalibrated camera (K all zero) passes."""
    if not camera.is_finite(info):
        raise FrameError("camera_info with NaN or infinite values in K, D or P", "camera_info not finite")


def cloud_options(settings: Settings) -> CloudOptions:
    """What the parameters say about clouds; ranges that depth itself keeps to need no looking at."""
    low, high = settings.cloud_min_range, settings.cloud_max_range
    return CloudOptions(
        stride=settings.cloud_stride,
        min_range=low if low > settings.min_depth else 0.0,
        max_range=high if high < settings.max_depth else math.inf,
        colour=settings.cloud_color,
        organised=settings.cloud_organized,
    )


def build_cloud(
    depth: Image,
    rgb: npt.NDArray[np.uint8] | None,
    rays: RayTable,
    header: Header,
    options: CloudOptions | None = None,
    memory: Memory | None = None,
    edges: npt.NDArray[np.bool_] | None = None,
) -> PointCloud2:
    """The points of a 32FC1 image, see `pack_cloud`.

    rgb: of the size of `depth`; may be None when the options want no colour. edges: pixels that become no points.
    """
    options, memory = options or CloudOptions(), memory or Memory()
    step = point_step(options.colour)
    height, width = cloud_shape((depth.height, depth.width), options.stride)
    msg, data = memory.message("points", PointCloud2, height * width * step)
    points = data.view(np.float32).reshape(height, width, step // 4)
    pack_cloud(depth_from_image(depth), rgb, rays, options, points, memory.array("points", height, width, 4), edges)
    if not options.organised:
        finite = finite_points(points)
        msg = PointCloud2(data=array.array("B", finite.tobytes()))
        height, width = 1, len(finite)
    msg.header, msg.height, msg.width, msg.fields = header, height, width, list(FIELDS[options.colour])
    msg.point_step, msg.row_step = step, step * width
    msg.is_bigendian, msg.is_dense = False, not options.organised
    return msg
