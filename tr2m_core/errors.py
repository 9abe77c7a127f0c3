"""Failures that are told in one line. Imports nothing."""

from __future__ import annotations


class InputError(Exception):
    """Something the user gave cannot be used: a file, a topic, a parameter, a sentence.

    The message is one line that names the culprit and says how to fix it. Command lines print it without a
    traceback and exit with code 2.
    """


class FrameError(Exception):
    """One message cannot be used; the text is one line that says why, `reason` a short constant to count by."""

    def __init__(self, text: str, reason: str = "unusable") -> None:
        super().__init__(text)
        self.reason = reason


class CameraError(Exception):
    """A camera_info that gives no rays; the text says why in one line."""


class DeviceError(Exception):
    """The device cannot compute any more; the text is one line.

    out_of_memory: less work at once might fit. Otherwise the device is lost to this process.
    """

    def __init__(self, text: str, out_of_memory: bool) -> None:
        super().__init__(text)
        self.out_of_memory = out_of_memory
