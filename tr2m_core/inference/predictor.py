"""DepthPredictor: frames and sentences in, metric depth out."""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import math
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from tr2m_core.description import EMPTY, Mixture, sentences_of
from tr2m_core.devices import PRECISIONS
from tr2m_core.errors import DeviceError, InputError
from tr2m_core.inference.device_errors import device_error
from tr2m_core.inference.engines import check_engine, open_backend, open_graph
from tr2m_core.model.config import ModelConfig
from tr2m_core.model.normalizer import Normalizer
from tr2m_core.model.sources import Overrides, find_model
from tr2m_core.types import BackendOutput, DepthBatch, DepthPrediction

if TYPE_CHECKING:
    from tr2m_core.types import Pixels

K = TypeVar("K", bound=Hashable)

MIN_FRAME_SIDE = 2  # bilinear resizing with aligned corners needs two pixels
DESCRIPTIONS_KEPT = 64


class Backend(Protocol):
    """What computes depth from normalised images: torch, or a graph in onnxruntime or OpenVINO.

    engine: its name among `engines.ENGINES`. input_size: (height, width) of the images it takes, on `device`.
    precision: of its arithmetic.
    """

    @property
    def config(self) -> ModelConfig: ...

    engine: str
    device: torch.device
    precision: torch.dtype
    input_size: tuple[int, int]

    def embed(self, sentences: list[str]) -> Tensor:
        """(B, 1, Ct): embeddings of the sentences."""

    def condition(self, embedding: Tensor) -> Tensor:
        """(B, 1, Ct) -> (B, 1, C): embeddings in the form that `run` takes."""

    def run(self, pixel_values: Tensor, text: Tensor, maps: bool) -> BackendOutput:
        """Normalised images (N, 3, h, w) and text (N or 1, 1, C) -> what is predicted, on `device`."""


class DepthPredictor:
    """Runs a model on frames. Not thread-safe: give each worker thread its own predictor."""

    def __init__(self, backend: Backend, antialias: bool | None = None) -> None:
        """antialias: see `from_pretrained`."""
        self.backend = backend
        self.antialias = backend.config.antialias if antialias is None else antialias
        self._normalize = Normalizer(backend.config, backend.device, white=255.0)
        self._embeddings: OrderedDict[str, Tensor] = OrderedDict()  # by sentence
        self._conditions: OrderedDict[Mixture, Tensor] = OrderedDict()
        self._largest_batch: int | None = None  # frames that fitted into memory, once some did not

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
        antialias: bool | None = None,
        compile: bool = False,
        engine: str = "auto",
    ) -> DepthPredictor:
        """Loads a model by name, directory, Hub id or exported graph.

        model: "embedded" (bundled, offline), "paper", "paper-base", "paper-large", a model directory, a Hub id of one,
        or an .onnx file made by `tr2m export`, which fixes precision and size.
        checkpoint: file with a rescale head instead of the model's own. relative_depth, image_encoder, text_encoder:
        Hub id, folder in the transformers format or original release file instead of the model's own.
        device: "auto", "cpu", "cuda", "cuda:1"... precision: "fp32", "bf16", "fp16", or "auto", which is bf16 on a
        CUDA device that has it, and on a CPU that has it for a model of more than 100 MB, and fp32 elsewhere. bf16
        moves metric depth by about 0.4 % and fp16 by 0.04 %; layer norms and last layers stay in float32.
        input_size: (height, width) that frames are resized to, multiples
        of the model's patch size: 14 for paper, 32 for embedded. antialias: True resizes frames as Pillow does, pixel
        centres aligned and filtered where they become smaller; False aligns their corners and does not filter, as the
        published protocols do; None: as the model's configuration says. compile: torch.compile, warmed up here; takes
        a minute or more and a C++ compiler. engine: "torch", "onnxruntime", "openvino", "tensorrt", or
        "auto", which takes what is fastest here, see `engines.select_engine`; all but TensorRT, which has not been
        measured, give the depth of torch in fp32 within 1e-4. The graph that the others run is made on first use, which
        takes seconds, and kept in `graph_cache.graphs_folder`.

        Raises InputError for anything missing or not understood. Hub ids among the arguments are downloaded when they
        are not in the Hub's cache, nothing else is; ConnectionError when that fails.
        """
        overrides = Overrides(checkpoint, relative_depth, image_encoder, text_encoder)
        if Path(model).suffix == ".onnx":
            if overrides != Overrides() or precision not in ("auto", "fp32") or compile:
                raise InputError(
                    f"{model}: an exported graph is fixed; checkpoint, encoders, precision and compile do not apply"
                )
            graph = open_graph(Path(model), engine, device)
            if input_size not in (None, graph.input_size):
                height, width = graph.input_size
                raise InputError(f"{model}: made for images of {height}x{width}; export it again for another size")
            return cls(graph, antialias)
        check_engine(engine)
        sources = find_model(model, overrides)
        return cls(open_backend(sources, engine, device, precision, input_size, compile), antialias)

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
    def engine(self) -> str:
        """torch, onnxruntime, openvino or tensorrt."""
        return self.backend.engine

    @property
    def input_size(self) -> tuple[int, int]:
        return self.backend.input_size

    def without_normalisation(self) -> DepthPredictor:
        """The same network fed with colours in 0..1 as they are; the paper's authors evaluate iBims-1 that way."""
        other = DepthPredictor(self.backend, self.antialias)
        plain = dataclasses.replace(self.config, image_mean=(0.0, 0.0, 0.0), image_std=(1.0, 1.0, 1.0))
        other._normalize = Normalizer(plain, self.device, white=255.0)
        return other

    def warm_up(self, description: str = "A room.", size: tuple[int, int] = (480, 640)) -> None:
        """Runs one blank frame so that the first real one is not slower than the rest."""
        self.predict(np.zeros((*size, 3), np.uint8), description, maps=False)

    def predict(
        self,
        rgb: Pixels,
        description: str,
        *,
        maps: bool = True,
        flip: bool = False,
        size: tuple[int, int] | None = None,
        allow_empty: bool = False,
    ) -> DepthPrediction:
        """One frame (H, W, 3) of RGB -> arrays (H, W).

        rgb: uint8, or float32 in 0..255, which is taken as it is: neither rounded nor clipped, NaN gives NaN.
        maps=False returns the metric depth alone, which is faster. flip averages with the prediction of the mirrored
        frame, at twice the cost. description: a sentence, or several that say the same, one per line: then the mean of
        their embeddings counts. size: (height, width) of the arrays instead of the frame's own. allow_empty: an empty
        description is encoded like any other, to see what a model makes of none.

        Raises ValueError for another shape or type or a frame under 2x2 pixels, InputError for an empty description
        that is not allowed.
        """
        frames = _batch_of_one(rgb)
        batch = self.predict_batch(frames, description, maps=maps, flip=flip, size=size, allow_empty=allow_empty)
        return DepthPrediction(*(values[0] for values in vars(batch).values() if values is not None))

    @torch.inference_mode()
    def predict_batch(
        self,
        batch: Pixels,
        description: str | Sequence[str],
        *,
        maps: bool = True,
        flip: bool = False,
        size: tuple[int, int] | None = None,
        allow_empty: bool = False,
    ) -> DepthBatch:
        """Frames (N, H, W, 3) of RGB -> arrays (N, H, W), as `predict` does with one.

        description: one for all frames, or one per frame. Raises ValueError also for no frames.
        """
        _check_frames(batch, "N, H, W, 3")
        text = self._encoded(description, len(batch), allow_empty)
        pixel_values = self.preprocess(batch)
        if flip:
            pixel_values = torch.cat((pixel_values, pixel_values.flip(-1)))
            text = text if len(text) == 1 else torch.cat((text, text))
        out = _stacked(self.backend.run(pixel_values, text, maps))
        if flip:
            out = (out[: len(batch)] + out[len(batch) :].flip(-1)) / 2
        resized = F.interpolate(out, size=size or batch.shape[1:3], mode="bilinear", align_corners=True)
        return DepthBatch(*resized.transpose(0, 1).cpu().numpy())

    def predict_frames(
        self,
        frames: Sequence[Pixels],
        descriptions: Sequence[str | Mixture],
        *,
        maps: bool = False,
        scale: float = 1.0,
        edge_jump: float | None = None,
    ) -> list[DepthPrediction]:
        """Frames (H, W, 3) as in `predict`, of any sizes, each with its description, as one batch -> predictions.

        scale: arrays of `scaled_size` instead of the frames' own, sampled at the centres of the larger pixels.
        edge_jump: relative change of depth between neighbours of the network's output from which they are marked as
        `edges`; surfaces seen at a grazing angle are marked as well. None: no edges.

        When memory runs out, fewer frames are computed at once, then and later. Raises DeviceError when not even one
        fits or the device is lost, and otherwise as `predict` does.
        """
        done: list[DepthPrediction] = []
        retried = False
        while len(done) < len(frames):
            part = slice(len(done), len(done) + (self._largest_batch or len(frames)))
            count = len(frames[part])
            failure: DeviceError | None = None
            try:
                done += self._predict_part(frames[part], descriptions[part], maps, scale, edge_jump)
                retried = False
            except Exception as error:
                failure = device_error(error)
                if failure is None:
                    raise
            if failure is None:
                continue
            # Here, where the exception and with it all that its frames hold are gone.
            if not failure.out_of_memory or (count == 1 and retried):
                raise failure
            _free_cache(self.device)
            self._largest_batch, retried = max(1, count // 2), count == 1
        return done

    @torch.inference_mode()
    def _predict_part(
        self,
        frames: Sequence[Pixels],
        descriptions: Sequence[str | Mixture],
        maps: bool,
        scale: float,
        edge_jump: float | None,
    ) -> list[DepthPrediction]:
        text = torch.cat([self._encode_one(text, allow_empty=False) for text in descriptions])
        pixel_values = torch.cat([self.preprocess(_batch_of_one(frame)) for frame in frames])
        out = _stacked(self.backend.run(pixel_values, text, maps))
        if edge_jump is not None:
            out = torch.cat((out, depth_edges(out[:, :1], edge_jump)), dim=1)
        predictions = []
        for index, frame in enumerate(frames):
            size = frame.shape[0], frame.shape[1]
            arrays = list(_at_scale(out[index : index + 1], size, scale)[0].cpu().numpy())
            edges = None if edge_jump is None else arrays.pop() > 0.5
            predictions.append(dataclasses.replace(DepthPrediction(*arrays), edges=edges))
        return predictions

    def device_memory(self) -> int | None:
        """Bytes that the process holds on its GPU; None on a CPU."""
        return torch.cuda.memory_reserved(self.device) if self.device.type == "cuda" else None

    def close(self) -> None:
        """Gives the model's memory back; the predictor is of no use afterwards."""
        device = self.device
        del self.backend, self._normalize
        self._embeddings.clear()
        self._conditions.clear()
        _free_cache(device)

    def preprocess(self, frames: Pixels) -> Tensor:
        """(N, H, W, 3), RGB as in `predict` -> (N, 3, h, w) normalised, of the model's input size, on the device."""
        pixels = torch.from_numpy(np.require(frames, requirements=["C", "W"]))
        if self.device.type == "cuda":
            pixels = pixels.pin_memory()  # from pageable memory the copy would make the host wait
        images = pixels.to(self.device, non_blocking=True).permute(0, 3, 1, 2)
        if self.antialias:
            # uint8 in, uint8 out: torch has a fast kernel for this on the CPU, and the rounding is far below the noise.
            if self.device.type != "cpu":
                images = images.float()  # elsewhere it has none for bytes
            small = F.interpolate(images, size=self.input_size, mode="bilinear", antialias=True, align_corners=False)
            return self._normalize(small.float())
        return F.interpolate(self._normalize(images.float()), size=self.input_size, mode="bilinear", align_corners=True)

    def _encoded(self, description: str | Sequence[str], count: int, allow_empty: bool) -> Tensor:
        """(1 or N, 1, C) for one description or one per frame."""
        if isinstance(description, str):
            return self._encode_one(description, allow_empty)
        if len(description) != count:
            raise ValueError(f"{len(description)} descriptions for {count} frames")
        return torch.cat([self._encode_one(one, allow_empty) for one in description])

    def _encode_one(self, description: str | Mixture, allow_empty: bool) -> Tensor:
        """The description as the backend uses it, (1, 1, C); encoded once and remembered."""
        if isinstance(description, str):
            sentences = sentences_of(description)
            if not (sentences or allow_empty):
                raise InputError(EMPTY)
            description = Mixture.of(sentences or [""])

        def conditioned() -> Tensor:
            return self.backend.condition(self._mean_embedding(description))

        return _remembered(self._conditions, description, conditioned)

    def _mean_embedding(self, mixture: Mixture) -> Tensor:
        """(1, 1, Ct), as long as the embeddings are in the mean: the mean of different directions is shorter."""
        embeddings = [
            _remembered(self._embeddings, sentence, partial(self.backend.embed, [sentence]))
            for sentence, _ in mixture.parts
        ]
        if len(embeddings) == 1:
            return embeddings[0]
        parts = torch.cat(embeddings)
        weights = parts.new_tensor([weight for _, weight in mixture.parts])[:, None, None]
        mean = (weights * parts).sum(0, keepdim=True)
        length = (weights * parts.norm(dim=-1, keepdim=True)).sum(0, keepdim=True)
        scaled: Tensor = mean * (length / mean.norm(dim=-1, keepdim=True).clamp_min(1e-6))
        return scaled


def _remembered(kept: OrderedDict[K, Tensor], key: K, make: Callable[[], Tensor]) -> Tensor:
    """What is kept of a key, made where there is none; the DESCRIPTIONS_KEPT used last are kept."""
    if key in kept:
        kept.move_to_end(key)
        return kept[key]
    made = kept[key] = make()
    if len(kept) > DESCRIPTIONS_KEPT:
        kept.popitem(last=False)
    return made


def _batch_of_one(rgb: Pixels) -> Pixels:
    """(H, W, 3) -> (1, H, W, 3). Raises ValueError for what is no frame."""
    _check_frames(rgb, "H, W, 3")
    return rgb.reshape(1, *rgb.shape)  # rgb[None] has strides that cost torch time


def _check_frames(pixels: Pixels, layout: str) -> None:
    """Raises ValueError for what is no frame or batch of this layout."""
    if pixels.ndim != layout.count(",") + 1 or pixels.shape[-1] != 3 or pixels.dtype not in (np.uint8, np.float32):
        raise ValueError(f"frames must be ({layout}) uint8 or float32, not {pixels.shape} {pixels.dtype}")
    height, width = pixels.shape[-3:-1]
    if min(height, width) < MIN_FRAME_SIDE:
        raise ValueError(f"the frame is {width}x{height} pixels; at least 2x2 are needed")
    if len(pixels) == 0:
        raise ValueError("the batch holds no frame")


def _stacked(out: BackendOutput) -> Tensor:
    """(N, C, h, w), so that all is resized at once."""
    maps = [values for values in out if values is not None]
    return torch.cat(maps, dim=1) if len(maps) > 1 else maps[0]


def _free_cache(device: torch.device) -> None:
    """Gives unused memory back to the device, so that it comes in one piece or goes to others."""
    gc.collect()
    if device.type == "cuda":
        with contextlib.suppress(RuntimeError):  # a lost device takes nothing back
            torch.cuda.empty_cache()


def scaled_size(size: tuple[int, int], scale: float) -> tuple[int, int]:
    """(height, width) of a frame published smaller."""
    height, width = (max(1, math.floor(side * scale + 0.5)) for side in size)
    return height, width


def depth_edges(depth: Tensor, jump: float) -> Tensor:
    """(N, 1, h, w) metres -> the same shape, 1 where depth within 3x3 pixels differs by more than the fraction `jump`.

    Between the pixels of such a pair, resizing invents surfaces that are not there.
    """
    farthest = F.max_pool2d(depth, 3, stride=1, padding=1)
    nearest = -F.max_pool2d(-depth, 3, stride=1, padding=1)
    return (farthest > nearest * (1 + jump)).to(depth.dtype)


def _at_scale(values: Tensor, size: tuple[int, int], scale: float) -> Tensor:
    """(1, C, h, w) of the model, whose corners are those of a frame of `size` -> (1, C, *scaled_size(size, scale))."""
    target = scaled_size(size, scale)
    if target == size:
        return F.interpolate(values, size=size, mode="bilinear", align_corners=True)
    grids = []
    for few, many in zip(target, size, strict=True):
        centres = (torch.arange(few, device=values.device, dtype=values.dtype) + 0.5) * (many / few) - 0.5
        grids.append(centres * (2 / (many - 1)) - 1)
    y, x = torch.meshgrid(*grids, indexing="ij")
    grid = torch.stack((x, y), dim=-1).unsqueeze(0)
    return F.grid_sample(values, grid, mode="bilinear", padding_mode="border", align_corners=True)
