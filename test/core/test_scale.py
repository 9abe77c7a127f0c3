"""Scale against references: samples, estimates, height above ground, and what is done from frame to frame."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from tr2m_core.camera.model import CameraModel, RayTable
from tr2m_core.camera.rigid import rigid_matrix
from tr2m_core.errors import FrameError
from tr2m_core.scale.estimate import BOUNDS, NoEstimate, ScaleEstimate, apply_scale, estimate_scale
from tr2m_core.scale.ground_plane import estimate_from_height
from tr2m_core.scale.reference import read_reference
from tr2m_core.scale.samples import (
    MOST,
    ReferenceSamples,
    View,
    from_cone,
    from_depth_image,
    from_points,
    scan_points,
)
from tr2m_core.scale.tracker import BELIEVED, JUMP, LONGEST_STEP, ScaleSource, ScaleTracker

HEIGHT, WIDTH, FOCAL = 120, 160, 100.0
CAMERA = CameraModel(WIDTH, HEIGHT, "", [], [FOCAL, 0, 79.5, 0, FOCAL, 59.5, 0, 0, 1], [0.0] * 12)
VIEW = View(CAMERA, (HEIGHT, WIDTH))
EYE = np.eye(4)
LASER = rigid_matrix((0, 0, 0), (0.5, -0.5, 0.5, 0.5))  # x forward, y left, z up to an optical frame
SECOND = 10**9


def random_depth(seed=0):
    """A smooth surface between 1 and 6 m."""
    y, x = np.mgrid[:HEIGHT, :WIDTH] / HEIGHT
    a, b, c = np.random.default_rng(seed).uniform(1, 2, 3)
    return (2 + a * np.sin(2 * x + b) ** 2 + c * y).astype(np.float32)


def samples_of(truth, count=200, outliers=0.0, noise=0.0, seed=1, rows=None):
    random = np.random.default_rng(seed)
    row = random.integers(2, HEIGHT - 2, count) if rows is None else np.full(count, rows)
    column = random.integers(2, WIDTH - 2, count)
    depth = truth[row, column] * np.exp(noise * random.standard_normal(count))
    wrong = random.random(count) < outliers
    depth[wrong] *= np.exp(random.uniform(0.5, 3, wrong.sum()))  # all to one side, the worst case
    return ReferenceSamples(row.astype(float), column.astype(float), depth.astype(float))


# -- samples ----------------------------------------------------------------------------------------------------------


def test_a_depth_image_of_another_resolution_is_sampled_at_its_pixels():
    small = np.full((30, 40), 2.0, np.float32)
    small[0] = [math.nan, math.inf, -math.inf, 0.0, -1.0, *([3.0] * 35)]
    samples = from_depth_image(small, (HEIGHT, WIDTH))
    assert len(samples) == 30 * 40 - 5
    assert (samples.rows[0], samples.columns[0], samples.depth[0]) == (1.5, 21.5, 3.0)
    assert len(from_depth_image(np.ones((480, 640), np.float32), (480, 640))) == MOST
    sparse = np.zeros((480, 640), np.float32)
    sparse[np.arange(50) * 9, np.arange(50) * 12] = 2.0
    assert len(from_depth_image(sparse, (480, 640))) == 50


def test_points_are_where_the_camera_sees_them():
    points = np.array([[0.0, 0.0, 2.0], [1.0, -0.5, 4.0], [0, 0, -1], [90, 0, 1], [math.nan, 0, 1], [math.inf, 1, 1]])
    samples = from_points(points, EYE, VIEW)
    assert samples.columns.tolist() == [79.5, 104.5] and samples.rows.tolist() == [59.5, 47.0]
    assert samples.depth.tolist() == [2.0, 4.0]


def test_points_that_only_the_sensor_sees_are_left_out():
    near = np.array([[x, 0.0, 1.0] for x in np.linspace(-0.2, 0.2, 40)])
    hidden = np.array([[x, 0.05, 5.0] for x in np.linspace(-0.9, 0.9, 40)])
    beside = np.array([[2.5, 0.0, 5.0]])
    samples = from_points(np.vstack((near, hidden, beside)), EYE, VIEW)
    assert np.count_nonzero(samples.depth == 1.0) == 40
    assert np.count_nonzero(samples.depth == 5.0) == 1


def test_a_scan_leaves_out_what_is_no_measurement():
    ranges = np.array([1.0, math.nan, math.inf, -math.inf, 0.0, 0.05, 40.0, 2.0])
    points = scan_points(ranges, 0.0, math.pi / 2, 0.1, 30.0)
    np.testing.assert_allclose(points, [[1, 0, 0], [0, -2, 0]], atol=1e-12)
    assert scan_points(np.empty(0), 0, 1, 0, 1).shape == (0, 3)


def test_a_beam_is_a_disc():
    samples = from_cone(2.0, 0.2, LASER, VIEW)
    assert (samples.rows[0], samples.columns[0], samples.depth[0]) == pytest.approx((59.5, 79.5, 2.0))
    assert samples.radius == pytest.approx(FOCAL * math.tan(0.1), rel=1e-3)
    for distance in (math.nan, math.inf, 0.0, -1.0):
        assert len(from_cone(distance, 0.2, LASER, VIEW)) == 0
    assert len(from_cone(2.0, 0.2, rigid_matrix((0, 0, 0), (0, 0, 0, 1)), VIEW)) == 0  # it looks aside
    depth = np.full((HEIGHT, WIDTH), 5.0, np.float32)
    depth[55:64, 75:84] = 3.0  # the nearest within the disc counts, not what is in its middle
    depth[59:61, 79:81] = 5.0
    estimate = estimate_scale(depth, samples)
    assert isinstance(estimate, ScaleEstimate)
    assert (estimate.factor, estimate.pairs) == (pytest.approx(2 / 3), 1)


@pytest.mark.parametrize("values", [((0, 0, 0), (0, 0, 0, 0)), ((math.nan, 0, 0), (0, 0, 0, 1))])
def test_what_is_no_transform_is_rejected(values):
    with pytest.raises(ValueError, match="not a rotation"):
        rigid_matrix(*values)


# -- messages ---------------------------------------------------------------------------------------------------------


def header():
    return SimpleNamespace(frame_id="laser", stamp=SimpleNamespace(sec=0, nanosec=0))


def scan(ranges, low=0.1, high=30.0):
    return SimpleNamespace(
        header=header(), ranges=ranges, angle_min=-0.5, angle_increment=0.01, range_min=low, range_max=high
    )


def test_a_scan_message_becomes_samples():
    reference = read_reference("scan", scan([3.0] * 100), VIEW, lambda frame: LASER)
    assert reference.source == "scan" and len(reference.samples) > 90
    assert set(np.round(reference.samples.rows, 6)) == {59.5}
    np.testing.assert_allclose(reference.samples.depth.max(), 3.0, rtol=1e-3)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (scan([]), "none of 0 ranges is a measurement"),
        (scan([math.nan, math.inf, -math.inf, 0.0, 99.0]), "none of 5 ranges is a measurement within 0.1 to 30 m"),
        (scan([1.0], low=math.nan), "none of 1 ranges"),
    ],
)
def test_a_scan_of_nothing_says_so(message, words):
    with pytest.raises(FrameError, match=words):
        read_reference("scan", message, VIEW, lambda frame: LASER)


@pytest.mark.parametrize("distance", [math.nan, math.inf, -math.inf, 0.0, -1.0, 0.05, 9.0])
def test_a_range_that_is_none_says_so(distance):
    message = SimpleNamespace(header=header(), range=distance, min_range=0.1, max_range=8.0, field_of_view=0.1)
    with pytest.raises(FrameError, match=r"which is no measurement: 0\.1 to 8 m are"):
        read_reference("range", message, VIEW, lambda frame: LASER)


def test_a_sensor_that_looks_elsewhere_and_a_missing_camera_info_are_said():
    with pytest.raises(FrameError, match="nothing of it is in the image"):
        read_reference("scan", scan([3.0] * 10), VIEW, lambda frame: EYE)
    with pytest.raises(FrameError, match="no camera_info of the image"):
        read_reference("scan", scan([3.0] * 10), View(None, VIEW.size), lambda frame: LASER)
    depth = SimpleNamespace(
        header=header(),
        height=10,
        width=40,
        encoding="32FC1",
        is_bigendian=0,
        step=160,
        data=np.ones(400, "f4").tobytes(),
    )
    with pytest.raises(FrameError, match="depth of 40x10 pixels is not of the shape of the image's 160x120"):
        read_reference("depth", depth, VIEW, lambda frame: EYE)


# -- estimates --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("factor", [1 / 200, 0.118, 0.9, 1.0, 1.3, 8.5, 200])
@pytest.mark.parametrize("outliers", [0.0, 0.03, 0.3])
def test_the_factor_is_found_among_outliers(factor, outliers):
    depth = random_depth()
    estimate = estimate_scale(depth, samples_of(factor * depth, outliers=outliers, noise=0.02))
    assert isinstance(estimate, ScaleEstimate)
    assert estimate.factor == pytest.approx(factor, rel=0.02)
    assert estimate.shift == 0
    assert estimate.inlier_share > 0.9 - outliers
    assert abs(math.log(estimate.factor / factor)) < estimate.sigma < 0.1


def test_a_shift_is_found_where_samples_prove_it_and_only_there():
    depth = np.tile(np.linspace(1, 5, WIDTH, dtype=np.float32), (HEIGHT, 1))
    truth = 1 / (1 / (1.5 * depth) + 0.1)
    whole = estimate_scale(depth, samples_of(truth, noise=0.01, outliers=0.1))
    assert isinstance(whole, ScaleEstimate)
    assert (whole.factor, whole.shift) == (pytest.approx(1.5, rel=0.1), pytest.approx(0.1, rel=0.3))
    corrected = depth.copy()
    apply_scale(corrected, whole.factor, whole.shift)
    assert np.abs(corrected / truth - 1).max() < 0.06
    row = estimate_scale(depth, samples_of(truth, noise=0.01, rows=60))
    assert isinstance(row, ScaleEstimate) and row.shift == 0
    plain = estimate_scale(depth, samples_of(1.5 * depth, noise=0.05))
    assert isinstance(plain, ScaleEstimate) and plain.shift == 0


def test_samples_at_edges_and_without_depth_are_left_out():
    depth = np.full((HEIGHT, WIDTH), 2.0, np.float32)
    depth[:, 80:] = 8.0
    depth[:30] = [[math.nan], [math.inf], [0.0]] * 10
    rows = np.repeat([5.0, 60.0, 60.0, 60.0], 20)
    columns = np.repeat([20.0, 79.0, 80.0, 40.0], 20)
    estimate = estimate_scale(depth, ReferenceSamples(rows, columns, np.full(80, 3.0)))
    assert isinstance(estimate, ScaleEstimate)
    assert (estimate.pairs, estimate.factor) == (20, pytest.approx(1.5))


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        (ReferenceSamples(np.empty(0), np.empty(0), np.empty(0)), "0 of 0 samples can be compared, 8 are needed"),
        (ReferenceSamples(np.full(9, -5.0), np.full(9, 1e6), np.ones(9)), "0 of 9 samples"),
        (samples_of(1e7 * random_depth()), "outside of 0.0001 to 10000"),
    ],
)
def test_why_there_is_no_estimate_is_said(samples, words):
    estimate = estimate_scale(random_depth(), samples)
    assert isinstance(estimate, NoEstimate) and words in estimate.reason


def test_random_references_never_give_what_is_no_factor():
    for seed in range(300):
        random = np.random.default_rng(seed)
        depth = (random_depth(seed) * np.exp(random.normal(0, 2, (HEIGHT, WIDTH)))).astype(np.float32)
        depth[random.random(depth.shape) < 0.1] = random.choice([math.nan, math.inf, 0.0, -1.0])
        count = int(random.integers(0, 300))
        samples = ReferenceSamples(
            random.uniform(-10, HEIGHT + 10, count),
            random.uniform(-10, WIDTH + 10, count),
            np.exp(random.normal(0, 3, count)),
        )
        estimate = estimate_scale(depth, samples)
        if isinstance(estimate, ScaleEstimate):
            assert BOUNDS[0] <= estimate.factor <= BOUNDS[1]
            assert 0 < estimate.sigma < math.inf
            known = np.isfinite(depth) & (depth > 0)
            corrected = depth.copy()
            apply_scale(corrected, estimate.factor, estimate.shift)
            assert (np.isfinite(corrected[known]) & (corrected[known] > 0)).all()


def test_applying_leaves_alone_what_is_no_depth():
    depth = np.array([[math.nan, math.inf, -math.inf, 0.0, 2.0]], np.float32)
    apply_scale(depth, 2.0, 0.05)
    np.testing.assert_allclose(depth, [[math.nan, math.inf, -math.inf, 0.0, 1 / (1 / 4 + 0.05)]])


# -- height above the ground ------------------------------------------------------------------------------------------


def ground(pitch, height=1.2, wall=6.0):
    """Depth of a floor and a wall before the camera, and its rays."""
    x = ((np.arange(WIDTH) - 79.5) / FOCAL)[None].astype(np.float32)
    y = ((np.arange(HEIGHT) - 59.5) / FOCAL)[:, None].astype(np.float32)
    down = y * math.cos(pitch) + math.sin(pitch)
    forward = math.cos(pitch) - y * math.sin(pitch)
    with np.errstate(divide="ignore"):
        floor = np.where(down > 0, height / down, np.inf)
    depth = np.minimum(floor, wall / forward) * np.ones((1, WIDTH))
    return depth.astype(np.float32), RayTable(x, y)


@pytest.mark.parametrize("pitch", [-0.1, 0.0, 0.2, 0.5])
@pytest.mark.parametrize("factor", [0.2, 1.0, 5.0])
def test_the_height_gives_the_factor(pitch, factor):
    depth, rays = ground(pitch)
    estimate = estimate_from_height(depth / np.float32(factor), rays, 1.2, pitch)
    assert isinstance(estimate, ScaleEstimate)
    assert estimate.factor == pytest.approx(factor, rel=0.03)


@pytest.mark.parametrize("pitch", [-0.1, 0.0, 0.1])
def test_the_pitch_may_be_unknown(pitch):
    depth, rays = ground(pitch)
    estimate = estimate_from_height(depth, rays, 1.2)
    assert isinstance(estimate, ScaleEstimate)
    assert estimate.factor == pytest.approx(1.0, rel=0.25)


def test_a_table_top_is_not_the_ground():
    depth, rays = ground(0.2)
    table, _ = ground(0.2, height=0.5)
    depth[80:, 100:] = np.minimum(depth, table)[80:, 100:]
    estimate = estimate_from_height(depth, rays, 1.2, 0.2)
    assert isinstance(estimate, ScaleEstimate) and estimate.factor == pytest.approx(1.0, rel=0.03)


@pytest.mark.parametrize("pitch", [None, 0.0])
@pytest.mark.parametrize("value", [math.nan, math.inf, 0.0, 3.0])
def test_where_no_ground_is_seen_there_is_no_estimate(pitch, value):
    depth, rays = np.full((HEIGHT, WIDTH), value, np.float32), ground(0.0)[1]
    assert isinstance(estimate_from_height(depth, rays, 1.2, pitch), NoEstimate)


# -- from frame to frame ----------------------------------------------------------------------------------------------


class Frames:
    """A tracker that is given frames at ten per second."""

    def __init__(self, **options):
        self.tracker, self.stamp = ScaleTracker(**options), 0

    def __call__(self, factor=None, text="A room.", seconds=0.1, sigma=0.02):
        self.stamp += round(seconds * SECOND)
        estimate = NoEstimate("gone") if factor is None else ScaleEstimate(factor, 0.0, sigma, 50)
        return self.tracker.update(self.stamp, text, estimate)


def test_the_first_estimate_counts_at_once_and_then_the_mean():
    frames = Frames()
    assert frames().source is ScaleSource.NONE
    state = frames(8.0)
    assert (state.factor, state.source, state.age, state.problem) == (pytest.approx(8.0), ScaleSource.MEASURED, 0.0, "")
    assert frames(8.8).factor == pytest.approx(math.sqrt(8.0 * 8.8))
    random = np.random.default_rng(0)
    factors = [frames(8.4 * math.exp(0.05 * random.standard_normal())).factor for _ in range(200)]
    assert np.std(np.log(factors[10:])) < 0.02


def test_what_passes_through_a_beam_moves_nothing_and_what_stays_does():
    frames = Frames()
    for _ in range(5):
        frames(2.0)
    for _ in range(BELIEVED - 1):
        state = frames(0.5)
        assert (state.factor, state.source) == (pytest.approx(2.0), ScaleSource.HELD)
        assert "not believed yet" in state.problem and state.estimate.factor == 0.5
    assert frames(2.0).factor == pytest.approx(2.0)
    assert [round(frames(0.5).factor, 3) for _ in range(BELIEVED)] == [2.0] * (BELIEVED - 1) + [0.5]


def test_jumps_that_do_not_agree_are_never_believed():
    frames = Frames(hold=100)
    frames(1.0)
    assert all(frames(factor).factor == 1.0 for factor in [3.0, 9.0, 0.1] * 10)


def test_a_lost_reference_is_held_and_fades():
    frames = Frames(hold=2.0)
    frames(4.0)
    held = [frames() for _ in range(20)]
    assert {(state.source, round(state.factor, 6)) for state in held} == {(ScaleSource.HELD, 4.0)}
    assert held[-1].age == pytest.approx(2.0) and held[-1].problem == "gone"
    fading = [frames() for _ in range(60)]
    factors = [state.factor for state in fading]
    assert {state.source for state in fading} == {ScaleSource.FADING}
    assert all(a > b for a, b in zip([4.0, *factors], factors, strict=False)) and factors[-1] == pytest.approx(
        1, abs=0.05
    )
    assert fading[9].factor == pytest.approx(2.0)  # halfway, in logarithms, half of `hold` later
    assert fading[-1].sigma > 1
    back = [frames(4.0).factor for _ in range(BELIEVED)]
    assert max(back[:-1]) < 1.05 and back[-1] == pytest.approx(4.0)


@pytest.mark.parametrize("change", [{"text": "A hall."}, {"seconds": -5.0}, {"seconds": LONGEST_STEP + 1}])
def test_another_sentence_a_clock_jump_and_a_gap_start_anew(change):
    frames = Frames()
    frames(2.0)
    assert frames(0.2, **change).factor == pytest.approx(0.2)
    lost = Frames()
    lost(2.0)
    assert lost(None, **change).source is ScaleSource.NONE


def test_random_sequences_stay_within_bounds_and_jump_only_when_believed():
    for seed in range(200):
        random = np.random.default_rng(seed)
        frames, last = Frames(hold=random.uniform(0, 3)), None
        jumps = []
        for _ in range(60):
            value = random.choice([0.01, 1.0, 1.1, 5.0, math.nan, math.inf, 0.0, -1.0, 1e9])
            state = frames(None if random.random() < 0.3 else float(value), sigma=float(random.uniform(0.005, 1)))
            assert math.isfinite(state.factor) and BOUNDS[0] <= state.factor <= BOUNDS[1]
            assert state.sigma > 0
            if (
                last is not None
                and state.source is ScaleSource.MEASURED
                and abs(math.log(state.factor / last)) > 3 * math.log(JUMP)
            ):
                jumps.append(state)
            last = state.factor if state.source is not ScaleSource.NONE else None
        assert all(state.estimate is not None for state in jumps)
