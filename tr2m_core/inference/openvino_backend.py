"""OpenVinoBackend: an exported graph in OpenVINO, on the CPU."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tr2m_core.errors import InputError
from tr2m_core.export.onnx_format import CONFIG_KEY, INPUTS, OUTPUTS, TEXT_ENCODER_KEY, require
from tr2m_core.inference.graph_backend import Array, GraphBackend
from tr2m_core.model.encoders import TextEncoder


class OpenVinoBackend(GraphBackend):
    """Computes with OpenVINO in float32, one frame after the other: on a CPU a batch gains nothing."""

    engine = "openvino"

    def __init__(self, path: Path, text_encoder: TextEncoder | None = None) -> None:
        """text_encoder: None loads the one that the file names.

        Raises InputError for a file that is damaged, incomplete or of another origin.
        """
        core = _core()
        if not path.is_file():
            raise InputError(f"{path}: no such file")
        try:
            graph = core.read_model(path)
            super().__init__(path, _metadata(graph), text_encoder)
            graph.reshape({port: [1, *_fixed(port)] for port in graph.inputs})
            options = {
                "PERFORMANCE_HINT": "LATENCY",
                "INFERENCE_NUM_THREADS": torch.get_num_threads(),
                "INFERENCE_PRECISION_HINT": "f32",  # left to itself it takes bf16 where there is some, maps included
            }
            self._request = core.compile_model(graph, "CPU", options).create_infer_request()
        except RuntimeError as error:
            reason = " ".join(str(error).split())
            raise InputError(f"{path}: openvino cannot load it ({reason[-200:]})") from None

    def _infer(self, image: Array, text_embedding: Array, outputs: int) -> list[Array]:
        frames = []
        for pixels, text in zip(image, text_embedding, strict=True):
            inputs = dict(zip(INPUTS, (pixels[None], text[None]), strict=True))
            self._request.infer(inputs, share_inputs=True)
            # Copies: the next frame is computed into the same memory.
            frames.append([self._request.get_tensor(name).data.copy() for name in OUTPUTS[:outputs]])
        return [np.concatenate(arrays) for arrays in zip(*frames, strict=True)]


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


def _fixed(port: Any) -> list[int]:
    """The sizes after the batch."""
    return [dimension.get_length() for dimension in list(port.get_partial_shape())[1:]]
