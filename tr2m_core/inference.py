"""DepthPredictor: one uint8 frame and one sentence in, metric depth out."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from tr2m_core.config import ModelConfig, validate_input_size
from tr2m_core.model.checkpoints import load_model
from tr2m_core.model.presets import model_directory
from tr2m_core.model.tr2m import TR2M
from tr2m_core.types import DepthPrediction, InputError

PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
MIN_FRAME_SIDE = 2  # bilinear resizing with aligned corners needs two pixels
SENTENCES_KEPT = 16


class DepthPredictor:
    """Runs a TR2M model on single frames. Not thread-safe: give each worker thread its own predictor."""

    def __init__(
        self,
        model: TR2M,
        *,
        device: str = "auto",
        precision: str = "auto",
        input_size: tuple[int, int] | None = None,
    ) -> None:
        self.device = select_device(device)
        self.precision = select_precision(precision, self.device)
        self.input_size = validate_input_size(input_size or model.config.input_size)
        self.model = model.eval().to(self.device)
        self._text_vectors: OrderedDict[str, Tensor] = OrderedDict()
        mean, std = torch.tensor(model.config.image_mean), torch.tensor(model.config.image_std)
        self._mean = (255.0 * mean).view(1, 3, 1, 1).to(self.device)
        self._inverse_std = (1.0 / (255.0 * std)).view(1, 3, 1, 1).to(self.device)

    @classmethod
    def from_pretrained(
        cls,
        model: str | Path = "embedded",
        *,
        checkpoint: str | Path | None = None,
        device: str = "auto",
        precision: str = "auto",
        input_size: tuple[int, int] | None = None,
    ) -> DepthPredictor:
        """Loads "embedded" (bundled, offline) or a model directory; `checkpoint` replaces its rescale head.

        device: "auto", "cpu", "cuda", "cuda:1"... precision: "auto", "fp32", "bf16", "fp16". input_size: the
        (height, width) that frames are resized to. Raises InputError for anything missing or not understood.
        """
        loaded = load_model(model_directory(str(model)), Path(checkpoint) if checkpoint else None)
        return cls(loaded, device=device, precision=precision, input_size=input_size)

    @property
    def config(self) -> ModelConfig:
        return self.model.config

    def warm_up(self, description: str = "A room.", size: tuple[int, int] = (480, 640)) -> None:
        """Runs one blank frame so that the first real one is not slower than the rest."""
        self.predict(np.zeros((*size, 3), np.uint8), description, maps=False)

    @torch.inference_mode()
    def predict(self, rgb: npt.NDArray[np.uint8], description: str, *, maps: bool = True) -> DepthPrediction:
        """rgb: (H, W, 3) uint8. maps=False returns the metric depth alone, which is faster.

        Raises ValueError for another shape or type or a frame under 2x2 pixels, InputError for an empty description.
        """
        if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8:
            raise ValueError(f"the frame must be (H, W, 3) uint8, not {rgb.shape} {rgb.dtype}")
        if min(rgb.shape[:2]) < MIN_FRAME_SIDE:
            raise ValueError(f"the frame is {rgb.shape[1]}x{rgb.shape[0]} pixels; at least 2x2 are needed")
        frame_size = (rgb.shape[0], rgb.shape[1])
        text_vector = self.text_vector(description)
        with torch.autocast(self.device.type, self.precision, enabled=self.precision != torch.float32):
            out = self.model(self.preprocess(rgb), text_vector)
        wanted = [out.metric_depth]
        if maps:
            wanted += [out.relative_depth, out.maps.scale_map, out.maps.shift_map]
        resized = F.interpolate(torch.cat(wanted, dim=1), size=frame_size, mode="bilinear", align_corners=True)
        return DepthPrediction(*resized[0].cpu().numpy())

    def preprocess(self, rgb: npt.NDArray[np.uint8]) -> Tensor:
        """(H, W, 3) uint8 -> (1, 3, h, w) ImageNet-normalised, on the device."""
        frame = torch.from_numpy(np.ascontiguousarray(rgb)).to(self.device).permute(2, 0, 1).unsqueeze(0)
        if self.config.antialias:
            # uint8 in, uint8 out: torch has a fast kernel for this on the CPU, and the rounding is far below the noise
            frame = F.interpolate(frame, size=self.input_size, mode="bilinear", antialias=True, align_corners=False)
            return (frame.float() - self._mean) * self._inverse_std
        normalised = (frame.float() - self._mean) * self._inverse_std
        return F.interpolate(normalised, size=self.input_size, mode="bilinear", align_corners=True)

    @torch.inference_mode()
    def text_vector(self, description: str) -> Tensor:
        """The sentence as the head uses it, (1, 1, C); encoded once and remembered."""
        if not description.strip():
            raise InputError(
                "the scene description is empty; give one sentence, such as 'A small office with two desks.'"
            )
        if description in self._text_vectors:
            self._text_vectors.move_to_end(description)
            return self._text_vectors[description]
        vector = self.model.rescale_head.text_vector(self.model.text_encoder.encode([description]))
        self._text_vectors[description] = vector
        if len(self._text_vectors) > SENTENCES_KEPT:
            self._text_vectors.popitem(last=False)
        return vector


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


def select_precision(name: str, device: torch.device) -> torch.dtype:
    """ "auto" is bf16 on CUDA devices that have it and fp32 elsewhere."""
    if name == "auto":
        return torch.bfloat16 if device.type == "cuda" and torch.cuda.is_bf16_supported() else torch.float32
    if name not in PRECISIONS:
        raise InputError(f"precision '{name}' is not one of auto, {', '.join(PRECISIONS)}")
    return PRECISIONS[name]
