"""Writes predicted depth as a bag with the topics of the depth node."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rosbags.interfaces import Qos, QosDurability, QosHistory, QosLiveliness, QosReliability, QosTime
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from tr2m_core.camera.model import PictureError, RayTables
from tr2m_core.errors import CameraError, InputError
from tr2m_core.messages.packing import CloudOptions, cloud_shape, pack_cloud, pack_depth, point_fields, point_step

DEPTH_TOPIC = "/metric_depth"
INFO_TOPIC = DEPTH_TOPIC + "/camera_info"
CLOUD_TOPIC = DEPTH_TOPIC + "/points"
DESCRIPTION_TOPIC = DEPTH_TOPIC + "/active_description"

_FLOAT32 = 7  # PointField.FLOAT32
_NEVER = QosTime(2147483647, 4294967295)
_LATCHED = Qos(
    QosHistory.KEEP_LAST,
    1,
    QosReliability.RELIABLE,
    QosDurability.TRANSIENT_LOCAL,
    _NEVER,
    _NEVER,
    QosLiveliness.AUTOMATIC,
    _NEVER,
    False,
)


class DepthBagWriter:
    """A new bag folder (mcap). Use as a context manager: the bag is whole however the block ends.

    min_depth, max_depth: metres outside of which depth is -Inf or +Inf, as on the node. rectified: the pictures are.
    Raises InputError when the path exists or cannot be written.
    """

    def __init__(
        self, path: Path, min_depth: float = 0.01, max_depth: float = 100.0, rectified: bool = False, stride: int = 1
    ) -> None:
        self.path = path
        self._limits = min_depth, max_depth
        self._rectified, self._options = rectified, CloudOptions(stride)
        self._types = get_typestore(Stores.ROS2_HUMBLE)
        self._connections: dict[str, Any] = {}
        self._rays = RayTables()
        self._description: str | None = None
        if path.exists():
            raise InputError(f"{path} exists: choose a new folder for the bag, or remove it")
        self._writer = Writer(path, version=8, storage_plugin=StoragePlugin.MCAP)

    def __enter__(self) -> DepthBagWriter:
        try:
            self._writer.open()
        except OSError as error:
            raise InputError(f"{self.path}: cannot write a bag there ({error.strerror})") from None
        return self

    def __exit__(self, *error: object) -> None:
        self._writer.close()  # not the writer's own exit, which gives up what was written when there was an error

    def write(
        self,
        image: Any,
        recorded: int,
        depth: npt.NDArray[np.float32],
        rgb: npt.NDArray[np.uint8],
        info: Any | None,
        description: str,
    ) -> str | None:
        """Adds a frame, all of it with the header of its image message and its time of recording (ns).

        depth: (H, W) metres; rgb: (H, W, 3); info: the image's CameraInfo. Returns why there is no cloud, None when
        there is: without an info of this size there is no camera_info either.
        """
        if description != self._description:
            self._description = description
            self._add(DESCRIPTION_TOPIC, recorded, self._message("std_msgs/msg/String", data=description), _LATCHED)
        packed = np.empty(depth.shape, np.float32)
        pack_depth(depth, *self._limits, out=packed)
        self._add(DEPTH_TOPIC, recorded, self._depth_image(image.header, packed))
        if info is None:
            return "no camera_info: no point cloud"
        cloud, why = None, None
        try:
            cloud = self._cloud(image.header, packed, rgb, info)
        except CameraError as error:
            why = f"{error}: no point cloud"
            if isinstance(error, PictureError):
                return why
        self._add(INFO_TOPIC, recorded, dataclasses.replace(info, header=image.header))
        if cloud is not None:
            self._add(CLOUD_TOPIC, recorded, cloud)
        return why

    def _depth_image(self, header: Any, packed: npt.NDArray[np.float32]) -> Any:
        height, width = packed.shape
        return self._message(
            "sensor_msgs/msg/Image",
            header=header,
            height=height,
            width=width,
            encoding="32FC1",
            is_bigendian=0,
            step=4 * width,
            data=packed.view(np.uint8).ravel(),
        )

    def _cloud(self, header: Any, packed: npt.NDArray[np.float32], rgb: npt.NDArray[np.uint8], info: Any) -> Any:
        size = (packed.shape[0], packed.shape[1])
        rays = self._rays.get(info, size, self._rectified)
        height, width = cloud_shape(size, self._options.stride)
        step = point_step(colour=True)
        points = np.empty((height, width, step // 4), np.float32)
        pack_cloud(packed, rgb, rays, self._options, points, np.empty((height, width, 4), np.uint8))
        return self._message(
            "sensor_msgs/msg/PointCloud2",
            header=header,
            height=height,
            width=width,
            fields=[
                self._message("sensor_msgs/msg/PointField", name=name, offset=offset, datatype=_FLOAT32, count=1)
                for name, offset in point_fields(colour=True)
            ],
            is_bigendian=False,
            point_step=step,
            row_step=step * width,
            data=points.view(np.uint8).ravel(),
            is_dense=False,
        )

    def _message(self, kind: str, **fields: Any) -> Any:
        return self._types.types[kind](**fields)

    def _add(self, topic: str, recorded: int, message: Any, *qos: Qos) -> None:
        kind = message.__msgtype__
        if topic not in self._connections:
            self._connections[topic] = self._writer.add_connection(
                topic, kind, typestore=self._types, offered_qos_profiles=qos
            )
        self._writer.write(self._connections[topic], recorded, self._types.serialize_cdr(message, kind))
