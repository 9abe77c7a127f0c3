"""The HTML report of a run: how far off the depth is, where, when, and what the sentence does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from tr2m_core import __version__
from tr2m_core.eval.baselines import label
from tr2m_core.eval.frame_result import FrameResult, View
from tr2m_core.eval.run import NANOSECONDS, Run
from tr2m_core.metrics.depth import METRIC_NAMES
from tr2m_core.metrics.measurement import AFFINE, METRIC, SCALE
from tr2m_core.report import figures as figures
from tr2m_core.report.page import figure_html, write_page
from tr2m_core.report.panels import Panels, draw
from tr2m_core.report.words import description_effect, reference_words, span, verdict

ALIGNMENT_WORDS = {METRIC: "as predicted", SCALE: "scale-aligned", AFFINE: "affine-aligned"}
PLOTS = ("ranges", "error", "depth", "factor", "reference", "sentences", "latency")


def write_html(path: Path, run: Run, report: Mapping[str, Any]) -> None:
    """Writes one self-contained file; what a recording said in it is escaped. The same run gives the same file.

    report: what `run.report()` says.
    """
    frames = run.primary()
    sentences = report["sentences"]
    same_frames = any(frame.variant for frame in run.frames)
    rows = {METRIC: report["metrics"], **report["aligned"]}
    write_page(
        path,
        "run.html",
        version=__version__,
        report=report,
        verdict=verdict(report),
        metric_names=METRIC_NAMES,
        summary={ALIGNMENT_WORDS[name]: metrics for name, metrics in rows.items() if metrics is not None}
        | {label(name, entry): entry["metrics"] for name, entry in report["baselines"].items()},
        reference=reference_words(report["scale_reference"]) if report["scale_reference"] else [],
        ranges=range_rows(report["ranges"]),
        description_effect=description_effect(sentences, same_frames),
        plots=plots(report, frames, sentences),
        shown=[shown_frame(i, result, view, frames) for i, (result, view) in enumerate(run.shown())],
        source=list(flatten(run.source)),
    )


def plots(
    report: Mapping[str, Any], frames: Sequence[FrameResult], sentences: list[dict[str, Any]]
) -> dict[str, Markup | None]:
    """The plots by name; None where the run has no numbers for one."""
    changes, drift, timing = description_changes(frames, sentences), report["scale_factor"], report["timing"]
    made: dict[str, Any] = dict.fromkeys(PLOTS)
    if report["ranges"]:
        made["ranges"] = figures.range_figure(report["ranges"])
    if report["metrics"] is not None:
        errors = [frame.metrics["abs_rel"] if frame.metrics is not None else None for frame in frames]
        made["error"] = figures.time_figure(frames, errors, "abs_rel", changes)
    elif any(frame.median_m is not None for frame in frames):
        depths = [frame.median_m for frame in frames]
        made["depth"] = figures.time_figure(frames, depths, "median depth, m", changes)
    if drift is not None:
        factors = [frame.measurement.scale_factor if frame.measurement else None for frame in frames]
        made["factor"] = figures.factor_figure(frames, factors, drift["largest_jump_frame"], changes)
    if any(frame.reference_factor is not None for frame in frames):
        factors = [frame.reference_factor for frame in frames]
        made["reference"] = figures.time_figure(frames, factors, "reference / prediction", changes)
    if len(sentences) > 1:
        made["sentences"] = figures.description_figure(sentences)
    if timing is not None:
        taken = [1000 * frame.seconds for frame in frames if frame.seconds is not None]
        made["latency"] = figures.latency_figure(taken, {"p50": timing["p50_ms"], "p95": timing["p95_ms"]})
    return {name: None if plot is None else figure_html(plot, f"plot-{name}") for name, plot in made.items()}


def description_changes(frames: Sequence[FrameResult], sentences: list[dict[str, Any]]) -> dict[int, int]:
    """Place among the frames -> number of the sentence that came into force there, the first one left out."""
    numbers: dict[str, int] = {}
    for number, entry in enumerate(sentences, 1):
        numbers.setdefault(entry["description"], number)
    return {
        place: numbers[frames[place].description]
        for place in range(1, len(frames))
        if frames[place].description != frames[place - 1].description
    }


def range_rows(ranges: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The ranges with their name and their share of the pixels."""
    pixels = sum(entry["pixels"] for entry in ranges)
    return [entry | {"span": span(entry), "share": entry["pixels"] / pixels} for entry in ranges]


def shown_frame(place: int, result: FrameResult, view: View, frames: Sequence[FrameResult]) -> dict[str, Any]:
    """What the template needs of one frame."""
    panels: Panels = draw(view)
    cloud = figures.cloud_figure(view)
    return {
        "result": result,
        "seconds": (result.stamp - frames[0].stamp) / NANOSECONDS,
        "panels": panels,
        "cloud": None if cloud is None else figure_html(cloud, f"plot-cloud-{place}"),
    }


def flatten(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Nested settings as lines of name and text; what is not set is left out."""
    for key, value in values.items():
        name = f"{prefix}{str(key).replace('_', ' ')}"
        if isinstance(value, Mapping):
            yield from flatten(value, f"{name}: ")
        elif isinstance(value, (list, tuple)):
            if value:
                yield name, ", ".join(map(str, value))
        elif value is not None:
            yield name, f"{value:g}" if isinstance(value, float) else str(value)
