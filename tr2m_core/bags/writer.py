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

from tr2m_core.errors import InputError
from tr2m_core.messages.packing import cloud_fields, image_fields, point_fields

DEPTH_TOPIC = "/metric_depth"
INFO_TOPIC = DEPTH_TOPIC + "/camera_info"
CLOUD_TOPIC = DEPTH_TOPIC + "/points"
DESCRIPTION_TOPIC = DEPTH_TOPIC + "/active_description"

_FLOAT32 = 7  # PointField.FLOAT32
_NEVER = QosTime(2147483647, 4294967295)
LATCHED = Qos(
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

    Raises InputError when the path exists or cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._types = get_typestore(Stores.ROS2_HUMBLE)
        self._connections: dict[str, Any] = {}
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
        header: Any,
        recorded: int,
        description: str,
        depth: npt.NDArray[np.float32],
        info: Any | None = None,
        points: npt.NDArray[np.float32] | None = None,
    ) -> None:
        """Adds a frame, all of it with the header of its image and its time of recording (ns).

        depth, points: packed, see `pack_depth` and `pack_cloud`. info: the image's CameraInfo.
        """
        if description != self._description:
            self._description = description
            self._add(DESCRIPTION_TOPIC, recorded, self._message("std_msgs/msg/String", data=description), LATCHED)
        self._add(DEPTH_TOPIC, recorded, self._sensor_message("Image", header, depth, **image_fields(depth)))
        if info is not None:
            self._add(INFO_TOPIC, recorded, dataclasses.replace(info, header=header))
        if points is not None:
            fields = [
                self._message("sensor_msgs/msg/PointField", name=name, offset=offset, datatype=_FLOAT32, count=1)
                for name, offset in point_fields(colour=points.shape[-1] == 4)
            ]
            cloud = self._sensor_message("PointCloud2", header, points, fields=fields, **cloud_fields(points))
            self._add(CLOUD_TOPIC, recorded, cloud)

    def _sensor_message(self, kind: str, header: Any, content: npt.NDArray[Any], **fields: Any) -> Any:
        return self._message(f"sensor_msgs/msg/{kind}", header=header, data=content.view(np.uint8).ravel(), **fields)

    def _message(self, kind: str, **fields: Any) -> Any:
        return self._types.types[kind](**fields)

    def _add(self, topic: str, recorded: int, message: Any, *qos: Qos) -> None:
        kind = message.__msgtype__
        if topic not in self._connections:
            self._connections[topic] = self._writer.add_connection(
                topic, kind, typestore=self._types, offered_qos_profiles=qos
            )
        self._writer.write(self._connections[topic], recorded, self._types.serialize_cdr(message, kind))
