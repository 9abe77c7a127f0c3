"""Panels and predictions of an evaluation, on disk."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tr2m_core.eval.evaluator import Outcome
from tr2m_core.eval.methods import FloatArray
from tr2m_core.eval.samples import UNITS_PER_METRE, Sample, SampleSet
from tr2m_core.files.images import IMAGE_SUFFIXES, write_png
from tr2m_core.metrics.depth import clamp_depth
from tr2m_core.metrics.measurement import METRIC, Measurement


class _View(NamedTuple):
    abs_rel: float
    number: int
    sample: Sample
    prediction: FloatArray
    measurement: Measurement


class Gallery:
    """Takes predictions as they come and writes files named after data set and image.

    folder: for panels/, and predictions/ where these are saved: float32, as predicted, before any clamp or mask.
    count: so many of the images with the largest and with the smallest abs_rel get a panel, None for every image.
    Processes share the folder; each writes what falls to it.
    """

    def __init__(self, folder: Path, samples: SampleSet, count: int | None, save_predictions: bool) -> None:
        self.samples, self.count = samples, count
        self.names = file_names([f"{samples.name}_{samples.image(number)}" for number in range(len(samples))])
        self.panels, self.predictions = folder / "panels", folder / "predictions" if save_predictions else None
        for path in (None if count == 0 else self.panels, self.predictions):
            if path is not None:
                path.mkdir(parents=True, exist_ok=True)
        self._views: list[_View] = []

    def add(self, number: int, sample: Sample, prediction: FloatArray, measurement: Measurement) -> None:
        """See `evaluator.OnPrediction`."""
        if self.predictions is not None:
            path = self.predictions / f"{self.names[number]}.npy"
            np.save(path, np.asarray(prediction, np.float32), allow_pickle=False)
        metrics = measurement.metrics[METRIC]
        if metrics is None or self.count == 0:
            return
        view = _View(metrics["abs_rel"], number, sample, prediction, measurement)
        if self.count is None:
            self._draw(view, self.names[number])
            return
        self._views = sorted([*self._views, view], key=lambda each: each[:2])
        del self._views[self.count : -self.count]

    def write(self, outcomes: Sequence[Outcome]) -> None:
        """Draws what was kept of the best and worst of all processes' outcomes."""
        if not self.count:
            return
        errors = [(each.metrics["abs_rel"], each.number) for each in outcomes if each.metrics is not None]
        order = [number for _, number in sorted(errors)]
        ranks = {number: f"best{rank}" for rank, number in enumerate(order[: self.count], 1)}
        worst = order[self.count :][-self.count :]
        ranks |= {number: f"worst{rank}" for rank, number in enumerate(reversed(worst), 1)}
        for view in self._views:
            if view.number in ranks:
                self._draw(view, f"{ranks[view.number]}_{self.names[view.number]}")

    def _draw(self, view: _View, name: str) -> None:
        from tr2m_core.visualization import comparison_panel  # matplotlib takes a second to load

        sample, per_metre = view.sample, UNITS_PER_METRE[self.samples.unit]
        shown = clamp_depth(view.prediction, *sample.limits) / per_metre
        truth = np.where(sample.valid, sample.depth, np.nan) / per_metre
        panel = comparison_panel(sample.image, shown, truth, sample.description, view.measurement.metrics[METRIC])
        write_png(self.panels / f"{name}.png", panel)


def file_names(images: Sequence[str]) -> list[str]:
    """A file name without ending for each image, unlike all others: its path in one word."""
    names: list[str] = []
    taken: set[str] = set()
    for image in images:
        suffix = Path(image).suffix
        stem = image[: -len(suffix)] if suffix.lower() in IMAGE_SUFFIXES else image
        name = flat = re.sub(r"[/\\\0]", "_", stem)
        number = 1
        while name in taken:
            number += 1
            name = f"{flat}-{number}"
        taken.add(name)
        names.append(name)
    return names
