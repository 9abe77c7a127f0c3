"""Camera: what all who handle a camera's frames know of it in common."""

from __future__ import annotations

from typing import Any

from rclpy.node import Node
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header

from tr2m_core.errors import FrameError
from tr2m_ros import diagnostics
from tr2m_ros.active_description import ActiveDescription
from tr2m_ros.conversions import nanoseconds
from tr2m_ros.diagnostics import Problems, Statistics

FOREVER = float("inf")
NO_INFO = "no camera_info received"


class Camera:
    """Counters, problems, sentence and camera_info of one camera. Lives as long as the node; safe between threads.

    name: "" for the only camera. prefix: what its topics begin with. info: the last camera_info that can be used.
    info_state: what diagnostics say of it. scale: what they say of the scale; empty without a reference.
    """

    def __init__(self, node: Node, name: str) -> None:
        self.name, self.prefix = name, f"{name}/" if name else ""
        self.statistics = Statistics()
        self.problems = Problems(node.get_logger(), f"[{name}] " if name else "")
        self.description = ActiveDescription()
        self.image_topic = node.resolve_topic_name(f"{self.prefix}image")
        self.info_topic = node.resolve_topic_name(f"{self.prefix}camera_info")
        self.info: CameraInfo | None = None
        self.info_state = NO_INFO
        self.scale: dict[str, str] = {}
        self._clock = node.get_clock()
        self._warning = ""

    def forget(self) -> None:
        """Forgets what was heard."""
        self.info, self.info_state, self.scale = None, NO_INFO, {}
        self.warn_of_info("")
        self.description.forget()

    def reject(self, error: FrameError) -> None:
        """Counts and tells of a message that cannot be used."""
        self.statistics.count_bad_message(error.reason, str(error))
        self.problems.report(f"bad message: {error.reason}", f"rejected: {error}")

    def fail(self, error: Exception, what: str = diagnostics.FAILED, report: bool = True) -> None:
        """Counts a frame that the model or publishing failed on; tells of it unless the node does."""
        self.statistics.count_dropped(diagnostics.FAILED)
        if report:
            self.problems.report_exception(diagnostics.FAILED, what, error)

    def warn_of_info(self, text: str) -> None:
        """Logged when it changes, not at every frame; empty: all is well."""
        if text != self._warning:
            self.problems.resolve("camera")
            self._warning = text
        if text:
            self.problems.report("camera", text, repeat_after=FOREVER)

    def on_incompatible_qos(self, topic: str, policy: str) -> None:
        whom = "a publisher" if topic in (self.image_topic, self.info_topic) else "someone"
        text = f"{whom} on {topic} cannot be paired with: incompatible QoS ({policy})"
        self.problems.report(f"qos {topic}", text)

    def age(self, header: Header) -> float:
        """Seconds since the stamp, by the node's clock; negative when that jumped back."""
        return (self._clock.now().nanoseconds - nanoseconds(header)) * 1e-9

    def is_too_old(self, header: Header, limit: float) -> bool:
        """Whether the stamp is more than `limit` seconds ago; never for 0."""
        if limit <= 0:
            return False
        if nanoseconds(header) == 0:
            text = f"images on {self.image_topic} have no stamp: max_latency cannot be kept"
            self.problems.report("no stamp", text, repeat_after=FOREVER)
            return False
        return self.age(header) > limit

    def values(self, subscribers: str) -> dict[str, Any]:
        """What diagnostics tell of this camera. subscribers: of its outputs."""
        age = self.description.age()
        values = {
            "active description": self.description.text or "none",
            "description age (s)": "n/a" if age is None else f"{age:.1f}",
            "camera_info": self.info_state,
            "subscribers": subscribers,
        }
        return values | self.scale | self.statistics.values()
