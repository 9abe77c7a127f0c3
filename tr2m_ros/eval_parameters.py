"""Parameters of the evaluation node."""

from __future__ import annotations

from dataclasses import dataclass

from rclpy.node import Node

from tr2m_ros import dds
from tr2m_ros.parameters import AT_START, DDS_PROFILE, check_depth_range, check_ranges, declare, setting


@dataclass(frozen=True)
class EvalSettings:
    """A consistent set of the evaluation node's parameter values."""

    output: str = setting(
        "", "folder for the report; empty: none is written, only the table is printed", change=AT_START
    )
    min_depth: float = setting(0.001, "nearer reference depth does not count (metres)", 1e-6, 1000.0, AT_START)
    max_depth: float = setting(80.0, "farther reference depth does not count (metres)", 0.001, 10_000.0, AT_START)
    tolerance: float = setting(0.02, "most time between the stamps of a pair (seconds)", 0.0, 10.0, AT_START)
    assume_aligned: bool = setting(
        False, "take reference depth of the image's size as aligned, whatever its frame_id", change=AT_START
    )
    model: str = setting("", "what made the depth, for the head of the report", change=AT_START)
    end_with_image: bool = setting(
        False, "end when the publishers of the image are gone and the last image is measured", change=AT_START
    )
    report_frames: int = setting(
        20_000,
        "the report lists this many frames, the last ones; counts and means are over all",
        1,
        1_000_000,
        AT_START,
    )
    dds_profile: str = setting(dds.AUTO, DDS_PROFILE, change=AT_START)


def declare_eval_parameters(node: Node) -> EvalSettings:
    """Declares every parameter on the node. Raises InputError, naming the parameter, for a value it cannot have."""
    settings = declare(node, EvalSettings)
    check_ranges(settings)
    check_depth_range(settings.min_depth, settings.max_depth)
    return settings
