from __future__ import annotations

import numpy as np
import pytest

from tr2m_core.camera.pinhole import unproject
from tr2m_core.types import DepthPrediction, Intrinsics
from tr2m_core.visualization import (
    BACKGROUND,
    INVALID_GREY,
    colourise,
    colourise_depth,
    comparison_panel,
    depth_edges,
    display_range,
    error_map,
    prediction_panel,
    render_cloud,
)

RGB = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
DEPTH = np.linspace(1, 3, 48 * 64, dtype=np.float32).reshape(48, 64)


def test_colours_follow_the_values_and_invalid_is_grey():
    values = np.array([[0.0, 0.5, 1.0], [-9.0, np.nan, 9.0]])
    image = colourise(values, 0, 1, "gray")
    assert image.dtype == np.uint8
    assert image[..., 0].tolist() == [[0, 128, 255], [0, INVALID_GREY, 255]]


def test_near_depth_is_warm_far_depth_is_cold():
    near, far = colourise_depth(np.array([[0.5, 50.0]]), 0.5, 50.0)[0].astype(int)
    assert near[0] > near[2]
    assert far[2] > far[0]


def test_display_range_holds_for_flat_and_empty_maps():
    low, high = display_range(np.full((4, 4), 2.0))
    assert low < 2 < high
    assert display_range(np.full((4, 4), np.nan)) == (0, 1)


def test_error_map_is_black_where_exact_and_grey_where_unknown():
    truth = np.array([[1.0, 1.0, np.nan, 0.0]])
    image = error_map(truth, np.array([[1.0, 2.0, 1.0, 1.0]]))[0].astype(int)
    assert image[0].max() < 10
    assert image[1].min() > 150
    assert (image[2:] == INVALID_GREY).all()


@pytest.mark.parametrize("text", ["A room.", "costs $5 and $7 \\frac", "word " * 200, "Ein Büro"])
def test_panels_take_any_sentence(text):
    full = prediction_panel(RGB, DepthPrediction(DEPTH, 1 / DEPTH, DEPTH, DEPTH), text)
    depth_only = prediction_panel(RGB, DepthPrediction(DEPTH), text)
    assert full.dtype == np.uint8
    assert full.ndim == 3
    assert full.shape[0] > depth_only.shape[0]


def test_comparison_panel_with_and_without_ground_truth():
    truth = np.where(DEPTH > 2, DEPTH, np.nan)
    with_truth = comparison_panel(RGB, DEPTH, truth, "A room.", {"abs_rel": 0.1, "delta1": 0.9})
    without = comparison_panel(RGB, DEPTH, None, "A room.")
    assert with_truth.shape[1] > without.shape[1]


def test_depth_edges_mark_both_sides_of_a_step():
    depth = np.ones((4, 6))
    depth[:, 3:] = 2
    assert depth_edges(depth).any(axis=0).tolist() == [False, False, True, True, False, False]


def test_cloud_nearest_point_wins():
    points = np.array([[0, 0, 5.0], [0, 0, 2.0], [1, 1, 4.0], [-1, -1, 4.0]])
    colours = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [0, 0, 255]], np.uint8)
    image = render_cloud(points, colours, size=(101, 101), yaw=0, pitch=0, splat=1)
    assert (image == [0, 255, 0]).all(axis=2).any()
    assert not (image == [255, 0, 0]).all(axis=2).any()


def test_cloud_from_the_right_and_from_above():
    # A near post before a far wall: seen from the right it moves left, seen from above it moves down.
    depth = np.full((61, 61), 4.0)
    depth[28:33, 28:33] = 2.0
    colours = np.full((61, 61, 3), 100, np.uint8)
    colours[28:33, 28:33] = (255, 0, 0)
    points = unproject(depth, Intrinsics(60, 60, 30, 30))

    def post(yaw, pitch):
        image = render_cloud(points, colours, size=(200, 200), yaw=yaw, pitch=pitch)
        return np.argwhere((image == (255, 0, 0)).all(axis=2)).mean(axis=0)

    row, column = post(0, 0)
    assert post(20, 0)[1] < column - 5
    assert post(0, 20)[0] > row + 5


def test_cloud_without_points_is_background():
    image = render_cloud(np.full((3, 3, 3), np.nan), np.zeros((3, 3, 3), np.uint8), size=(10, 12))
    assert image.shape == (10, 12, 3)
    assert (image == BACKGROUND).all()
