from __future__ import annotations

import re

import numpy as np
import pytest
from plotly.offline import get_plotlyjs
from tiny_runs import HOSTILE, INTRINSICS, SOURCE, TEXT, measured, measured_run, unmeasured_run

from tr2m_core.eval.frame_result import FrameResult, View
from tr2m_core.eval.run import Run
from tr2m_core.report.figures import CLOUD_POINTS, TRUTH_POINTS, cloud_figure, factor_figure, time_figure
from tr2m_core.report.html import description_changes, flatten, write_html
from tr2m_core.report.page import number, percent
from tr2m_core.report.panels import depth_legend, draw, shrink
from tr2m_core.report.words import description_effect, verdict


@pytest.fixture
def page(tmp_path):
    """The page of a run, without plotly itself."""

    def page(run):
        write_html(tmp_path / "report.html", run, run.report())
        return (tmp_path / "report.html").read_text("utf-8").replace(get_plotlyjs(), "")

    return page


def text_of(html):
    """What a reader sees, in one line."""
    visible = re.sub(r"<(script|style).*?</\1>", "", html, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", " ", visible).split())


def test_verdict_of_a_wrong_size():
    assert verdict(measured_run([1.28, 1.32]).report()) == [
        "Over 2 frames depth is off by 30 % on average (abs_rel 0.3).",
        "Predictions are 1.3 times too far.",
        "Most of it is one factor per frame: aligned by it, abs_rel is 0.",
        "The factor is steady over time: its standard deviation is 1.5 % of it.",
        "It is much the same at all distances.",
    ]
    report = measured_run([0.5, 0.25]).report()
    report["ranges"][1]["abs_rel"] = 0.25
    words = verdict(report)  # factors 2 and 4: median 3, standard deviation 1
    assert words[1] == "Predictions are 3 times too near."
    assert words[3] == "The factor drifts over time: its standard deviation is 33 % of it."
    assert words[4] == "By distance it is worst at 1-2 m (62 %), best at 3-5 m (25 %)."


def test_verdict_of_the_right_size_and_wrong_shape():
    report = measured_run([1.02]).report()
    assert verdict(report)[:2] == [
        "In the one measured frame depth is off by 2 % on average (abs_rel 0.02).",
        "Predictions have the right size, within 5 % in the median.",
    ]
    report["aligned"]["scale"]["abs_rel"] = 0.015
    assert (
        verdict(report)[2] == "It is more than a wrong size: aligned by one factor per frame, abs_rel is still 0.015."
    )


def test_verdict_where_nothing_was_measured():
    assert verdict(unmeasured_run().report())[0] == (
        "Nothing could be measured: there is no measured depth to compare with."
    )
    assert verdict(unmeasured_run(problem="no partner").report()) == [
        "Nothing could be measured.",
        "3 of 3 frames went through the model.",
        "Most often because of: no partner (3 of 3 frames).",
    ]
    assert verdict(Run({}).report()) == ["Nothing was measured: there were no frames."]


def test_effect_of_sentences():
    def entry(error):
        return {"metrics": None if error is None else {"abs_rel": error}}

    assert "unknown" in description_effect([entry(0.3)], same_frames=False)
    assert "only the predicted distance" in description_effect([entry(None), entry(None)], same_frames=True)
    best = "Best is description 2 (abs_rel 0.2), worst 3 (0.4)."
    assert description_effect([entry(0.3), entry(0.2), entry(0.4)], same_frames=True) == best
    assert description_effect([entry(0.3), entry(0.2), entry(0.4)], same_frames=False).startswith(f"{best} They were")


def test_a_page_says_what_was_measured(page):
    html = page(measured_run())
    text = text_of(html)
    assert "Over 3 frames depth is off by 58 % on average (abs_rel 0.583)." in text
    assert "as predicted" in text
    assert "affine-aligned" in text
    assert "1-2 m 50 % 0.583 +0.25" in text
    assert "its largest jump is 1.5, to frame 2 (circled)" in text
    assert "Frame 1, at 0.50 s: abs_rel 1," in text
    assert "at most 20 ms, 95 % at most 29 ms, the slowest 30 ms" in text
    assert "topics: image /i" in text
    assert "every frame was processed and measured" in text
    assert html.count("data:image/jpeg") == 3 * (4 + 2)  # three frames: four images and two legends each
    assert html.count('id="plot-cloud-') == 3


def test_a_page_without_ground_truth_says_so_and_shows_predictions(page):
    html = page(unmeasured_run())
    text = text_of(html)
    assert "Nothing could be measured: there is no measured depth" in text
    assert "Predicted distance (median)" in text
    assert "How fast" in text
    assert "abs_rel" not in text
    assert html.count("data:image/jpeg") == 3 * (2 + 1)


def test_what_kept_frames_from_being_measured(page):
    run = measured_run()
    run.add(FrameResult(3, 0, TEXT, problem="no <ground> truth"))
    run.skipped_sentences, run.damage = {"too long": 2}, "desk.mcap: ends early"
    run.notes["not in the <new> bag"] += 4
    text = text_of(page(run))
    assert (
        "1 frame no &lt;ground&gt; truth 2 descriptions too long 4 \N{MULTIPLICATION SIGN} not in the &lt;new&gt; bag"
        in text
    )
    assert "The recording is damaged. desk.mcap: ends early" in text


def test_a_page_without_frames_or_numbers(page):
    assert "there were no frames" in text_of(page(Run({})))
    broken = Run({})
    broken.add(FrameResult(0, 0, TEXT, problem="unknown encoding"))
    assert "Most often because of: unknown encoding (1 of 1 frames)." in text_of(page(broken))


def test_a_page_of_the_last_frames_shows_worse_ones_before_them(page):
    run = Run(SOURCE, keep=2)
    for index, times in enumerate([3.0, 1.1, 1.2]):
        run.add(*measured(index, times))
    run.add(FrameResult(3, run.frames[-1].stamp + 1, TEXT, problem="no partner"))
    text = text_of(page(run))
    assert "4 frames, 3 processed, 3 measured" in text
    assert "Frame 0, 1.00 s before the first one listed: abs_rel 2" in text
    assert "Frame 2, at 0.00 s: abs_rel 0.2" in text


def test_text_of_a_recording_is_only_text(page):
    run = Run(SOURCE | {"bag": HOSTILE, "topics": {HOSTILE: HOSTILE}}, skipped_sentences={HOSTILE: 1}, damage=HOSTILE)
    for index, description in enumerate([TEXT, HOSTILE]):
        run.add(*measured(index, 1.5, description))
    run.add(FrameResult(2, 0, HOSTILE, problem=HOSTILE))
    html = page(run)
    assert "<script>hacked" not in html
    assert "<img src=x" not in html
    assert "<b>desk" not in html
    assert "{{ 7 * 7 }}" in html
    scripts = re.findall(r"<script.*?</script>", html, flags=re.DOTALL)
    assert len(scripts) > 5
    assert not any("desk" in script for script in scripts)  # plotly would read markup in it


def test_a_page_needs_nothing_from_elsewhere_and_is_repeatable(page, tmp_path):
    html = page(measured_run())
    assert set(re.findall(r"\b(?:src|href)\s*=\s*(.{6})", html)) == {'"data:'}
    assert "default-src 'none'" in html
    assert page(measured_run()) == html
    assert (tmp_path / "report.html").stat().st_size < 6_000_000


def test_sentence_changes():
    frames = [FrameResult(i, i, text) for i, text in enumerate("aabba")]
    sentences = [{"description": "a"}, {"description": "b"}]
    assert description_changes(frames, sentences) == {2: 2, 4: 1}


def test_time_figures_mark_sentences_and_the_jump():
    frames = measured_run().primary()
    plot = time_figure(frames, [0.25, None, 0.5], "abs_rel", {1: 2})
    assert list(plot.data[0].x) == [0.0, 0.5, 1.0]
    assert list(plot.data[0].y) == [0.25, None, 0.5]
    assert plot.layout.shapes[0].x0 == 0.5
    assert plot.layout.annotations[0].text == "description 2"
    jump = factor_figure(frames, [0.8, 0.5, 2.0], 2, {}).data[1]
    assert (list(jump.x), list(jump.y)) == ([1.0], [2.0])


def test_a_cloud_is_upright():
    depth = np.full((24, 32), 2.0)
    depth[0] = np.inf
    rgb = np.zeros((24, 32, 3), np.uint8)
    rgb[23, 31] = 1, 2, 3
    cloud = cloud_figure(View(rgb, depth, np.full((24, 32), 2.0), INTRINSICS))
    assert [trace.name for trace in cloud.data] == ["prediction (colours of the image)", "ground truth"]
    prediction = cloud.data[0]
    assert len(prediction.x) == 22 * 32  # without the invalid row and the edge at it
    last = prediction.x[-1], prediction.y[-1], prediction.z[-1]
    assert last == pytest.approx((2 * (31 - 16) / 20, 2.0, -2 * (23 - 12) / 20))  # right, forward, up
    assert prediction.marker.color[-1] == "rgb(1,2,3)"


def test_a_cloud_has_few_points_and_needs_intrinsics():
    depth = np.full((100, 200), 2.0)
    view = View(np.zeros((100, 200, 3), np.uint8), depth, depth, INTRINSICS)
    assert [len(trace.x) for trace in cloud_figure(view).data] == [CLOUD_POINTS, TRUTH_POINTS]
    assert cloud_figure(View(view.rgb, depth, depth)) is None
    assert cloud_figure(View(view.rgb, np.full((100, 200), np.nan), None, INTRINSICS)) is None


def test_shrinking_keeps_sparse_points():
    values = np.full((5, 6), np.nan)
    values[0, 0], values[1, 1], values[3, 5], values[4, 0] = 1.0, 3.0, 7.0, 9.0
    assert np.array_equal(shrink(values, 2), [[2, np.nan, np.nan], [np.nan, np.nan, 7]], equal_nan=True)
    assert np.array_equal(shrink(values, 1), values, equal_nan=True)


def test_legends_are_logarithmic_where_the_colours_are():
    assert depth_legend(1.0, 16.0).ticks == ["1 m", "2 m", "4 m", "8 m", "16 m"]
    assert depth_legend(1.0, 3.0).ticks == ["1 m", "1.5 m", "2 m", "2.5 m", "3 m"]


def test_large_frames_are_drawn_small():
    depth = np.full((300, 1600), 2.0)
    images = draw(View(np.zeros((300, 1600, 3), np.uint8), depth, np.where(depth > 3, depth, np.nan)))
    assert list(images.images) == ["camera", "prediction", "ground truth", "relative error"]
    assert sum(map(len, images.images.values())) < 40_000
    assert images.error.ticks == ["0 %", "25 %", "≥ 50 %"]


def test_settings_in_lines():
    source = {"bag": "b", "topics": {"image": "/i", "depth": None}, "options": {"min_depth": 0.5, "texts": ("x", "y")}}
    assert list(flatten(source)) == [
        ("bag", "b"),
        ("topics: image", "/i"),
        ("options: min depth", "0.5"),
        ("options: texts", "x, y"),
    ]


def test_numbers_in_words():
    assert [percent(share) for share in (0.284, 0.051, 1.2, 0.0)] == ["28 %", "5.1 %", "120 %", "0 %"]
    assert [number(value) for value in (0.12345, 12345.0, 1e-17, None, 7)] == ["0.123", "1.23e+04", "0", "-", "7"]
