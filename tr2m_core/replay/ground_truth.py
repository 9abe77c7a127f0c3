"""Measured depth as the colour camera of a bag sees it: taken as is, or projected from another camera or a lidar."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tr2m_core.bags.bag import Bag
from tr2m_core.bags.topics import Topics, first_info
from tr2m_core.bags.transforms import StaticTransforms, TransformError, frame_name
from tr2m_core.camera.model import RayTables, is_rectified, project, resized
from tr2m_core.camera.rigid import transformed
from tr2m_core.errors import CameraError, FrameError
from tr2m_core.messages.depth_images import decode_depth
from tr2m_core.messages.point_clouds import CLOUD_TYPE, read_points

Depth = npt.NDArray[np.float32]  # (H, W)
Points = npt.NDArray[np.float64]  # (N, 3)


class GroundTruth:
    """The depth measurements of one bag.

    assume_aligned: depth images of the image's size are taken as the colour camera's whatever frame they name.

    A projected measurement covers the one pixel that its centre falls into, so that a coarse one leaves gaps (NaN)
    through which what lies behind can show. Motion between the two stamps is not made up for.
    """

    def __init__(self, bag: Bag, topics: Topics, assume_aligned: bool = False) -> None:
        self._topics = topics
        self._assume_aligned = assume_aligned
        self._transforms = StaticTransforms.from_bag(bag)
        self._info = first_info(bag, topics.info)
        self._depth_info = first_info(bag, topics.depth_info)
        self._rays = RayTables()

    def depth_for(self, colour: Any, depth: Any, depth_type: str, size: tuple[int, int]) -> Depth:
        """Metres along the optical axis of the colour camera, NaN where nothing was measured.

        colour, depth: messages taken at one time; depth_type: sensor_msgs/msg/Image, CompressedImage or PointCloud2;
        size: (height, width) of the image. Raises FrameError, saying what to record, when depth of another frame or
        size cannot be projected, and for messages that cannot be used.
        """
        if depth_type == CLOUD_TYPE:
            return self._from_cloud(colour, depth, size)
        measured = decode_depth(depth)
        measured[~(np.isfinite(measured) & (measured > 0))] = np.nan
        if measured.shape == size and (self._assume_aligned or _same_frame(colour, depth)):
            return measured
        return self._from_image(colour, depth, measured, size)

    def _from_cloud(self, colour: Any, cloud: Any, size: tuple[int, int]) -> Depth:
        lacking = self._missing_info()
        try:
            matrix = self._transforms.between(colour.header.frame_id, cloud.header.frame_id)
        except TransformError as error:
            lacking.append(str(error))
        if lacking:
            remedy = "record /tf_static and the camera_info of the image"
            raise FrameError(f"the point cloud cannot be projected: {'; '.join(lacking)} ({remedy})")
        return self._projected(read_points(cloud), matrix, size)

    def _from_image(self, colour: Any, depth: Any, measured: Depth, size: tuple[int, int]) -> Depth:
        lacking = self._missing_info()
        if self._depth_info is None:
            lacking.append("no camera_info of the depth image")
        try:
            same = _same_frame(colour, depth)
            matrix = np.eye(4) if same else self._transforms.between(colour.header.frame_id, depth.header.frame_id)
        except TransformError as error:
            lacking.append(str(error))
        if lacking:
            sizes = f"depth of {measured.shape[1]}x{measured.shape[0]} pixels for an image of {size[1]}x{size[0]}"
            remedy = "record /tf_static and camera_info of both, or depth aligned to the image"
            if measured.shape == size:
                remedy += ", or pass --assume-aligned if only the frames' names differ"
            raise FrameError(f"{sizes} cannot be projected: {'; '.join(lacking)} ({remedy})")
        return self._projected(self._points(measured), matrix, size)

    def _missing_info(self) -> list[str]:
        return ["no camera_info of the image"] if self._info is None else []

    def _points(self, measured: Depth) -> Points:
        """The measured pixels as points of the depth camera."""
        rectified = is_rectified(self._topics.depth or "")
        size = (measured.shape[0], measured.shape[1])
        try:
            rays = self._rays.get(resized(self._depth_info, size), size, rectified)
        except CameraError as error:
            raise FrameError(f"{self._topics.depth_info}: {error}") from None
        points = np.stack((rays.x * measured, rays.y * measured, measured), axis=-1).reshape(-1, 3)
        return points[np.isfinite(points).all(axis=1)].astype(np.float64)

    def _projected(self, points: Points, matrix: npt.NDArray[np.float64], size: tuple[int, int]) -> Depth:
        points = transformed(points, matrix)
        try:
            pixels = project(points, resized(self._info, size), is_rectified(self._topics.image))
        except CameraError as error:
            raise FrameError(f"{self._topics.info}: {error}") from None
        return nearest_depth(pixels, points[:, 2], size)


def nearest_depth(pixels: npt.NDArray[np.float64], z: npt.NDArray[np.float64], size: tuple[int, int]) -> Depth:
    """An image (height, width) of the depths z (N,) at pixels (N, 2): the nearest wins, NaN where there is none."""
    height, width = size
    with np.errstate(invalid="ignore"):
        column, row = np.floor(pixels + 0.5).T
        inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    seen = np.full(height * width, np.inf, np.float32)
    place = row[inside].astype(np.intp) * width + column[inside].astype(np.intp)
    np.minimum.at(seen, place, z[inside].astype(np.float32))
    seen[np.isinf(seen)] = np.nan
    return seen.reshape(size)


def _same_frame(colour: Any, depth: Any) -> bool:
    """An image that names no frame is taken as seen by the colour camera."""
    frames = frame_name(colour.header.frame_id), frame_name(depth.header.frame_id)
    return not all(frames) or frames[0] == frames[1]
