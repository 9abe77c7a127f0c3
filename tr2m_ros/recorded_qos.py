"""The quality of service in which a recording is played."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

QUEUE_DEPTH = 10
DEEPEST = 1000  # messages; a recording may say anything
LONGEST = 1 << 17  # characters
# As recorders of Humble and before write the policies, and those of later releases.
BEST_EFFORT = (ReliabilityPolicy.BEST_EFFORT.value, "best_effort")
TRANSIENT_LOCAL = (DurabilityPolicy.TRANSIENT_LOCAL.value, "transient_local")


def playing_qos(offered: str) -> QoSProfile:
    """Reliable, so that every subscriber can pair; what the latched publishers keep is kept. offered: see `Storage`."""
    profiles = _profiles(offered)
    latched = [profile for profile in profiles if profile.get("durability") in TRANSIENT_LOCAL]
    depth = max(QUEUE_DEPTH, _depth(latched))
    return QoSProfile(depth=depth, durability=_durability(bool(latched)))


def recorded_qos(offered: str) -> QoSProfile:
    """As its publishers offered it; of several what each of them keeps to, as `ros2 bag play` does."""
    profiles = _profiles(offered)
    best_effort = any(profile.get("reliability") in BEST_EFFORT for profile in profiles)
    latched = bool(profiles) and all(profile.get("durability") in TRANSIENT_LOCAL for profile in profiles)
    return QoSProfile(
        depth=_depth(profiles) or QUEUE_DEPTH,
        reliability=ReliabilityPolicy.BEST_EFFORT if best_effort else ReliabilityPolicy.RELIABLE,
        durability=_durability(latched),
    )


def _profiles(offered: str) -> list[dict[str, Any]]:
    """What can be read of the profiles; a recording without them, or with damaged ones, is played all the same."""
    try:
        read = yaml.safe_load(offered[:LONGEST])
    except (yaml.YAMLError, ValueError, RecursionError):
        return []
    return [profile for profile in read if isinstance(profile, dict)] if isinstance(read, list) else []


def _depth(profiles: Iterable[dict[str, Any]]) -> int:
    """The messages that all publishers together keep for subscribers; 0 where none says."""
    depths = [profile.get("depth") for profile in profiles]
    return min(DEEPEST, sum(depth for depth in depths if isinstance(depth, int) and depth > 0))


def _durability(latched: bool) -> DurabilityPolicy:
    return DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE
