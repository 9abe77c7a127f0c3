"""What torch says of this machine. Gathered in a process of its own, see `trials`: drivers can crash it or hang."""

from __future__ import annotations

import importlib
import warnings
from dataclasses import dataclass
from typing import Any

from tr2m_core.doctor.finding import one_line
from tr2m_core.errors import InputError


@dataclass(frozen=True)
class Gpu:
    """A GPU that torch sees."""

    name: str
    capability: tuple[int, int]
    """CUDA compute capability, major and minor."""
    free: int
    """Free memory in bytes."""
    total: int
    """Total memory in bytes."""


@dataclass(frozen=True)
class TorchFacts:
    """What torch says of this machine.

    driver, compiler and cpu are from torch's own report of its environment (python -m torch.utils.collect_env).
    """

    instructions: str
    """The processor's instruction set that torch uses."""
    threads: int
    build: str | None
    """Version of CUDA, or of HIP, that torch is built for; None if it is built for neither."""
    gpus: tuple[Gpu, ...]
    reason: str = ""
    """Why torch sees no GPU, in torch's words; empty if it sees one or is not built for any."""
    driver: str | None = None
    """Version of NVIDIA's driver, None if there is none."""
    compiler: str | None = None
    """Version of GCC, None if there is none."""
    cpu: str | None = None
    """What lscpu prints, None if there is nothing."""


@dataclass(frozen=True)
class DeviceFacts:
    """The device that a name stands for."""

    device: str = ""
    index: int | None = None
    """Index of the GPU, None for the processor."""
    fast_bf16: bool = False
    """Whether the device multiplies bf16 in hardware."""
    problem: str = ""
    """Why models cannot run on the device, empty if they can; if set, the other fields mean nothing."""


def torch_facts() -> TorchFacts:
    import torch

    gpus: list[Gpu] = []
    reason, build = "", torch.version.cuda or torch.version.hip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # `reason` tells it
        if torch.cuda.is_available():
            for index in range(torch.cuda.device_count()):
                free, total = torch.cuda.mem_get_info(index)
                name, capability = torch.cuda.get_device_name(index), torch.cuda.get_device_capability(index)
                gpus.append(Gpu(name, capability, free, total))
        elif build:
            try:
                torch.cuda.init()  # type: ignore[no-untyped-call]
            except Exception as error:
                reason = one_line(error)
    instructions = torch.backends.cpu.get_cpu_capability()
    environment: Any = importlib.import_module("torch.utils.collect_env")  # has no types; the whole of it takes seconds
    driver, compiler, cpu = (
        getattr(environment, f"get_{part}")(environment.run)
        for part in ("nvidia_driver_version", "gcc_version", "cpu_info")
    )
    return TorchFacts(instructions, torch.get_num_threads(), build, tuple(gpus), reason, driver, compiler, cpu)


def device_facts(name: str) -> DeviceFacts:
    """The device as models would choose it, tried with a small sum."""
    import torch

    from tr2m_core.devices import has_fast_bf16, select_device

    try:
        device = select_device(name)
    except InputError as error:
        return DeviceFacts(problem=str(error))
    try:
        torch.ones(8, device=device).sum().item()
    except RuntimeError as error:  # such as a GPU that this torch has no kernels for
        return DeviceFacts(str(device), problem=f"{device} does not compute ({one_line(error)})")
    index = (device.index or 0) if device.type == "cuda" else None
    return DeviceFacts(str(device), index, has_fast_bf16(device))
