"""Transforms: where sensors are relative to a camera, by tf2 where it is installed."""

from __future__ import annotations

from typing import Any

import numpy as np
from rclpy.node import Node
from rclpy.time import Time

from tr2m_core.bags.transforms import frame_name, transform_matrix
from tr2m_core.camera.rigid import Matrix
from tr2m_core.errors import FrameError

NO_TF = "tf2_ros is not installed: give reference_transform"


class Transforms:
    """Listens to /tf and /tf_static while it lives. `between` is safe between threads."""

    def __init__(self, node: Node) -> None:
        self._buffer: Any = None
        try:
            from tf2_ros import Buffer, TransformListener
        except Exception:  # its compiled part fails in several ways
            return
        self._buffer = Buffer()
        self._listener = TransformListener(self._buffer, node)

    def destroy(self) -> None:
        if self._buffer is not None:
            self._listener.unregister()

    def between(self, target: str, source: str, stamp: int, max_age: float) -> Matrix:
        """The (4, 4) matrix that takes points from the frame `source` to the frame `target` at a time (ns).

        The latest transform has to do where there is none of that time. Raises FrameError when nothing connects the
        frames, or the latest is more than max_age seconds from that time.
        """
        target, source = frame_name(target), frame_name(source)
        if target == source or not source:  # what names no frame is taken as the camera's
            return np.eye(4)
        if self._buffer is None:
            raise FrameError(f"no transform between '{target}' and '{source}': {NO_TF}")
        from tf2_ros import TransformException

        try:
            found = self._buffer.lookup_transform(target, source, Time())
            latest = Time.from_msg(found.header.stamp).nanoseconds
            age = (stamp - latest) * 1e-9
            if latest and abs(age) > max_age:
                raise FrameError(f"the transform from '{source}' to '{target}' is {age:.1f} s older than the image")
            if latest > stamp:
                found = self._buffer.lookup_transform(target, source, Time(nanoseconds=stamp))
        except TransformException as error:
            reason = " ".join(str(error).split())[:200]
            raise FrameError(f"no transform between '{target}' and '{source}': {reason}") from None
        try:
            return transform_matrix(found.transform)
        except ValueError as error:
            raise FrameError(f"the transform from '{source}' to '{target}' is {error}") from None
