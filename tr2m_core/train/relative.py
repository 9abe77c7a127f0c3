"""Stage one of an embedded model: relative depth, by a decoder that learns on stored features of a frozen backbone."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
import torch
from accelerate import Accelerator
from torch import Generator, Tensor, nn
from typing_extensions import Self

from tr2m_core.data.base import BatchSource, DepthProtocol, SampleKey, TrainBatch
from tr2m_core.data.procedural.scenes import LIMITS, MEAN_WEIGHT, ProceduralScenes
from tr2m_core.errors import InputError
from tr2m_core.eval.baselines import vertical_ramp
from tr2m_core.inference.predictor import DepthPredictor
from tr2m_core.losses.affine_invariant import affine_invariant_loss, anchor_loss
from tr2m_core.metrics.alignment import fit_scale_shift
from tr2m_core.metrics.depth import clamp_depth, compute_depth_metrics, mean_metrics
from tr2m_core.model.config import validate_input_size
from tr2m_core.model.presets import EMBEDDED
from tr2m_core.model.pyramid import PyramidDecoder
from tr2m_core.model.relative_depth import PyramidDepthNetwork, load_backbone
from tr2m_core.model.tensors import writing
from tr2m_core.train.config import TrainConfig
from tr2m_core.train.progress import main_process_bar
from tr2m_core.train.scene_store import TARGET, SceneStore, open_store
from tr2m_core.train.task import Metrics, Moment, Task
from tr2m_core.train.validation import SCENES_SEED
from tr2m_core.types import BackendOutput
from tr2m_core.visualization import colourise

FRAME_SIZE = (240, 320)  # of held-out scenes: as a camera sees them, resized by the predictor
FRAMES_AT_ONCE = 10
CELL = PyramidDepthNetwork.patch_size  # windows lie on whole cells of every level
RAMP = "vertical ramp, aligned"
SMALLEST_VARIANCE = 1e-6  # of a channel over an image


@dataclass
class PyramidBatch(TrainBatch):
    """A batch of stored scenes. Neither images nor depth in metres are stored: `image` and `depth` are empty.

    features: (B, C, h, w) float16 of every level. target: inverse depth (B, 1, H / 2, W / 2) float16, see
    scene_store.relative_target.
    """

    features: list[Tensor]
    target: Tensor

    def to(self, device: torch.device) -> Self:
        return replace(super().to(device), features=[level.to(device) for level in self.features])


class StoredScenes(BatchSource):
    """Windows of stored scenes, every one at a place of its own, half of them mirrored."""

    name = "procedural"
    protocol = DepthProtocol(*LIMITS, MEAN_WEIGHT)

    def __init__(self, store: SceneStore, seed: int) -> None:
        self.store, self.seed = store, seed
        self.input_size = store.size

    def __len__(self) -> int:
        return len(self.store)

    def batch(self, keys: Sequence[SampleKey], size: tuple[int, int]) -> PyramidBatch:
        """Windows of `size` = (height, width), multiples of CELL, at most the stored size."""
        *features, target = (self._stack(name, keys, size) for name in (*self.store.levels, TARGET))
        none = torch.empty(len(keys), 0)
        # Channels stay last in memory, as convolutions on a CPU like them.
        levels = [level.permute(0, 3, 1, 2) for level in features]
        return PyramidBatch(self.name, self.protocol, none, none, [""] * len(keys), levels, target.unsqueeze(1))

    def _stack(self, name: str, keys: Sequence[SampleKey], size: tuple[int, int]) -> Tensor:
        parts = []
        for key in keys:
            rows, columns, mirrored = self._window(key, size)
            part = self.store.window(key.index, name, rows, columns)
            parts.append(part[:, ::-1] if mirrored else part)
        return torch.from_numpy(np.stack(parts))

    def _window(self, key: SampleKey, size: tuple[int, int]) -> tuple[slice, slice, bool]:
        random = np.random.default_rng((self.seed, key.index, key.epoch))
        places = ((whole - part) // CELL + 1 for part, whole in zip(size, self.store.size, strict=True))
        top, left = (CELL * int(random.integers(count)) for count in places)
        return slice(top, top + size[0]), slice(left, left + size[1]), bool(random.random() < 0.5)


class RelativeTask(Task):
    """Learns inverse depth up to scale and shift. A result is the folder model/relative_depth."""

    read_ahead = True
    references = frozenset({RAMP})

    def __init__(self, config: TrainConfig, accelerator: Accelerator) -> None:
        self.config, self.accelerator, self.device = config, accelerator, accelerator.device
        if config.datasets:
            raise InputError("datasets: the relative stage learns from scenes that it renders; use relative.scenes")
        if config.validation.datasets:
            raise InputError("validation.datasets: the relative stage is validated on procedural scenes; use scenes")
        settings = config.relative
        check_windows(config)
        self.backbone = load_backbone(settings.backbone)
        with accelerator.main_process_first():
            progress = main_process_bar(accelerator)("scenes")
            store = open_store(self.backbone, EMBEDDED, settings.scenes, progress)
        torch.manual_seed(config.seed)
        self.decoder = PyramidDecoder(self.backbone.channels, settings.width)
        self.decoder.set_statistics(store.means, store.stds)
        for module in (self.decoder, self.backbone):
            module.to(self.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.trained = self.decoder
        self.sources: list[BatchSource] = [StoredScenes(store, config.seed)]
        self.held_out = HeldOutScenes(config.validation.scenes)

    def loss(
        self, trained: nn.Module, batch: TrainBatch, moment: Moment, random: Generator
    ) -> tuple[Tensor, dict[str, Tensor]]:
        assert isinstance(batch, PyramidBatch)
        settings = self.config.relative
        features = self.decoder.standardize([level.float() for level in batch.features])
        features = mix_styles(features, settings.style_mixing, settings.style_alpha, random)
        relative = trained(drop_channels(features, settings.channel_dropout, random))
        target = batch.target.float()
        # The sky is infinitely far: inverse depth 0, and that is worth learning.
        everywhere = torch.ones_like(target, dtype=torch.bool)
        shape = affine_invariant_loss(relative, target, everywhere, settings.gradient_weight)
        anchor = anchor_loss(relative, target, target > 0)
        return shape + settings.anchor_weight * anchor, {"shape": shape.detach(), "anchor": anchor.detach()}

    def validate(self, trained: nn.Module) -> Metrics:
        """Metrics of held-out scenes after the best affine fit in inverse depth, on every process alike."""
        if not len(self.held_out):
            return {}
        rows = [aligned_metrics(p, d) for p, d in zip(self._predict(trained), self.held_out.depth, strict=True)]
        ramp = vertical_ramp(*FRAME_SIZE)
        reference = [aligned_metrics(ramp, depth) for depth in self.held_out.depth]
        return {"procedural, aligned": mean_metrics(rows), RAMP: mean_metrics(reference)}

    def panels(self, trained: nn.Module) -> dict[str, npt.NDArray[np.uint8]]:
        panels: dict[str, npt.NDArray[np.uint8]] = {}
        count = min(self.config.validation.panels, len(self.held_out))
        predicted = self._predict(trained, count) if count else []
        for n, relative in enumerate(predicted):
            low, high = float(relative.min()), float(relative.max())
            panels[f"relative_depth/{n}"] = np.hstack((self.held_out.frames[n], colourise(relative, low, high)))
        return panels

    def save(self, trained: nn.Module, directory: Path) -> None:
        folder, temporary = directory / "relative_depth", directory / "partial"
        folder.mkdir(parents=True, exist_ok=True)
        with writing(folder):
            PyramidDepthNetwork(self.backbone, cast(PyramidDecoder, trained)).save_pretrained(temporary)
        for path in temporary.iterdir():
            os.replace(path, folder / path.name)
        temporary.rmdir()

    def _predict(self, trained: nn.Module, count: int | None = None) -> list[npt.NDArray[np.float32]]:
        """Relative depth of the held-out frames, or the first of them, each of their own size."""
        network = PyramidDepthNetwork(self.backbone, cast(PyramidDecoder, trained)).eval()
        predictor = DepthPredictor(_RelativeBackend(network, self.device, self.config.relative.scenes.size))
        frames = self.held_out.frames[:count]
        found = []
        for first in range(0, len(frames), FRAMES_AT_ONCE):
            batch = frames[first : first + FRAMES_AT_ONCE]
            found += list(predictor.predict_batch(batch, "-", maps=False).metric_depth)
        return found


def check_windows(config: TrainConfig) -> None:
    """Raises InputError for a phase whose windows the stored scenes do not hold."""
    whole = validate_input_size(config.relative.scenes.size, CELL)
    for place, phase in enumerate(config.phases):
        height, width = validate_input_size(phase.input_size, CELL)
        if height > whole[0] or width > whole[1]:
            raise InputError(
                f"phases {place}: input_size {height}x{width} is larger than the scenes, {whole[0]}x{whole[1]}; "
                "see relative.scenes.size"
            )


class HeldOutScenes:
    """Scenes as a camera sees them, rendered when they are first needed.

    frames: (N, H, W, 3) uint8. depth: (N, H, W) metres, 0 in the sky.
    """

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    @cached_property
    def _rendered(self) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]:
        batches = [ProceduralScenes(FRAME_SIZE, seed=SCENES_SEED).batch([index]) for index in range(self._count)]
        depth = np.concatenate([batch.depth[:, 0].numpy() for batch in batches])
        return np.concatenate([batch.camera_images() for batch in batches]), depth

    @property
    def frames(self) -> npt.NDArray[np.uint8]:
        return self._rendered[0]

    @property
    def depth(self) -> npt.NDArray[np.float32]:
        return self._rendered[1]


class _RelativeBackend:
    """inference.Backend of a network without head: what it gives as depth is relative depth, sentences are nothing."""

    engine, config, precision = "torch", EMBEDDED, torch.float32

    def __init__(self, network: nn.Module, device: torch.device, input_size: tuple[int, int]) -> None:
        self.network, self.device, self.input_size = network, device, input_size

    def embed(self, sentences: list[str]) -> Tensor:
        return torch.zeros(len(sentences), 1, 1)

    def condition(self, embedding: Tensor) -> Tensor:
        return embedding

    @torch.inference_mode()
    def run(self, pixel_values: Tensor, text: Tensor, maps: bool) -> BackendOutput:
        return BackendOutput(self.network(pixel_values)[0])


def mix_styles(features: Sequence[Tensor], share: float, alpha: float, random: Generator) -> list[Tensor]:
    """Gives a share of the scenes feature statistics between their own and those of another scene of the batch.

    features: (B, C, h, w) of every level; all levels of a scene have the same partner and the same mixture, which is
    Beta(alpha, alpha). Source: Zhou et al., "Domain Generalization with MixStyle" (ICLR 2021).
    """
    batch = len(features[0])
    draw = np.random.default_rng(int(torch.randint(2**62, (), generator=random)))
    own = np.where(draw.random(batch) < share, draw.beta(alpha, alpha, batch), 1.0)
    weight = torch.from_numpy(own).to(features[0]).view(-1, 1, 1, 1)
    partner = torch.from_numpy(draw.permutation(batch)).to(features[0].device)
    mixed = []
    for level in features:
        mean = level.mean((2, 3), keepdim=True)
        centred = level - mean
        std = (centred.square().mean((2, 3), keepdim=True) + SMALLEST_VARIANCE).sqrt()
        factor = torch.lerp(std[partner], std, weight) / std
        mixed.append(centred * factor + torch.lerp(mean[partner], mean, weight))
    return mixed


def drop_channels(features: Sequence[Tensor], share: float, random: Generator) -> list[Tensor]:
    """Sets a share of the channels (B, C, h, w) of every image to 0 and enlarges the others to make up for it."""
    dropped = []
    for level in features:
        kept = torch.rand(*level.shape[:2], 1, 1, generator=random) >= share
        dropped.append(level * (kept / (1 - share)).to(level))
    return dropped


def aligned_metrics(relative: npt.NDArray[np.floating], depth: npt.NDArray[np.floating]) -> dict[str, float]:
    """Metrics of 1 / (a * relative + b), with a and b fitted to the inverse of the depth (H, W) where it is over 0."""
    valid = depth > 0
    truth = depth[valid].astype(np.float64)
    scale, shift = fit_scale_shift(relative[valid], 1.0 / truth)
    inverse = np.maximum(scale * relative[valid] + shift, 1e-9)
    # Nothing farther than ten times the farthest: a fit through 0 would make one pixel infinitely wrong.
    return compute_depth_metrics(truth, clamp_depth(1.0 / inverse, 1e-6, 10 * truth.max()))
