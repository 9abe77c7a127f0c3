"""docs/node.md and the Foxglove layout say what the code does."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from diagnostic_msgs.msg import DiagnosticArray

from tr2m_ros.parameters import Settings

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "node.md").read_text()
NS = "/documented"


def table(name: str) -> list[list[str]]:
    """The cells of a table's rows, between <!-- name --> and <!-- /name -->, without the heading and back quotes."""
    block = TEXT.split(f"<!-- {name} -->")[1].split(f"<!-- /{name} -->")[0]
    return [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in block.strip().splitlines()[2:]]


TOPICS = {topic: kind for _, topic, kind, _ in table("topics")}


def test_every_parameter_has_a_row_with_its_default_range_and_time_of_change() -> None:
    rows = {name: (yaml.safe_load(default), limits, when) for name, default, limits, when, _ in table("parameters")}
    defaults = json.loads(json.dumps(dataclasses.asdict(Settings())))  # tuples are lists in YAML

    def limits(low: float | None, high: float | None) -> str:
        return "" if low is None else f"{low:g} to {high:g}"

    assert rows == {
        spec.name: (defaults[spec.name], limits(spec.metadata["low"], spec.metadata["high"]), spec.metadata["change"])
        for spec in dataclasses.fields(Settings)
    }


@pytest.fixture(scope="module")
def node(start_node: Callable[..., Any]) -> Iterator[Any]:
    process = start_node(NS)
    yield process
    process.stop()


def test_the_topics_are_those_of_a_running_node(graph: Any, node: Any) -> None:
    documented = {f"{NS}/{topic}": [kind] for topic, kind in TOPICS.items() if topic != "/diagnostics"}

    def ours() -> dict[str, list[str]]:
        found = dict(graph.node.get_topic_names_and_types())
        return {
            topic: kinds for topic, kinds in found.items() if topic.startswith(f"{NS}/") and "tr2m_depth" not in topic
        }

    graph.wait(lambda: len(ours()) >= len(documented), "the topics of the node", node)
    assert ours() == documented


def test_the_diagnostics_are_those_of_a_running_node(graph: Any, node: Any) -> None:
    documented = [key for key, _ in table("diagnostics")]
    fixed = {key for key in documented if not key.endswith("...")}
    prefixes = tuple(key.removesuffix("...") for key in documented if key.endswith("..."))
    with graph.listen(DiagnosticArray, "/diagnostics", process=node) as received:

        def keys() -> set[str]:
            statuses = [s for msg in received for s in msg.status if s.name.startswith(NS[1:])]
            return {pair.key for status in statuses for pair in status.values}

        graph.wait(keys, "diagnostics", node)
        assert {key for key in keys() if not key.startswith(prefixes)} == fixed


def leaves(layout: Any) -> list[str]:
    return [layout] if isinstance(layout, str) else leaves(layout["first"]) + leaves(layout["second"])


def test_the_foxglove_layout_shows_the_topics_of_the_default_launch() -> None:
    layout = json.loads((ROOT / "config" / "foxglove" / "depth.json").read_text())
    panels = layout["configById"]
    assert sorted(leaves(layout["layout"])) == sorted(panels)
    shown = {panel["imageMode"]["imageTopic"] for name, panel in panels.items() if name.startswith("Image!")}
    assert shown == {"/camera/image_raw", "/metric_depth"}
    assert [topic for topic, s in panels["3D!points"]["topics"].items() if s["visible"]] == ["/metric_depth/points"]
    known = {"/camera/image_raw", "/camera/camera_info", "/diagnostics"} | {f"/{topic}" for topic in TOPICS}
    named = set(re.findall(r'"(/[a-z_/]+)(?:\.data)?"', json.dumps(layout)))
    assert {"/diagnostics", "/scene_description", "/metric_depth/active_description"} <= named <= known
    description = panels["Publish!sentence"]
    assert (description["topicName"], description["datatype"]) == ("/scene_description", TOPICS["scene_description"])
    assert json.loads(description["value"])["data"]
