"""OpenVinoSession: an exported graph in OpenVINO, on the CPU."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tr2m_core.errors import InputError
from tr2m_core.export.onnx_format import CONFIG_KEY, TEXT_ENCODER_KEY, require
from tr2m_core.inference.graph_session import Array


class OpenVinoSession:
    """Computes with OpenVINO in float32, one entry of a batch after the other: on a CPU a batch gains nothing.

    See `GraphSession`.
    """

    engine = "openvino"

    def __init__(self, path: Path) -> None:
        """Raises InputError for a file that is missing or damaged."""
        core = _core()
        if not path.is_file():
            raise InputError(f"{path}: no such file")
        try:
            graph = core.read_model(path)
            self.metadata: Mapping[str, str] = _metadata(graph)
            graph.reshape({port: [1, *list(port.get_partial_shape())[1:]] for port in graph.inputs})
            options = {
                "PERFORMANCE_HINT": "LATENCY",
                "INFERENCE_NUM_THREADS": torch.get_num_threads(),
                "INFERENCE_PRECISION_HINT": "f32",  # left to itself it takes bf16 where there is some, maps included
            }
            self._request = core.compile_model(graph, "CPU", options).create_infer_request()
        except RuntimeError as error:
            reason = " ".join(str(error).split())
            raise InputError(f"{path}: openvino cannot load it ({reason[-200:]})") from None

    def run(self, inputs: Mapping[str, Array], outputs: Sequence[str]) -> list[Array]:
        results = []
        for entries in zip(*inputs.values(), strict=True):
            one = {name: entry[None] for name, entry in zip(inputs, entries, strict=True)}
            self._request.infer(one, share_inputs=True)
            # Copies: the next entry is computed into the same memory.
            results.append([self._request.get_tensor(name).data.copy() for name in outputs])
        return [np.concatenate(arrays) for arrays in zip(*results, strict=True)]


@functools.cache
def _core() -> Any:
    """One for the whole process, never given up. Raises InputError when OpenVINO is not installed.

    Its CPU plugin replaces the stack that signal handlers run on. Unloaded from another thread, it frees that stack
    under the main thread, and the next signal kills the process.
    """
    return require("openvino").Core()


def _metadata(graph: Any) -> dict[str, str]:
    """The file's own, as far as it is of interest."""
    found = {key: ["framework", key] for key in (CONFIG_KEY, TEXT_ENCODER_KEY)}
    return {key: graph.get_rt_info(path).astype(str) for key, path in found.items() if graph.has_rt_info(path)}
