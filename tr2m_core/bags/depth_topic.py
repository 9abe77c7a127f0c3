"""Finds the topic with the measured depth: an image of it, or else the cloud of a lidar."""

from __future__ import annotations

from typing import Any

from tr2m_core.bags.bag import Bag, shown
from tr2m_core.bags.candidates import FOUND_DEPTHS, Found, hinted, images, is_own, recorded, words_of
from tr2m_core.bags.transforms import StaticTransforms, TransformError
from tr2m_core.errors import InputError
from tr2m_core.messages.point_clouds import CLOUD_TYPE

NO_DEPTH = "none"  # what says that there is no ground truth, instead of a topic
ALIGNED = ("aligned", "registered")
# What an image of 16-bit counts or floats may be instead of depth, and who predicts depth from images.
OTHER_IMAGES = {
    *("infra", "infrared", "ir", "thermal", "confidence", "amplitude", "intensity", "disparity", "mask", "label"),
    *("labels", "segmentation", "semantic", "cost", "elevation"),
}
PREDICTED = {
    "predicted",
    "prediction",
    "estimated",
    "midas",
    "anything",
    "zoedepth",
    "monodepth",
    "metric3d",
    "unidepth",
}
# What a point cloud may be instead of one measurement of the surroundings.
OTHER_CLOUDS = {"voxel", "voxels", "obstacle", "obstacles", "cluster", "clusters", "radar", "features", "frontier"}
# Parts of a cloud that the bag may have as a whole.
PARTS = {"filtered", "cropped", "downsampled", "segmented", "ground", "nonground", "outliers", "inliers"}


def find_depth(bag: Bag, image: str) -> Found:
    """The one depth image, by its name aligned with the colour image where there are several, else the one cloud.

    Raises InputError when several depth images fit. Depth is optional: of several clouds none is taken.
    """
    recordings = [name for name in images(bag, FOUND_DEPTHS) if not is_own(name)]
    fitting = [name for name in recordings if not set(words_of(name)) & (OTHER_IMAGES | PREDICTED)]
    if len(fitting) > 1:
        fitting = hinted(fitting, ALIGNED) or fitting
    if len(fitting) > 1:
        listed = ", ".join(sorted(fitting))
        raise InputError(f"{bag.path}: several depth topics; choose one with --depth-topic: {listed}")
    if fitting:
        return Found(fitting[0])
    clouds = [name for name in recorded(bag, CLOUD_TYPE) if not is_own(name)]
    fitting = _measured_clouds(bag, image, clouds)
    if len(fitting) == 1:
        return Found(fitting[0])
    if fitting:
        return Found(None, f"several point clouds may be it: {_listed(fitting)}; choose one with --depth-topic")
    if others := recordings + clouds:
        return Found(None, f"by their names no measurement: {_listed(others)}; take one with --depth-topic")
    return Found(None, bag.describe_unread() if bag.unread else "")


def _measured_clouds(bag: Bag, image: str, clouds: list[str]) -> list[str]:
    """Those that are no maps and the like; of several those that can be projected, and of these the whole ones."""
    fitting = [name for name in clouds if not _is_map(name) and not set(words_of(name)) & (OTHER_CLOUDS | PREDICTED)]
    if len(fitting) > 1:
        transforms, frame = StaticTransforms.from_bag(bag), _frame(bag, image)
        fitting = [name for name in fitting if _is_connected(transforms, frame, _frame(bag, name))] or fitting
    if len(fitting) > 1:
        fitting = [name for name in fitting if not set(words_of(name)) & PARTS] or fitting
    return fitting


def _is_map(name: str) -> bool:
    return any(word.endswith(("map", "maps")) for word in words_of(name))


def _frame(bag: Bag, topic: str) -> str | None:
    message: Any = bag.first(topic)
    return None if message is None else str(message.header.frame_id)


def _is_connected(transforms: StaticTransforms, target: str | None, source: str | None) -> bool:
    if target is None or source is None:
        return False
    try:
        transforms.between(target, source)
    except TransformError:
        return False
    return True


def _listed(names: list[str]) -> str:
    return ", ".join(map(shown, sorted(names)))
