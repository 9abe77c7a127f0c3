"""Weights on disk: read without unpickling code, and loaded strictly or not at all."""

from __future__ import annotations

import os
import pickle
import struct
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from tr2m_core.errors import InputError

PICKLE_STARTS = (b"PK\x03\x04", b"\x80")  # torch.save today, and before torch 1.6


def read_weights(path: Path) -> dict[str, Any]:
    """The content of a safetensors file or of a file written by torch.save, by its first bytes, not by its name.

    Raises InputError, naming the file, when it is missing, damaged, or holds anything but tensors and plain values.
    """
    try:
        with path.open("rb") as file:
            start = file.read(9)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror.lower() if error.strerror else error}") from None
    if start.startswith(PICKLE_STARTS) and start[8:9] != b"{":  # safetensors: 8 bytes of length, then JSON
        return _read_torch(path)
    try:
        return dict(load_file(path))
    except (SafetensorError, OSError, struct.error) as error:
        raise InputError(f"{path}: neither a readable safetensors file nor one of torch.save ({error})") from None


def _read_torch(path: Path) -> dict[str, Any]:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if any(name.endswith("/constants.pkl") for name in archive.namelist()):
                raise InputError(
                    f"{path}: a TorchScript archive, which can run code; save its weights alone with "
                    "torch.save(torch.jit.load(PATH, map_location='cpu').state_dict(), OUT)"
                )
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        reason = " ".join(str(error).split())
        rejected = "GLOBAL" in reason or "global" in reason
        what = "rejected, it holds more than weights" if rejected else "damaged"
        raise InputError(f"{path}: {what} ({_shortened(reason)})") from None
    except (RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise InputError(f"{path}: not a readable checkpoint ({_shortened(' '.join(str(error).split()))})") from None
    if not isinstance(content, dict):
        raise InputError(f"{path}: holds a {type(content).__name__}, not a dictionary of weights")
    return content


def _shortened(text: str, limit: int = 160) -> str:
    return text if len(text) <= limit else f"{text[:limit]}..."


def unwrapped(content: dict[str, Any]) -> dict[str, Any]:
    """What training code wraps its weights in taken off: the entry `state_dict` or `model`, where there is one."""
    for wrapper in ("state_dict", "model"):
        if isinstance(content.get(wrapper), dict):
            content = content[wrapper]
    return content


def check_tensors(tensors: Mapping[str, Any], path: Path) -> dict[str, Tensor]:
    """The mapping, when all of it is tensors. Raises InputError, naming the file and the entry, otherwise."""
    for name, value in tensors.items():
        if not isinstance(value, Tensor):
            raise InputError(f"{path}: entry '{name}' is a {type(value).__name__}, not a tensor")
    return dict(tensors)


def load_strictly(module: nn.Module, tensors: Mapping[str, Tensor], path: Path, what: str) -> None:
    """Loads tensors read from `path` into the module, all of them or none.

    what: the module in words. Raises InputError, saying which, unless every name and every shape matches.
    """
    problems = mismatches({name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}, tensors)
    if problems:
        raise misfit(path, what, problems)
    module.load_state_dict(dict(tensors))


def mismatches(expected: Mapping[str, tuple[int, ...]], tensors: Mapping[str, Tensor], prefix: str = "") -> list[str]:
    """What differs between the expected shapes and the tensors, by name; prefix: what precedes names in the file."""
    problems = [f"missing {prefix}{name}" for name in expected if name not in tensors]
    problems += [f"unexpected {prefix}{name}" for name in tensors if name not in expected]
    problems += [
        f"{prefix}{name} is {tuple(tensors[name].shape)}, expected {shape}"
        for name, shape in expected.items()
        if name in tensors and tuple(tensors[name].shape) != shape
    ]
    return problems


def misfit(path: Path, what: str, problems: list[str]) -> InputError:
    """The error of a file whose weights do not fit; it names the first three problems."""
    return InputError(f"{path}: does not fit {what}: {'; '.join(problems[:3])} ({len(problems)} in all)")


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Names the file or folder that cannot be written, where torch and safetensors have errors of their own for it."""
    try:
        yield
    except SafetensorError as error:
        raise OSError(f"{path}: cannot be written ({error})") from None
    except RuntimeError as error:
        if "inline_container" not in str(error):
            raise
        raise OSError(f"{path}: cannot be written whole; is there room on the disk?") from None


def save_tensors(module: nn.Module, path: Path) -> None:
    """Writes the module's parameters as safetensors, to a temporary name first."""
    temporary = path.with_suffix(".partial")
    with writing(path):
        save_file({name: tensor.contiguous() for name, tensor in module.state_dict().items()}, temporary)
    temporary.chmod(0o644)  # safetensors writes for its owner only; an installed copy must be readable by everyone
    os.replace(temporary, path)
