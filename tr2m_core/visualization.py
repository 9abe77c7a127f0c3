"""Images of depth: colour maps, panels, error maps and clouds seen from another viewpoint."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

import matplotlib
import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, LogNorm, Normalize
from matplotlib.figure import Figure

from tr2m_core.types import DepthPrediction

FloatArray = npt.NDArray[np.floating[Any]]
ImageArray = npt.NDArray[np.uint8]

DEPTH_COLOURS = "turbo_r"  # near is warm
RELATIVE_COLOURS = "inferno"
MAP_COLOURS = "viridis"
ERROR_COLOURS = "magma"
INVALID_GREY = 128
ERROR_LIMIT = 0.5
LOG_SCALE_RATIO = 3.0  # farthest over nearest depth from which a panel shows depth logarithmically
BACKGROUND = (24, 26, 30)


def colourise(values: FloatArray, low: float, high: float, colours: str = DEPTH_COLOURS) -> ImageArray:
    """(H, W) numbers -> (H, W, 3) uint8 RGB; values outside low..high take the end colours, non-finite ones grey."""
    return _coloured(values, Normalize(low, high), colours)


def colourise_depth(depth: FloatArray, low: float, high: float) -> ImageArray:
    """(H, W) metres -> (H, W, 3) uint8 RGB: near is warm, invalid grey, logarithmic where the limits are far apart."""
    return _coloured(depth, _depth_scale(low, high), DEPTH_COLOURS)


def _depth_scale(low: float, high: float) -> Normalize:
    return LogNorm(low, high) if 0 < LOG_SCALE_RATIO * low < high else Normalize(low, high)


def _limits(scale: Normalize) -> tuple[float, float]:
    if scale.vmin is None or scale.vmax is None:
        raise ValueError("the colour scale has no limits")
    return scale.vmin, scale.vmax


def _coloured(values: FloatArray, scale: Normalize, colours: str) -> ImageArray:
    table = (matplotlib.colormaps[colours](np.linspace(0, 1, 256))[:, :3] * 255).round().astype(np.uint8)
    finite = np.isfinite(values)
    low, high = _limits(scale)
    position = scale(np.clip(np.where(finite, values, low), low, high))
    image = table[(np.asarray(position) * 255).round().astype(np.uint8)]
    image[~finite] = INVALID_GREY
    return np.asarray(image)


def display_range(*maps: FloatArray) -> tuple[float, float]:
    """Limits for showing maps side by side: the 1st and 99th percentile of their finite values, a little apart."""
    values = np.concatenate([m[np.isfinite(m)].ravel() for m in maps])
    if values.size == 0:
        return 0.0, 1.0
    low, high = (float(v) for v in np.percentile(values, (1, 99)))
    margin = 0.005 * max(abs(low), abs(high), 1e-6)
    return (low, high) if high - low > margin else (low - margin, high + margin)


def error_map(ground_truth: FloatArray, prediction: FloatArray, limit: float = ERROR_LIMIT) -> ImageArray:
    """|prediction - ground truth| / ground truth as (H, W, 3) uint8: black is exact, pale is `limit` or more.

    Grey where the ground truth is not finite and positive.
    """
    return colourise(relative_error(ground_truth, prediction), 0.0, limit, ERROR_COLOURS)


def relative_error(ground_truth: FloatArray, prediction: FloatArray) -> FloatArray:
    """|prediction - ground truth| / ground truth (H, W); NaN where the ground truth is not finite and positive."""
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.abs(prediction - ground_truth) / ground_truth
        return np.where(np.isfinite(ground_truth) & (ground_truth > 0), error, np.nan)


def prediction_panel(rgb: ImageArray, prediction: DepthPrediction, description: str) -> ImageArray:
    """One image of everything a prediction holds, with the sentence above: (H', W', 3) uint8."""
    depth = prediction.metric_depth
    maps = {
        "relative depth (larger is nearer)": (prediction.relative_depth, RELATIVE_COLOURS),
        "scale map": (prediction.scale_map, MAP_COLOURS),
        "shift map": (prediction.shift_map, MAP_COLOURS),
    }
    present = [(title, values, colours) for title, (values, colours) in maps.items() if values is not None]
    figure = _figure(12.0, _height(rgb, 6.0) + (_height(rgb, 4.0) if present else 0.0), description)
    rows: Any = figure.subfigures(2, 1, height_ratios=[1.5, 1.0]) if present else [figure]
    top = rows[0].subplots(1, 2)
    _show(top[0], rgb, "image")
    limits = display_range(depth)
    _show(top[1], colourise_depth(depth, *limits), f"metric depth, median {np.nanmedian(depth):.3g} m")
    _colour_bar(rows[0], top[1], _depth_scale(*limits), DEPTH_COLOURS, "m")
    if present:
        for axes, (title, values, colours) in zip(rows[1].subplots(1, len(present)), present, strict=True):
            limits = display_range(values)
            _show(axes, colourise(values, *limits, colours), title)
            _colour_bar(rows[1], axes, Normalize(*limits), colours)
    return _rendered(figure)


def comparison_panel(
    rgb: ImageArray,
    prediction: FloatArray,
    ground_truth: FloatArray | None,
    description: str,
    metrics: Mapping[str, float] | None = None,
) -> ImageArray:
    """Image | prediction | ground truth | relative error, on one depth scale, with the sentence above.

    prediction, ground_truth: (H, W) metres, NaN where invalid; without ground truth the last two are left out.
    metrics: abs_rel and delta1 go into the title of the error.
    """
    maps = [prediction] if ground_truth is None else [prediction, ground_truth]
    limits = display_range(*maps)
    count = 1 + len(maps) + (ground_truth is not None)
    figure = _figure(4.2 * count, _height(rgb, 4.0), description)
    axes = figure.subplots(1, count)
    _show(axes[0], rgb, "image")
    _show(axes[1], colourise_depth(prediction, *limits), f"prediction, median {np.nanmedian(prediction):.3g} m")
    _colour_bar(figure, axes[len(maps)], _depth_scale(*limits), DEPTH_COLOURS, "m")
    if ground_truth is not None:
        title = f"ground truth, median {np.nanmedian(ground_truth):.3g} m"
        _show(axes[2], colourise_depth(ground_truth, *limits), title)
        figures = "" if metrics is None else f", abs_rel {metrics['abs_rel']:.3f}, delta1 {metrics['delta1']:.3f}"
        _show(axes[3], error_map(ground_truth, prediction), f"relative error{figures}")
        _colour_bar(figure, axes[3], Normalize(0.0, ERROR_LIMIT), ERROR_COLOURS)
    return _rendered(figure)


def _height(rgb: ImageArray, width: float) -> float:
    """Inches that an image shown `width` inches wide takes, title included; bounded for extreme shapes."""
    return float(np.clip(width * 0.85 * rgb.shape[0] / rgb.shape[1], 1.2, 9.0)) + 0.35


def _figure(width: float, height: float, description: str) -> Figure:
    lines = textwrap.wrap(f"“{description}”", int(width * 10.5), max_lines=3, placeholder=" …”")
    figure = Figure(figsize=(width, height + 0.15 + 0.25 * len(lines)), dpi=100, layout="constrained")
    # The sentence is data: a dollar sign in it must not start a formula.
    figure.suptitle("\n".join(lines), fontsize=13, parse_math=False)
    return figure


def _show(axes: Any, image: ImageArray, title: str) -> None:
    axes.imshow(image, interpolation="antialiased")
    axes.set_title(title, fontsize=10)
    axes.set_axis_off()


def _colour_bar(figure: Any, axes: Any, scale: Normalize, colours: str, unit: str = "") -> None:
    table = ListedColormap(matplotlib.colormaps[colours](np.linspace(0, 1, 256)))
    bar = figure.colorbar(ScalarMappable(scale, table), ax=axes, shrink=0.85, pad=0.02, aspect=22)
    if isinstance(scale, LogNorm):
        ticks = np.geomspace(*_limits(scale), 6)
        bar.set_ticks(ticks, labels=[f"{tick:.2g}" for tick in ticks])
        bar.minorticks_off()
    bar.ax.tick_params(labelsize=8)
    bar.outline.set_visible(False)
    if unit:
        bar.ax.set_title(unit, fontsize=9)


def _rendered(figure: Figure) -> ImageArray:
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    return np.array(np.asarray(canvas.buffer_rgba())[..., :3])


def depth_edges(depth: FloatArray, jump: float = 0.05) -> npt.NDArray[np.bool_]:
    """Where depth (H, W) changes by more than the fraction `jump` towards a neighbour.

    Such pixels hang in the air between surfaces; a cloud looks cleaner without them.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        log_depth = np.log(depth)
    edges = np.zeros(depth.shape, bool)
    vertical = ~(np.abs(np.diff(log_depth, axis=0)) <= jump)  # the negation makes NaN an edge
    horizontal = ~(np.abs(np.diff(log_depth, axis=1)) <= jump)
    edges[:-1] |= vertical
    edges[1:] |= vertical
    edges[:, :-1] |= horizontal
    edges[:, 1:] |= horizontal
    return edges


def render_cloud(
    points: FloatArray,
    colours: ImageArray,
    *,
    size: tuple[int, int] = (480, 640),
    yaw: float = 25.0,
    pitch: float = 15.0,
    splat: int = 2,
    background: tuple[int, int, int] = BACKGROUND,
) -> ImageArray:
    """A cloud seen by a second pinhole camera that circles around its middle: (H, W, 3) uint8 for size = (H, W).

    points: (..., 3) metres in the optical frame (x right, y down, z forward), colours (..., 3) uint8 RGB; points that
    are not finite are left out. yaw, pitch: degrees; positive yaw looks from the right, positive pitch from above.
    splat: side of the square drawn per point, pixels. The camera keeps its distance and zooms to fill the image.
    """
    flat, rgb = points.reshape(-1, 3).astype(np.float64), colours.reshape(-1, 3)
    keep = np.isfinite(flat).all(axis=1)
    image = np.empty((*size, 3), np.uint8)
    image[:] = background
    if not keep.any():
        return image
    seen, rgb = _circle(flat[keep], yaw, pitch), rgb[keep]
    front = seen[:, 2] > 0.1 * np.median(seen[:, 2])
    seen, rgb = seen[front], rgb[front]
    order = np.argsort(-seen[:, 2])  # far to near, so that the nearest point is drawn last
    position = _framed(seen[order, :2] / seen[order, 2:], size)
    offset = np.arange(splat) - (splat - 1) // 2
    columns, rows = np.broadcast_arrays(
        position[:, 0, None, None] + offset[None, :], position[:, 1, None, None] + offset[:, None]
    )
    inside = (rows >= 0) & (rows < size[0]) & (columns >= 0) & (columns < size[1])
    source = np.broadcast_to(order[:, None, None], rows.shape)[inside]
    image[rows[inside], columns[inside]] = rgb[source]
    return image


def _framed(directions: FloatArray, size: tuple[int, int]) -> npt.NDArray[np.int64]:
    """Columns and rows (N, 2) of directions x/z, y/z, zoomed and centred so that nearly all fall into the image."""
    low, high = np.percentile(directions, (1, 99), axis=0)
    extent = np.array([size[1], size[0]])
    zoom = 0.92 * (extent / np.maximum(high - low, 1e-9)).min()
    return np.asarray(np.round((directions - (low + high) / 2) * zoom + (extent - 1) / 2).astype(np.int64))


def _circle(points: FloatArray, yaw: float, pitch: float) -> FloatArray:
    """Points in the axes of a camera that has turned about their median at the distance it had."""
    a, b = np.radians(yaw), np.radians(pitch)
    about_y = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    middle = np.median(points, axis=0)
    turned = (points - middle) @ (about_x @ about_y).T
    turned[:, 2] += np.linalg.norm(middle)
    return np.asarray(turned)
