"""Depth of the ray caster against geometry worked out by hand."""

import numpy as np
import pytest
import torch

from tr2m_core.data import raycast
from tr2m_core.data.layout import Layout, turn_x, turn_y
from tr2m_core.data.procedural import SKY_DEPTH, camera_rays, focal_length, pack, render

SIZE = (31, 41)  # odd, so that one ray runs along the optical axis
CENTRE = (15, 20)


def empty_box(half: float = 4.0) -> Layout:
    layout = Layout(np.random.default_rng(0), fov=1.0)
    layout.shell(np.zeros(3), np.full(3, half))
    return layout


def depth_of(layout: Layout) -> torch.Tensor:
    return render([layout], SIZE, torch.device("cpu"))[1][0, 0]


def test_depth_is_along_the_optical_axis_not_along_the_ray():
    depth = depth_of(empty_box(half=4.0))
    assert torch.allclose(depth, torch.full_like(depth, 4.0), atol=1e-5)  # the far wall is parallel to the picture


def test_turned_wall_has_the_depth_of_a_plane():
    layout = empty_box(half=4.0)
    layout.look(np.zeros(3), yaw=0.3, pitch=0.0)
    x = camera_rays(layout.fov, SIZE)[0].view(SIZE)
    # The wall is z_world = 4; with z_world = z (cos yaw - x sin yaw) in camera coordinates.
    expected = 4.0 / (np.cos(0.3) - x * np.sin(0.3))
    seen = depth_of(layout)
    on_the_wall = expected * (np.sin(0.3) + x * np.cos(0.3)) < 4.0
    assert torch.allclose(seen[on_the_wall], expected[on_the_wall], rtol=1e-4)
    assert on_the_wall.float().mean() > 0.8


def test_sphere_cylinder_and_box_in_the_middle():
    sphere, cylinder, box = empty_box(), empty_box(), empty_box()
    sphere.add("sphere", np.array([0.0, 0.0, 3.0]), np.full(3, 0.5))
    cylinder.add("cylinder", np.array([0.0, 0.0, 3.0]), np.array([0.25, 0.8, 0.25]))
    box.add("box", np.array([0.0, 0.0, 3.0]), np.array([0.3, 0.3, 0.1]))
    assert depth_of(sphere)[CENTRE].item() == pytest.approx(2.5, abs=1e-4)
    assert depth_of(cylinder)[CENTRE].item() == pytest.approx(2.75, abs=1e-4)
    assert depth_of(box)[CENTRE].item() == pytest.approx(2.9, abs=1e-4)


def test_turned_box_shows_its_edge():
    layout = empty_box()
    layout.add("box", np.array([0.0, 0.0, 3.0]), np.array([0.5, 0.5, 0.5]), turn_y(np.pi / 4))
    assert depth_of(layout)[CENTRE].item() == pytest.approx(3.0 - 0.5 * np.sqrt(2), abs=1e-3)


def test_tube_wall_and_end():
    layout = empty_box()
    layout.shell(np.array([0.0, 0.0, 4.0]), np.array([1.0, 5.0, 1.0]), turn_x(np.pi / 2), is_round=True)
    depth = depth_of(layout)
    assert depth[CENTRE].item() == pytest.approx(9.0, abs=1e-4)  # the end cap
    x = camera_rays(layout.fov, SIZE)[0].view(SIZE)[CENTRE[0], 0].abs().item()
    assert depth[CENTRE[0], 0].item() == pytest.approx(1.0 / x, rel=1e-4)  # radius 1 over the ray's slope


def test_open_faces_are_sky_and_not_valid():
    layout = empty_box()
    layout.sky = [False, False, True, False, False, True]
    _, depth, valid = render([layout], SIZE, torch.device("cpu"))
    assert not valid[0, 0][CENTRE] and depth[0, 0][CENTRE] >= SKY_DEPTH


def test_what_is_behind_the_camera_is_not_seen():
    layout = empty_box()
    layout.add("sphere", np.array([0.0, 0.0, -3.0]), np.full(3, 0.5))
    assert torch.allclose(depth_of(layout), torch.tensor(4.0), atol=1e-5)


def test_pictures_are_finite_and_within_range():
    scenes = pack([empty_box()], SIZE)
    depth, surface = raycast.cast(scenes)
    image = raycast.shade(scenes, depth, surface)
    assert image.shape == (1, 3, SIZE[0] * SIZE[1])
    assert torch.isfinite(image).all() and image.min() >= 0 and image.max() <= 1


def test_focal_length_follows_the_field_of_view():
    assert focal_length(np.pi / 2, (10, 100)) == pytest.approx(50.0)
