"""Depth and shadows of the ray caster against geometry worked out by hand."""

import numpy as np
import pytest

from tr2m_core.data.procedural import raycast
from tr2m_core.data.procedural.layout import Layout, turn_x, turn_y
from tr2m_core.data.procedural.raycast import BOX, CONE, CYLINDER, ELLIPSOID
from tr2m_core.data.procedural.scenes import intrinsics_of, render

SIZE = (31, 41)  # odd, so that one ray runs along the optical axis
CENTRE = (15, 20)


def empty_box(half: float = 4.0) -> Layout:
    layout = Layout(np.random.default_rng(0), fov=1.0)
    layout.shell((0, 0, 0), (half, half, half))
    layout.shell_material[:] = layout.material()
    return layout


def put(layout: Layout, kind: int, centre: tuple, extent: tuple, turn=None) -> Layout:
    turn = np.eye(3) if turn is None else turn
    layout.add(kind, np.array(centre, float), np.array(extent, float), turn, layout.material())
    return layout


def depth_of(layout: Layout) -> np.ndarray:
    scene, _ = layout.scene(SIZE)
    return raycast.cast(scene, scene.rays()).depth


def slopes(layout: Layout) -> tuple[np.ndarray, np.ndarray]:
    """x / z and y / z of the pixels' rays."""
    fx, fy, cx, cy = intrinsics_of(layout, SIZE).numpy()
    return (np.arange(SIZE[1]) - cx) / fx, (np.arange(SIZE[0]) - cy) / fy


def test_depth_is_along_the_optical_axis_not_along_the_ray():
    assert np.allclose(depth_of(empty_box(half=4.0)), 4.0, atol=1e-5)  # the far wall is parallel to the image


def test_turned_wall_has_the_depth_of_a_plane():
    layout = empty_box(half=4.0)
    layout.look(np.zeros(3), yaw=0.3, pitch=0.0)
    x = np.broadcast_to(slopes(layout)[0], SIZE)
    # The wall is z_world = 4; with z_world = z (cos yaw - x sin yaw) in camera coordinates.
    expected = 4.0 / (np.cos(0.3) - x * np.sin(0.3))
    on_the_wall = expected * (np.sin(0.3) + x * np.cos(0.3)) < 4.0
    assert np.allclose(depth_of(layout)[on_the_wall], expected[on_the_wall], rtol=1e-4)
    assert on_the_wall.mean() > 0.8


@pytest.mark.parametrize(
    ("kind", "extent", "front"),
    [
        (ELLIPSOID, (0.5, 0.5, 0.5), 2.5),
        (CYLINDER, (0.25, 0.8, 0.25), 2.75),
        (BOX, (0.3, 0.3, 0.1), 2.9),
        (CONE, (0.4, 1.0, 0.4), 2.8),  # at half its height a cone is half as wide
    ],
)
def test_solids_in_the_middle(kind, extent, front):
    assert depth_of(put(empty_box(), kind, (0, 0, 3), extent))[CENTRE] == pytest.approx(front, abs=1e-4)


@pytest.mark.parametrize("kind", [BOX, ELLIPSOID, CYLINDER, CONE])
def test_outlines_are_where_pixels_say(kind):
    """What a window cuts off would be missing; every hit pixel is checked against the solid's own equation."""
    layout = put(empty_box(), kind, (0.4, -0.3, 2.5), (0.5, 0.4, 0.6), turn_y(0.7) @ turn_x(0.4))
    scene, _ = layout.scene(SIZE)
    rays = scene.rays()
    hits = raycast.cast(scene, rays)
    t = np.linspace(0.5, 3.9, 4000)[:, None]
    inside = np.zeros((len(t), rays[0].size), bool)
    for step, depth in enumerate(t[:, 0]):
        x, y, z = scene.to_local(0) @ (depth * rays.reshape(3, -1) - scene.centre[0][:, None])
        inside[step] = {
            BOX: np.abs([x, y, z]).max(0) <= 1,
            ELLIPSOID: x * x + y * y + z * z <= 1,
            CYLINDER: (x * x + z * z <= 1) & (np.abs(y) <= 1),
            CONE: (np.hypot(x, z) <= (y + 1) / 2) & (np.abs(y) <= 1),
        }[kind]
    seen = inside.any(0)
    first = t[inside.argmax(0), 0]
    hit = (hits.surface == 0).ravel()
    assert 50 < hit.sum() < 900
    assert (hit != seen).sum() <= 3  # rays that graze it
    both = hit & seen
    assert np.abs(hits.depth.ravel()[both] - first[both]).max() < 0.05


def test_turned_box_shows_its_edge():
    layout = put(empty_box(), BOX, (0, 0, 3), (0.5, 0.5, 0.5), turn_y(np.pi / 4))
    assert depth_of(layout)[CENTRE] == pytest.approx(3.0 - 0.5 * np.sqrt(2), abs=1e-3)


def test_tube_wall_and_end():
    layout = empty_box()
    layout.shell((0, 0, 4), (1, 5, 1), turn_x(np.pi / 2), is_round=True)
    depth = depth_of(layout)
    assert depth[CENTRE] == pytest.approx(9.0, abs=1e-4)  # the end cap
    assert depth[CENTRE[0], 0] == pytest.approx(1.0 / abs(slopes(layout)[0][0]), rel=1e-4)  # radius over slope


def test_open_faces_are_sky_and_not_valid():
    layout = empty_box()
    layout.sky = [False, False, True, False, False, True]
    image, _, valid = render([layout], SIZE, [np.random.default_rng(0)])
    assert not valid[0, 0][CENTRE] and image.isfinite().all()


def test_what_is_behind_the_camera_is_not_seen_and_what_touches_it_is_left_out():
    layout = put(put(empty_box(), ELLIPSOID, (0, 0, -3), (0.5, 0.5, 0.5)), BOX, (0, 0, 0.2), (0.5, 0.5, 0.15))
    assert np.allclose(depth_of(layout), 4.0, atol=1e-5)


def test_what_reaches_behind_the_camera_is_seen_in_full():
    """A long beam on the left, from far behind to far ahead: its projection says nothing, its rays do."""
    layout = put(empty_box(8.0), BOX, (-0.6, 0, 0), (0.1, 0.1, 7.0))
    x, y = slopes(layout)
    expected = 0.5 / -x[:10]
    rows = np.abs(np.outer(y, expected)) < 0.09
    seen = depth_of(layout)[:, :10]
    assert np.allclose(seen[rows], np.broadcast_to(expected, rows.shape)[rows], rtol=1e-4)


@pytest.mark.parametrize("lamp", [(0.0, -1.0, 0.0, 0.0), (0.0, -3.9, 4.0, 1.0)])
def test_a_plate_under_a_light_from_above_shades_the_floor_below(lamp):
    layout = empty_box(half=4.0)
    layout.shell((0, -3, 4), (4, 4, 8))  # floor at y = 1
    layout.lamp, layout.ground = lamp, 1.0
    put(layout, BOX, (0, 0.4, 4.0), (0.8, 0.02, 0.8))
    layout.look(np.array([0.0, -1.5, 0.0]), yaw=0.0, pitch=0.5)
    scene, _ = layout.scene((124, 164))
    rays = scene.rays()
    hits = raycast.cast(scene, rays)
    free = raycast.lit(scene, rays, hits)
    x, y, z = scene.position[:, None, None] + rays * hits.depth
    floor = (hits.surface != 0) & (np.abs(y - 1) < 1e-3)
    if lamp[3]:
        spread = (1 + 3.9) / (0.4 + 3.9)
        under = np.maximum(np.abs(x), np.abs(z - 4)) - 0.8 * spread
    else:
        under = np.maximum(np.abs(x), np.abs(z - 4)) - 0.8
    # All but the row that the image of the plate's edge mixes with.
    assert (free[floor & (under < -0.25)] < 0.5).mean() > 0.9 and (floor & (under < -0.25)).sum() > 200
    assert (free[floor & (under > 0.35)] > 0.9).all() and (floor & (under > 0.35)).sum() > 1000


def test_focal_length_follows_the_field_of_view_and_the_squeeze():
    layout = Layout(np.random.default_rng(0), fov=np.pi / 2, squeeze=0.5)
    assert intrinsics_of(layout, (10, 100)).tolist() == pytest.approx([50.0, 100.0, 49.5, 4.5])
