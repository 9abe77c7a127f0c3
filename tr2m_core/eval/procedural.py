"""How good a model is on procedural scenes it has never seen, and what the sentence contributes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from tr2m_core.data.procedural import ProceduralScenes
from tr2m_core.inference import DepthPredictor
from tr2m_core.metrics import METRIC_NAMES, clamp_depth, compute_depth_metrics

HELD_OUT_SEED = 990_000
PICTURE_SIZE = (240, 320)
LIMITS = (0.001, 200.0)  # metres that predictions are clamped to, as the paper's protocols do with theirs
OTHER_SIZE_FACTOR = 2.0
BATCH = 10

Rows = dict[str, dict[str, float]]


def evaluate_procedural(
    predictor: DepthPredictor,
    count: int = 500,
    seed: int = HELD_OUT_SEED,
    on_progress: Callable[[int, int], None] | None = None,
) -> Rows:
    """Mean metrics over `count` scenes, a row for each kind of sentence.

    training wording, unseen wording: right sentences, in the grammar of training and in openings, orders and synonyms
    kept out of it. other size: an unseen-wording sentence of a scene at least twice as near or far, of the same domain
    where there is one. best constant: the one depth with the least mean abs_rel, for comparison.
    """
    scenes = ProceduralScenes(PICTURE_SIZE, seed=seed)
    kinds = sentences_by_kind(scenes, count)
    totals = {kind: np.zeros(len(METRIC_NAMES)) for kind in kinds}
    samples: list[npt.NDArray[np.float32]] = []
    for first in range(0, count, BATCH):
        batch = scenes.batch(range(first, min(first + BATCH, count)))
        pictures = (batch.image * 255).round().byte().permute(0, 2, 3, 1).numpy()
        depth, valid = batch.depth[:, 0].numpy(), batch.valid[:, 0].numpy()
        for i, picture in enumerate(pictures):
            truth = depth[i][valid[i]]
            samples.append(truth[:: max(1, truth.size // 500)])
            for kind, sentences in kinds.items():
                predicted = predictor.predict(picture, sentences[first + i], maps=False).metric_depth[valid[i]]
                totals[kind] += list(compute_depth_metrics(truth, clamp_depth(predicted, *LIMITS)).values())
        if on_progress:
            on_progress(min(first + BATCH, count), count)
    rows: Rows = {kind: dict(zip(METRIC_NAMES, (t / count).tolist(), strict=True)) for kind, t in totals.items()}
    rows["best constant"] = constant_baseline(samples)
    return rows


def sentences_by_kind(scenes: ProceduralScenes, count: int) -> dict[str, list[str]]:
    facts = [scenes.facts(i) for i in range(count)]
    unseen = [scenes.describe(i, "unseen") for i in range(count)]

    def other(i: int) -> str:
        def differs(j: int) -> bool:
            ratio = facts[i].distance_m / facts[j].distance_m
            return max(ratio, 1 / ratio) >= OTHER_SIZE_FACTOR

        following = [(i + k) % count for k in range(1, count)]
        candidates = [j for j in following if differs(j)]
        same_domain = [j for j in candidates if facts[j].domain == facts[i].domain]
        return unseen[(same_domain or candidates or following)[0]]

    return {
        "training wording": [scenes.describe(i, "train") for i in range(count)],
        "unseen wording": unseen,
        "other size": [other(i) for i in range(count)],
    }


def constant_baseline(samples: list[npt.NDArray[np.float32]]) -> dict[str, float]:
    """Metrics of the best constant depth, on a sample of each scene's pixels."""
    candidates = np.geomspace(min(s.min() for s in samples), max(s.max() for s in samples), 200)
    errors = [np.mean([np.mean(np.abs(s - c) / s) for s in samples]) for c in candidates]
    best = candidates[int(np.argmin(errors))]
    rows = [list(compute_depth_metrics(s, np.full_like(s, best)).values()) for s in samples]
    return dict(zip(METRIC_NAMES, np.mean(rows, axis=0).tolist(), strict=True))
