"""What a model predicts during training, as images for TensorBoard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tr2m_core.eval.samples import Sample
from tr2m_core.inference.predictor import DepthPredictor
from tr2m_core.types import DepthPrediction
from tr2m_core.visualization import (
    ERROR_LIMIT,
    MAP_COLOURS,
    RELATIVE_COLOURS,
    ImageArray,
    colourise,
    colourise_depth,
    display_range,
    error_map,
)

FloatArray = npt.NDArray[np.floating[Any]]

COLUMNS = 4


def training_panel(sample: Sample, predictor: DepthPredictor) -> ImageArray:
    """One image (H', W', 3) of everything that is predicted for a sample, beside its ground truth."""
    height, width = sample.depth.shape
    prediction = predictor.predict(sample.rgb, sample.description, size=(height, width))
    truth = np.where(sample.valid, sample.depth, np.nan)
    return _panel(panel_images(sample.image, truth, prediction), sample.description)


def panel_images(rgb: ImageArray, ground_truth: FloatArray, prediction: DepthPrediction) -> dict[str, ImageArray]:
    """Images (H, W, 3) by title, the numbers between which the colours run included.

    ground_truth: (H, W) in the unit of the prediction, NaN where there is none, shown grey. Both depths have the
    colours of the ground truth's range, so that the same colour is the same depth from one step to the next; without
    ground truth those of the prediction's.
    """
    depth = prediction.metric_depth
    limits = display_range(ground_truth if np.isfinite(ground_truth).any() else depth)
    images = {
        "image": rgb,
        _title("ground truth", limits): colourise_depth(ground_truth, *limits),
        _title("metric depth", limits): colourise_depth(depth, *limits),
        _title("relative error", (0.0, ERROR_LIMIT)): error_map(ground_truth, depth),
    }
    maps = {
        "relative depth": (prediction.relative_depth, RELATIVE_COLOURS),
        "scale map": (prediction.scale_map, MAP_COLOURS),
        "shift map": (prediction.shift_map, MAP_COLOURS),
    }
    for name, (values, colours) in maps.items():
        if values is not None:
            limits = display_range(values)
            images[_title(name, limits)] = colourise(values, *limits, colours)
    return images


def _title(name: str, limits: tuple[float, float]) -> str:
    return f"{name}, {limits[0]:.3g} to {limits[1]:.3g}"


def _panel(images: Mapping[str, ImageArray], description: str) -> ImageArray:
    rows = -(-len(images) // COLUMNS)
    height, width = next(iter(images.values())).shape[:2]
    figure = Figure(figsize=(3.0 * COLUMNS, rows * (3.0 * height / width + 0.3) + 0.4), layout="constrained")
    # The sentence is data: a dollar sign in it must not start a formula.
    figure.suptitle(description, fontsize=11, wrap=True, parse_math=False)
    grid = figure.subplots(rows, COLUMNS, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, (title, image) in zip(grid.flat, images.items(), strict=False):
        axes.imshow(image)
        axes.set_title(title, fontsize=9)
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    return np.array(np.asarray(canvas.buffer_rgba())[..., :3])
