"""What the numbers of a run mean, in plain words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from tr2m_core.metrics.measurement import SCALE
from tr2m_core.report.page import number, percent

RIGHT_SIZE = 0.05  # a median factor this close to 1 is no error of size worth a word
STEADY = 0.1  # standard deviation of the factor over its median, up to which it counts as steady
EXPLAINED = 0.5  # share of the error that remains at most where one factor is called most of it
LITTLE = 0.95  # ratio of errors up to which a correction helps
ALIKE = 0.9  # ratio of the smallest to the largest error from which ranges count as the same
ENOUGH_PIXELS = 0.05  # share of the pixels from which a range is worth naming


def verdict(report: Mapping[str, Any]) -> list[str]:
    """Sentences that sum up `Run.report()`, the most important first."""
    metrics = report["metrics"]
    if metrics is None:
        return nothing_measured(report)
    measured = report["frames"]["measured"]
    frames = "In the one measured frame" if measured == 1 else f"Over {measured} frames"
    error = metrics["abs_rel"]
    words = [f"{frames} depth is off by {percent(error)} on average (abs_rel {number(error)})."]
    if report["scale_factor"] is not None:
        words.append(size(report["scale_factor"]["median"]))
        words.append(alignment(error, report["aligned"][SCALE]))
        words.append(steadiness(report["scale_factor"], measured))
    words.append(worst_range(report["ranges"]))
    return [sentence for sentence in words if sentence]


def nothing_measured(report: Mapping[str, Any]) -> list[str]:
    """Why there are no errors to report."""
    frames = report["frames"]
    if not frames["total"]:
        return ["Nothing was measured: there were no frames."]
    processed = f"{frames['processed']} of {frames['total']} frames went through the model."
    if report["problems"]:
        problem, count = next(iter(report["problems"].items()))
        return [
            "Nothing could be measured.",
            processed,
            f"Most often because of: {problem} ({count} of {frames['total']} frames).",
        ]
    reason = "there is no measured depth to compare with"
    return [
        f"Nothing could be measured: {reason}.",
        processed,
        "This page shows what was predicted, not how good it is.",
    ]


def size(factor: float) -> str:
    """What the median of truth / prediction says."""
    if abs(factor - 1) <= RIGHT_SIZE:
        return f"Predictions have the right size, within {percent(RIGHT_SIZE)} in the median."
    times, where = (1 / factor, "far") if factor < 1 else (factor, "near")
    return f"Predictions are {number(times)} times too {where}."


def alignment(error: float, aligned: Mapping[str, float] | None) -> str:
    """How much of the error one factor per frame explains."""
    if aligned is None:
        return ""
    rest = aligned["abs_rel"]
    if rest <= EXPLAINED * error:
        return f"Most of it is one factor per frame: aligned by it, abs_rel is {number(rest)}."
    return f"It is more than a wrong size: aligned by one factor per frame, abs_rel is still {number(rest)}."


def steadiness(drift: Mapping[str, float], measured: int) -> str:
    """Whether the factor keeps its value over time."""
    if measured < 2:
        return ""
    spread = drift["std"] / drift["median"]
    word = "is steady" if spread <= STEADY else "drifts"
    return f"The factor {word} over time: its standard deviation is {percent(spread)} of it."


def reference_words(trial: Mapping[str, Any]) -> list[str]:
    """What `ScaleTrial.report()` says of the sensor."""
    source, factor = trial["source"], trial["factor"]
    if factor is None:
        why = next(iter(trial["problems"]), "no frame came with a reference")
        return [f"By {source}, no factor was found: {why}."]
    extremes, frames = f"{number(factor['lowest'])} to {number(factor['highest'])}", trial["frames"]
    words = [
        f"By {source}, depth is to be multiplied by {number(factor['median'])} in the median ({extremes}), "
        f"in {trial['with_factor']} of {frames} frames."
    ]
    if trial["metrics"]:
        before, after, aligned = (number(row["abs_rel"]) for row in trial["metrics"].values())
        errors = [row["abs_rel"] for row in trial["metrics"].values()]
        helped = "would have helped" if errors[1] <= LITTLE * errors[0] else "would not have helped"
        words.append(f"It {helped}: abs_rel {before} before, {after} after, {aligned} scale-aligned.")
    if len(trial["sentences"]) > 1:
        fitting = min(trial["sentences"], key=lambda entry: abs(math.log(entry["factor"])))
        factor = number(fitting["factor"])
        words.append(f"\u201c{fitting['description']}\u201d fits it best, with a factor of {factor}.")
    for problem, count in list(trial["problems"].items())[:1]:
        words.append(f"In {count} frames: {problem}.")
    return words


def worst_range(ranges: list[dict[str, Any]]) -> str:
    """Where the error is largest, among the ranges with enough pixels; empty where only one has."""
    pixels = sum(entry["pixels"] for entry in ranges)
    common = [entry for entry in ranges if entry["pixels"] >= ENOUGH_PIXELS * pixels]
    if len(common) < 2:
        return ""
    worst, best = (choose(common, key=lambda entry: entry["abs_rel"]) for choose in (max, min))
    if best["abs_rel"] > ALIKE * worst["abs_rel"]:
        return "It is much the same at all distances."
    return f"By distance it is worst at {_error_at(worst)}, best at {_error_at(best)}."


def _error_at(entry: Mapping[str, Any]) -> str:
    return f"{span(entry)} ({percent(entry['abs_rel'])})"


def span(entry: Mapping[str, Any]) -> str:
    """A range of distances such as "1-2 m"."""
    low, high = entry["from_m"], entry["to_m"]
    return f"{low:g}-{high:g} m" if high is not None else f"over {low:g} m"


def description_effect(sentences: list[dict[str, Any]], same_frames: bool) -> str:
    """What the choice of sentence changes. same_frames: each sentence was used on every frame."""
    errors = {i: entry["metrics"]["abs_rel"] for i, entry in enumerate(sentences, 1) if entry["metrics"] is not None}
    if len(sentences) < 2:
        return "Only one description was used, so its effect is unknown. Run again with several to see it."
    if len(errors) < 2:
        return "Without ground truth only the predicted distance can be compared."
    best, worst = min(errors, key=lambda i: errors[i]), max(errors, key=lambda i: errors[i])
    words = f"Best is description {best} (abs_rel {number(errors[best])}), worst {worst} ({number(errors[worst])})."
    return words if same_frames else f"{words} They were in force on different frames, so part of that is the scene's."
