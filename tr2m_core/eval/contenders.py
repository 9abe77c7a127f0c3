"""The model that is evaluated and its baselines, as methods for each data set."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tr2m_core.errors import InputError
from tr2m_core.eval.baselines import BLIND, RAMP, Baseline, find_baseline
from tr2m_core.eval.methods import CorrectedModel, Method, RelativeDepth, TextModel, VerticalRamp
from tr2m_core.eval.samples import UNITS_PER_METRE, SampleSet

if TYPE_CHECKING:
    from tr2m_core.eval.depth_networks import DepthNetwork
    from tr2m_core.inference.predictor import DepthPredictor

Size = tuple[int, int]
Load = Callable[[str, "Size | None"], "DepthPredictor"]  # a TR2M model by name, for an input size or its own


class Contenders:
    """Networks are loaded once, TR2M models once for every input size; the last one is kept."""

    def __init__(self, model: str, baselines: Sequence[str], load: Load, device: str) -> None:
        """baselines: see `find_baseline`, and "ramp", which brings the models' relative depth to compare it with; the
        best constant is left to `evaluator.add_constant`. Raises InputError, ConnectionError."""
        self.ramp = RAMP in baselines
        found = [find_baseline(text) for text in dict.fromkeys(baselines) if text not in BLIND]
        self.names = [model, *(baseline.source for baseline in found)]
        if len(set(self.names)) < len(self.names):
            raise InputError("--baseline names a model that is evaluated already; each can be named once")
        self.networks = {each.source: _network(each, each.folder, device) for each in found if each.folder is not None}
        self.models = {
            name: functools.lru_cache(maxsize=1)(functools.partial(load, name))
            for name in self.names
            if name not in self.networks
        }

    def methods(self, samples: SampleSet, size: Size | None = None, corrected: str = "") -> list[Method]:
        """The model, the baselines in their order, the ramp. size: input size where the set has none.

        corrected: by what the models are corrected in a further row each; empty: none.
        """
        methods: list[Method] = []
        for name in self.names:
            if name in self.networks:
                methods.append(self.networks[name].in_units(UNITS_PER_METRE[samples.unit]))
                continue
            predictor = self.models[name](samples.input_size or size)
            for normalised in samples.normalisation:
                label = name if normalised else f"{name}, colours not normalised"
                chosen = predictor if normalised else predictor.without_normalisation()
                methods.append(TextModel(label, chosen))
                if corrected:
                    methods.append(CorrectedModel(f"{label}, corrected by {corrected}", chosen))
                if self.ramp:
                    methods.append(RelativeDepth(label, chosen))
        return [*methods, VerticalRamp()] if self.ramp else methods


def _network(baseline: Baseline, folder: Path, device: str) -> DepthNetwork:
    from tr2m_core.devices import select_device  # torch and transformers take seconds to load
    from tr2m_core.eval.depth_networks import load_depth_network

    return load_depth_network(folder, baseline.source, baseline.kind, select_device(device))
