"""What an evaluation of one data set says: means, a line per image, and a report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tr2m_core.eval.evaluator import Evaluation
from tr2m_core.eval.measurement import ALIGNMENTS, METRIC
from tr2m_core.eval.samples import SampleSet
from tr2m_core.metrics import METRIC_NAMES

PUBLISHED_METHOD = "published"  # of the row of the paper's figures


@dataclass(frozen=True)
class SetResult:
    """One data set, evaluated. best_constant: where it was asked for, in the set's unit."""

    samples: SampleSet
    found: Evaluation
    best_constant: float | None = None

    def problems(self) -> list[str]:
        """What was left out and why: the faults of records with their first cases, then images that failed."""
        check = self.samples.check
        faults = check.lines() if check is not None and check.findings else []
        return [*faults, *(text for _, text in self.found.problems)]

    def rows(self) -> list[dict[str, Any]]:
        """Mean metrics by method, sentences and alignment, where there are any, and over how many images."""
        rows = []
        for method, sentences in self.found.pairs:
            outcomes = self.found.of(method, sentences)
            for alignment in ALIGNMENTS:
                mean = self.found.mean(method, sentences, alignment)
                if mean is not None:
                    images = sum(each.measurement.metrics.get(alignment) is not None for each in outcomes)
                    labels = {"method": method, "sentences": sentences, "alignment": alignment}
                    rows.append(labels | {"images": images} | mean)
        return rows

    def report(self) -> dict[str, Any]:
        """The data set's part of report.json. `metrics`: of the model with its first sentences, not aligned."""
        samples = self.samples
        return {
            "dataset": samples.name,
            "unit": samples.unit,
            "depth_range": samples.limits,
            "input_size": samples.input_size,
            **samples.about(),
            "images": len({outcome.number for outcome in self.found.outcomes}),
            "without_valid_depth": len(self.found.empty),
            "problems": self.problems(),
            "notes": list(samples.notes),
            "metrics": self.found.mean(*self.found.pairs[0]),
            "rows": self.rows(),
            "best_constant": self.best_constant,
            "published": samples.published,
        }

    def csv_rows(self) -> list[dict[str, Any]]:
        """A line of frames.csv per image, method and sentence."""
        rows = []
        for outcome in self.found.outcomes:
            row: dict[str, Any] = {
                "dataset": self.samples.name,
                "image": outcome.image,
                "method": outcome.method,
                "sentences": outcome.sentences,
                "valid_pixels": outcome.measurement.valid_pixels,
                "scale_factor": outcome.measurement.scale_factor,
            }
            for alignment in ALIGNMENTS:
                prefix = "" if alignment == METRIC else f"{alignment}_"
                metrics = outcome.measurement.metrics.get(alignment) or {}
                row |= {f"{prefix}{name}": metrics.get(name) for name in METRIC_NAMES}
            rows.append(row | {"description": outcome.description})
        return rows


TABLE_HEADERS = ("data set", "method", "sentences", "alignment", "images", *METRIC_NAMES)


def table_rows(results: Sequence[SetResult]) -> list[list[Any]]:
    """The rows of all data sets under TABLE_HEADERS, the paper's own last in each."""
    table = []
    for result in results:
        rows = result.rows()
        if result.samples.published is not None:
            rows.append(
                {"method": PUBLISHED_METHOD, "sentences": "own", "alignment": METRIC, **result.samples.published}
            )
        unit = "" if result.samples.unit == "m" else f", {result.samples.unit}"
        for place, row in enumerate(rows):
            name = "" if place else result.samples.name + unit
            labels = [row["method"], row["sentences"] or None, row["alignment"], row.get("images")]
            table.append([name, *labels, *(row.get(metric) for metric in METRIC_NAMES)])
    return table
