"""Measures a model of your own as `tr2m evaluate` measures TR2M: same scenes, same nine metrics, same baselines.

python examples/evaluate_own_model.py                           # 40 procedural scenes
python examples/evaluate_own_model.py --frames photographs/     # folders with an index.json: docs/protocols.md

Put your network into `own_model`. A method that predicts inverse depth up to scale and shift sets `relative = True`
and is measured after alignment only (`tr2m_core.metrics.measurement.AFFINE` in place of METRIC below).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tr2m_core import DepthPredictor
from tr2m_core.console import format_table
from tr2m_core.data.frames import read_frames
from tr2m_core.eval.conditions import OWN, SHUFFLED, conditions_for
from tr2m_core.eval.evaluator import add_constant, evaluate
from tr2m_core.eval.frames import by_source
from tr2m_core.eval.methods import Method, TextModel
from tr2m_core.eval.procedural import ProceduralSamples
from tr2m_core.eval.samples import Sample, SampleSet
from tr2m_core.metrics.depth import METRIC_NAMES
from tr2m_core.metrics.measurement import METRIC

LIMITS = (0.1, 80.0)  # metres of ground truth that count


def own_model(rgb: np.ndarray, description: str) -> np.ndarray:
    """Image (H, W, 3) uint8 and a description -> metric depth (H, W), metres. Here: a floor that falls away."""
    height, width = rgb.shape[:2]
    farthest = 30.0 if "street" in description.lower() else 5.0
    return np.repeat(np.geomspace(farthest, 1.0, height)[:, None], width, axis=1)


class OwnModel(Method):
    name = "own model"

    def predict(self, samples: Sequence[Sample], sentences: Sequence[str]) -> list[np.ndarray]:
        return [own_model(sample.rgb, description) for sample, description in zip(samples, sentences, strict=True)]


def measure(samples: SampleSet, predictor: DepthPredictor) -> str:
    """The table of one set: each method with the right descriptions and with those of other images."""
    methods = [OwnModel(), TextModel("embedded", predictor)]
    conditions = conditions_for(samples, [OWN, SHUFFLED])
    found = evaluate(samples, methods, conditions, alignments=(METRIC,), keep_truths=True)
    add_constant(samples, found)
    rows = [(*pair, *(found.mean(*pair) or {}).values()) for pair in found.pairs if found.mean(*pair)]
    return f"{samples.name}, {len(samples)} images\n{format_table(('method', 'descriptions', *METRIC_NAMES), rows)}"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=Path, metavar="DIR", help="photographs with measured depth and an index.json")
    parser.add_argument("--count", type=int, default=40, help="procedural scenes otherwise (default: 40)")
    args = parser.parse_args(arguments)
    sets = by_source(read_frames(args.frames), LIMITS) if args.frames else [ProceduralSamples(args.count, seed=1)]
    predictor = DepthPredictor.from_pretrained("embedded")
    for samples in sets:
        print(measure(samples, predictor), flush=True)


if __name__ == "__main__":
    main()
