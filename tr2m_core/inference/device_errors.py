"""Failures of the device that computes, told apart from faults of a frame or of the program."""

from __future__ import annotations

import torch

from tr2m_core.errors import DeviceError

# What torch, its libraries and onnxruntime say; they have no common exceptions.
_NO_MEMORY = (
    "out of memory",
    "not enough memory",
    "can't allocate memory",
    "failed to allocate memory",
    "cublas_status_alloc_failed",
    "bad_alloc",
    "bad allocation",
)
_LOST = ("cuda error", "cuda failure", "cudnn_status", "cublas_status", "cudaerror", "device-side assert")


def device_error(error: Exception) -> DeviceError | None:
    """The failure of the device that an exception stands for; None when the device is not to blame."""
    if isinstance(error, DeviceError):
        return error
    text = " ".join(str(error).split()) or type(error).__name__
    lower = text.lower()
    if isinstance(error, (torch.cuda.OutOfMemoryError, MemoryError)) or any(words in lower for words in _NO_MEMORY):
        return DeviceError(f"out of memory: {text[:300]}", out_of_memory=True)
    if any(words in lower for words in _LOST):
        return DeviceError(f"the device failed: {text[:300]}", out_of_memory=False)
    return None
