"""The plots of a report. None holds text of a recording: plotly would read some of it as markup."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from tr2m_core.camera.pinhole import unproject
from tr2m_core.eval.frame_result import FrameResult, View
from tr2m_core.eval.run import NANOSECONDS
from tr2m_core.report.page import BLUE, GREY, ORANGE, figure
from tr2m_core.report.words import span
from tr2m_core.visualization import depth_edges

CLOUD_POINTS = 4000  # of the prediction
TRUTH_POINTS = 2000
CLOUD_HEIGHT = 400  # pixels
MARKED_FRAMES = 150  # up to so many have a dot each
NAMED_CHANGES = 12
BINS = 30


def seconds_since_first(frames: Sequence[FrameResult]) -> list[float]:
    """Of each frame's stamp."""
    return [(frame.stamp - frames[0].stamp) / NANOSECONDS for frame in frames]


def range_figure(ranges: list[dict[str, Any]]) -> go.Figure:
    """Error and bias by measured distance."""
    spans = [span(entry) for entry in ranges]
    bars = [
        go.Bar(x=spans, y=[entry[key] for entry in ranges], name=name, marker_color=colour)
        for key, name, colour in (("abs_rel", "abs_rel", BLUE), ("bias", "bias (above 0: too far)", ORANGE))
    ]
    return figure(*bars, x="measured distance", y="error / distance", xaxis_type="category", barmode="group")


def time_figure(
    frames: Sequence[FrameResult], values: Sequence[float | None], title: str, changes: dict[int, int]
) -> go.Figure:
    """A number per frame over time. changes: place among the frames -> number of the sentence in force from there."""
    times = seconds_since_first(frames)
    mode = "lines+markers" if len(frames) <= MARKED_FRAMES else "lines"
    line = go.Scatter(x=times, y=list(values), mode=mode, marker_size=5, line={"color": BLUE, "width": 2})
    plot = figure(line, x="seconds", y=title, showlegend=False, dragmode="zoom")
    for place, number in changes.items():
        plot.add_vline(times[place], line={"color": GREY, "dash": "dot", "width": 1})
        if len(changes) <= NAMED_CHANGES:
            where = {"x": times[place], "yref": "paper", "y": 1, "xanchor": "left", "yanchor": "bottom"}
            plot.add_annotation(text=f"description {number}", showarrow=False, **where)
    return plot


def factor_figure(
    frames: Sequence[FrameResult], factors: Sequence[float | None], jump_frame: int, changes: dict[int, int]
) -> go.Figure:
    """The factor truth / prediction over time. jump_frame: index of the frame after the largest jump."""
    plot = time_figure(frames, factors, "truth / prediction", changes)
    plot.add_hline(1, line={"color": GREY, "width": 1})
    place = next(i for i, frame in enumerate(frames) if frame.index == jump_frame)
    marker = {"color": ORANGE, "size": 10, "symbol": "circle-open", "line": {"width": 2}}
    jump = go.Scatter(x=[seconds_since_first(frames)[place]], y=[factors[place]], mode="markers", marker=marker)
    return plot.add_trace(jump.update(name="after the largest jump", hoverinfo="name+y"))


def latency_figure(milliseconds: Sequence[float], marks: dict[str, float]) -> go.Figure:
    """How often each time per frame occurred. marks: percentiles by name, ms."""
    counts, edges = np.histogram(milliseconds, BINS)
    middle, width = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    bars = go.Bar(x=middle.tolist(), y=counts.tolist(), width=width.tolist(), marker_color=BLUE)
    plot = figure(bars, x="milliseconds per frame", y="frames", showlegend=False, bargap=0)
    for (name, value), side in zip(marks.items(), ("right", "left"), strict=True):
        plot.add_vline(value, line={"color": ORANGE, "width": 2})
        where = {"x": value, "yref": "paper", "y": 1, "xanchor": side, "yanchor": "bottom"}
        plot.add_annotation(text=f"{name} {value:.3g} ms", showarrow=False, **where)
    return plot


def description_figure(sentences: list[dict[str, Any]]) -> go.Figure:
    """The error under each sentence; the predicted distance where nothing was measured."""
    measured = any(entry["metrics"] is not None for entry in sentences)
    names = [str(i) for i in range(1, len(sentences) + 1)]
    values = [(entry["metrics"] or {}).get("abs_rel") if measured else entry["median_m"] for entry in sentences]
    title = "abs_rel" if measured else "median depth, m"
    bars = go.Bar(x=names, y=values, marker_color=BLUE, width=0.5)
    return figure(bars, x="description", y=title, height=220, xaxis_type="category")


def cloud_figure(view: View) -> go.Figure | None:
    """Prediction in the image's colours, ground truth in orange; None without intrinsics or points.

    Turned from the optical frame (x right, y down, z forward) so that up is up.
    """
    if view.intrinsics is None:
        return None
    finite = np.where(np.isfinite(view.prediction), view.prediction, np.nan)
    clean = np.where(depth_edges(finite), np.nan, finite)
    points, chosen = _points(clean, view, CLOUD_POINTS)
    if not len(points):
        return None
    colours = [f"rgb({r},{g},{b})" for r, g, b in view.rgb.reshape(-1, 3)[chosen].tolist()]
    traces = [_cloud(points, "prediction (colours of the image)", colours)]
    if view.ground_truth is not None:
        truth, _ = _points(view.ground_truth, view, TRUTH_POINTS)
        traces.append(_cloud(truth, "ground truth", ORANGE))
    axis = {"gridcolor": GREY, "zerolinecolor": GREY, "showbackground": False, "nticks": 5}
    titles = {"xaxis": "right, m", "yaxis": "forward, m", "zaxis": "up, m"}
    camera = {"eye": {"x": 0.5, "y": -1.5, "z": 0.6}}
    scene: dict[str, Any] = {name: {**axis, "title": {"text": title}} for name, title in titles.items()}
    scene |= {"camera": camera, "aspectmode": "data", "dragmode": "orbit"}
    legend = {"itemsizing": "constant", "orientation": "h", "x": 0, "y": 1}
    return figure(*traces, height=CLOUD_HEIGHT, scene=scene, legend=legend, margin={"l": 0, "r": 0, "t": 0, "b": 0})


def _points(depth: Any, view: View, most: int) -> tuple[Any, Any]:
    """At most so many evenly chosen points (N, 3) of a depth map, and their places among its pixels."""
    assert view.intrinsics is not None
    flat = depth.ravel()
    found = np.flatnonzero(np.isfinite(flat) & (flat > 0))
    near = found[flat[found] <= np.percentile(flat[found], 99)] if found.size else found  # else sky sets the size
    chosen = near[np.linspace(0, near.size - 1, min(most, near.size)).astype(int)]
    return unproject(depth, view.intrinsics).reshape(-1, 3)[chosen], chosen


def _cloud(points: Any, name: str, colour: Any) -> go.Scatter3d:
    x, y, z = points.astype(np.float32).T
    marker = {"size": 2, "color": colour}
    return go.Scatter3d(x=x, y=z, z=-y, mode="markers", marker=marker, name=name, hoverinfo="skip")
