"""What a report shows of a frame: image, prediction, ground truth and error, and the legends of their colours."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from tr2m_core.eval.frame_result import View
from tr2m_core.report.page import image
from tr2m_core.visualization import (
    ERROR_COLOURS,
    ERROR_LIMIT,
    LOG_SCALE_RATIO,
    colourise,
    colourise_depth,
    display_range,
    relative_error,
)

FloatArray = npt.NDArray[np.floating[Any]]
WIDTH = 480  # pixels, about, of the panels
TICKS = 5


@dataclass(frozen=True)
class Legend:
    """A strip of colours, left to right, and what evenly spaced places of it stand for."""

    strip: str
    ticks: list[str]


@dataclass(frozen=True)
class Panels:
    """Titles and data: URIs, and the legends."""

    images: dict[str, str]
    depth: Legend
    error: Legend | None


def draw(view: View) -> Panels:
    """All maps of one frame; prediction and ground truth on one scale."""
    block = max(1, round(view.prediction.shape[1] / WIDTH))
    prediction = shrink(view.prediction, block)
    height, width = prediction.shape
    rgb = np.asarray(Image.fromarray(view.rgb).resize((width, height), Image.Resampling.LANCZOS))
    images = {"camera": image(rgb)}
    if view.ground_truth is None:
        low, high = display_range(prediction)
        images["prediction"] = image(colourise_depth(prediction, low, high))
        return Panels(images, depth_legend(low, high), None)
    truth, error = shrink(view.ground_truth, block), relative_error(view.ground_truth, view.prediction)
    low, high = display_range(prediction, truth)
    images["prediction"] = image(colourise_depth(prediction, low, high))
    images["ground truth"] = image(colourise_depth(truth, low, high))
    images["relative error"] = image(colourise(shrink(error, block), 0.0, ERROR_LIMIT, ERROR_COLOURS))
    return Panels(images, depth_legend(low, high), error_legend())


def shrink(values: FloatArray, block: int) -> FloatArray:
    """The mean of the finite values of each block x block pixels: sparse maps keep their points."""
    height, width = (side // block * block for side in values.shape)
    blocks = values[:height, :width].reshape(height // block, block, width // block, block)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a block without any stays NaN
        return np.asarray(np.nanmean(np.where(np.isfinite(blocks), blocks, np.nan), axis=(1, 3)))


def depth_legend(low: float, high: float) -> Legend:
    """Metres, logarithmic where `colourise_depth` is."""
    spaced = np.geomspace if 0 < LOG_SCALE_RATIO * low < high else np.linspace
    strip = colourise_depth(spaced(low, high, 256)[None], low, high)
    return Legend(image(strip), [f"{value:.2g} m" for value in spaced(low, high, TICKS)])


def error_legend() -> Legend:
    """Percent of the distance."""
    strip = colourise(np.linspace(0, ERROR_LIMIT, 256)[None], 0.0, ERROR_LIMIT, ERROR_COLOURS)
    ticks = [f"{100 * value:.0f} %" for value in np.linspace(0, ERROR_LIMIT, 3)]
    return Legend(image(strip), [*ticks[:-1], f"≥ {ticks[-1]}"])
