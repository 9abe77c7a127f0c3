"""Rows of the network: the engines against torch and against the plain way, batches, and the stages of a frame."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from tr2m_core.benchmark.plain import PlainPredictor
from tr2m_core.benchmark.timing import Effort, Row, compared, time_cases
from tr2m_core.devices import has_fast_bf16, select_device
from tr2m_core.inference.engines import AUTO, TORCH, faster_engines, open_backend, stored_bytes
from tr2m_core.inference.predictor import DepthPredictor
from tr2m_core.inference.torch_backend import LARGE, TorchBackend, weight_bytes
from tr2m_core.model.relative_depth import PyramidDepthNetwork
from tr2m_core.model.sources import ModelSources
from tr2m_core.model.tr2m import TR2M

if TYPE_CHECKING:
    from tr2m_core.types import Pixels

DESCRIPTION = "A small office with two desks."
BATCHES = (1, 2, 4)


class Load:
    """Makes predictors of one model. One that lies nowhere, as a model of random weights, runs in torch only."""

    def __init__(self, model: ModelSources | TR2M, device: str, input_size: tuple[int, int] | None) -> None:
        self.model, self.device, self.input_size = model, device, input_size

    def __call__(self, engine: str = AUTO, precision: str = "auto") -> DepthPredictor:
        options = self.device, precision, self.input_size
        if isinstance(self.model, ModelSources):
            return DepthPredictor(open_backend(self.model, engine, *options, compile=False))
        device, precision, size = options
        model = copy.deepcopy(self.model)
        return DepthPredictor(TorchBackend(model, device=device, precision=precision, input_size=size))

    def faster_engines(self) -> list[str]:
        """Those that the rule of `auto` chooses from."""
        if not isinstance(self.model, ModelSources):
            return []
        return faster_engines(stored_bytes(self.model.require()), select_device(self.device))


def engine_rows(load: Load, frames: list[Pixels], effort: Effort) -> Iterator[Row]:
    """Whole frames through the plain way, torch in fp32, what `auto` takes, and all else that runs here."""
    base = load(engine=TORCH, precision="fp32")
    assert isinstance(base.backend, TorchBackend)
    plain = PlainPredictor(base.backend.model, base.device, base.input_size)
    auto = load()
    label = f"auto: {auto.engine} {auto.precision}"
    predictors = {"torch fp32": base, label: auto}
    if has_fast_bf16(base.device):
        predictors["torch bf16"] = load(engine=TORCH, precision="bf16")
    for engine in load.faster_engines():
        if engine != auto.engine:
            predictors[f"{engine} fp32"] = load(engine=engine)
    if auto.engine == TORCH and auto.precision == base.precision:
        predictors.pop(label)
    cases: dict[str, Callable[[int], object]] = {
        "plain: two encoders, sentence per frame": lambda n: plain.predict(frames[n % len(frames)], DESCRIPTION)
    }
    expected = base.predict(frames[0], DESCRIPTION, maps=False).metric_depth
    notes = {}
    for name, predictor in predictors.items():
        cases[name] = _frame_by_frame(predictor, frames)
        depth = predictor.predict(frames[0], DESCRIPTION, maps=False).metric_depth
        if predictor is not base:
            notes[name] = f"depth {float(np.median(np.abs(depth / expected - 1))):.1e} from torch fp32 in the median"
    yield from compared("whole frame", time_cases(cases, effort), notes)
    if auto.device.type == "cuda" or weight_bytes(base.backend.model) < LARGE:
        yield from _batch_rows(auto, frames, effort)


def _frame_by_frame(predictor: DepthPredictor, frames: list[Pixels]) -> Callable[[int], object]:
    return lambda number: predictor.predict(frames[number % len(frames)], DESCRIPTION, maps=False)


def _batch_rows(predictor: DepthPredictor, frames: list[Pixels], effort: Effort) -> list[Row]:
    batches = {f"batch of {n}, each frame": [frames[i % len(frames)] for i in range(n)] for n in BATCHES}

    def case(batch: list[Pixels]) -> Callable[[int], object]:
        return lambda _: predictor.predict_frames(batch, [DESCRIPTION] * len(batch))

    cases = {name: case(batch) for name, batch in batches.items()}
    timings = time_cases(cases, effort)
    per_frame = {
        name: type(t)(*(value / len(batches[name]) for value in vars(t).values())) for name, t in timings.items()
    }
    return compared(f"cameras, {predictor.engine}", per_frame)


@torch.inference_mode()
def stage_rows(predictor: DepthPredictor, frame: Pixels, gflops: float, effort: Effort) -> list[Row]:
    """The stages of a frame in torch; notes say the share of `gflops`, the machine's limit, that each reaches."""
    backend = predictor.backend
    assert isinstance(backend, TorchBackend)
    model, size = backend.model, (frame.shape[0], frame.shape[1])
    pixels = predictor.preprocess(frame[None]).contiguous(memory_format=torch.channels_last)

    def sentence() -> Tensor:
        return backend.condition(backend.embed([DESCRIPTION]))

    network, grid = model.relative_depth, model.config.grid(pixels.shape[-2:])
    relative, tokens = network(pixels)
    stages: dict[str, Callable[[], Any]] = {"resize, normalise": lambda: predictor.preprocess(frame[None])}
    counted: dict[str, Callable[[], Any]] = {}
    if isinstance(network, PyramidDepthNetwork):
        levels = network.decoder.standardize(network.backbone(pixels))
        counted["backbone"] = partial(network.backbone, pixels)
        counted["decoder"] = partial(network.decoder, levels)
    else:
        counted["relative depth"] = partial(network, pixels)
    if model.image_encoder is not None:
        tokens = model.image_encoder(pixels)
        counted["image encoder"] = partial(model.image_encoder, pixels)
    counted["rescale head"] = partial(model.rescale_head.rescale_maps, tokens, sentence(), grid)
    stages |= counted
    stages["upsample, download"] = lambda: F.interpolate(relative, size, mode="bilinear", align_corners=True).cpu()
    stages["sentence, once each"] = sentence
    timings = time_cases({name: _numbered(stage) for name, stage in stages.items()}, effort)
    rows = []
    for name, timing in timings.items():
        note = ""
        if name in counted:
            work = _gflop(counted[name])
            rate = 1e3 * work / timing.median
            note = f"{work:.2f} GFLOP, {rate:.0f} GFLOP/s, {rate / gflops:.0%} of the limit"
        rows.append(Row("stages in torch", name, timing, None, note))
    return rows


def _numbered(stage: Callable[[], Any]) -> Callable[[int], object]:
    return lambda _: stage()


def _gflop(stage: Callable[[], Any]) -> float:
    with FlopCounterMode(display=False) as counter:
        stage()
    return float(counter.get_total_flops()) / 1e9


def noise_frames(size: tuple[int, int], count: int = 4) -> list[npt.NDArray[np.uint8]]:
    """Frames (H, W, 3) without any regularity that a cache or a branch predictor could learn."""
    random = np.random.default_rng(0)
    return [random.integers(0, 256, (*size, 3), dtype=np.uint8) for _ in range(count)]
