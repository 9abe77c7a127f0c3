"""Training images: one colour scale for prediction and truth, grey where nothing was measured."""

import numpy as np
import pytest

from tr2m_core import DepthPredictor
from tr2m_core.eval.samples import Sample
from tr2m_core.train.panels import panel_images, training_panel
from tr2m_core.types import DepthPrediction
from tr2m_core.visualization import INVALID_GREY

RGB = np.random.default_rng(0).integers(0, 255, (4, 6, 3), np.uint8)
TRUTH = np.linspace(1, 2, 24, dtype=np.float32).reshape(4, 6)
MAP = np.linspace(0, 1, 24, dtype=np.float32).reshape(4, 6)


def shown(images, name):
    return next(image for title, image in images.items() if title.startswith(name))


def test_an_exact_prediction_has_the_colours_of_the_truth_and_no_error():
    images = panel_images(RGB, TRUTH, DepthPrediction(TRUTH, MAP, MAP, MAP))
    assert np.array_equal(shown(images, "image"), RGB)
    assert np.array_equal(shown(images, "metric depth"), shown(images, "ground truth"))
    assert shown(images, "relative error").max() < 10
    assert len(np.unique(shown(images, "ground truth").reshape(-1, 3), axis=0)) > 20
    assert [title for title in images if "map" in title] == ["scale map, 0.01 to 0.99", "shift map, 0.01 to 0.99"]


def test_pixels_without_truth_are_grey_in_truth_and_error_but_predicted():
    truth = TRUTH.copy()
    truth[0, :3] = np.nan
    images = panel_images(RGB, truth, DepthPrediction(TRUTH))
    for name in ("ground truth", "relative error"):
        grey = (shown(images, name) == INVALID_GREY).all(axis=2)
        assert np.array_equal(grey, np.isnan(truth))
    assert not (shown(images, "metric depth") == INVALID_GREY).all(axis=2).any()
    assert len(images) == 4  # no maps were given


def test_a_wild_prediction_does_not_change_the_colours_of_the_truth():
    good = panel_images(RGB, TRUTH, DepthPrediction(TRUTH))
    wild = panel_images(RGB, TRUTH, DepthPrediction(50 * TRUTH))
    assert np.array_equal(shown(good, "ground truth"), shown(wild, "ground truth"))
    assert (shown(wild, "metric depth") == shown(good, "ground truth")[-1, -1]).all()  # all farther than anything
    without = panel_images(RGB, np.full_like(TRUTH, np.nan), DepthPrediction(TRUTH))
    assert (shown(without, "ground truth") == INVALID_GREY).all()
    assert len(np.unique(shown(without, "metric depth").reshape(-1, 3), axis=0)) > 20


@pytest.fixture(scope="module")
def embedded():
    return DepthPredictor.from_pretrained("embedded", device="cpu", precision="fp32")


def test_a_panel_shows_only_ground_truth_that_counts(embedded):
    depth = np.linspace(0.5, 3, 48 * 64, dtype=np.float32).reshape(48, 64)
    rgb = np.random.default_rng(1).integers(0, 255, (48, 64, 3), np.uint8)
    everywhere, nowhere = np.ones(depth.shape, bool), np.zeros(depth.shape, bool)
    panel = training_panel(Sample(rgb, "A $5 room.", depth, everywhere, (0.001, 10.0)), embedded)
    assert panel.dtype == np.uint8 and panel.ndim == 3 and panel.shape[2] == 3
    cropped = training_panel(Sample(rgb, "A $5 room.", depth, nowhere, (0.001, 10.0)), embedded)
    beyond = training_panel(Sample(rgb, "A $5 room.", depth, everywhere, (4.0, 10.0)), embedded)
    assert np.array_equal(cropped, beyond) and not np.array_equal(panel, cropped)
