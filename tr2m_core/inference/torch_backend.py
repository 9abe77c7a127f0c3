"""TorchBackend: a TR2M model on a device, in a precision, compiled or not."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable

import torch
from torch import Tensor

from tr2m_core.devices import select_device, select_precision
from tr2m_core.errors import InputError
from tr2m_core.model.config import ModelConfig, validate_input_size
from tr2m_core.model.precision import halve
from tr2m_core.model.tr2m import TR2M
from tr2m_core.types import BackendOutput, TR2MOutput

LARGE = 100_000_000  # bytes of weights, from which on matrix products take most of the time


class TorchBackend:
    """Computes with torch. The model given is moved to the device and, in half precision, stored in it from then on."""

    engine = "torch"

    def __init__(
        self,
        model: TR2M,
        *,
        device: str = "auto",
        precision: str = "auto",
        input_size: tuple[int, int] | None = None,
        compile: bool = False,
    ) -> None:
        self.device = select_device(device)
        self.precision = select_precision(precision, self.device, weight_bytes(model) >= LARGE)
        self.input_size = validate_input_size(input_size or model.config.input_size, model.config.patch_size)
        self.model = model.eval()
        if self.precision != torch.float32:
            # The text encoder runs once per sentence, in float32.
            for part in (self.model.relative_depth, self.model.image_encoder, self.model.rescale_head):
                if part is not None:
                    halve(part, self.precision)
        # Convolutions are faster with it: the embedded model by 16 %, paper by 2 % on a CPU.
        self.model.to(self.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._forward: Callable[[Tensor, Tensor], TR2MOutput] = self.model
        if compile:
            self._compile()

    @property
    def config(self) -> ModelConfig:
        return self.model.config

    @torch.inference_mode()
    def embed(self, sentences: list[str]) -> Tensor:
        """(B, 1, Ct)."""
        with self._autocast():
            return self.model.text_encoder.encode(sentences).float()

    @torch.inference_mode()
    def condition(self, embedding: Tensor) -> Tensor:
        """(B, 1, Ci): what the head adds to every image token."""
        with self._autocast():
            return self.model.rescale_head.text_vector(embedding).float()

    @torch.inference_mode()
    def run(self, pixel_values: Tensor, text: Tensor, maps: bool) -> BackendOutput:
        """See `inference.Backend.run`."""
        pixel_values = pixel_values.contiguous(memory_format=torch.channels_last)
        with self._autocast():
            out = self._forward(pixel_values, text)
        return BackendOutput.of(out, maps)

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, self.precision, enabled=self.precision != torch.float32)

    @torch.inference_mode()
    def _compile(self) -> None:
        """Compiles for the input size and runs once. Raises InputError when the machine cannot."""
        compiler = os.environ.get("CXX", "g++")
        if self.device.type == "cpu" and shutil.which(compiler) is None:
            raise InputError(f"compile needs a C++ compiler and {compiler} is not there: sudo apt-get install g++")
        pixels = torch.zeros(1, 3, *self.input_size, device=self.device)
        text = torch.zeros(1, 1, self.config.rescale_head.image_width, device=self.device)
        self.run(pixels, text, maps=False)  # so that the position grid is a constant of the compiled graph
        self._forward = torch.compile(self.model, dynamic=False)
        try:
            self.run(pixels, text, maps=False)
        except Exception as error:  # the compilers raise whatever they like
            reason = " ".join(str(error).split())[:200]
            raise InputError(f"torch.compile failed, go on without it ({type(error).__name__}: {reason})") from None


def weight_bytes(model: TR2M) -> int:
    """Bytes of all that runs per frame, which the text encoder does not."""
    parts = (model.relative_depth, model.image_encoder, model.rescale_head)
    return sum(p.numel() * p.element_size() for part in parts if part is not None for p in part.parameters())
