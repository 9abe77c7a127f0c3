"""How good a model is on procedural scenes it has never seen, and what the sentence contributes."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from tr2m_core.data.descriptions import describe_as, names_place, place_may_go
from tr2m_core.data.procedural import LIMITS, ProceduralScenes
from tr2m_core.inference import DepthPredictor
from tr2m_core.metrics import best_constant_depth, clamp_depth, compute_depth_metrics, mean_metrics

HELD_OUT_SEED = 990_000
PICTURE_SIZE = (240, 320)
OTHER_SIZE_FACTOR = 2.0
BATCH = 10  # a fifth faster on one core than scene by scene
SAMPLES = 500  # pixels of each scene that the best constant depth is chosen for and measured on

FloatArray = npt.NDArray[np.floating[Any]]
Metrics = dict[str, float]
Sentences = list[str | None]  # one per scene, None where a scene has none of the kind


def evaluate_procedural(
    predictor: DepthPredictor,
    count: int = 500,
    seed: int = HELD_OUT_SEED,
    on_progress: Callable[[int, int], None] | None = None,
    kinds: Collection[str] = (),
) -> dict[str, Metrics]:
    """The number of scenes and their mean metrics, out of `count` scenes, a row for each kind of sentence.

    training wording, unseen wording: right sentences, in the grammar of training and in openings, orders and synonyms
    kept out of it. place named: the scenes whose sentence in training wording names the place; the others name objects
    that leave the size somewhat open. object-only: a sentence of training naming objects alone, for the scenes where
    training has such. empty sentence: what "" gives. other size: the wrong sentence, in unseen wording, of a scene at
    least twice as near or far, of the same domain where there is one. best constant: the one depth with the least mean
    abs_rel, for comparison. A row without scenes is left out. kinds: only these sentences, all when empty.
    """
    scenes = ProceduralScenes(PICTURE_SIZE, seed=seed)
    told_by_kind = {kind: s for kind, s in sentences_by_kind(scenes, count).items() if not kinds or kind in kinds}
    found: dict[str, list[Metrics]] = {kind: [] for kind in told_by_kind}
    samples: list[FloatArray] = []
    for first in range(0, count, BATCH):
        last = min(first + BATCH, count)
        batch = scenes.batch(range(first, last))
        pictures = batch.pictures()
        truths = [d[v].numpy() for d, v in zip(batch.depth, batch.valid, strict=True)]
        samples += [truth[np.linspace(0, truth.size - 1, SAMPLES).astype(int)] for truth in truths]
        for kind, sentences in told_by_kind.items():
            told = {i: s for i, s in enumerate(sentences[first:last]) if s is not None}
            if not told:
                continue
            depths = predict(predictor, pictures[list(told)], list(told.values()))
            for i, depth in zip(told, depths, strict=True):
                prediction = clamp_depth(depth[batch.valid[i, 0].numpy()], *LIMITS)
                found[kind].append(compute_depth_metrics(truths[i], prediction))
        if on_progress:
            on_progress(last, count)
    right = found.pop("training wording", [])
    named = [m for i, m in enumerate(right) if names_place(scenes.describe(i, "train"), scenes.facts(i))]
    rows = {"training wording": right, "training wording, place named": named, **found}
    rows["best constant"] = constant_baseline(samples)
    return {kind: {"scenes": len(metrics), **mean_metrics(metrics)} for kind, metrics in rows.items() if metrics}


@torch.inference_mode()
def predict(predictor: DepthPredictor, pictures: npt.NDArray[np.uint8], sentences: Sequence[str]) -> FloatArray:
    """Metric depth (N, H, W) of pictures (N, H, W, 3), also for the empty sentences that a predictor refuses."""
    if all(sentences):
        return predictor.predict(pictures, sentences, maps=False).metric_depth
    text = predictor.backend.encode(list(sentences))
    depth = predictor.backend.run(predictor.preprocess(pictures), text, maps=False)
    resized = F.interpolate(depth, size=pictures.shape[1:3], mode="bilinear", align_corners=True)
    array: FloatArray = resized[:, 0].cpu().numpy()
    return array


def sentences_by_kind(scenes: ProceduralScenes, count: int) -> dict[str, Sentences]:
    """What each row of `evaluate_procedural` says of each scene."""
    facts = [scenes.facts(i) for i in range(count)]
    unseen = [scenes.describe(i, "unseen") for i in range(count)]

    def object_only(i: int) -> str | None:
        if not place_may_go(facts[i]):
            return None
        sentence = describe_as("objects", facts[i], random.Random(f"{scenes.seed}/{i}/objects"), "train")
        return None if names_place(sentence, facts[i]) else sentence

    def other_size(i: int) -> str | None:
        def differs(j: int) -> bool:
            ratio = facts[i].distance_m / facts[j].distance_m
            return max(ratio, 1 / ratio) >= OTHER_SIZE_FACTOR

        candidates = [j for j in ((i + k) % count for k in range(1, count)) if differs(j)]
        same_domain = [j for j in candidates if facts[j].domain == facts[i].domain]
        return next((unseen[j] for j in same_domain or candidates), None)

    return {
        "training wording": [scenes.describe(i, "train") for i in range(count)],
        "unseen wording": [*unseen],
        "object-only": [object_only(i) for i in range(count)],
        "empty sentence": [""] * count,
        "other size": [other_size(i) for i in range(count)],
    }


def constant_baseline(samples: Sequence[FloatArray]) -> list[Metrics]:
    """Metrics of the best constant depth on a sample (N,) of each scene's depths, the same number of every scene."""
    constant = best_constant_depth(np.concatenate(samples))
    return [compute_depth_metrics(sample, np.full_like(sample, constant)) for sample in samples]
