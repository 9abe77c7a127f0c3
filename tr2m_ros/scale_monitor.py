"""ScaleMonitor: what diagnostics and the topic metric_depth/scale say of a camera's scale."""

from __future__ import annotations

import math

from diagnostic_msgs.msg import DiagnosticArray
from std_msgs.msg import Header

from tr2m_core.pipeline.frame_pipeline import FrameOutput
from tr2m_core.scale.estimate import ratio
from tr2m_core.scale.tracker import ScaleState
from tr2m_ros.camera import Camera
from tr2m_ros.diagnostics import ERROR, OK, WARN, diagnostic_array, diagnostic_status
from tr2m_ros.parameters import CORRECT, Settings

PROBLEM = "scale"
REPEAT = 10.0  # s


class ScaleMonitor:
    """Judges the scale of one camera's frames."""

    def __init__(self, camera: Camera) -> None:
        self._camera = camera

    def judge(self, output: FrameOutput, header: Header, settings: Settings) -> tuple[DiagnosticArray, bool]:
        """The message about a frame with a scale, and whether the frame may be published."""
        state = output.scale
        assert state is not None
        text, level = self._say(state, settings)
        values = {
            "factor": f"{state.factor:.4g}",
            "shift (1/m)": f"{state.shift:.3g}",
            "sigma of log factor": "n/a" if math.isinf(state.sigma) else f"{state.sigma:.3g}",
            "source": output.scale_from or "none",
            "state": state.source.value,
            "age (s)": "n/a" if math.isinf(state.age) else f"{state.age:.2f}",
            "measured factor": "n/a" if state.estimate is None else f"{state.estimate.factor:.4g}",
            "samples": 0 if state.estimate is None else state.estimate.pairs,
            "preferred description": output.preferred or "n/a",
            "applied": settings.scale_reference == CORRECT,
        }
        self._camera.scale = {f"scale: {name}": str(value) for name, value in values.items()}
        if level == OK:
            self._camera.problems.resolve(PROBLEM)
        else:
            self._camera.problems.report(PROBLEM, text, level, repeat_after=REPEAT)
        name = f"scale {self._camera.name}".rstrip()
        status = diagnostic_status(name, header.frame_id, [] if level == OK else [(level, text)], values)
        withheld = level == ERROR and settings.scale_stop
        return diagnostic_array(header.stamp, [status]), not withheld

    def _say(self, state: ScaleState, settings: Settings) -> tuple[str, bytes]:
        """What is wrong, and how bad that is."""
        off = ratio(state.factor)
        corrected = settings.scale_reference == CORRECT
        problem = f"scale is {state.source.value} ({state.age:.0f} s): " if math.isfinite(state.age) else ""
        if off > settings.scale_warn_ratio:
            side = "near" if state.factor > 1 else "far"
            text = f"depth is too {side} by a factor of {off:.2f}, says the reference: is the description right?"
            if corrected:
                text = f"depth was too {side} by a factor of {off:.2f}, corrected: is the description right?"
            if state.problem:
                text += f" ({problem}{state.problem})"
            return text, ERROR if off > settings.scale_stop_ratio else WARN
        if state.problem:
            return f"no reference of scale: {problem}{state.problem}", WARN
        return "", OK
