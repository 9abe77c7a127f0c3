"""The checks, in the order of the report."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from tr2m_core.doctor import compute, model, resources, ros, software
from tr2m_core.doctor.finding import Finding
from tr2m_core.model.sources import NO_OVERRIDES, Overrides


def all_checks(
    name: str = "embedded", overrides: Overrides = NO_OVERRIDES, device: str = "auto"
) -> dict[str, Callable[[], Iterable[Finding]]]:
    """The checks of this machine and of the model `name` on `device`, to be run with `examine`. None downloads."""
    return {
        "python": software.python,
        "packages": partial(software.packages, compute.trials(device)),
        "processor": compute.processor,
        "CUDA": compute.cuda,
        "networks": compute.networks,
        "device": partial(compute.selected_device, device, name),
        "precision": partial(compute.precisions, device),
        "engine": partial(compute.engine, device),
        "torch.compile": partial(compute.compilation, device),
        "ROS": ros.installation,
        "ROS network": ros.network,
        "cv_bridge": ros.cv_bridge,
        "model": partial(model.parts, name, overrides),
        "memory": partial(resources.memory, name, overrides, device),
        "shared memory": resources.shared_memory,
        "downloads": partial(resources.downloads, name),
    }
