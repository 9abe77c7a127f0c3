"""The processes of replay.launch.py by hand, and the live numbers against the same frames measured offline."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tr2m_core.bags.bag import Bag
from tr2m_core.bags.topics import find_topics
from tr2m_core.messages.depth_images import decode_depth
from tr2m_core.messages.images import CheckedImage
from tr2m_core.metrics.depth import METRIC_NAMES, mean_metrics
from tr2m_core.metrics.measurement import ALIGNMENTS, measure_depth
from tr2m_ros import demo

LIMITS = (0.001, 80.0)


@pytest.fixture(params=["rendered", "kit"])
def bag(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Six rendered frames, or the 20 real ones of the kit."""
    if request.param == "kit":
        return request.getfixturevalue("kit") / "bags" / "d435_desk_mcap"
    room = demo.render_rooms(6, size=(48, 64))[0]
    room.bag = tmp_path / "room"
    demo.write_bag(room, fps=10.0)
    return room.bag


def play(start: Callable[..., Any], bag: Path, output: Path) -> tuple[Any, Any, Any]:
    """Depth node, evaluation node and player with simulated time, as the launch file starts them; until all end."""
    with Bag(bag) as opened:
        image, depth, info, _, description = find_topics(opened)
    common = ["--ros-args", "-p", "use_sim_time:=true", "-r", f"image:={image}"]
    for topic in (image, depth):
        prefix = f"qos_overrides.{topic}.subscription"
        common += ["-p", f"{prefix}.reliability:=reliable", "-p", f"{prefix}.depth:=50"]
    names = ["-r", f"camera_info:={info}", "-r", f"scene_description:={description}", "-p", "device:=cpu"]
    node = start("tr2m_ros.depth_node", *common, *names)
    parameters = ["-p", f"output:={output}", "-p", "end_with_image:=true", "-p", "model:=embedded"]
    evaluation = start("tr2m_ros.eval_node", *common, "-r", f"reference_depth:={depth}", *parameters)
    topics = [image, depth, info]
    arguments = ["--topics", *topics, description, "--wait-for-subscribers", *topics, "--start-delay", "2"]
    player = start("tr2m_ros.bag_player", str(bag), "--clock", "--rate", "0.2", *arguments)
    return node, evaluation, player


def offline(bag: Path, embedded: Any, stamps: set[int]) -> dict[int, dict[str, float]]:
    """The nine metrics under each alignment of the frames with these stamps."""
    found: dict[int, dict[str, Any]] = {stamp: {} for stamp in stamps}
    with Bag(bag) as opened:
        topics = find_topics(opened)
        description = opened.first(topics.description).data
        for topic, _, data in opened.messages([topics.image, topics.depth]):
            message = opened.decode(data, opened.topics[topic].type)
            stamp = message.header.stamp.sec * 10**9 + message.header.stamp.nanosec
            if stamp in found:
                is_image = topic == topics.image
                found[stamp][topic] = CheckedImage.parse(message).rgb() if is_image else decode_depth(message)
    results = {}
    for stamp, frame in found.items():
        prediction = embedded.predict(frame[topics.image], description, maps=False).metric_depth
        measured = measure_depth(frame[topics.depth], prediction, LIMITS)
        assert measured is not None
        row = {"scale_factor": measured.scale_factor, "median_m": float(np.median(prediction))}
        for alignment in ALIGNMENTS:
            prefix = "" if alignment == "metric" else f"{alignment}_"
            row |= {f"{prefix}{name}": value for name, value in measured.metrics[alignment].items()}
        results[stamp] = row
    return results


def test_live_numbers_are_the_offline_ones(start: Callable[..., Any], embedded: Any, bag: Path, tmp_path: Path) -> None:
    output = tmp_path / "report"
    node, evaluation, player = play(start, bag, output)
    assert player.wait() == 0, player.output()
    assert evaluation.wait() == 0, evaluation.output()
    assert node.stop() == 0, node.output()
    with (output / "frames.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["processed"] == "True"]
    report = json.loads((output / "report.json").read_text())
    assert len(rows) == report["frames"]["measured"] == report["frames"]["paired_by_equal_stamps"] > 0
    expected = offline(bag, embedded, {int(row["stamp"]) for row in rows})
    for row in rows:
        for name, value in expected[int(row["stamp"])].items():
            assert float(row[name]) == pytest.approx(value, abs=1e-4), name
    means = mean_metrics([{name: values[name] for name in METRIC_NAMES} for values in expected.values()])
    assert report["metrics"] == pytest.approx(means, abs=1e-4)
    assert f"{len(rows)} of {report['frames']['total']} frames processed" in evaluation.output()
    assert all(
        0 < float(row["seconds"]) < 60 for row in csv.DictReader((output / "timing.csv").open()) if row["seconds"]
    )
