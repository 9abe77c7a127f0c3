"""Held-out data that a run is judged by, measured as the evaluations measure, over all processes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from accelerate import Accelerator
from torch import Tensor

from tr2m_core.data.base import DatasetConfig
from tr2m_core.errors import InputError
from tr2m_core.eval.conditions import OWN, conditions_for
from tr2m_core.eval.evaluator import CHUNK, evaluate
from tr2m_core.eval.file_samples import FileSamples
from tr2m_core.eval.methods import TextModel
from tr2m_core.eval.procedural import ProceduralSamples
from tr2m_core.eval.samples import Sample, SampleSet
from tr2m_core.inference.predictor import DepthPredictor
from tr2m_core.metrics.measurement import METRIC
from tr2m_core.model.config import nearest_input_size
from tr2m_core.model.tr2m import TR2M
from tr2m_core.processes import Processes
from tr2m_core.train.config import ValidationConfig
from tr2m_core.train.panels import training_panel
from tr2m_core.train.task import Metrics
from tr2m_core.types import BackendOutput

SCENES_SEED = 980_000  # neither the training's scenes nor those that `tr2m evaluate procedural` reports on


class HeldOut:
    """Everything a ValidationConfig names. Samples are read when they are measured; only rendered ones are kept."""

    def __init__(self, config: ValidationConfig, accelerator: Accelerator) -> None:
        self.config, self.device = config, accelerator.device
        self.processes = Processes(accelerator.process_index, accelerator.num_processes)
        self.sets: list[SampleSet] = [_KeptScenes(config.scenes, SCENES_SEED)] if config.scenes else []
        self.sets += [_file_samples(each, config.samples) for each in config.datasets]

    def measure(self, model: TR2M) -> Metrics:
        """Means over the samples of each data set; the same in every process."""
        means = {}
        for samples in self.sets:
            method = TextModel("model", self._predictor(model, samples))
            conditions = conditions_for(samples, [OWN])
            found = evaluate(samples, [method], conditions, alignments=(METRIC,), processes=self.processes)
            mean = found.mean(method.name, OWN)
            if mean is not None:
                means[samples.name] = mean
        return means

    def panels(self, model: TR2M) -> dict[str, npt.NDArray[np.uint8]]:
        """A panel of the first samples of each data set, on the main process."""
        if not (self.processes.is_main and self.config.panels):
            return {}
        panels = {}
        for samples in self.sets:
            predictor = self._predictor(model, samples)
            first = samples.read(range(min(CHUNK, len(samples))))  # as they are measured, for rendered ones are kept
            for number, sample in enumerate(first[: self.config.panels]):
                if isinstance(sample, Sample):
                    panels[f"{samples.name}/{number}"] = training_panel(sample, predictor)
        return panels

    def _predictor(self, model: TR2M, samples: SampleSet) -> DepthPredictor:
        """Each set is seen at the size of its protocol or the configuration, or the nearest that the model takes."""
        size = nearest_input_size(samples.input_size or model.config.input_size, model.config.patch_size)
        return DepthPredictor(_Backend(model, self.device, size))


class _KeptScenes(ProceduralSamples):
    """Scenes that are rendered once, for they are few and measured again and again."""

    def __init__(self, count: int, seed: int) -> None:
        super().__init__(count, seed)
        self._rendered: dict[range, list[Sample | InputError]] = {}

    def read(self, numbers: range) -> list[Sample | InputError]:
        if numbers not in self._rendered:
            self._rendered[numbers] = super().read(numbers)
        return self._rendered[numbers]


def _file_samples(config: DatasetConfig, limit: int) -> FileSamples:
    samples = FileSamples(config, limit=limit)
    if not len(samples):
        raise InputError(
            f"validation: data set '{config.name}' has no usable record; `tr2m train CONFIG --check` says why"
        )
    return samples


class _Backend:
    """inference.Backend for a model that is still being trained: nothing of it is moved, halved or compiled."""

    engine, precision = "torch", torch.float32

    def __init__(self, model: TR2M, device: torch.device, input_size: tuple[int, int]) -> None:
        self.model, self.device, self.config = model.eval(), device, model.config
        self.input_size = input_size

    @torch.inference_mode()
    def embed(self, sentences: list[str]) -> Tensor:
        return self.model.text_encoder.encode(sentences)

    @torch.inference_mode()
    def condition(self, embedding: Tensor) -> Tensor:
        return self.model.rescale_head.text_vector(embedding)

    @torch.inference_mode()
    def run(self, pixel_values: Tensor, text: Tensor, maps: bool) -> BackendOutput:
        return BackendOutput.of(self.model(pixel_values, text), maps)
