"""How good a model is on procedural scenes it has never seen, and what the sentence contributes."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Collection, Sequence

import numpy as np

from tr2m_core.data.procedural.descriptions import describe_as, names_place, place_may_go
from tr2m_core.data.procedural.scenes import LIMITS, ProceduralScenes
from tr2m_core.data.procedural.written import WrittenDescription, written
from tr2m_core.errors import InputError
from tr2m_core.eval.conditions import listed
from tr2m_core.eval.evaluator import NO_DESCRIPTION, Outcome, add_constant, constant_name, evaluate
from tr2m_core.eval.methods import FloatArray, Predictor, TextModel
from tr2m_core.eval.samples import Sample, SampleSet
from tr2m_core.metrics.depth import clamp_depth, mean_metrics
from tr2m_core.metrics.measurement import METRIC, Metrics
from tr2m_core.processes import ALONE, Processes

HELD_OUT_SEED = 990_000
IMAGE_SIZE = (240, 320)
OTHER_SIZE_FACTOR = 2.0
FITTING = 0.1  # of the logarithm of distance: what a description written by hand may be off by
BATCH = 10  # a fifth faster on one core than scene by scene
# What is rendered beyond the largest depth a prediction may have counts as well, though not in training.
TRUTH_LIMITS = (LIMITS[0], math.inf)
RIGHT, PLACE_NAMED = "training wording", "training wording, place named"

Sentences = list[str | None]  # one per scene, None where a scene has none of the kind


class ProceduralSamples(SampleSet):
    """The first `count` scenes of a seed, rendered when they are read. limits: metres that count."""

    name = "procedural"
    truth_pixels = 500

    def __init__(self, count: int, seed: int, limits: tuple[float, float] = LIMITS) -> None:
        self.count, self.limits = count, limits
        self.scenes = ProceduralScenes(IMAGE_SIZE, seed=seed)

    def __len__(self) -> int:
        return self.count

    def image(self, number: int) -> str:
        return f"{self.scenes.seed}/{number}"

    def description(self, number: int) -> str:
        return self.scenes.describe(number)

    def read(self, numbers: range) -> list[Sample | InputError]:
        batch = self.scenes.batch(numbers)
        depth = batch.depth[:, 0].cpu().numpy()
        everywhere = np.ones(IMAGE_SIZE, bool)
        return [
            Sample(image, description, truth, everywhere, self.limits)
            for image, description, truth in zip(batch.camera_images(), batch.descriptions, depth, strict=True)
        ]


class _Clamped(TextModel):
    """Predictions within LIMITS, though the truth may lie beyond."""

    def predict(self, samples: Sequence[Sample], sentences: Sequence[str]) -> list[FloatArray]:
        return [clamp_depth(prediction, *LIMITS) for prediction in super().predict(samples, sentences)]


def evaluate_procedural(
    predictor: Predictor,
    count: int = 500,
    seed: int = HELD_OUT_SEED,
    on_progress: Callable[[int, int], None] | None = None,
    kinds: Collection[str] = (),
    processes: Processes = ALONE,
) -> dict[str, Metrics]:
    """The number of scenes and their mean metrics, out of `count` scenes, a row for each kind of sentence.

    training wording, unseen wording: right sentences, in the grammar of training and in openings, orders and synonyms
    kept out of it. written by hand: a held-out one of data/procedural/written.py, for the scenes that one fits in
    domain and distance. place named: the scenes whose sentence in training wording names the place; the others name
    objects that leave the size somewhat open. object-only: a sentence of training naming objects alone, for the scenes
    where training has such. empty sentence: what "" gives. other size: the wrong sentence, in unseen wording, of a
    scene at least twice as near or far, of the same domain where there is one. best constant: the one depth with the
    least mean abs_rel, for comparison. A row without scenes is left out. kinds: only these sentences, all when empty.
    """
    samples = ProceduralSamples(count, seed, TRUTH_LIMITS)
    scenes = samples.scenes
    conditions = [
        listed(kind, s) for kind, s in descriptions_by_kind(scenes, count).items() if not kinds or kind in kinds
    ]
    model = _Clamped("model", predictor)
    found = evaluate(
        samples,
        [model],
        conditions,
        alignments=(METRIC,),
        chunk=BATCH,
        keep_truths=True,
        processes=processes,
        on_progress=on_progress,
    )
    rows = {condition.name: found.of(model.name, condition.name) for condition in conditions}
    right = rows.pop(RIGHT, [])
    named = [each for each in right if names_place(each.description, scenes.facts(each.number))]
    add_constant(samples, found)
    rows = {RIGHT: right, PLACE_NAMED: named, **rows, "best constant": found.of(constant_name(samples), NO_DESCRIPTION)}
    return {kind: _row(outcomes) for kind, outcomes in rows.items() if outcomes}


def _row(outcomes: Sequence[Outcome]) -> Metrics:
    metrics = [outcome.metrics for outcome in outcomes if outcome.metrics is not None]
    return {"scenes": len(metrics), **mean_metrics(metrics)}


def descriptions_by_kind(scenes: ProceduralScenes, count: int) -> dict[str, Sentences]:
    """What each row of `evaluate_procedural` says of each scene."""
    facts = [scenes.facts(i) for i in range(count)]
    unseen = [scenes.describe(i, "unseen") for i in range(count)]

    def object_only(i: int) -> str | None:
        if not place_may_go(facts[i]):
            return None
        description = describe_as("objects", facts[i], random.Random(f"{scenes.seed}/{i}/objects"), "train")
        return None if names_place(description, facts[i]) else description

    def other_size(i: int) -> str | None:
        def differs(j: int) -> bool:
            ratio = facts[i].distance_m / facts[j].distance_m
            return max(ratio, 1 / ratio) >= OTHER_SIZE_FACTOR

        candidates = [j for j in ((i + k) % count for k in range(1, count)) if differs(j)]
        same_domain = [j for j in candidates if facts[j].domain == facts[i].domain]
        return next((unseen[j] for j in same_domain or candidates), None)

    def by_hand(i: int) -> str | None:
        def distance(one: WrittenDescription) -> float:
            return abs(math.log(one.distance_m / facts[i].distance_m))

        fitting = [one for one in written(held_out=True) if one.domain == facts[i].domain and distance(one) < FITTING]
        return random.Random(f"{scenes.seed}/{i}/written").choice(fitting).text if fitting else None

    return {
        "training wording": [scenes.describe(i, "train") for i in range(count)],
        "unseen wording": [*unseen],
        "written by hand": [by_hand(i) for i in range(count)],
        "object-only": [object_only(i) for i in range(count)],
        "empty sentence": [""] * count,
        "other size": [other_size(i) for i in range(count)],
    }
