"""What the benchmark ran on, and what this machine can reach at most."""

from __future__ import annotations

import importlib.util
import os
import platform
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np
import torch

from tr2m_core.benchmark.timing import Effort, time_cases
from tr2m_core.devices import cpuinfo

SIDE = 2048  # of the matrices
COPIED = 64 << 20  # bytes
FEATURES = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")
PACKAGES = ("torch", "onnxruntime", "openvino")


@dataclass(frozen=True)
class Machine:
    """Device, its limits, and the versions of what computes."""

    device: str
    cores: int
    """That this process may use."""
    features: tuple[str, ...]
    gflops: float
    """Billions of operations a second in a float32 matrix product."""
    copy: float
    """Gigabytes a second read and written by a copy in main memory."""
    versions: dict[str, str]


def describe_machine(device: torch.device) -> Machine:
    """Measures for about a second."""
    a, b = torch.randn(2, SIDE, SIDE, device=device)
    source, target = np.ones(COPIED, np.uint8), np.empty(COPIED, np.uint8)
    cases = {"product": lambda _: torch.mm(a, b), "copy": lambda _: np.copyto(target, source)}
    times = time_cases(cases, Effort(7))
    return Machine(
        device=torch.cuda.get_device_name(device) if device.type == "cuda" else _processor(),
        cores=len(os.sched_getaffinity(0)),
        features=tuple(name for name in FEATURES if name in cpuinfo().split()),
        gflops=2 * SIDE**3 / times["product"].low / 1e6,
        copy=2 * COPIED / times["copy"].low / 1e6,
        versions={name: version(name) for name in PACKAGES if importlib.util.find_spec(name)},
    )


def _processor() -> str:
    names = [line.partition(":")[2].strip() for line in cpuinfo().splitlines() if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
