"""Rays and projection undo each other, agree with OpenCV, and show nothing that the lens cannot see."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import astuple

import cv2
import numpy as np
import pytest
from geometry_messages import build, camera_info

from tr2m_core.camera.distortion import distortion
from tr2m_core.camera.model import (
    CameraModel,
    RayTables,
    as_seen,
    is_finite,
    is_rectified,
    pinhole,
    project,
    ray_table,
    resized,
)
from tr2m_core.errors import CameraError
from tr2m_core.types import Intrinsics

NO_P = [0.0] * 12
STRONG = {
    "barrel": ("plumb_bob", [-0.35, 0.14, 0.001, -0.001, -0.02]),
    "pincushion, far off centre": ("plumb_bob", [0.3, 0.2, 0.01, -0.01, 0.1]),
    "four coefficients": ("plumb_bob", [-0.2, 0.05, 0.002, 0.001]),
    "rational": ("rational_polynomial", [0.45, -2.5, 0.001, -0.0003, 1.5, 0.33, -2.33, 1.42]),
    "time of flight": ("rational_polynomial", [5.1, 3.4, 1e-4, -4e-5, 0.17, 5.4, 5.0, 0.93]),
    "thin prism": (
        "rational_polynomial",
        [-0.1, 0.02, 1e-3, -1e-3, -0.02, 0.01, -0.02, 0.01, 0.02, -0.01, -0.03, 0.02],
    ),
    "tilted sensor": (
        "rational_polynomial",
        [4.6, 1.3, 1e-3, 1e-3, 0.2, 4.9, 2.5, 0.4, 1e-3, -2e-3, 1e-3, 3e-4, 0.1, -0.2],
    ),
    "fisheye": ("equidistant", [-0.01, 0.03, -0.02, 0.004]),
}
WIDTH, HEIGHT = 160, 120


def camera(model: str = "plumb_bob", d: list[float] | None = None, fx: float = 110.0, p: list[float] = NO_P):
    k = [fx, 0.0, 79.2, 0.0, fx + 3, 60.1, 0.0, 0.0, 1.0]
    return CameraModel(WIDTH, HEIGHT, model, [0.0] * 5 if d is None else d, k, p)


def grid(info: CameraModel) -> np.ndarray:
    return np.stack(np.meshgrid(np.arange(info.width), np.arange(info.height)), axis=-1).astype(np.float64)


def directions(info: CameraModel, rectified: bool = False) -> np.ndarray:
    rays = ray_table(info, rectified)
    x, y = np.broadcast_arrays(rays.x, rays.y)
    return np.stack((x, y, np.ones_like(x)), axis=-1).reshape(-1, 3)


def by_opencv(points: np.ndarray, info: CameraModel) -> np.ndarray:
    function = cv2.fisheye.projectPoints if info.distortion_model == "equidistant" else cv2.projectPoints
    points = np.asarray(points, np.float64).reshape(-1, 1, 3)
    return function(points, np.zeros(3), np.zeros(3), np.reshape(info.k, (3, 3)), np.array(info.d))[0].reshape(-1, 2)


@pytest.mark.parametrize("lens", STRONG)
@pytest.mark.parametrize("depth", [0.05, 70.0])
def test_every_pixel_finds_its_way_back(lens, depth):
    info = camera(*STRONG[lens])
    points = depth * directions(info)
    assert np.isfinite(points).all()
    np.testing.assert_allclose(project(points, info, False), grid(info).reshape(-1, 2), atol=1e-3)
    np.testing.assert_allclose(by_opencv(points, info), grid(info).reshape(-1, 2), atol=1e-3)


@pytest.mark.parametrize("lens", STRONG)
def test_no_two_rays_share_a_pixel(lens):
    model, d = STRONG[lens]
    rays = np.random.default_rng(0).uniform(-6, 6, (20_000, 2))
    seen = distortion(model, d).distort(rays)
    inside = np.isfinite(seen).all(axis=1)
    assert inside.sum() > 100
    back = distortion(model, d).undistort(seen[inside])
    found = np.isfinite(back).all(axis=1)  # but for a few at the very fold
    assert found.mean() > 0.99
    np.testing.assert_allclose(back[found], rays[inside][found], atol=1e-8)
    points = np.column_stack((rays[inside], np.ones(inside.sum())))
    info = camera(model, d)
    np.testing.assert_allclose(project(points, info, False), by_opencv(points, info), rtol=1e-9, atol=1e-7)


@pytest.mark.parametrize(
    ("model", "d", "fold"),
    [
        ("plumb_bob", [-0.4, 0.0, 0.0, 0.0, 0.0], math.sqrt(1 / 1.2)),  # r - 0.4 r^3 turns at 1 = 1.2 r^2
        ("equidistant", [-0.3, 0.0, 0.0, 0.0], math.tan(math.sqrt(1 / 0.9))),  # a - 0.3 a^3 at 1 = 0.9 a^2
        ("rational_polynomial", [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0], 1.0),  # r / (1 + r^2) at 1
    ],
)
def test_what_lies_outside_the_field_of_view_does_not_fold_back(model, d, fold):
    info = camera(model, d, fx=100.0)
    radii = fold * np.array([0.0, 0.5, 0.999, 1.001, 1.1, 3.0])
    points = np.column_stack((radii, np.zeros(6), np.ones(6)))
    pixels = project(points, info, False)
    assert np.isfinite(pixels[:3]).all()
    assert np.isnan(pixels[3:]).all()
    folded = by_opencv(points[4:5], info)[0]
    assert 0 <= folded[0] < WIDTH
    assert 0 <= folded[1] < HEIGHT


def test_pixels_beyond_the_fold_have_no_ray():
    rays = ray_table(camera("plumb_bob", [-0.4, 0.0, 0.0, 0.0, 0.0], fx=100.0), False)
    x, y = (grid(camera())[..., 0] - 79.2) / 100, (grid(camera())[..., 1] - 60.1) / 103
    reach = math.sqrt(1 / 1.2) * (1 - 0.4 / 1.2)
    np.testing.assert_array_equal(np.isfinite(rays.x), np.hypot(x, y) < reach)
    np.testing.assert_array_equal(np.isfinite(rays.y), np.hypot(x, y) < reach)


def test_tangential_shift_folds_earlier_on_one_side():
    lens = distortion("plumb_bob", [-0.4, 0.0, 0.0, -0.1, 0.0])
    # Along x the lens gives x - 0.4 x^3 - 0.3 x^2, which turns at 1 = 1.2 x^2 + 0.6 x: x = 0.6964.
    seen = lens.distort(np.array([[0.696, 0.0], [0.697, 0.0], [-0.697, 0.0]]))
    assert np.isfinite(seen[[0, 2]]).all()
    assert np.isnan(seen[1]).all()


def test_points_that_are_not_in_front_are_not_seen():
    points = np.array([[0.1, 0.2, 2.0], [0.1, 0.2, -2.0], [0.1, 0.2, 0.0], [0.0, 0.0, np.nan]])
    for d in (None, [-0.2, 0.0, 0.0, 0.0, 0.0]):
        pixels = project(points, camera(d=d), False)
        assert np.isfinite(pixels[0]).all()
        assert np.isnan(pixels[1:]).all()


def test_pinhole_by_hand():
    pixels = project(np.array([[1.0, -0.5, 4.0]]), camera(), False)
    np.testing.assert_allclose(pixels, [[79.2 + 110 / 4, 60.1 - 113 / 8]])


def test_p_counts_for_rectified_images_and_k_for_raw_ones():
    p = [200.0, 0.0, 70.0, -20.0, 0.0, 210.0, 50.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    point, distorted = np.array([[0.5, 0.25, 1.0]]), [0.1, 0.0, 0.0, 0.0, 0.0]
    for info in (camera(p=p), camera(d=distorted, p=p)):
        np.testing.assert_allclose(project(point, info, True), [[170.0, 102.5]])
        rays = ray_table(info, True)
        np.testing.assert_allclose((rays.x[0, 120], rays.y[71, 0]), (0.25, 0.1))
    for d in (None, [], [0.0] * 8):  # a P of another size or of a stereo pair says nothing of the raw image
        np.testing.assert_allclose(project(point, camera(d=d, p=p), False), [[79.2 + 55, 60.1 + 28.25]])
        rays = ray_table(camera(d=d, p=p), False)
        np.testing.assert_allclose((rays.x[0, 90], rays.y[71, 0]), (10.8 / 110, 10.9 / 113))
    # 0.3125 is r^2: the raw image is K's, 1.03125 times farther from the centre.
    raw = project(point, camera(d=distorted, p=p), False)
    np.testing.assert_allclose(raw, [[79.2 + 110 * 0.5 * 1.03125, 60.1 + 113 * 0.25 * 1.03125]])
    assert project(point, camera(), True) == pytest.approx(project(point, camera(), False))  # no P: K


def test_intrinsics_of_real_cameras(kit):
    indexes = [json.loads(path.read_text()) for path in sorted((kit / "frames").glob("*/index.json"))]
    frames = [index["frames"][0] for index in indexes]
    assert len(frames) > 5
    for frame in frames:
        k = [frame["fx"], 0, frame["cx"], 0, frame["fy"], frame["cy"], 0, 0, 1]
        info = CameraModel(frame["width"], frame["height"], "plumb_bob", [-0.28, 0.07, 2e-4, 1e-5, 0.0], k, NO_P)
        rays = ray_table(info, False)
        rows, columns = slice(None, None, 25), slice(None, None, 25)
        points = 7 * np.stack((rays.x, rays.y, np.ones_like(rays.x)), axis=-1)[rows, columns].reshape(-1, 3)
        np.testing.assert_allclose(project(points, info, False), grid(info)[rows, columns].reshape(-1, 2), atol=1e-3)


def test_decoded_messages_are_cameras():
    info = camera_info((HEIGHT, WIDTH), 100.0, (80.0, 60.0), d=np.array([-0.1, 0.0, 0.0, 0.0, 0.0]))
    np.testing.assert_allclose(project(np.array([[0.5, 0.0, 1.0]]), info, False), [[80 + 50 * 0.975, 60.0]])
    assert ray_table(info, False).x.shape == (HEIGHT, WIDTH)


@pytest.mark.parametrize(
    ("info", "words"),
    [
        (camera()._replace(k=[0.0] * 9), "not calibrated"),
        (camera()._replace(k=[np.nan] * 9), "NaN or infinite"),
        (camera(d=[np.inf, 0.0, 0.0, 0.0, 0.0]), "NaN or infinite"),
        (camera(fx=-110.0), "focal length of -110"),
        (camera()._replace(k=[5.0] + [0.0] * 8), r"not calibrated"),
        (camera("magic", [0.1]), "'magic' is not one of plumb_bob, rational_polynomial, equidistant .1 coefficients."),
        (camera("equirectangular", []), "'equirectangular' is not one of .* .0 coefficients"),
        (camera("Inverse Brown Conrady", [0.1] * 5), "'Inverse Brown Conrady' is not one of"),
        (camera("x" * 10**6, [0.1] * 5), "'x{40}' is not one of"),
        (camera(d=[0.1, 0.0, 0.0]), "3 distortion coefficients: plumb_bob has 4, 5, 8, 12 or 14"),
        (camera("rational_polynomial", [0.1] * 6), "6 distortion coefficients: rational_polynomial has"),
        (camera("", [0.1] * 13), "13 distortion coefficients: it has"),
        (camera(d=[1e300, 0.0, 0.0, 0.0, 0.0]), "beyond 1e\\+06"),
        (camera("equidistant", [0.1] * 5), "5 distortion coefficients: equidistant has 4"),
        (camera("Fisheye", []), "0 distortion coefficients: Fisheye has 4"),
        (camera("none", [0.1] * 4), "4 distortion coefficients of 'none': name plumb_bob or equidistant"),
    ],
)
def test_cameras_without_rays(info, words):
    for function in (lambda: ray_table(info, False), lambda: project(np.ones((1, 3)), info, False)):
        with pytest.raises(CameraError, match=words) as caught:
            function()
        assert "\n" not in str(caught.value)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("lens", STRONG)
def test_no_coefficients_break_the_arithmetic(lens):
    model, d = STRONG[lens]
    random = np.random.default_rng(0)
    for _ in range(50):
        wild = random.normal(size=len(d)) * 10.0 ** random.uniform(-14, 5, len(d))
        info = camera(model, wild.tolist())._replace(width=9, height=7)
        rays = ray_table(info, False)
        assert rays.x.shape == rays.y.shape == (7, 9)
        assert not np.isinf(rays.x).any()
        far = random.normal(size=(40, 3)) * 10.0 ** random.uniform(-300, 300, (40, 1))
        assert not np.isinf(project(far, info, False)).any()


def test_further_coefficients_of_zero_change_nothing():
    short, long = (camera("rational_polynomial", [0.1, 0.02, 0, 0, 0, 0.3, 0, 0] + [0] * n) for n in (0, 6))
    np.testing.assert_array_equal(ray_table(short, False).x, ray_table(long, False).x)


NAMES = [
    ("rational_polynomial", 5, "plumb_bob", 5),
    ("plumb_bob", 8, "rational_polynomial", 8),
    ("plumb_bob", 14, "rational_polynomial", 14),
    ("", 5, "plumb_bob", 5),
    ("none", 8, "rational_polynomial", 8),
    ("PLUMB_BOB", 5, "plumb_bob", 5),
    ("Brown-Conrady", 5, "plumb_bob", 5),
    ("radtan", 4, "plumb_bob", 4),
    ("thin_prism", 12, "rational_polynomial", 12),
    ("fisheye", 4, "equidistant", 4),
    ("Kannala Brandt4", 4, "equidistant", 4),
]


@pytest.mark.parametrize(("name", "count", "usual", "usual_count"), NAMES)
def test_the_number_of_coefficients_counts_and_the_name_where_it_leaves_a_choice(name, count, usual, usual_count):
    d = [0.1, 0.02, 1e-3, -1e-3, 0.01, 0.2, -0.01, 0.02, 1e-3, 2e-3, -1e-3, 1e-3, 0.01, 0.02]
    seen, expected = ray_table(camera(name, d[:count]), False), ray_table(camera(usual, d[:usual_count]), False)
    np.testing.assert_array_equal(seen.x, expected.x)
    padded = ray_table(camera(name, [*d[:count], *[0.0] * 7]), False)  # realsense2_camera sends fisheyes with five
    np.testing.assert_array_equal(padded.y, expected.y)


@pytest.mark.parametrize("name", ["plumb_bob", "rational_polynomial", "", "none", "pinhole"])
@pytest.mark.parametrize("count", [0, 4, 5, 8, 14])
def test_no_distortion_is_k(name, count):
    rays = ray_table(camera(name, [0.0] * count), False)
    np.testing.assert_array_equal(rays.x, ray_table(camera(), False).x)
    assert rays.x.shape == (1, WIDTH)


def test_an_equidistant_lens_without_coefficients_is_no_pinhole():
    rays = ray_table(camera("equidistant", [0.0] * 4), False)
    pixels = grid(camera())
    x, y = (pixels[..., 0] - 79.2) / 110, (pixels[..., 1] - 60.1) / 113
    np.testing.assert_allclose(np.hypot(rays.x, rays.y), np.tan(np.hypot(x, y)), rtol=1e-5)


@pytest.mark.parametrize("field", ["k", "p", "d"])
def test_finite(field):
    assert is_finite(camera()._replace(k=[0.0] * 9))
    assert not is_finite(camera()._replace(**{field: [*getattr(camera(), field)[:-1], np.nan]}))


def test_an_image_of_another_size():
    info = camera(d=[-0.2, 0.03, 0.001, 0.0, 0.0], p=[90.0, 0.0, 79.5, 0.0, 0.0, 90.0, 59.5, 0.0, 0.0, 0.0, 1.0, 0.0])
    points = np.random.default_rng(0).uniform((-0.5, -0.4, 1), (0.5, 0.4, 2), (50, 3))
    half = resized(info, (60, 80))
    assert (half.height, half.width) == (60, 80)
    assert half.p == [45.0, 0.0, 39.5, 0.0, 0.0, 45.0, 29.5, 0.0, 0.0, 0.0, 1.0, 0.0]
    for rectified in (False, True):
        expected = (project(points, info, rectified) + 0.5) / 2 - 0.5
        np.testing.assert_allclose(project(points, half, rectified), expected)
    assert resized(info, (HEIGHT, WIDTH)) == info
    assert resized(info, (75, 101)).width == 101  # 100 but for rounding


@pytest.mark.parametrize("rounded", [round, math.floor, math.ceil])
def test_sides_may_be_rounded_each_on_its_own(rounded):
    for height, width in ((120, 160), (375, 1242), (480, 640), (530, 730), (1080, 1920), (641, 481), (7, 1001)):
        model = camera()._replace(width=width, height=height)
        for scale in (0.01, 0.05, 0.1, 0.123, 0.3, 1 / 3, 0.5, 0.77, 0.999, 1.5, 2.9):
            size = max(1, rounded(height * scale)), max(1, rounded(width * scale))
            small = resized(model, size)
            assert (small.height, small.width) == size
            assert small.k[0] == pytest.approx(model.k[0] * size[1] / width)


@pytest.mark.parametrize("size", [(120, 120), (90, 160), (240, 330), (10, 11), (12, 14), (0, 0), (-12, -16)])
def test_a_cropped_image_is_another_camera(size):
    with pytest.raises(CameraError, match=f"160x120 pixels, the image has {size[1]}x{size[0]}"):
        resized(camera(), size)


def test_a_camera_without_a_size():
    with pytest.raises(CameraError, match="0x0"):
        resized(camera()._replace(width=0, height=0), (120, 160))


def test_tables_are_kept_while_the_camera_stays():
    tables = RayTables()
    first = tables.get(camera(), (HEIGHT, WIDTH), False)
    assert tables.get(camera(), (HEIGHT, WIDTH), False) is first
    other = tables.get(camera(fx=55.0), (HEIGHT, WIDTH), False)
    np.testing.assert_allclose(other.x, 2 * first.x, rtol=1e-6)
    with pytest.raises(CameraError, match="160x120 pixels, the image has 80x60"):
        tables.get(camera(), (60, 80), False)
    for _ in range(2):  # also the second time
        with pytest.raises(CameraError, match="magic"):
            tables.get(camera("magic", [0.1]), (HEIGHT, WIDTH), False)


def region(x: int, y: int, width: int, height: int):
    kind = "sensor_msgs/msg/RegionOfInterest"
    return build(kind, x_offset=x, y_offset=y, width=width, height=height, do_rectify=False)


P = np.array([200.0, 0, 70, -20, 0, 210, 50, 8, 0, 0, 1, 0])


@pytest.mark.parametrize(
    ("roi", "binning", "size", "k", "p"),
    [
        ((0, 0, 0, 0), (0, 0), (120, 160), (100, 80, 100, 60), (200, 70, -20, 210, 50, 8)),
        ((0, 0, 0, 0), (1, 1), (120, 160), (100, 80, 100, 60), (200, 70, -20, 210, 50, 8)),
        ((0, 0, 160, 120), (0, 1), (120, 160), (100, 80, 100, 60), (200, 70, -20, 210, 50, 8)),
        ((30, 20, 64, 48), (0, 0), (48, 64), (100, 50, 100, 40), (200, 40, -20, 210, 30, 8)),
        ((96, 72, 64, 48), (1, 0), (48, 64), (100, -16, 100, -12), (200, -26, -20, 210, -22, 8)),
        ((0, 0, 0, 0), (2, 4), (30, 80), (50, 40, 25, 15), (100, 35, -10, 52.5, 12.5, 2)),
        ((0, 0, 160, 120), (5, 7), (17, 32), (20, 16, 100 / 7, 60 / 7), (40, 14, -4, 30, 50 / 7, 8 / 7)),
        ((30, 20, 64, 48), (2, 4), (12, 32), (50, 25, 25, 10), (100, 20, -10, 52.5, 7.5, 2)),
        ((30, 20, 65, 50), (2, 4), (12, 32), (50, 25, 25, 10), (100, 20, -10, 52.5, 7.5, 2)),
    ],
)  # fmt: skip
def test_roi_and_binning_by_hand(roi, binning, size, k, p):
    info = camera_info((120, 160), 100.0, (80, 60), p=P, roi=region(*roi), binning_x=binning[0], binning_y=binning[1])
    seen = as_seen(info)
    assert (seen.height, seen.width) == size
    np.testing.assert_allclose(np.take(seen.k, (0, 2, 4, 5)), k, atol=1e-12)
    np.testing.assert_allclose(np.take(seen.p, (0, 2, 3, 5, 6, 7)), p, atol=1e-12)
    np.testing.assert_array_equal(np.take(seen.k, (1, 3, 6, 7, 8)), [0, 0, 0, 0, 1])
    assert pinhole(info, rectified=True) == pinhole(seen, rectified=True)
    np.testing.assert_allclose(astuple(pinhole(info, rectified=True)), (p[0], p[3], p[1], p[4]))
    assert as_seen(seen) is seen

    rays = RayTables().get(info, size, True)
    assert (rays.x.shape, rays.y.shape) == ((1, size[1]), (size[0], 1))
    across, down = (max(1, number) for number in binning)
    np.testing.assert_allclose(rays.x[0], (np.arange(size[1]) * across + roi[0] - 70) / 200, atol=1e-6)
    np.testing.assert_allclose(rays.y[:, 0], (np.arange(size[0]) * down + roi[1] - 50) / 210, atol=1e-6)
    pixel = ((70 + 200 * 0.25 - roi[0]) / across, (50 - 210 * 0.5 - roi[1]) / down)
    np.testing.assert_allclose(project(np.array([[0.5, -1.0, 2.0]]), info, True), [pixel])


@pytest.mark.parametrize("lens", STRONG)
@pytest.mark.parametrize(("roi", "binning"), [((17, 9, 80, 60), 1), ((0, 0, 0, 0), 2), ((17, 9, 80, 60), 3)])
def test_a_lens_seen_through_roi_and_binning(lens, roi, binning):
    model, d = STRONG[lens]
    plain = camera(model, d)
    info = camera_info((HEIGHT, WIDTH), 1.0, (0, 0), distortion_model=model, d=np.array(d), k=np.array(plain.k),
                       roi=region(*roi), binning_x=binning, binning_y=binning)  # fmt: skip
    seen = as_seen(info)
    rays = RayTables().get(info, (seen.height, seen.width), False)
    assert np.isfinite(rays.x).all()
    place = np.s_[roi[1] :, roi[0] :] if roi[2] else np.s_[:, :]
    for ours, full in zip((rays.x, rays.y), (ray_table(plain, False).x, ray_table(plain, False).y), strict=True):
        expected = full[place][::binning, ::binning][: seen.height, : seen.width]
        np.testing.assert_allclose(ours, expected, atol=1e-6)

    pixels = grid(seen).reshape(-1, 2) * binning + roi[:2]
    k, d = np.reshape(plain.k, (3, 3)), np.array(d)
    often = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 500, 1e-14)
    if model == "equidistant":
        undistort = cv2.fisheye.undistortPoints
    else:  # OpenCV 4 has one without criteria, and another one with
        undistort = getattr(cv2, "undistortPointsIter", cv2.undistortPoints)
    by_opencv = undistort(pixels[:, np.newaxis], k, d, R=None, P=None, criteria=often)[:, 0]
    np.testing.assert_allclose(np.stack((rays.x, rays.y), axis=-1).reshape(-1, 2), by_opencv, atol=1e-6)

    points = 3 * directions(info)
    np.testing.assert_allclose(project(points, info, False), grid(seen).reshape(-1, 2), atol=1e-3)


def test_a_smaller_image_of_a_roi():
    info = camera_info((120, 160), 100.0, (80, 60), roi=region(30, 20, 64, 48), binning_x=2, binning_y=2)
    small = resized(info, (12, 16))
    assert (small.height, small.width) == (12, 16)
    # (80 - 30) / 2 = 25 of 32 pixels, halved about the corner at -0.5
    np.testing.assert_allclose(np.take(small.k, (0, 2, 4, 5)), (25, 12.25, 25, 9.75))
    assert small.p == [0.0] * 12  # there is no P
    rays = RayTables().get(info, (24, 32), False, (12, 16))
    np.testing.assert_array_equal(rays.x, ray_table(small, False).x)
    assert (rays.x.shape, rays.y.shape) == ((1, 16), (12, 1))
    with pytest.raises(CameraError, match="camera_info is for 32x24 pixels, the image has 160x120"):
        RayTables().get(info, (120, 160), False, (12, 16))
    with pytest.raises(CameraError, match="camera_info is for 32x24 pixels, the image has 16x16"):
        RayTables().get(info, (24, 32), False, (16, 16))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"roi": region(100, 0, 64, 120)}, r"a roi of 64x120 pixels at \(100, 0\), not inside its 160x120 pixels"),
        ({"roi": region(0, 73, 160, 48)}, r"a roi of 160x48 pixels at \(0, 73\), not inside"),
        ({"roi": region(2**32 - 1, 0, 2, 2)}, "not inside"),
        ({"roi": region(0, np.uint32(2**32 - 1), np.uint32(1), np.uint32(1))}, "not inside"),
        ({"roi": region(8, 8, 0, 0)}, "not inside"),  # the whole of it cannot begin there
        ({"roi": region(0, 0, 160, 0)}, "a roi of 160x0 pixels: both are 0"),
        ({"roi": region(0, 0, 0, 3)}, "a roi of 0x3 pixels: both are 0"),
        ({"binning_x": 161}, "binning 161x1, which leaves nothing of 160x120"),
        ({"binning_y": 2**32 - 1}, "leaves nothing of 160x120"),
        ({"roi": region(0, 0, 3, 3), "binning_x": 4}, "binning 4x1, which leaves nothing of 3x3"),
        ({"width": 0, "height": 0, "binning_x": 2}, "leaves nothing of 0x0"),
    ],
)
def test_regions_that_are_no_image(changes, words):
    info = camera_info((120, 160), 100.0, (80, 60), **changes)
    calls = (
        lambda: as_seen(info),
        lambda: ray_table(info, False),
        lambda: project(np.ones((1, 3)), info, False),
        lambda: resized(info, (60, 80)),
        lambda: RayTables().get(info, (120, 160), False),
    )
    for call in calls:
        with pytest.raises(CameraError, match=words) as caught:
            call()
        assert "\n" not in str(caught.value)
    assert pinhole(info) is None


@pytest.mark.filterwarnings("error")
def test_no_camera_info_breaks_the_arithmetic():
    random = np.random.default_rng(0)
    wild = [0.0, 1.0, -1.0, 1e-320, 1e-40, 1e40, 1e308, -1e308, np.inf, np.nan]
    sides = [0, 1, 2, 3, 5, 2**31, 2**32 - 1]
    for _ in range(400):
        info = camera_info((5, 6), 2.0, (3, 2), roi=region(*map(int, random.choice(sides, 4))))
        info.binning_x, info.binning_y = map(int, random.choice(sides, 2))
        if random.random() < 0.7:
            info.roi = region(*random.choice([0, 1, 2], 2), 4, 3)
            info.binning_x = info.binning_y = int(random.choice([0, 1, 2]))
        info.k = random.choice(wild, 9) if random.random() < 0.5 else info.k
        info.p = random.choice(wild, 12) if random.random() < 0.5 else info.p
        for size in ((5, 6), (3, 4), (1, 2), (500, 600)):
            try:
                rays = ray_table(resized(info, size), bool(random.random() < 0.5))
            except CameraError:
                continue
            assert not np.isinf(rays.x).any()
            project(random.normal(size=(9, 3)), info, False)
        pinhole(info)


def test_tables_follow_roi_binning_and_output_size():
    tables = RayTables()
    info = camera_info((120, 160), 100.0, (80, 60), roi=region(30, 20, 64, 48))
    seen = [tables.get(info, (48, 64), False)]
    assert tables.get(info, (48, 64), False) is seen[0]
    info.header.stamp.sec = 5
    assert tables.get(info, (48, 64), False) is seen[0]
    info.roi.x_offset = 31
    seen.append(tables.get(info, (48, 64), False))
    info.roi.y_offset = 21
    seen.append(tables.get(info, (48, 64), False))
    info.roi.width, info.binning_x = 128, 2
    seen.append(tables.get(info, (48, 64), False))
    info.roi.height, info.binning_y = 96, 2
    seen.append(tables.get(info, (48, 64), False))
    seen.append(tables.get(info, (48, 64), False, (24, 32)))
    assert tables.get(info, (48, 64), False, (24, 32)) is seen[-1]
    for before, after in itertools.pairwise(seen):
        same = before.x.shape == after.x.shape and (before.x == after.x).all() and (before.y == after.y).all()
        assert not same
    with pytest.raises(CameraError, match="64x48 pixels, the image has 128x96"):
        tables.get(info, (96, 128), False)


@pytest.mark.parametrize(
    ("topic", "rectified"),
    [
        ("/camera/image_rect", True),
        ("/camera/image_rect_color", True),
        ("/camera/depth/image_rect_raw", True),
        ("/camera/image_rectified", True),
        ("/camera/image_rect/compressed", True),
        ("/camera/depth/image_rect_raw/compressedDepth", True),
        ("/camera/image_raw", False),
        ("/camera/image_raw/compressed", False),
        ("/rect/image_raw", False),
        ("/camera/direct", False),
        ("/camera/image_correct", False),
        ("/compressed", False),
        ("", False),
    ],
)
def test_names_of_rectified_images(topic, rectified):
    assert is_rectified(topic) is rectified


def test_pinhole_is_k_of_a_raw_image_and_p_of_a_rectified_one():
    p = [100.0, 0.0, 80.0, 0.0, 0.0, 101.0, 61.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    info = camera("plumb_bob", [0.1, 0.0, 0.0, 0.0, 0.0], p=p)
    assert pinhole(info, rectified=False) == Intrinsics(110.0, 113.0, 79.2, 60.1)
    assert pinhole(info, rectified=True) == Intrinsics(100.0, 101.0, 80.0, 61.0)
    assert pinhole(camera(fx=0.0)) is None
    assert pinhole(None) is None
