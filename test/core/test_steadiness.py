from __future__ import annotations

import math

import numpy as np
import pytest

from tr2m_core.inference.scale_filter import LARGEST_FACTOR, ScaleFilter

FPS = 30
PERIOD = 1_000_000_000 // FPS
START = 1_600_000_000_000_000_000
RANDOM = np.random.default_rng(0)
IMAGE = RANDOM.integers(0, 256, (6, 8, 3), np.uint8).repeat(10, axis=0).repeat(10, axis=1)  # (60, 80, 3)
ROOM = (1 + RANDOM.random((6, 8))).repeat(10, axis=0).repeat(10, axis=1).astype(np.float32)  # median about 1.5


def play(steady: ScaleFilter, sizes, first=0, text="A desk.", image=IMAGE, room=ROOM):
    """The factors of a scene seen at these sizes, one frame after the other from frame number `first`."""
    return np.array(
        [
            steady.factor((room * size).astype(np.float32), image, START + (first + i) * PERIOD, text)
            for i, size in enumerate(sizes)
        ]
    )


def jitter(count, deviation=0.03, seed=1):
    return np.exp(deviation * np.random.default_rng(seed).standard_normal(count))


def errors(sizes, truth, seconds=1.0):
    """Log error of the steadied sizes; negative is too near."""
    return np.log(sizes * play(ScaleFilter(seconds), sizes) / truth)


# -- standing, driving, stopping --------------------------------------------------------------------------------------


def test_first_frame_is_left_alone():
    assert play(ScaleFilter(1.0), [2.0]) == 1.0


def test_jitter_is_reduced_to_a_third_and_its_jumps_to_a_fifth():
    sizes = jitter(600)
    left = errors(sizes, 1.0)[FPS:]
    raw = np.log(sizes[FPS:])
    assert left.std() < raw.std() / 3
    assert np.diff(left).std() < np.diff(raw).std() / 5


@pytest.mark.parametrize("speed", [0.5, -0.5, 1.0])
def test_steady_speed_leaves_no_lag(speed):
    truth = 4 - speed * np.arange(90) / FPS  # metres
    assert np.abs(errors(truth, truth)).max() < 1e-4


def test_jitter_does_not_hide_a_steady_speed():
    truth = 4 - 0.5 * np.arange(120) / FPS
    lags = [errors(truth * jitter(120, 0.02, seed), truth)[FPS:].mean() for seed in range(8)]
    assert abs(np.mean(lags)) < 0.003


@pytest.mark.parametrize("seconds", [0.5, 1.0])
def test_after_a_sudden_stop_it_is_a_little_near_and_then_right(seconds):
    time = np.arange(5 * FPS) / FPS
    truth = np.where(time < 2, 4 - time, 2.0)  # 1 m/s, stops 2 m from the wall
    error = errors(truth, truth, seconds)
    assert error.max() < 1e-4  # never too far
    assert error.min() > -0.04
    assert np.abs(error[time > 2.2]).max() < 1e-4  # without jitter three frames are enough to believe it


@pytest.mark.parametrize("seconds", [0.5, 1.0])
def test_a_sudden_stop_under_jitter_is_over_within_the_window(seconds):
    time = np.arange(5 * FPS) / FPS
    truth = np.where(time < 2, 4 - time, 2.0)
    error = np.mean([errors(truth * jitter(len(time), 0.02, seed), truth, seconds) for seed in range(16)], axis=0)
    assert error.max() < 0.02
    assert error.min() > -0.1 * seconds
    assert np.abs(error[time > 2.1 + seconds]).max() < 0.02


def test_starting_to_drive_is_followed_within_the_window():
    time = np.arange(4 * FPS) / FPS
    truth = np.where(time < 2, 4.0, 4 - 0.5 * (time - 2))
    error = errors(truth, truth)
    assert np.abs(error).max() < 0.03
    assert np.abs(error[time > 3.1]).max() < 1e-4


def test_factor_is_bounded():
    time = np.arange(4 * FPS) / FPS
    factors = play(ScaleFilter(2.0), np.where(time < 2, 4 - 1.9 * time, 0.2))  # stops at once, right at the wall
    assert factors.min() >= 1 / LARGEST_FACTOR
    assert factors.max() <= LARGEST_FACTOR
    assert factors[-1] == pytest.approx(1.0, abs=1e-4)


# -- outliers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outlier", [1.15, 0.85])
def test_one_bad_frame_is_corrected_and_disturbs_no_other(outlier):
    sizes = np.ones(60)
    sizes[40] = outlier
    factors = play(ScaleFilter(1.0), sizes)
    assert factors[40] * outlier == pytest.approx(1.0, abs=1e-3)
    assert np.delete(factors, 40) == pytest.approx(np.ones(59), abs=1e-3)


def test_one_frame_beyond_the_bound_is_left_alone_and_disturbs_no_other():
    sizes = np.ones(60)
    sizes[40] = 1.5
    assert play(ScaleFilter(1.0), sizes) == pytest.approx(np.ones(60), abs=1e-3)


@pytest.mark.parametrize(("step", "told"), [(1.1, 1 / 1.1), (1.5, 1.0), (0.5, 1.0)])
def test_another_size_for_good_is_believed_at_the_third_frame(step, told):
    sizes = np.where(np.arange(90) < 45, 1.0, step)
    factors = play(ScaleFilter(1.0), sizes)
    assert factors[45:47] == pytest.approx([told, told], abs=1e-3)
    assert factors[47] == 1.0
    assert factors[48:] == pytest.approx(np.ones(42), abs=1e-3)


def test_something_that_enters_the_view_is_no_change_of_size():
    steady = ScaleFilter(1.0)
    play(steady, np.ones(30))
    visitor = ROOM.copy()
    visitor[:, :30] = 0.5
    factors = play(steady, np.ones(10), first=30, room=visitor)
    assert factors == pytest.approx(np.ones(10), abs=1e-3)


# -- starting anew ----------------------------------------------------------------------------------------------------


def warm(seconds=1.0):
    """A filter that has seen 40 frames, the last of them too large."""
    steady = ScaleFilter(seconds)
    factors = play(steady, [*jitter(39), 1.1])
    assert factors[-1] < 0.95
    return steady


def assert_starts_anew(steady, sizes, **scene):
    factors = play(steady, sizes, **scene)
    assert factors[0] == 1.0
    assert (factors == play(ScaleFilter(1.0), sizes, **scene)).all()


@pytest.mark.parametrize(
    "scene",
    [
        {"text": "A hangar."},
        {"image": IMAGE[::-1]},
        {"image": np.full_like(IMAGE, 128)},
        {"image": IMAGE[:40]},
        {"room": ROOM[:40]},
        {"room": ROOM[::-1] ** 3},
        {"room": ROOM * 1e30},
        {"first": 39},
        {"first": 10},
        {"first": 40 + FPS},
    ],
    ids=[
        "description",
        "image",
        "covered lens",
        "image size",
        "depth size",
        "depth",
        "far larger",
        "same stamp",
        "back",
        "gap",
    ],
)
def test_starts_anew(scene):
    assert_starts_anew(warm(), jitter(20, seed=2), **{"first": 40} | scene)


def test_reset():
    steady = warm()
    steady.reset()
    assert_starts_anew(steady, jitter(20, seed=2), first=40)


@pytest.mark.parametrize(
    "change",
    [
        lambda image: image // 2,
        lambda image: image // 2 + 100,
        lambda image: np.roll(image, 3, axis=1),
        lambda image: np.clip(image + RANDOM.normal(0, 25, image.shape), 0, 255).astype(np.uint8),
    ],
    ids=["darker", "hazier", "turned", "noisy"],
)
def test_goes_on_where_only_the_image_changes_a_little(change):
    assert play(warm(), [1.1], first=40, image=change(IMAGE))[0] < 0.97


def test_dark_images_are_no_scene_cut():
    steady = ScaleFilter(1.0)
    sizes = [*jitter(39), 1.1]
    factors = [
        play(steady, [size], first=i, image=RANDOM.integers(0, 4, IMAGE.shape, np.uint8))[0]
        for i, size in enumerate(sizes)
    ]
    assert factors[-1] < 0.95


def test_rendered_motion_goes_on_and_a_rendered_cut_does_not():
    from tr2m_core.data.procedural.scenes import ProceduralScenes, render_sequence

    scenes = ProceduralScenes((48, 64), seed=3)
    rooms = [render_sequence(scenes.facts(i), 60, (48, 64), seed=i) for i in range(2)]
    depths = np.concatenate([room.depth[:, 0].numpy() for room in rooms])
    images = np.concatenate([room.camera_images() for room in rooms])
    sizes = jitter(120)

    def play_rendered(first):
        steady = ScaleFilter(1.0)
        return [
            steady.factor(depths[i] * np.float32(sizes[i]), images[i], START + 2 * i * PERIOD, "A room.")
            for i in range(first, 120)
        ]

    factors = play_rendered(0)
    assert factors[60:] == play_rendered(60)
    left = np.log(sizes * factors)
    for room in (slice(15, 60), slice(75, 120)):
        assert np.diff(left[room]).std() < 0.5 * np.diff(np.log(sizes[room])).std()


# -- bad depth --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 0.0, -1.0])
def test_a_frame_without_depth_changes_nothing(bad):
    steady, other = warm(), warm()
    assert play(steady, [1.0], first=40, room=np.full_like(ROOM, bad)) == 1.0
    assert (play(steady, jitter(20), first=41) == play(other, jitter(20), first=41)).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 0.0, -1.0])
@pytest.mark.filterwarnings("error")
def test_pixels_without_depth_do_not_count(bad):
    sizes = jitter(90)
    room = ROOM.copy()
    room[::2] = bad
    factors = play(ScaleFilter(1.0), sizes, room=room)
    assert np.isfinite(factors).all()
    assert np.log(sizes * factors)[FPS:].std() < 0.5 * 0.03


def test_frames_that_share_no_depth_are_not_compared():
    left, right = ROOM.copy(), ROOM.copy()
    left[:, 40:], right[:, :40] = np.nan, np.nan
    steady = ScaleFilter(1.0)
    play(steady, jitter(30), room=left)
    assert_starts_anew(steady, jitter(20), first=30, room=right)


# -- times and sizes --------------------------------------------------------------------------------------------------


def test_depth_and_image_may_differ_in_size_and_be_tiny():
    steady = ScaleFilter(1.0)
    small = np.array([[1.0, 2.0], [2.0, 3.0]], np.float32)
    sizes = jitter(60)
    factors = play(steady, sizes, room=small)
    assert np.log(sizes * factors)[FPS:].std() < 0.5 * 0.03


def test_long_windows_stay_small():
    steady = ScaleFilter(60.0)
    sizes = jitter(70 * FPS)
    factors = play(steady, sizes)
    assert len(steady._sizes) <= 65
    assert np.log(sizes * factors)[20 * FPS :].std() < 0.4 * 0.03


def test_too_few_frames_in_the_window_are_left_alone():
    assert (play(ScaleFilter(1.5 / FPS), jitter(30)) == 1.0).all()


def test_depth_is_neither_changed_nor_kept():
    steady = warm()
    depth = (ROOM * 1.1).astype(np.float32)
    before = depth.copy()
    steady.factor(depth, IMAGE, START + 40 * PERIOD, "A desk.")
    assert (depth == before).all()
    depth[:] = 100.0
    assert play(steady, [1.1], first=41)[0] == pytest.approx(0.95, abs=0.06)


@pytest.mark.parametrize("seconds", [0.0, -1.0, math.nan, math.inf])
def test_a_window_that_is_none(seconds):
    with pytest.raises(ValueError, match="window"):
        ScaleFilter(seconds)
