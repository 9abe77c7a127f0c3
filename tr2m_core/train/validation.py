"""Held-out data that a run is judged by, measured as the evaluations measure, over all processes."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import numpy.typing as npt
import torch
from accelerate import Accelerator
from accelerate.utils import gather_object
from torch import Tensor

from tr2m_core.data.base import DatasetConfig
from tr2m_core.data.check import examine
from tr2m_core.data.procedural import LIMITS, ProceduralScenes
from tr2m_core.data.registry import find_dataset
from tr2m_core.eval.evaluator import Sample, measure
from tr2m_core.eval.procedural import PICTURE_SIZE
from tr2m_core.eval.protocols import evaluation_crop
from tr2m_core.inference import DepthPredictor
from tr2m_core.metrics import mean_metrics
from tr2m_core.model.tr2m import TR2M
from tr2m_core.train.config import ValidationConfig
from tr2m_core.train.pictures import training_panel
from tr2m_core.train.task import Metrics
from tr2m_core.types import InputError

SCENES_SEED = 980_000  # neither the training's scenes nor those that `tr2m evaluate procedural` reports on
CHUNK = 4  # frames predicted at once; chunks, not frames, are shared out, so that numbers do not depend on processes


class HeldOut:
    """Everything a ValidationConfig names. Samples are read when they are measured and not kept."""

    def __init__(self, config: ValidationConfig, accelerator: Accelerator) -> None:
        self.config, self.accelerator = config, accelerator
        self.chunks = [("procedural", range(i, min(i + CHUNK, config.scenes))) for i in range(0, config.scenes, CHUNK)]
        self.sets = {each.name: _FileSamples(each, config.samples) for each in config.datasets}
        for name, samples in self.sets.items():
            self.chunks += [(name, range(i, min(i + CHUNK, len(samples)))) for i in range(0, len(samples), CHUNK)]
        self.scenes = ProceduralScenes(PICTURE_SIZE, seed=SCENES_SEED)
        self._rendered: dict[range, list[Sample]] = {}

    def measure(self, model: TR2M) -> Metrics:
        """Means over the samples of each data set; the same in every process."""
        predictors = self._predictors(model)
        results: list[tuple[str, int, dict[str, float]]] = []
        for name, numbers in self.chunks[self.accelerator.process_index :: self.accelerator.num_processes]:
            rows = measure(predictors[name], self._samples(name, numbers))
            results += [(name, n, row) for n, row in zip(numbers, rows, strict=True) if row is not None]
        if self.accelerator.num_processes > 1:
            results = gather_object(results)
        by_set: dict[str, list[dict[str, float]]] = defaultdict(list)
        for name, _, row in sorted(results, key=lambda result: result[:2]):
            by_set[name].append(row)
        return {name: mean_metrics(rows) for name, rows in by_set.items()}

    def pictures(self, model: TR2M) -> dict[str, npt.NDArray[np.uint8]]:
        """A panel of the first samples of each data set, on the main process."""
        if not self.accelerator.is_main_process:
            return {}
        predictors = self._predictors(model)
        panels = {}
        firsts = [(name, numbers) for name, numbers in self.chunks if numbers.start == 0]
        for name, numbers in firsts:
            for n, sample in enumerate(self._samples(name, numbers)[: self.config.pictures]):
                panels[f"{name}/{n}"] = training_panel(sample, predictors[name])
        return panels

    def _predictors(self, model: TR2M) -> dict[str, DepthPredictor]:
        """By data set: each is seen at the size that its protocol, or the configuration, says."""
        sizes = {"procedural": model.config.input_size}
        sizes |= {name: samples.input_size for name, samples in self.sets.items()}
        device = self.accelerator.device
        return {name: DepthPredictor(_Backend(model, device, size)) for name, size in sizes.items()}

    def _samples(self, name: str, numbers: range) -> list[Sample]:
        if name in self.sets:
            return [self.sets[name][n] for n in numbers]
        if numbers not in self._rendered:
            self._rendered[numbers] = self._render(numbers)
        return self._rendered[numbers]

    def _render(self, numbers: range) -> list[Sample]:
        batch = self.scenes.batch(numbers)
        depth = batch.depth[:, 0].cpu().numpy()
        everywhere = np.ones(PICTURE_SIZE, bool)
        return [
            Sample(picture, sentence, truth, everywhere, LIMITS)
            for picture, sentence, truth in zip(batch.pictures(), batch.descriptions, depth, strict=True)
        ]


class _FileSamples:
    """The test part of a data set on disk, at most `limit` samples spread over it."""

    def __init__(self, config: DatasetConfig, limit: int) -> None:
        self.dataset = find_dataset(config.name)
        self.input_size = config.input_size or self.dataset.input_size
        records, _ = examine(self.dataset, self.dataset.records(config, "test"))
        step = max(1, len(records) // limit) if limit else 1
        self.records = records[::step][: limit or None]
        if not self.records:
            raise InputError(
                f"validation: data set '{config.name}' has no usable record; `tr2m train CONFIG --check` says why"
            )

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, place: int) -> Sample:
        image, depth, descriptions = self.dataset.read(self.records[place])
        protocol = self.dataset.protocol
        crop = evaluation_crop(self.dataset.name, (depth.shape[0], depth.shape[1]))
        return Sample(image, descriptions[0], depth, crop, (protocol.min_depth, protocol.max_depth))


class _Backend:
    """inference.Backend for a model that is still being trained: nothing of it is moved, halved or compiled."""

    def __init__(self, model: TR2M, device: torch.device, input_size: tuple[int, int]) -> None:
        self.model, self.device, self.config = model.eval(), device, model.config
        self.input_size = input_size

    @torch.inference_mode()
    def encode(self, sentences: list[str]) -> Tensor:
        return self.model.encode(sentences)

    @torch.inference_mode()
    def run(self, pixel_values: Tensor, text: Tensor, maps: bool) -> Tensor:
        out = self.model(pixel_values, text)
        parts = (out.metric_depth, out.relative_depth, out.maps.scale_map, out.maps.shift_map)
        return torch.cat(parts, dim=1) if maps else out.metric_depth
