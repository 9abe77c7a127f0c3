"""The demonstration: its rooms and bags, what it measures, and one short run of the whole."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from rosbags.highlevel import AnyReader

from tr2m_core.data.procedural.descriptions import places
from tr2m_ros import demo


@pytest.fixture(scope="module")
def rooms() -> list[demo.Room]:
    return demo.render_rooms(2, size=(24, 32))


def test_the_rooms_look_alike_and_differ_in_size(rooms: list[demo.Room]) -> None:
    large, small = rooms
    assert (large.images == small.images).all()
    valid = large.depth > 0
    bedroom, dolls_house = (places()[room.name].distance_m for room in rooms)
    assert bedroom > 5 * dolls_house
    assert np.allclose(large.depth[valid] / small.depth[valid], bedroom / dolls_house)
    assert np.median(large.depth[valid]) == pytest.approx(bedroom, rel=0.1)


def test_the_bag_holds_what_was_rendered(rooms: list[demo.Room], tmp_path: Path) -> None:
    room = rooms[1]
    room.bag = tmp_path / "bag"
    for _ in range(2):  # the second time replaces the first
        demo.write_bag(room, fps=10.0)
    with AnyReader([room.bag]) as bag:
        messages = [(c.topic, bag.deserialize(raw, c.msgtype)) for c, _, raw in bag.messages()]
    frame = [demo.IMAGE, demo.DEPTH, demo.INFO, demo.SCAN]
    assert [topic for topic, _ in messages] == [demo.TEXT, demo.STATIC, *frame, *frame]
    by_topic = {topic: [m for t, m in messages if t == topic] for topic in dict.fromkeys(t for t, _ in messages)}
    assert messages[0][1].data == room.description
    assert by_topic[demo.IMAGE][0].data.tobytes() == room.images[0].tobytes()
    assert by_topic[demo.DEPTH][1].data.tobytes() == room.depth[1].tobytes()
    assert len({str(by_topic[topic][1].header.stamp) for topic in frame}) == 1
    assert by_topic[demo.INFO][0].k[0] == pytest.approx(room.intrinsics[0])
    scan = by_topic[demo.SCAN][0]
    middle = room.depth[0][round(room.intrinsics[3])]
    assert np.median(scan.ranges) == pytest.approx(np.median(middle), rel=0.2)
    assert 0.9 * demo.BEAMS <= np.count_nonzero(scan.ranges > 0.9 * middle.min()) <= demo.BEAMS


def test_a_run_counts_drops_and_measures_the_frames_that_came_out(rooms: list[demo.Room]) -> None:
    room = rooms[0]
    run = demo.Run(room, room.description, frames={10: 0, 20: 1, 30: 0}, depths={20: 1.1 * room.depth[1]})
    run.latencies = [0.05]
    row = run.row()
    assert (row["description"], row["frames in"], row["out"], row["dropped"]) == ("right", 3, 1, 2)
    assert row["abs_rel"] == pytest.approx(0.1, abs=1e-5)
    assert row["p95 ms"] == pytest.approx(50.0)
    assert demo.Run(room, rooms[1].description).row()["abs_rel"] is None


def test_a_short_demonstration(start, tmp_path: Path) -> None:
    process = start("tr2m_ros.demo", "-o", str(tmp_path), "--frames", "2", "--loops", "6", "--fps", "10")
    assert process.popen.wait(300) == 0, process.output()
    report = json.loads((tmp_path / "report.json").read_text())
    corrected = "wrong, corrected by a lidar"
    described = "none: described"
    assert [run["description"] for run in report["runs"]] == ["wrong", "right", corrected] * 2 + [described] * 2
    assert all(run["out"] > 0 for run in report["runs"])
    errors = {(run["room"], run["description"]): run["abs_rel"] for run in report["runs"]}
    for room in demo.ROOMS:
        assert errors[room, corrected] < 0.5 * errors[room, "wrong"]
    assert (tmp_path / "demo.png").stat().st_size > 10_000
    assert "abs_rel" in process.output()
