"""The static transforms of a bag: how its cameras and lidars are mounted to each other."""

from __future__ import annotations

from typing import Any

import numpy as np

from tr2m_core.bags.bag import Bag
from tr2m_core.camera.rigid import Matrix, rigid_matrix
from tr2m_core.errors import FrameError

TF_TYPE = "tf2_msgs/msg/TFMessage"


class TransformError(FrameError):
    """Two frames without a usable transform between them; the text names them in one line."""


class StaticTransforms:
    """A tree of frames. A leading slash of a frame's name is ignored; of several parents the last one said counts."""

    def __init__(self) -> None:
        self._parents: dict[str, tuple[str, Any]] = {}  # child -> parent and geometry_msgs/Transform

    @classmethod
    def from_bag(cls, bag: Bag) -> StaticTransforms:
        """All of /tf_static, also in namespaces; messages that cannot be read are left out."""
        transforms = cls()
        named = [name for name, topic in bag.topics.items() if topic.type == TF_TYPE and name.endswith("/tf_static")]
        for message in bag.messages(named):
            try:
                transforms.add(bag.decode(message.data, TF_TYPE))
            except FrameError:
                continue
        return transforms

    def add(self, message: Any) -> None:
        """Takes in a tf2_msgs/TFMessage."""
        for stamped in message.transforms:
            self._parents[frame_name(stamped.child_frame_id)] = frame_name(stamped.header.frame_id), stamped.transform

    def between(self, target: str, source: str) -> Matrix:
        """The (4, 4) matrix that takes points in metres from the frame `source` to the frame `target`.

        Raises TransformError when nothing connects the two or a transform on the way is no rotation and translation.
        """
        from_source, from_target = self._to_ancestors(frame_name(source)), self._to_ancestors(frame_name(target))
        for ancestor, matrix in from_source.items():
            if ancestor in from_target:
                connection: Matrix = np.linalg.inv(from_target[ancestor]) @ matrix
                return connection
        frames = sorted(self._parents.keys() | {parent for parent, _ in self._parents.values()})
        known = f"tf_static has {', '.join(frames)}" if frames else "there is no tf_static"
        raise TransformError(f"no transform between frames '{target}' and '{source}': {known}")

    def _to_ancestors(self, frame: str) -> dict[str, Matrix]:
        """The matrices from a frame to itself, its parent, and so on; a circle ends where it closes."""
        found = {frame: np.eye(4)}
        while frame in self._parents:
            parent, transform = self._parents[frame]
            if parent in found:
                break
            try:
                found[parent] = transform_matrix(transform) @ found[frame]
            except ValueError as error:
                raise TransformError(f"tf_static from '{parent}' to '{frame}' is {error}") from None
            frame = parent
        return found


def frame_name(frame_id: str) -> str:
    """The name without the leading slash that ROS 1 gave it."""
    return str(frame_id).removeprefix("/")


def transform_matrix(transform: Any) -> Matrix:
    """A geometry_msgs/Transform, which takes points from the child to the parent.

    Raises ValueError as `rigid_matrix` does.
    """
    position, rotation = transform.translation, transform.rotation
    return rigid_matrix((position.x, position.y, position.z), (rotation.x, rotation.y, rotation.z, rotation.w))
