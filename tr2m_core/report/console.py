"""A run on the terminal."""

from __future__ import annotations

from typing import Any

from tr2m_core.console import format_table
from tr2m_core.eval.baselines import label
from tr2m_core.eval.run import Run
from tr2m_core.metrics.depth import METRIC_NAMES
from tr2m_core.report.words import reference_words


def print_result(run: Run, report: dict[str, Any]) -> None:
    """Counts, the nine metrics, what each sentence did, and what kept frames from being measured.

    report: what `run.report()` says.
    """
    topics, frames = report["topics"], report["frames"]
    print(f"image {topics['image']}, ground truth {topics['depth'] or 'none'}")
    if "no_ground_truth" in report:
        print(f"no ground truth: {report['no_ground_truth']}")
    print(told(report))
    print(f"{frames['processed']} of {frames['total']} frames processed, {frames['measured']} measured")
    extremes = run.totals().extremes()
    if extremes is not None:
        rows = [["mean", *report["metrics"].values()]]
        rows += [[name, *values.values()] for name, values in zip(("lowest", "highest"), extremes, strict=True)]
        rows += [[f"{how}-aligned", *means.values()] for how, means in report["aligned"].items() if means is not None]
        rows += [[label(name, entry), *entry["metrics"].values()] for name, entry in report["baselines"].items()]
        print(format_table(["", *METRIC_NAMES], rows))
    drift = report["scale_factor"]
    if drift is not None:
        steadiness = f"std {drift['std']:.3g}, largest jump {drift['largest_jump']:.3g}"
        print(f"scale factor (truth / prediction): median {drift['median']:.3g}, {steadiness}")
    if report["scale_reference"]:
        print_reference(report["scale_reference"])
    if len(report["sentences"]) > 1 or report["metrics"] is None:
        print_descriptions(report["sentences"])
    for reason, count in {**report["problems"], **report["skipped_sentences"], **report["notes"]}.items():
        print(f"{count} x {reason}")


def print_reference(trial: dict[str, Any]) -> None:
    """What a reference of scale would bring."""
    print(" ".join(reference_words(trial)))
    if trial["metrics"]:
        print(format_table(["", *METRIC_NAMES], [[name, *row.values()] for name, row in trial["metrics"].items()]))


def told(report: dict[str, Any]) -> str:
    """One line on which sentence was used and where it comes from."""
    sentences = [entry["description"] for entry in report["sentences"]]
    said = f'sentence "{sentences[0]}"' if len(sentences) == 1 else f"{len(sentences)} sentences"
    return f"{said} from {'--text' if report['options'].get('texts') else report['topics']['description']}"


def print_descriptions(sentences: list[dict[str, Any]]) -> None:
    """A line per sentence."""
    rows = []
    for entry in sentences:
        metrics, drift = entry["metrics"] or {}, entry["scale_factor"] or {}
        numbers = [metrics.get("abs_rel"), metrics.get("delta1"), drift.get("median")]
        first, *others = entry["description"].splitlines() or [""]
        rows.append([f"{first} (+{len(others)})" if others else first, entry["frames"], entry["median_m"], *numbers])
    print(format_table(["sentence", "frames", "median m", "abs_rel", "delta1", "scale factor"], rows))


def summary(problems: dict[str, int]) -> str:
    """The reasons with their counts in one line."""
    return "; ".join(f"{count} x {reason}" for reason, count in problems.items())
