"""tr2m_describe: a managed node that looks at images and says what they show, for the depth node; humans come first.

ros2 run tr2m_ros describe_node --ros-args -r image:=/camera/image_raw
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn

from tr2m_core.messages.images import CheckedImage
from tr2m_ros.describe_camera import DescribedCamera
from tr2m_ros.describe_parameters import DescribeSettings, declare_describe_parameters
from tr2m_ros.diagnostics import diagnostic_status, megabytes, process_memory
from tr2m_ros.managed import ManagedNode, run_managed
from tr2m_ros.process import interruptible, run_process
from tr2m_ros.worker import Worker

if TYPE_CHECKING:
    from tr2m_core.caption.captioner import Captioner

    LoadCaptioner = Callable[[DescribeSettings], Captioner]

LAST_CAPTION = 10.0  # s that a caption in progress is waited for when stopping


def load_captioner(settings: DescribeSettings) -> Captioner:
    """The captioner that the parameters name, on few threads. Raises InputError as `Captioner.from_pretrained` does."""
    import torch  # takes seconds, which only configuring should cost

    from tr2m_core.caption.captioner import Captioner

    torch.set_num_threads(max(1, min(settings.threads, (os.cpu_count() or 1) - 1)))
    return Captioner.from_pretrained(settings.model, device=settings.device, precision=settings.precision)


class DescribeNode(ManagedNode):
    """Leads captioner and cameras through the life cycle.

    load: called at each configuring. Raises InputError for bad parameters.
    """

    def __init__(self, load: LoadCaptioner = load_captioner, **kwargs: Any) -> None:
        super().__init__("tr2m_describe", **kwargs)
        self.settings = declare_describe_parameters(self)
        self._load = load
        self._captioner: Captioner | None = None
        self._cameras: dict[str, DescribedCamera] = {}
        self._worker: Worker[CheckedImage] | None = None
        self.start_diagnostics(self.settings.diagnostics_period)

    # -- life cycle ---------------------------------------------------------------------------------------------------

    def configure(self) -> str:
        """Loads the captioner."""
        with interruptible():
            self._captioner = self._load(self.settings)
        for name in self.settings.cameras:
            self._cameras[name] = DescribedCamera(self, name, self.settings, self._take)
        return f"captioner '{self._captioner.name}'"

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """From here on images are described."""
        result = super().on_activate(state)
        for camera in self._cameras.values():
            camera.start()
        # Threads have a priority of their own on Linux: loading keeps the usual one.
        make_way = partial(os.nice, self.settings.nice)
        self._worker = Worker(list(self._cameras), self._describe, self._on_error, prepare=make_way)
        return result

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Ends with the caption in progress; the captioner stays loaded."""
        if not self._stop():
            return TransitionCallbackReturn.ERROR
        return super().on_deactivate(state)

    def close(self) -> None:
        """Ends the worker and destroys the node, whatever its state."""
        self._stop()
        super().close()

    def _stop(self) -> bool:
        """Returns False when the caption in progress did not end."""
        worker, self._worker = self._worker, None
        if worker is None:
            return True
        worker.close()
        return worker.join(LAST_CAPTION)

    def release(self) -> None:
        self._stop()
        for camera in self._cameras.values():
            camera.destroy()
        self._cameras, self._captioner = {}, None

    # -- captions -----------------------------------------------------------------------------------------------------

    def _take(self, name: str, image: CheckedImage) -> bool:
        """Hands an image to the worker. Returns False when there is none, as the node is not active."""
        if self._worker is None:
            return False
        self._worker.put(name, image)
        return True

    def _describe(self, images: dict[str, CheckedImage]) -> None:
        """In the worker's thread."""
        captioner = self._captioner
        assert captioner is not None
        for name, image in images.items():
            start = time.monotonic()
            (sentences,) = captioner.describe([image.rgb()], self.settings.style, self.settings.wordings)
            if (camera := self._cameras.get(name)) is not None:  # else it was given up in the meantime
                camera.say(list(dict.fromkeys(sentences)), time.monotonic() - start)

    def _on_error(self, images: dict[str, CheckedImage], error: Exception) -> None:
        for name in images.keys() & self._cameras.keys():
            self._cameras[name].give_up()
        self.problems.report_exception("caption", "describing failed", error)

    # -- diagnostics --------------------------------------------------------------------------------------------------

    def statuses(self) -> list[DiagnosticStatus]:
        self.problems.keep("configure")  # until configuring succeeds
        node = self.get_fully_qualified_name().lstrip("/")
        active = self._worker is not None
        common = {
            "state": self._state_machine.current_state[1],
            "model": self.settings.model,
            "process memory (MB)": megabytes(process_memory()),
        }
        statuses = []
        for name, camera in self._cameras.items():
            if active:
                camera.check()
            label = f"{node}: description" + (f" {name}" if name else "")
            problems = [*self.problems.current(), *camera.problems.current()]
            statuses.append(diagnostic_status(label, self.settings.model, problems, common | camera.values()))
        if not statuses:
            statuses = [diagnostic_status(f"{node}: description", self.settings.model, self.problems.current(), common)]
        return statuses


def main(args: list[str] | None = None, load: LoadCaptioner = load_captioner) -> int:
    """Runs the node until SIGINT or SIGTERM. load: of the captioner.

    Returns 0, or 2 after one line when it cannot start.
    """
    arguments = sys.argv[1:] if args is None else args
    return run_process("tr2m_describe", arguments, lambda: _run(arguments, load))


def _run(arguments: Sequence[str], load: LoadCaptioner) -> int:
    node = DescribeNode(load)
    return run_managed(node, arguments, node.settings.autostart)


if __name__ == "__main__":
    sys.exit(main())
