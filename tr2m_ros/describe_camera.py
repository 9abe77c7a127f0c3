"""DescribedCamera: which images of a camera are described, and what is said of it and when nothing is."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import numpy as np
from rclpy.lifecycle import LifecycleNode
from std_msgs.msg import String

from tr2m_core.errors import FrameError
from tr2m_core.likeness import has_changed, thumbnail
from tr2m_core.messages.images import CheckedImage
from tr2m_ros.active_description import parse_description
from tr2m_ros.conversions import parse_image
from tr2m_ros.describe_parameters import DescribeSettings
from tr2m_ros.diagnostics import Problems
from tr2m_ros.input_subscription import InputSubscription, image_source
from tr2m_ros.qos import SENSOR_DEPTH, advertise, latched_qos, subscribe_to_all

if TYPE_CHECKING:
    from rclpy.subscription import MessageInfo

DESCRIPTION = "scene_description"
OVERDUE = 5.0  # s without an image until the node says so
LONGEST = 100_000  # characters of a description from somebody else
REMEMBERED = 16  # of its own descriptions, which it knows by text and time when they come back
MARGIN = 1_000_000  # ns by which clocks of one machine may round differently

# Why an image was not described.
BUSY, TOO_SOON, UNCHANGED, HUMAN = "busy", "before the period has passed", "unchanged scene", "a human has spoken"
BAD, INACTIVE = "bad message", "not active"
CAUSES = (BUSY, TOO_SOON, UNCHANGED, HUMAN, BAD, INACTIVE)


class DescribedCamera:
    """Takes a camera's images, and publishes what the captioner says of some.

    A sentence from anybody else on the topic silences it for `human_hold` seconds, and is said again, latched, so that
    who comes later hears it too. With several cameras that holds for a sentence for all as well: a camera's own topic
    would take precedence over it.

    take(name, image): hands an image on, and returns whether the captioner took it. Messages come on the executor's
    thread, `say` and `give_up` on the captioner's.
    """

    def __init__(
        self,
        node: LifecycleNode,
        name: str,
        settings: DescribeSettings,
        take: Callable[[str, CheckedImage], bool],
    ) -> None:
        self._node, self._name, self._settings, self._hand_on = node, name, settings, take
        self.problems = Problems(node.get_logger(), f"[{name}] " if name else "")
        self._lock = threading.Lock()
        self._is_waiting = False  # for a caption
        self._label = f"{name}: " if name else ""
        self._spoken: deque[tuple[str, int, int]] = deque(maxlen=REMEMBERED)  # ns before and after publishing
        self._last, self._last_time = "", 0.0  # time.monotonic()
        self._human, self._human_time = "", 0.0
        self._described: Any = None  # thumbnail of the image described last
        self._candidate: Any = None
        self._looked = -np.inf  # at an image, to see whether it has changed
        self._seconds: deque[float] = deque(maxlen=100)
        self._counts: Counter[str] = Counter(dict.fromkeys(CAUSES, 0))
        self._images = self._captions = 0
        self._heard = time.monotonic()
        prefix = f"{name}/" if name else ""
        kind, images = image_source(node, f"{prefix}image", settings.image_transport)
        with ExitStack() as made:
            self._input = InputSubscription(node, kind, images, self._on_image, SENSOR_DEPTH, self._warn)
            made.callback(self._input.destroy)
            self._publisher = advertise(node, String, prefix + DESCRIPTION, latched_qos(), self._warn)
            made.callback(node.destroy_lifecycle_publisher, self._publisher)
            for topic in {DESCRIPTION, prefix + DESCRIPTION}:
                for heard in subscribe_to_all(node, String, topic, self._on_description):
                    made.callback(node.destroy_subscription, heard)
            self._made = made.pop_all()

    def destroy(self) -> None:
        self._made.close()

    def start(self) -> None:
        """Images count from now on."""
        self._heard, self._is_waiting = time.monotonic(), False

    # -- messages, on the executor's thread ---------------------------------------------------------------------------

    def _warn(self, topic: str, policy: str) -> None:
        self.problems.report(f"qos {topic}", f"someone on {topic} cannot be paired with: incompatible QoS ({policy})")

    def _on_description(self, msg: String, info: MessageInfo) -> None:
        try:
            text = parse_description(msg.data, LONGEST)
        except FrameError:
            return  # the depth node says what is wrong with it
        with self._lock:
            sent = info["source_timestamp"]
            if any(text == own and before <= sent <= after for own, before, after in self._spoken):
                return
            is_repeated = text == self._human and self._human_is_heeded()
            self._human, self._human_time = text, time.monotonic()
            self._described = None  # when it may speak again, it looks anew
            if is_repeated:
                return
            self._speak(text)
        self._node.get_logger().info(f"{self._label}silent: somebody says '{text.splitlines()[0]}'")

    def _on_image(self, msg: Any) -> None:
        self._images += 1
        self._heard = time.monotonic()
        self.problems.resolve("no image")
        if (cause := self._take(msg)) is not None:
            self._counts[cause] += 1

    def _take(self, msg: Any) -> str | None:
        """Hands the image on; or why not."""
        if self._is_silenced():
            return HUMAN
        if self._is_waiting:
            return BUSY
        now = time.monotonic()
        if now - self._looked < self._settings.period:
            return TOO_SOON
        try:
            image = parse_image(msg)
            seen = thumbnail(image.rgb())
        except FrameError as error:
            self.problems.report("bad message", f"rejected: {error}")
            return BAD
        self._looked = now
        with self._lock:
            described = self._described
        if not has_changed(seen, described, self._settings.change):
            return UNCHANGED
        self._is_waiting, self._candidate = True, seen
        if not self._hand_on(self._name, image):
            self._is_waiting = False
            return INACTIVE
        return None

    def _speak(self, text: str) -> None:
        before = time.time_ns()
        self._publisher.publish(String(data=text))
        self._spoken.append((text, before - MARGIN, time.time_ns() + MARGIN))

    def _is_silenced(self) -> bool:
        with self._lock:
            return self._human_is_heeded()

    def _human_is_heeded(self) -> bool:
        hold = self._settings.human_hold
        return bool(self._human) and (hold == 0 or time.monotonic() - self._human_time < hold)

    # -- captions, on the captioner's thread --------------------------------------------------------------------------

    def say(self, sentences: list[str], seconds: float) -> None:
        """Publishes what the captioner says of the image it was given, unless somebody else has spoken meanwhile."""
        text = parse_description("\n".join(sentences), LONGEST)
        with self._lock:
            self._is_waiting = False
            self._captions += 1
            self._seconds.append(seconds)
            if self._human_is_heeded():
                self._counts[HUMAN] += 1
                return
            self._human, self._described = "", self._candidate
            is_new, self._last, self._last_time = text != self._last, text, time.monotonic()
            self._speak(text)
        if is_new:
            self._node.get_logger().info(f"{self._label}'{sentences[0]}'")

    def give_up(self) -> None:
        """The captioner could not say anything of the image."""
        self._is_waiting = False

    # -- diagnostics --------------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Looks for what is wrong without a message to tell of it; for an active node, once per diagnostics."""
        silence = time.monotonic() - self._heard
        if silence >= OVERDUE:
            self.problems.report("no image", self._input.why_silent(silence, "image"), repeat_after=30.0)

    def values(self) -> dict[str, Any]:
        """What diagnostics tell of this camera."""
        with self._lock:
            silenced = self._human_is_heeded()
            said = self._human if silenced else self._last
            since = self._human_time if silenced else self._last_time
            age = f"{time.monotonic() - since:.1f}" if said else "n/a"
            times = np.array(self._seconds)
            values: dict[str, Any] = {
                "last description": said or "none",
                "description age (s)": age,
                "said by": "somebody else" if silenced else self._settings.model if said else "nobody",
                "silent because": self._why_silent(silenced),
                "images": self._images,
                "descriptions": self._captions,
                "time per description p50 (ms)": f"{1e3 * np.median(times):.0f}" if times.size else "n/a",
            }
        return values | {f"not described: {cause}": count for cause, count in self._counts.items()}

    def _why_silent(self, silenced: bool) -> str:
        if silenced and self._settings.human_hold:
            rest = self._settings.human_hold - (time.monotonic() - self._human_time)
            return f"somebody else has spoken; for {rest:.0f} s more (human_hold)"
        if silenced:
            return "somebody else has spoken (human_hold is 0: for good)"
        if not self._images:
            return "no image"
        return "nothing described yet" if not self._captions else "not silent"
