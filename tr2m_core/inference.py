"""DepthPredictor: uint8 frames and sentences in, metric depth out."""

from __future__ import annotations

import dataclasses
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from tr2m_core.backend import PRECISIONS, TorchBackend
from tr2m_core.config import ModelConfig
from tr2m_core.model.checkpoints import load_model
from tr2m_core.model.normalizer import Normalizer
from tr2m_core.model.sources import Overrides
from tr2m_core.types import DepthPrediction, InputError

MIN_FRAME_SIDE = 2  # bilinear resizing with aligned corners needs two pixels
SENTENCES_KEPT = 16


class Backend(Protocol):
    """What computes depth from normalised pictures: torch, or a graph in onnxruntime.

    input_size: (height, width) of the pictures it takes, on `device`. precision: of its arithmetic.
    """

    @property
    def config(self) -> ModelConfig: ...

    device: torch.device
    precision: torch.dtype
    input_size: tuple[int, int]

    def encode(self, sentences: list[str]) -> Tensor:
        """(B, 1, C): the sentences in the form that `run` takes."""

    def run(self, pixel_values: Tensor, text: Tensor, maps: bool) -> Tensor:
        """Normalised pictures (N, 3, h, w) and text (N or 1, 1, C) -> (N, 4 or 1, h, w) float32 on `device`.

        The channels are metric depth and, when maps are asked for, relative depth, scale map and shift map.
        """


class DepthPredictor:
    """Runs a model on frames. Not thread-safe: give each worker thread its own predictor."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self._normalize = Normalizer(backend.config, backend.device, white=255.0)
        self._text: OrderedDict[str, Tensor] = OrderedDict()

    @classmethod
    def from_pretrained(
        cls,
        model: str | Path = "embedded",
        *,
        checkpoint: str | Path | None = None,
        relative_depth: str | Path | None = None,
        image_encoder: str | Path | None = None,
        text_encoder: str | Path | None = None,
        device: str = "auto",
        precision: str = "auto",
        input_size: tuple[int, int] | None = None,
        compile: bool = False,
    ) -> DepthPredictor:
        """Loads a model by name, directory, Hub id or exported graph.

        model: "embedded" (bundled, offline), "paper", "paper-base", "paper-large", a model directory, a Hub id of one,
        or an .onnx file made by `tr2m export`, which fixes precision and size.
        checkpoint: file with a rescale head instead of the model's own. relative_depth, image_encoder, text_encoder:
        Hub id, folder in the transformers format or original release file instead of the model's own.
        device: "auto", "cpu", "cuda", "cuda:1"... precision: "fp32", "bf16", "fp16", or "auto", which is bf16 on a
        CUDA device that has it and fp32 elsewhere. bf16 moves metric depth by about 0.4 % and fp16 by 0.04 %; layer
        norms and last layers stay in float32. input_size: (height, width) that frames are resized to, multiples of 14.
        compile: torch.compile, warmed up here; takes a minute or more and a C++ compiler.

        Raises InputError for anything missing or not understood. Hub ids among the arguments are downloaded when they
        are not in the Hub's cache, nothing else is; ConnectionError when that fails.
        """
        overrides = Overrides(checkpoint, relative_depth, image_encoder, text_encoder)
        if Path(model).suffix == ".onnx":
            if overrides != Overrides() or precision not in ("auto", "fp32") or compile:
                raise InputError(
                    f"{model}: an exported graph is fixed; checkpoint, encoders, precision and compile do not apply"
                )
            from tr2m_core.export.onnx import OnnxBackend

            backend: Backend = OnnxBackend(Path(model), device)
            if input_size not in (None, backend.input_size):
                height, width = backend.input_size
                raise InputError(f"{model}: made for pictures of {height}x{width}; export it again for another size")
            return cls(backend)
        network = load_model(model, overrides)
        return cls(TorchBackend(network, device=device, precision=precision, input_size=input_size, compile=compile))

    @property
    def config(self) -> ModelConfig:
        return self.backend.config

    @property
    def device(self) -> torch.device:
        return self.backend.device

    @property
    def precision(self) -> str:
        """fp32, bf16 or fp16."""
        return next(name for name, dtype in PRECISIONS.items() if dtype == self.backend.precision)

    @property
    def input_size(self) -> tuple[int, int]:
        return self.backend.input_size

    def without_normalisation(self) -> DepthPredictor:
        """The same network fed with colours in 0..1 as they are; the paper's authors evaluate iBims-1 that way."""
        other = DepthPredictor(self.backend)
        plain = dataclasses.replace(self.config, image_mean=(0.0, 0.0, 0.0), image_std=(1.0, 1.0, 1.0))
        other._normalize = Normalizer(plain, self.device, white=255.0)
        return other

    def warm_up(self, description: str = "A room.", size: tuple[int, int] = (480, 640)) -> None:
        """Runs one blank frame so that the first real one is not slower than the rest."""
        self.predict(np.zeros((*size, 3), np.uint8), description, maps=False)

    @torch.inference_mode()
    def predict(
        self,
        rgb: npt.NDArray[np.uint8],
        description: str | Sequence[str],
        *,
        maps: bool = True,
        flip: bool = False,
        size: tuple[int, int] | None = None,
        allow_empty: bool = False,
    ) -> DepthPrediction:
        """One frame (H, W, 3) or a batch (N, H, W, 3) of uint8 RGB -> arrays (H, W) or (N, H, W).

        description: one sentence for all frames, or one per frame. maps=False returns the metric depth alone, which is
        faster. flip averages with the prediction of the mirrored frame, at twice the cost. size: (height, width) of the
        arrays instead of the frames' own. allow_empty: an empty description is encoded like any other, to see what a
        model makes of none.

        Raises ValueError for another shape or type, no frames or frames under 2x2 pixels, InputError for an empty
        description that is not allowed.
        """
        if rgb.ndim not in (3, 4) or rgb.shape[-1] != 3 or rgb.dtype != np.uint8:
            raise ValueError(f"frames must be (H, W, 3) or (N, H, W, 3) uint8, not {rgb.shape} {rgb.dtype}")
        batch = rgb if rgb.ndim == 4 else rgb.reshape(1, *rgb.shape)  # rgb[None] has strides that cost torch time
        if min(batch.shape[1:3]) < MIN_FRAME_SIDE:
            raise ValueError(f"the frame is {batch.shape[2]}x{batch.shape[1]} pixels; at least 2x2 are needed")
        if len(batch) == 0:
            raise ValueError("the batch holds no frame")
        text = self._encoded(description, len(batch), allow_empty)
        pixel_values = self.preprocess(batch)
        if flip:
            pixel_values = torch.cat((pixel_values, pixel_values.flip(-1)))
            text = text if len(text) == 1 else torch.cat((text, text))
        out = self.backend.run(pixel_values, text, maps)
        if flip:
            out = (out[: len(batch)] + out[len(batch) :].flip(-1)) / 2
        resized = F.interpolate(out, size=size or batch.shape[1:3], mode="bilinear", align_corners=True)
        arrays = resized.transpose(0, 1).cpu().numpy()
        return DepthPrediction(*(arrays if rgb.ndim == 4 else arrays[:, 0]))

    def preprocess(self, frames: npt.NDArray[np.uint8]) -> Tensor:
        """(N, H, W, 3) uint8 -> (N, 3, h, w) normalised, of the model's input size, on the device."""
        pixels = torch.from_numpy(np.require(frames, requirements=["C", "W"]))
        if self.device.type == "cuda":
            pixels = pixels.pin_memory()  # from pageable memory the copy would make the host wait
        pictures = pixels.to(self.device, non_blocking=True).permute(0, 3, 1, 2)
        if self.config.antialias:
            # uint8 in, uint8 out: torch has a fast kernel for this on the CPU, and the rounding is far below the noise
            small = F.interpolate(pictures, size=self.input_size, mode="bilinear", antialias=True, align_corners=False)
            return self._normalize(small.float())
        return F.interpolate(
            self._normalize(pictures.float()), size=self.input_size, mode="bilinear", align_corners=True
        )

    def _encoded(self, description: str | Sequence[str], count: int, allow_empty: bool) -> Tensor:
        """(1 or N, 1, C) for one sentence or one per frame."""
        if isinstance(description, str):
            return self._sentence(description, allow_empty)
        if len(description) != count:
            raise ValueError(f"{len(description)} descriptions for {count} frames")
        return torch.cat([self._sentence(sentence, allow_empty) for sentence in description])

    def _sentence(self, description: str, allow_empty: bool) -> Tensor:
        """The sentence as the backend uses it, (1, 1, C); encoded once and remembered."""
        if not (allow_empty or description.strip()):
            raise InputError(
                "the scene description is empty; give one sentence, such as 'A small office with two desks.'"
            )
        if description in self._text:
            self._text.move_to_end(description)
            return self._text[description]
        encoded = self.backend.encode([description])
        self._text[description] = encoded
        if len(self._text) > SENTENCES_KEPT:
            self._text.popitem(last=False)
        return encoded
