"""What an evaluation says: means of each data set and over all, a line per image, and a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tr2m_core.eval.baselines import VERTICAL_RAMP
from tr2m_core.eval.conditions import WORDING
from tr2m_core.eval.evaluator import NO_DESCRIPTION, Evaluation, constant_name
from tr2m_core.eval.methods import relative_depth_name
from tr2m_core.eval.samples import SampleSet
from tr2m_core.metrics.depth import METRIC_NAMES, mean_metrics
from tr2m_core.metrics.measurement import AFFINE, ALIGNMENTS, METRIC

PUBLISHED_METHOD = "published"  # of the row of the paper's figures
MEAN_OF_SOURCES = "mean of sources"
LABELS = ("method", "sentences", "alignment")


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

    def wording_spread(self) -> dict[str, float] | None:
        """How far the scale factors of an image's wordings lie apart, as the ratio of their upper to their lower
        quartile: median of the images and worst; None without several wordings."""
        by_image: dict[int, list[float]] = {}
        first = self.found.pairs[0][0]
        for outcome in self.found.outcomes:
            factor = outcome.measurement.scale_factor
            if outcome.method == first and outcome.sentences.startswith(f"{WORDING} ") and factor:
                by_image.setdefault(outcome.number, []).append(factor)
        ratios = [float(np.divide(*np.percentile(factors, (75, 25)))) for factors in by_image.values()]
        return {"median": float(np.median(ratios)), "worst": max(ratios)} if ratios else None

    def rows(self) -> list[dict[str, Any]]:
        """Mean metrics by method, sentences and alignment, where there are any, and over how many images."""
        rows = []
        for method, sentences in self.found.pairs:
            outcomes = self.found.of(method, sentences)
            for alignment in ALIGNMENTS:
                mean = self.found.mean(method, sentences, alignment)
                if mean is not None:
                    images = sum(each.measurement.metrics.get(alignment) is not None for each in outcomes)
                    labels = dict(zip(LABELS, (method, sentences, alignment), strict=True))
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
            "wording_spread": self.wording_spread(),
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


@dataclass(frozen=True)
class SourcesMean:
    """Sets of photographs in one: every set counts the same, whatever its number of images."""

    sources: int
    rows: list[dict[str, Any]]
    """As `SetResult.rows`, for what all sets have, with the number of images of all sets; empty for a single set."""
    better_than_constant: int | None
    """Number of sets on which the model's metric depth, with its first sentences, has a lower abs_rel than the best
    constant of the set; None where a row is missing."""
    better_than_ramp: int | None
    """Number of sets on which the model's relative depth has a lower abs_rel than the vertical ramp, both
    affine-aligned; None where a row is missing."""


def mean_of_sources(results: Sequence[SetResult]) -> SourcesMean:
    """Over one set or more, measured with the same methods and sentences."""
    model, sentences = results[0].found.pairs[0]
    tables = [{tuple(row[label] for label in LABELS): row for row in result.rows()} for result in results]
    rows = []
    for key in tables[0] if len(tables) > 1 else ():
        found = [table[key] for table in tables if key in table]
        if len(found) == len(tables):
            images = sum(row["images"] for row in found)
            rows.append(dict(zip(LABELS, key, strict=True)) | {"images": images} | mean_metrics(found))

    def better(one: tuple[str, ...], other: tuple[str, ...]) -> int | None:
        if not all(one in table and other in table for table in tables):
            return None
        return sum(bool(table[one]["abs_rel"] < table[other]["abs_rel"]) for table in tables)

    return SourcesMean(
        len(results),
        rows,
        better((model, sentences, METRIC), (constant_name(results[0].samples), NO_DESCRIPTION, METRIC)),
        better((relative_depth_name(model), NO_DESCRIPTION, AFFINE), (VERTICAL_RAMP, NO_DESCRIPTION, AFFINE)),
    )


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
        table += block(result.samples.name + unit, rows)
    return table


def block(name: str, rows: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
    """Rows of `SetResult.rows` under TABLE_HEADERS, the name in the first one."""
    table = []
    for place, row in enumerate(rows):
        labels = [row["method"], row["sentences"] or None, row["alignment"], row.get("images")]
        table.append(["" if place else name, *labels, *(row.get(metric) for metric in METRIC_NAMES)])
    return table
