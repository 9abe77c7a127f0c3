"""Parameters of the describing node."""

from __future__ import annotations

from dataclasses import dataclass

from rclpy.node import Node

from tr2m_core.caption.wording import MOST_SENTENCES, STYLES
from tr2m_ros import dds
from tr2m_ros.parameters import (
    AT_START,
    DDS_PROFILE,
    IMAGE_TRANSPORTS,
    check_cameras,
    check_choice,
    check_ranges,
    declare,
    setting,
)


@dataclass(frozen=True)
class DescribeSettings:
    """A consistent set of the describing node's parameter values."""

    model: str = setting(
        "embedded", "embedded, florence, smolvlm, blip, llava, a directory or a Hub id of such a model", change=AT_START
    )
    device: str = setting("auto", "auto, cpu, cuda or cuda:N; auto is CUDA where there is one", change=AT_START)
    precision: str = setting("auto", "auto, fp32, bf16 or fp16", change=AT_START)
    style: str = setting("sentence", "sentence: the place and what is in it; objects: what is in it", change=AT_START)
    wordings: int = setting(
        4, "wordings of each description, of which the depth node takes the mean", 1, MOST_SENTENCES, change=AT_START
    )
    period: float = setting(2.0, "least time between two descriptions of a camera (seconds)", 0.0, 3600.0, AT_START)
    change: float = setting(
        0.3, "how different the image must be from the one described last; 0: always described", 0.0, 2.0, AT_START
    )
    human_hold: float = setting(
        60.0, "silence after a description from somebody else (seconds); 0: for good", 0.0, 1e6, AT_START
    )
    threads: int = setting(2, "most threads on a CPU; at least one processor is left to others", 1, 64, AT_START)
    nice: int = setting(10, "by how much the priority of describing is lowered", 0, 19, AT_START)
    cameras: tuple[str, ...] = setting(("",), "names of several cameras, each a prefix of its topics", change=AT_START)
    image_transport: str = setting("raw", "raw, or compressed: CompressedImage on image/compressed", change=AT_START)
    autostart: bool = setting(True, "configure and activate at start without a lifecycle manager", change=AT_START)
    dds_profile: str = setting(dds.AUTO, DDS_PROFILE, change=AT_START)
    diagnostics_period: float = setting(1.0, "time between diagnostics messages (seconds)", 0.1, 60.0, AT_START)


def declare_describe_parameters(node: Node) -> DescribeSettings:
    """Declares every parameter on the node. Raises InputError, naming the parameter, for a value it cannot have."""
    settings = declare(node, DescribeSettings)
    check_ranges(settings)
    check_cameras(settings.cameras)
    check_choice("style", settings.style, STYLES)
    check_choice("image_transport", settings.image_transport, IMAGE_TRANSPORTS)
    check_choice("dds_profile", settings.dds_profile, dds.CHOICES)
    return settings
