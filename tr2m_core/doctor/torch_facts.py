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
    """capability: CUDA compute capability; free, total: bytes."""

    name: str
    capability: tuple[int, int]
    free: int
    total: int


@dataclass(frozen=True)
class TorchFacts:
    """instructions: the processor's that torch uses; build: the CUDA version that torch is made for, None for none.

    reason: why torch sees no GPU, in torch's words, "" when it sees one or is not made for any.
    driver, compiler, cpu: versions of NVIDIA's driver and of GCC, and what lscpu prints, by torch's own report of its
    environment (python -m torch.utils.collect_env); None where there is none.
    """

    instructions: str
    threads: int
    build: str | None
    gpus: tuple[Gpu, ...]
    reason: str = ""
    driver: str | None = None
    compiler: str | None = None
    cpu: str | None = None


@dataclass(frozen=True)
class DeviceFacts:
    """The device that a name stands for. problem: why models cannot run on it, then the rest means nothing.

    fast_bf16: whether it multiplies bf16 in hardware; index: of the GPU, None for the processor.
    """

    device: str = ""
    index: int | None = None
    fast_bf16: bool = False
    problem: str = ""


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
