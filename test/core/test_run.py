from __future__ import annotations

import csv
import json
import math

import numpy as np
import pytest
from tiny_runs import SOURCE, START, TEXT, measured, measured_run, unmeasured_run

from tr2m_core.eval.frame_result import FrameResult
from tr2m_core.eval.run import NANOSECONDS, SHOWN, Run, scale_drift, timing
from tr2m_core.eval.totals import MOST_REASONS, OTHER_REASONS, Totals
from tr2m_core.metrics.depth import METRIC_NAMES
from tr2m_core.metrics.measurement import AFFINE, SCALE, Measurement, RangeErrors
from tr2m_core.report.files import write_run


def test_means_and_aligned_means():
    report = measured_run().report()
    assert report["metrics"]["abs_rel"] == pytest.approx((0.25 + 1.0 + 0.5) / 3)
    assert report["metrics"]["delta1"] == 0  # a ratio of 1.25 is not under 1.25
    assert report["aligned"][SCALE]["abs_rel"] == pytest.approx(0, abs=1e-12)
    assert report["aligned"][AFFINE]["abs_rel"] == pytest.approx(0, abs=1e-9)
    assert {key: report[key] for key in SOURCE} == SOURCE


def test_scale_drift():
    drift = scale_drift(measured_run().primary())  # factors 0.8, 0.5, 2
    assert drift == pytest.approx(
        {"mean": 1.1, "median": 0.8, "std": math.sqrt(0.42), "largest_jump": 1.5, "largest_jump_frame": 2}
    )
    alone = scale_drift(measured_run([2.0]).primary())
    assert alone == {"mean": 0.5, "median": 0.5, "std": 0.0, "largest_jump": 0.0, "largest_jump_frame": 0}
    assert scale_drift(unmeasured_run().primary()) is None


def test_by_range_sums_over_frames_and_names_only_ranges_with_pixels():
    def frame(index, pixels, absolute, signed):
        ranges = RangeErrors(*(np.zeros(10, kind) for kind in (np.int64, float, float)))
        for values, given in zip(ranges, (pixels, absolute, signed), strict=True):
            values[2], values[9] = given
        measurement = Measurement(sum(pixels), {"metric": None}, None, ranges)
        return FrameResult(index, index, TEXT, measurement=measurement)

    totals = Totals()
    for added in frame(0, (10, 4), (2.0, 1.0), (-2.0, 1.0)), frame(1, (30, 0), (2.0, 0.0), (1.0, 0.0)):
        totals.add([added])
    assert totals.by_range() == [
        {"from_m": 1.0, "to_m": 2.0, "pixels": 40, "abs_rel": 0.1, "bias": -0.025},
        {"from_m": 80.0, "to_m": None, "pixels": 4, "abs_rel": 0.25, "bias": 0.25},
    ]
    assert Run({}, [FrameResult(0, 0, TEXT)]).totals().by_range() == []


def test_by_range_of_measured_frames():
    near, far = measured_run().totals().by_range()
    assert (near["from_m"], near["to_m"], near["pixels"]) == (1.0, 2.0, 3 * 24 * 16)
    assert (far["from_m"], far["to_m"], far["pixels"]) == (3.0, 5.0, 3 * 24 * 16)
    assert near["bias"] == pytest.approx((0.25 + 1.0 - 0.5) / 3)
    assert far["abs_rel"] == pytest.approx((0.25 + 1.0 + 0.5) / 3)


def test_timing():
    assert timing(measured_run().primary()) == pytest.approx({"p50_ms": 20, "p95_ms": 29, "max_ms": 30, "mean_ms": 20})
    assert timing([FrameResult(0, 0, TEXT)]) is None


def test_the_worst_frames_are_shown_worst_first():
    run = measured_run([1.1, 1.5, 1.3, 1.2, 1.6, 1.4, 1.05])
    assert [result.index for result, _ in run.shown()] == [4, 1, 5, 2, 3]
    assert [entry["index"] for entry in run.report()["worst_frames"]] == [4, 1, 5, 2, 3]


def test_equal_errors_are_shown_by_stamp():
    run = Run({})
    for index in (2, 0, 1):
        run.add(*measured(index, 1.5))
    assert [result.index for result, _ in run.shown()] == [0, 1, 2]


def test_samples_are_shown_only_where_nothing_was_measured():
    assert [result.index for result, _ in unmeasured_run().shown()] == [0, 1, 2]
    run = unmeasured_run()
    run.add(*measured(3, 1.5), sample=True)
    assert [result.index for result, _ in run.shown()] == [3]
    many = Run({})
    for index in range(SHOWN + 2):
        result, view = measured(index, 1.0)
        result.measurement = None
        many.add(result, view, sample=True)
    assert len(many.shown()) == SHOWN


def test_sums_are_about_the_first_sentence():
    run = Run({})
    for index in range(2):
        run.add(*measured(index, 1.5))
        run.add(*measured(index, 3.0, "A hangar.", variant=1))
    assert run.metrics()["abs_rel"] == pytest.approx(0.5)
    assert all(result.variant == 0 for result, _ in run.shown())
    first, second = run.sentences()
    assert (first["description"], first["frames"], first["metrics"]["abs_rel"]) == (TEXT, 2, pytest.approx(0.5))
    assert (second["description"], second["frames"], second["metrics"]["abs_rel"]) == ("A hangar.", 2, pytest.approx(2))
    assert second["scale_factor"]["median"] == pytest.approx(1 / 3)
    assert second["median_m"] == pytest.approx(3 * 2.75)


def test_frames_are_in_the_order_of_their_stamps():
    run = Run({})
    run.add(*measured(0, 2.0, stamp=START + NANOSECONDS))
    run.add(*measured(1, 1.5, stamp=START))
    assert [frame.index for frame in run.primary()] == [1, 0]
    assert run.report()["scale_factor"]["largest_jump_frame"] == 0


def test_counts_and_problems():
    run = measured_run([1.5, 1.5])
    run.frames[1].gap_s = 0.004
    run.add(FrameResult(2, START + 2, TEXT, problem="no partner"))
    run.add(FrameResult(3, START + 3, TEXT, processed=True, gap_s=0.002, problem="empty"))
    run.add(FrameResult(4, START + 4, TEXT, problem="no partner"))
    assert run.report()["frames"] == {
        "total": 5,
        "processed": 3,
        "measured": 2,
        "without_ground_truth": 2,
        "paired_by_equal_stamps": 1,
        "paired_by_nearest_stamp": 2,
        "largest_gap_s": 0.004,
    }
    assert list(run.problems().items()) == [("no partner", 2), ("empty", 1)]


@pytest.mark.parametrize("run", [measured_run(), unmeasured_run(problem="no partner"), Run({})], ids=["gt", "no", "0"])
def test_written_files(tmp_path, run):
    write_run(tmp_path, run, run.report())
    assert {path.name for path in tmp_path.iterdir()} == {"report.json", "frames.csv", "timing.csv", "report.html"}
    text = (tmp_path / "report.json").read_text()
    assert json.loads(text) == json.loads(json.dumps(run.report(), allow_nan=False))
    rows = list(csv.DictReader((tmp_path / "frames.csv").open()))
    assert len(rows) == len(run.frames)
    assert [float(row["seconds"]) for row in csv.DictReader((tmp_path / "timing.csv").open())] == [
        frame.seconds for frame in run.frames
    ]


def test_a_run_that_keeps_few_frames_still_sums_up_all_of_them():
    times = [1.25, 2.0, 0.5, 1.5, 1.1, 3.0, 0.8]
    every, few = measured_run(times), Run(SOURCE, keep=2)
    every.frames[1].gap_s = 0.01
    for index in (0, 2, 3, 1, 4, 5, 6):  # frame 1 comes late
        result, view = measured(index, times[index])
        result.gap_s = every.frames[index].gap_s
        few.add(result, view)
        assert len(few.frames) <= 2
    for run in every, few:
        run.add(FrameResult(7, START + 7 * NANOSECONDS, TEXT, problem="empty"))
        run.add(FrameResult(8, START + 8 * NANOSECONDS, TEXT, problem="no partner"))
    assert [frame.index for frame in few.frames] == [7, 8]
    full, bounded = every.report(), few.report()
    for key in ("frames", "problems", "metrics", "aligned", "ranges", "worst_frames"):
        assert bounded[key] == pytest.approx(full[key]) if key == "metrics" else bounded[key] == full[key], key
    assert few.totals().extremes() == every.totals().extremes()
    assert (bounded["scale_factor"], bounded["sentences"][0]["frames"]) == (None, 2)


def test_reasons_without_end_are_summed_up():
    totals = Totals()
    totals.add([FrameResult(i, i, TEXT, problem=f"an image of {i} pixels") for i in range(MOST_REASONS + 5)])
    totals.add([FrameResult(0, 0, TEXT, problem="an image of 0 pixels")])
    assert len(totals.problems) == MOST_REASONS + 1
    assert (totals.problems[OTHER_REASONS], totals.problems["an image of 0 pixels"]) == (5, 2)


def test_a_line_of_the_table():
    row = measured(1, 1.5)[0].row()
    assert (row["index"], row["description"], row["valid_pixels"]) == (1, TEXT, 24 * 32)
    assert row["abs_rel"] == pytest.approx(0.5)
    assert row["scale_factor"] == pytest.approx(2 / 3)
    assert row["scale_abs_rel"] == pytest.approx(0, abs=1e-12)
    assert "seconds" not in row  # it differs each time
    empty = FrameResult(0, 0, TEXT, problem="damaged").row()
    assert empty.keys() == row.keys()
    assert all(empty[f"{prefix}{name}"] is None for prefix in ("", "scale_", "affine_") for name in METRIC_NAMES)
