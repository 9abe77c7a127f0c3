"""Reports in a real browser, from a file, without a network."""

from __future__ import annotations

import io
import json
import os
import shutil
import time

import numpy as np
import pytest
from PIL import Image
from tiny_runs import HOSTILE, SOURCE, TEXT, measured, unmeasured_run

from tr2m_core.eval.frame_result import FrameResult
from tr2m_core.eval.run import Run
from tr2m_core.report.html import write_html

FLAGS = (
    "--headless=new",
    "--no-sandbox",  # which root needs
    "--disable-dev-shm-usage",
    "--use-angle=swiftshader",  # WebGL without a graphics card
    "--enable-unsafe-swiftshader",
)
WIDTHS = {"desktop": 1280, "phone": 390}
PATIENCE = 60  # seconds
STICKING_OUT = """
return [...document.querySelectorAll("body *")].filter(element => {
  const box = element.getBoundingClientRect();
  return box.width && (box.right > innerWidth + 1 || box.left < -1) && !element.closest(".scroll, svg, canvas");
}).map(element => element.outerHTML.slice(0, 100));
"""
DRAWN = """
return [...document.querySelectorAll(".plotly-graph-div")].map(plot => {
  const drawn = [...plot.querySelectorAll("svg.main-svg, canvas")].map(part => part.getBoundingClientRect());
  const marks = plot.querySelectorAll(".point, .js-line, canvas");
  return [plot.id, marks.length, Math.max(0, ...drawn.map(box => Math.min(box.width, box.height)))];
});
"""


@pytest.fixture(scope="module")
def browser():
    """Chromium, driven by its own driver."""
    programs = [shutil.which(name) for name in ("chromium", "chromedriver")]
    if None in programs:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("chromium and chromedriver are not installed")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = programs[0]
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(programs[1]))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """One measured report with two sentences, one hostile, and every section; one without ground truth."""
    folder = tmp_path_factory.mktemp("reports")
    topic = "/camera/" + 30 * "a_very_long_name"
    run = Run(SOURCE | {"topics": {"image": topic, "text": HOSTILE}}, damage=HOSTILE, skipped_sentences={HOSTILE: 2})
    for index, (times, text) in enumerate(zip([1.2, 1.5, 2.0, 0.7], [TEXT, TEXT, HOSTILE, HOSTILE], strict=True)):
        run.add(*measured(index, times, text))
    run.add(FrameResult(4, 0, 40 * "nobreak", problem=HOSTILE))
    write_html(folder / "measured.html", run, run.report())
    unmeasured = unmeasured_run(HOSTILE)
    write_html(folder / "unmeasured.html", unmeasured, unmeasured.report())
    return folder


@pytest.fixture(params=WIDTHS)
def width(request, browser):
    """Makes the window a desktop's or a phone's."""
    pixels = WIDTHS[request.param]
    size = {"width": pixels, "height": 844, "deviceScaleFactor": 1, "mobile": request.param == "phone"}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    return pixels


@pytest.fixture(params=["measured", "unmeasured"])
def opened(request, browser, reports, width):
    """The browser with a report whose plots are drawn; the logs begin with it."""
    browser.get("about:blank")
    browser.get_log("browser"), browser.get_log("performance")
    browser.get((reports / f"{request.param}.html").as_uri())
    wait_for(lambda: all(marks for _, marks, _ in browser.execute_script(DRAWN)))
    return browser


def wait_for(condition):
    """Polls until it holds."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "the page never came to it"
        time.sleep(0.1)


def pixels_of(browser, selector):
    """What the first such element looks like, (H, W, 3)."""
    element = browser.find_element("css selector", selector)
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
    return np.asarray(Image.open(io.BytesIO(element.screenshot_as_png)).convert("RGB")).astype(int)


def test_a_report_is_quiet_whole_and_fits(opened, width):
    plots = opened.execute_script(DRAWN)
    names = {name for name, _, _ in plots}
    assert {"plot-latency", "plot-cloud-0"} < names
    assert all(size > 100 for _, _, size in plots), plots
    assert opened.execute_script("return document.documentElement.scrollWidth") <= width
    assert opened.execute_script(STICKING_OUT) == []
    assert HOSTILE in opened.find_element("css selector", "#sentences table").text
    assert opened.execute_script("return [typeof hacked, document.images.length > 5]") == ["undefined", True]
    assert opened.execute_script("return [...document.images].every(image => image.naturalWidth > 0)")
    assert [entry["message"] for entry in opened.get_log("browser")] == []
    events = [json.loads(entry["message"])["message"] for entry in opened.get_log("performance")]
    urls = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
    assert [url for url in urls if not url.startswith(("file:", "data:", "blob:"))] == []
    assert len([url for url in urls if url.startswith("file:")]) == 1


@pytest.mark.parametrize(("opened", "width"), [("measured", "phone")], indirect=True)
def test_a_cloud_is_really_drawn_and_turns(opened, width):
    def blue_points():
        """Of the image's own colour, (40, 90, 160)."""
        return np.abs(pixels_of(opened, "#plot-cloud-0") - (40, 90, 160)).max(axis=2) < 30

    wait_for(lambda: blue_points().sum() > 50)
    before = blue_points()
    turn = "Plotly.relayout('plot-cloud-0', {'scene.camera.eye': {x: 1.8, y: 0.2, z: 0.5}})"
    opened.execute_script(turn)
    wait_for(lambda: (blue_points() != before).sum() > 50)
