"""`tr2m replay --scale-from` and `tr2m evaluate --scale-from`: what a reference of scale would bring."""

from __future__ import annotations

import csv
import json
import math

import numpy as np
import pytest
from PIL import Image
from stand_ins import FlatModel

from tr2m_core.cli.main import main
from tr2m_core.errors import InputError
from tr2m_core.scale.scale_from import ScaleFrom, parse_scale_from

HEIGHT, WIDTH, FOCAL = 48, 64, 60.0
START, PERIOD = 1_600_000_000_000_000_000, 100_000_000
TRUTH = 2.0  # metres of a wall straight ahead, predicted as 1 m


@pytest.fixture
def run(tmp_path, monkeypatch, constant_predictor, capsys):
    """Runs a verb with a stand-in model; returns exit code, stdout, stderr and report.json."""
    for verb in ("replay", "evaluate"):
        monkeypatch.setattr(f"tr2m_core.cli.{verb}.load_predictor", lambda args: constant_predictor)

    def call(*arguments):
        code = main([*map(str, arguments), "-o", str(tmp_path / "out"), "--panels", "1"])
        path = tmp_path / "out" / "report.json"
        return code, *capsys.readouterr(), json.loads(path.read_text()) if path.is_file() else None

    return call


@pytest.fixture
def recording(messages):
    """Entries of a camera before a wall, with a scan, a beam and a cloud of it, and where the sensors are."""

    def entries(count=4, scan=TRUTH, frame="laser"):
        types = messages
        angles = -0.4 + 0.01 * np.arange(80)
        rotation = types.make("geometry_msgs", "Quaternion", x=0.5, y=-0.5, z=0.5, w=0.5)
        transform = types.make(
            "geometry_msgs",
            "Transform",
            translation=types.make("geometry_msgs", "Vector3", x=0.0, y=0.0, z=0.0),
            rotation=rotation,
        )
        stamped = types.make(
            "geometry_msgs",
            "TransformStamped",
            header=types.header(START, "camera"),
            child_frame_id="laser",
            transform=transform,
        )
        out = [
            ("/scene_description", START - PERIOD, types.text("A desk.")),
            ("/tf_static", START - PERIOD, types.make("tf2_msgs", "TFMessage", transforms=[stamped])),
        ]
        for i in range(count):
            stamp = START + i * PERIOD
            colour = np.full((HEIGHT, WIDTH, 3), 100, np.uint8)
            depth = np.full((HEIGHT, WIDTH), 1000 * TRUTH, "<u2")
            out += [
                ("/camera/image_raw", stamp, types.image(stamp, "rgb8", colour)),
                ("/camera/depth/image_raw", stamp, types.image(stamp, "16UC1", depth)),
                ("/camera/camera_info", stamp, types.info(stamp, FOCAL, FOCAL, 31.5, 23.5, (HEIGHT, WIDTH))),
                (
                    "/scan",
                    stamp,
                    types.make(
                        "sensor_msgs",
                        "LaserScan",
                        header=types.header(stamp, frame),
                        angle_min=-0.4,
                        angle_max=0.39,
                        angle_increment=0.01,
                        time_increment=0.0,
                        scan_time=0.0,
                        range_min=0.1,
                        range_max=30.0,
                        ranges=(scan / np.cos(angles)).astype(np.float32),
                        intensities=np.empty(0, np.float32),
                    ),
                ),
                (
                    "/range",
                    stamp,
                    types.make(
                        "sensor_msgs",
                        "Range",
                        header=types.header(stamp, frame),
                        radiation_type=1,
                        field_of_view=0.1,
                        min_range=0.1,
                        max_range=10.0,
                        range=scan,
                    ),
                ),
            ]
        return out

    return entries


@pytest.mark.parametrize(
    ("source", "named"),
    [("scan", "scan"), ("scan=/scan", "/scan"), ("range", "range"), ("depth:50", "50 measured pixels")],
)
def test_a_replay_says_whether_the_sensor_would_have_helped(run, recording, write_bag, source, named):
    code, out, err, report = run("replay", write_bag(recording()), "--scale-from", source)
    assert (code, err) == (0, "")
    trial = report["scale_reference"]
    assert (trial["source"], trial["frames"], trial["with_factor"], trial["measured"]) == (named, 4, 4, 4)
    assert trial["factor"]["median"] == pytest.approx(2.0, rel=0.01)
    errors = {name: metrics["abs_rel"] for name, metrics in trial["metrics"].items()}
    assert errors == pytest.approx({"as predicted": 0.5, "corrected": 0.0, "scale-aligned": 0.0}, abs=0.01)
    assert f"By {named}, depth is to be multiplied by 2" in out and "It would have helped: abs_rel 0.5 before" in out
    assert report["metrics"]["abs_rel"] == pytest.approx(0.5)  # sums are of what was predicted


def test_the_page_and_the_lines_have_the_factor(run, recording, write_bag, tmp_path):
    run("replay", write_bag(recording()), "--scale-from", "scan", "--text", "A desk.", "--text", "A hall.")
    page = (tmp_path / "out" / "report.html").read_text()
    assert "Scale against scan" in page and "would have helped" in page and "fits it best" in page
    header, line = (tmp_path / "out" / "frames.csv").read_text().splitlines()[:2]
    assert float(line.split(",")[header.split(",").index("reference_factor")]) == pytest.approx(2.0, rel=0.01)


def test_a_sensor_that_misleads_is_said(run, recording, write_bag):
    code, out, _, report = run("replay", write_bag(recording(scan=0.3)), "--scale-from", "scan")
    assert code == 0 and "It would not have helped" in out
    assert report["scale_reference"]["metrics"]["corrected"]["abs_rel"] > 0.8


def test_a_frame_that_nothing_connects_is_said(run, recording, write_bag):
    code, out, _, report = run("replay", write_bag(recording(frame="nowhere")), "--scale-from", "scan")
    assert code == 0 and report["scale_reference"]["factor"] is None
    assert "no factor was found: scan: no transform between frames 'camera' and 'nowhere'" in out


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("points", "no topic of type sensor_msgs/msg/PointCloud2"),
        ("scan=/nothing", "no topic /nothing of type sensor_msgs/msg/LaserScan"),
        ("sonar", "not understood; give scan, points or range"),
        ("depth:0", "not understood"),
        ("height=-1", "not understood"),
        ("height=1,pitch=100", "not understood"),
        ("scan=", "not understood"),
    ],
)
def test_what_is_not_there_is_said(run, recording, write_bag, source, words):
    code, _, err, _ = run("replay", write_bag(recording()), "--scale-from", source)
    assert code == 2 and words in err and err.count("\n") == 1


def test_what_is_understood():
    assert parse_scale_from("scan") == ScaleFrom("scan")
    assert parse_scale_from("points=/lidar") == ScaleFrom("points", "/lidar")
    assert parse_scale_from("depth:50") == ScaleFrom("depth", count=50)
    assert parse_scale_from("height=1.2") == ScaleFrom("height", height=1.2)
    assert parse_scale_from("height=1.2,pitch=90") == ScaleFrom("height", height=1.2, pitch=math.pi / 2)
    with pytest.raises(InputError):
        parse_scale_from("")


def test_photographs_are_corrected_by_some_of_their_pixels(run, tmp_path, monkeypatch):
    monkeypatch.setattr("tr2m_core.cli.evaluate.load_predictor", lambda args: FlatModel(1.0))
    root = tmp_path / "data"
    root.mkdir()
    Image.fromarray(np.zeros((30, 40, 3), np.uint8)).save(root / "a.png")
    Image.fromarray(np.full((30, 40), 2000, np.uint16)).save(root / "d.png")
    frame = {"rgb": "a.png", "depth": "d.png", "depth_scale": 0.001, "description": "A desk."}
    (root / "index.json").write_text(json.dumps({"source": "data", "frames": [frame]}))
    code, out, _, report = run("evaluate", "frames", "--root", root, "--scale-from", "depth:20", "--json")
    assert code == 0, out
    (data,) = report["datasets"]
    errors = {row["method"]: row["abs_rel"] for row in data["rows"] if row["alignment"] == "metric"}
    assert errors["embedded"] == pytest.approx(0.5)
    assert errors["embedded, corrected by 20 measured pixels"] == pytest.approx(0, abs=1e-3)
    with (tmp_path / "out" / "frames.csv").open() as file:
        counts = {row["method"]: row["valid_pixels"] for row in csv.DictReader(file)}
    assert counts["embedded"] == counts["embedded, corrected by 20 measured pixels"] == str(30 * 40 - 20)
    assert run("evaluate", "frames", "--root", root, "--scale-from", "scan")[0] == 2
    assert run("evaluate", "procedural", "--scale-from", "depth:20")[0] == 2
