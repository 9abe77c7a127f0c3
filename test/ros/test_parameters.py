"""Defaults, the documented parameter file, and changes that must be rejected."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import pytest
import yaml
from rclpy.parameter import Parameter

from tr2m_core import InputError
from tr2m_core.devices import PRECISIONS as CORE_PRECISIONS
from tr2m_core.inference.engines import ENGINES as CORE_ENGINES
from tr2m_ros.depth_node import DepthNode
from tr2m_ros.describe_parameters import DescribeSettings
from tr2m_ros.parameters import ENGINES, PRECISIONS, Settings, changed_settings, validate

FILE = Path(__file__).resolve().parents[2] / "config" / "depth.yaml"


def changed(configured: bool = True, **values: object) -> Settings:
    return changed_settings(Settings(), [Parameter(name, value=value) for name, value in values.items()], configured)


@pytest.mark.parametrize(("file", "kind"), [(FILE, Settings), (FILE.with_name("describe.yaml"), DescribeSettings)])
def test_the_file_holds_the_defaults_of_the_code(file: Path, kind: type) -> None:
    content = yaml.safe_load(file.read_text())
    defaults = json.loads(json.dumps(dataclasses.asdict(kind())))  # tuples are lists in YAML
    assert content == {"/**": {"ros__parameters": defaults}}


def test_the_file_comments_on_every_parameter() -> None:
    lines = [line.strip() for line in FILE.read_text().splitlines()]
    for name in dataclasses.asdict(Settings()):
        position = next(i for i, line in enumerate(lines) if line.startswith(f"{name}:"))
        assert lines[position - 1].startswith("#"), name


def test_defaults_are_valid() -> None:
    validate(Settings())


def test_precisions_are_those_of_the_predictor() -> None:
    assert set(PRECISIONS) == {"auto", *CORE_PRECISIONS}


def test_engines_are_those_of_the_predictor() -> None:
    assert ENGINES == CORE_ENGINES


def test_changes_are_applied_together() -> None:
    settings = changed(min_depth=200.0, max_depth=300.0, cloud_stride=4, default_description="A desk.")
    assert (settings.min_depth, settings.max_depth, settings.cloud_stride) == (200.0, 300.0, 4)
    assert settings.default_description == "A desk."


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"min_depth": 200.0}, ("min_depth", "max_depth")),
        ({"max_depth": math.nan}, ("max_depth", "nan")),
        ({"max_depth": 5}, ("max_depth", "float")),
        ({"cloud_stride": 0}, ("cloud_stride", "1 and 64")),
        ({"precision": "fp8"}, ("precision", "fp8", "bf16")),
        ({"engine": "tflite"}, ("engine", "tflite", "openvino")),
        ({"input_size": "0x100"}, ("0, 100", "must be positive")),
        ({"device": "tpu"}, ("device", "tpu", "cuda")),
        ({"image_geometry": "round"}, ("image_geometry", "rectified")),
        ({"image_transport": "theora"}, ("image_transport", "theora", "compressed")),
        ({"default_description": "x" * 1001}, ("default_description", "1001", "1000")),
        ({"cloud_min_range": 5.0, "cloud_max_range": 5.0}, ("cloud_min_range", "cloud_max_range")),
        ({"output_scale": 0.0}, ("output_scale", "0.01 and 1")),
        ({"output_scale": 1.5}, ("output_scale",)),
        ({"steadiness": -1.0}, ("steadiness",)),
        ({"max_batch": 0}, ("max_batch", "1 and 16")),
        ({"cameras": ["front", "front"]}, ("cameras", "different")),
        ({"cameras": ["front", ""]}, ("cameras", "''")),
        ({"cameras": ["front/left"]}, ("cameras", "front/left")),
        ({"cameras": [f"c{i}" for i in range(17)]}, ("cameras", "17", "16")),
        ({"cameras": "front"}, ("cameras", "list")),
    ],
)
def test_senseless_values_are_rejected_by_name(values: dict[str, object], words: tuple[str, ...]) -> None:
    with pytest.raises(InputError) as caught:
        changed(configured=False, **values)
    assert all(word in str(caught.value) for word in words), caught.value


@pytest.mark.parametrize(
    "values",
    [
        {"model": "other"},
        {"checkpoint": "a"},
        {"device": "cpu"},
        {"precision": "bf16"},
        {"antialias": False},
        {"compile": True},
        {"image_transport": "compressed"},
    ],
)
def test_the_model_is_not_changed_while_in_use(values: dict[str, str]) -> None:
    with pytest.raises(InputError, match="cleanup and configure again"):
        changed(configured=True, **values)
    assert changed(configured=False, **values) != Settings()


def test_foreign_parameters_are_left_alone() -> None:
    assert changed(use_sim_time=True) == Settings()


def test_checking_a_change_does_not_make_it(graph: Any) -> None:
    """Another callback may still reject it. On Humble, which has no other place for it, it does."""
    node = DepthNode(namespace="/checked")
    change = [Parameter("cloud_stride", value=4)]
    assert node._check_parameters(change).successful
    assert node.settings.cloud_stride == (1 if hasattr(node, "add_post_set_parameters_callback") else 4)
    assert all(result.successful for result in node.set_parameters(change))
    assert node.settings.cloud_stride == 4
    assert not node.set_parameters([Parameter("cloud_stride", value=0)])[0].successful
    assert node.settings.cloud_stride == 4
    node.close()
