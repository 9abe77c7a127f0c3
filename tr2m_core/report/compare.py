"""Several report.json side by side."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tr2m_core import __version__
from tr2m_core.errors import InputError
from tr2m_core.metrics.depth import LARGER_IS_BETTER, METRIC_NAMES
from tr2m_core.report.page import BLUE, GREY, ORANGE, figure, figure_html, write_page

MAX_BYTES = 50_000_000  # of a report
NUMBERS = (*METRIC_NAMES, "scale_std", "p50_ms", "p95_ms")  # columns in which less or more is better
PLOTTED = ("abs_rel", "rmse", "delta1")
COLOURS = (BLUE, ORANGE, "#4a9d6b", "#b5568f", "#8a6fc0", GREY)


@dataclass(frozen=True)
class Entry:
    """One result of a report."""

    label: str
    """Name of the report: the folder it lies in, or its own name if that is not report.json."""
    data: str
    """What was measured on."""
    model: str | None
    precision: str | None
    description: str | None
    """The description, or which ones."""
    frames: int
    numbers: Mapping[str, float | None]
    """By name of NUMBERS, None where the report has none."""


def read_entries(path: Path) -> list[Entry]:
    """The results in a report.json, or in the folder that holds one.

    It may be of `tr2m replay`, eval_node, or `tr2m evaluate` on data sets. Raises InputError when it cannot be read or
    is something else.
    """
    file = path / "report.json" if path.is_dir() else path
    report = _load(file)
    label = file.resolve().parent.name if file.name == "report.json" else file.stem
    try:
        if "datasets" in report:
            return [entry for part in report["datasets"] for entry in _evaluated(label, report, part)]
        return [_replayed(label, report)]
    except (KeyError, TypeError, AttributeError, ValueError):
        what = "a replay, of eval_node or of data sets on disk"
        raise InputError(f"{file}: not a report that can be compared: give one of {what}") from None


def _load(file: Path) -> Any:
    try:
        if file.stat().st_size > MAX_BYTES:
            raise InputError(f"{file}: over {MAX_BYTES // 10**6} MB, too large for a report")
        return json.loads(file.read_text("utf-8"), parse_constant=_reject)
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError):
        raise InputError(f"{file}: not JSON") from None


def _reject(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _replayed(label: str, report: Mapping[str, Any]) -> Entry:
    metrics, drift, timing = report["metrics"] or {}, report["scale_factor"] or {}, report["timing"] or {}
    sentences = [str(entry["description"]) for entry in report["sentences"]]
    numbers = {name: metrics.get(name) for name in METRIC_NAMES}
    numbers |= {"scale_std": drift.get("std"), "p50_ms": timing.get("p50_ms"), "p95_ms": timing.get("p95_ms")}
    return Entry(
        label,
        Path(str(report.get("bag", "live"))).name,
        _text(report.get("model")),
        _text(report.get("precision")),
        sentences[0] if sentences else None,
        int(report["frames"]["processed"]),
        {name: _number(value) for name, value in numbers.items()},
    )


def _evaluated(label: str, report: Mapping[str, Any], part: Mapping[str, Any]) -> list[Entry]:
    """A line per method and sentences, without those aligned with the ground truth."""
    rows = [row for row in part["rows"] if row["alignment"] == "metric"]
    return [
        Entry(
            label,
            str(part["dataset"]),
            str(row["method"]),
            _text(report.get("precision")) if row["method"] == rows[0]["method"] else None,
            _text(row["sentences"]),
            int(row["images"]),
            {name: _number(row.get(name)) for name in NUMBERS},
        )
        for row in rows
    ]


def _text(value: Any) -> str | None:
    return str(value) if value else None


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def different_data(groups: Sequence[Sequence[Entry]]) -> str | None:
    """A warning where the reports are not about the same data. groups: the entries of each report."""
    sets = [sorted({entry.data for entry in group}) for group in groups]
    if all(names == sets[0] for names in sets):
        return None
    listed = "; ".join(", ".join(names) for names in dict.fromkeys(map(tuple, sets)))
    return f"the reports are about different data ({listed}): their differences are not the models' alone"


def references(groups: Sequence[Sequence[Entry]]) -> list[int]:
    """For each entry the place of the one it is compared with: the first report's first on the same data, else the
    first of all."""
    firsts: dict[str, int] = {}
    for place, entry in enumerate(groups[0]):
        firsts.setdefault(entry.data, place)
    return [firsts.get(entry.data, 0) for group in groups for entry in group]


def best(entries: Sequence[Entry], compared_with: Sequence[int]) -> dict[str, set[int]]:
    """By name of NUMBERS the places of the best entries among those with one reference, where they differ."""
    found: dict[str, set[int]] = {name: set() for name in NUMBERS}
    for name, reference in itertools.product(NUMBERS, set(compared_with)):
        places = [i for i, other in enumerate(compared_with) if other == reference]
        values = {i: value for i in places if (value := entries[i].numbers[name]) is not None}
        if len(set(values.values())) > 1:
            top = max(values.values()) if name in LARGER_IS_BETTER else min(values.values())
            found[name] |= {i for i, value in values.items() if value == top}
    return found


def differences(entries: Sequence[Entry], compared_with: Sequence[int]) -> list[dict[str, float | None]]:
    """Each entry's numbers less those of its reference."""
    pairs = [(entry.numbers, entries[place].numbers) for entry, place in zip(entries, compared_with, strict=True)]
    return [{name: _less(numbers[name], first[name]) for name in NUMBERS} for numbers, first in pairs]


def _less(value: float | None, first: float | None) -> float | None:
    return None if value is None or first is None else value - first


def write_comparison(path: Path, groups: Sequence[Sequence[Entry]]) -> None:
    """Writes one self-contained HTML file. groups: the entries of each report."""
    entries, compared_with = [entry for group in groups for entry in group], references(groups)
    bars = [
        {"type": "bar", "name": str(i), "x": PLOTTED, "y": [entry.numbers[name] for name in PLOTTED]}
        | {"marker": {"color": COLOURS[(i - 1) % len(COLOURS)]}}
        for i, entry in enumerate(entries, 1)
    ]
    measured = any(entry.numbers[name] is not None for entry in entries for name in PLOTTED)
    plot = figure(*bars, height=360, barmode="group", showlegend=True)
    write_page(
        path,
        "compare.html",
        version=__version__,
        entries=list(zip(entries, compared_with, differences(entries, compared_with), strict=True)),
        best=best(entries, compared_with),
        names=[name for name in NUMBERS if any(entry.numbers[name] is not None for entry in entries)],
        warning=different_data(groups),
        plot=figure_html(plot, "plot-comparison") if measured else None,
    )
