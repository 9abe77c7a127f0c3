"""What torch computes on."""

from __future__ import annotations

from pathlib import Path

import torch

from tr2m_core.errors import InputError

PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def select_device(name: str) -> torch.device:
    """ "auto" is CUDA where there is a usable one, else the CPU. Raises InputError for a device that is not there."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise InputError(f"device '{name}' is not understood; use auto, cpu, cuda or cuda:N") from None
    if device.type not in ("cpu", "cuda"):
        raise InputError(f"device '{name}' is not supported; use auto, cpu, cuda or cuda:N")
    if device.type == "cuda" and (not torch.cuda.is_available() or (device.index or 0) >= torch.cuda.device_count()):
        raise InputError(
            f"device '{name}' is not available: this torch sees {torch.cuda.device_count()} CUDA devices; use cpu"
        )
    return device


def has_fast_bf16(device: torch.device) -> bool:
    """Whether the device multiplies bf16 in hardware; a CPU that does not is several times slower with it."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)  # older ones emulate it and say they have it
    return not {"avx512_bf16", "amx_bf16", "bf16"}.isdisjoint(cpuinfo().split())  # the last is Arm's


def select_precision(name: str, device: torch.device, large: bool) -> torch.dtype:
    """ "auto" is fp32, and bf16 where hardware multiplies it: on CUDA, and on a CPU for a large model.

    On a CPU the conversions of a small one's many short layers cost what bf16 gains.
    """
    if name == "auto":
        gains = large or device.type == "cuda"
        return torch.bfloat16 if gains and has_fast_bf16(device) else torch.float32
    if name not in PRECISIONS:
        raise InputError(f"precision '{name}' is not one of auto, {', '.join(PRECISIONS)}")
    return PRECISIONS[name]


def cpuinfo() -> str:
    """What Linux says of the processor; empty elsewhere."""
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return ""
