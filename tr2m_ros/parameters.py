"""The node's parameters: each declared once, with type, range and description, and checked as a whole."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node
from rclpy.parameter import Parameter

from tr2m_core import InputError
from tr2m_core.model.presets import parse_input_size

PRECISIONS = ("auto", "fp32", "bf16", "fp16")
IMAGE_GEOMETRIES = ("auto", "raw", "rectified")
_DEVICE = re.compile(r"auto|cpu|cuda(:\d+)?")

# When a parameter may change.
ANY_TIME, UNCONFIGURED, AT_START = "at any time", "while unconfigured", "at start only"


def _setting(default: Any, description: str, low: Any = None, high: Any = None, change: str = ANY_TIME) -> Any:
    return field(default=default, metadata={"text": description, "low": low, "high": high, "change": change})


@dataclass(frozen=True)
class Settings:
    """A consistent set of parameter values. Defaults here are the defaults of the node and of config/depth.yaml."""

    model: str = _setting(
        "embedded",
        "embedded, paper, paper-base, paper-large, a model directory, a Hub id of one or an .onnx file",
        change=UNCONFIGURED,
    )
    checkpoint: str = _setting(
        "", "file that replaces the model's rescale head (safetensors, .pth)", change=UNCONFIGURED
    )
    device: str = _setting("auto", "auto, cpu, cuda or cuda:N; auto is CUDA where there is one", change=UNCONFIGURED)
    precision: str = _setting("auto", "auto, fp32, bf16 or fp16; auto is bf16 on CUDA", change=UNCONFIGURED)
    input_size: str = _setting(
        "", "HEIGHTxWIDTH that images are resized to, multiples of 14; empty: the model's own", change=UNCONFIGURED
    )
    compile: bool = _setting(False, "torch.compile the model: slower to configure, faster frames", change=UNCONFIGURED)
    autostart: bool = _setting(True, "configure and activate at start without a lifecycle manager", change=AT_START)
    default_description: str = _setting("", "sentence used until one arrives; empty: nothing is published until then")
    max_description_length: int = _setting(1000, "longer descriptions are refused (characters)", 1, 100_000)
    min_depth: float = _setting(0.01, "nearer pixels are published as -Inf (metres)", 0.0, 1000.0)
    max_depth: float = _setting(100.0, "farther pixels are published as +Inf (metres)", 0.001, 10_000.0)
    cloud_stride: int = _setting(1, "every n-th row and column becomes a point of the cloud", 1, 64)
    image_geometry: str = _setting("auto", "auto, raw or rectified; auto goes by 'rect' in the image topic")
    diagnostics_period: float = _setting(1.0, "time between diagnostics messages (seconds)", 0.1, 60.0, AT_START)


_FIELDS = {f.name: f for f in dataclasses.fields(Settings)}


def declare_parameters(node: Node) -> Settings:
    """Declares every parameter on the node. Raises InputError, naming the parameter, for a value it cannot have."""
    values: dict[str, Any] = {}
    for name, spec in _FIELDS.items():
        try:
            values[name] = node.declare_parameter(name, spec.default, _descriptor(name)).value
        except InvalidParameterTypeException:
            raise InputError(f"parameter '{name}' must be of type {type(spec.default).__name__}{_hint(name)}") from None
        except InvalidParameterValueException as error:
            raise InputError(f"parameter '{name}': {error}") from None
    settings = Settings(**values)
    validate(settings)
    return settings


def changed_settings(current: Settings, parameters: Sequence[Parameter[Any]], configured: bool) -> Settings:
    """The settings after a change of several parameters at once; names that are not ours are left alone.

    Raises InputError when one may not change now or the whole would not be consistent: then none changes.
    """
    values = {p.name: p.value for p in parameters if p.name in _FIELDS}
    for name, value in values.items():
        if type(value) is not type(_FIELDS[name].default):
            raise InputError(f"parameter '{name}' must be of type {type(_FIELDS[name].default).__name__}{_hint(name)}")
        if configured and _FIELDS[name].metadata["change"] == UNCONFIGURED and value != getattr(current, name):
            raise InputError(f"parameter '{name}' is in use: cleanup and configure again to change it")
    settings = dataclasses.replace(current, **values)
    validate(settings)
    return settings


def validate(settings: Settings) -> None:
    """Raises InputError, naming the parameter, for a value or a combination that makes no sense."""
    for name, spec in _FIELDS.items():
        low, high, value = spec.metadata["low"], spec.metadata["high"], getattr(settings, name)
        if low is not None and not low <= value <= high:  # also refuses NaN
            raise InputError(f"parameter '{name}' is {value}; it must be within {low} and {high}")
    if not settings.min_depth < settings.max_depth:
        raise InputError(f"min_depth {settings.min_depth} must be less than max_depth {settings.max_depth}")
    if not _DEVICE.fullmatch(settings.device):
        raise InputError(f"parameter 'device' is '{settings.device}'; use auto, cpu, cuda or cuda:N")
    if settings.input_size:
        parse_input_size(settings.input_size)
    _check_choice("precision", settings.precision, PRECISIONS)
    _check_choice("image_geometry", settings.image_geometry, IMAGE_GEOMETRIES)
    length, limit = len(settings.default_description), settings.max_description_length
    if length > limit:
        raise InputError(f"default_description of {length} characters: max_description_length is {limit}")


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise InputError(f"parameter '{name}' is '{value}'; use one of {', '.join(choices)}")


def _hint(name: str) -> str:
    return " (write 10.0, not 10)" if isinstance(_FIELDS[name].default, float) else ""


def _descriptor(name: str) -> ParameterDescriptor:
    spec = _FIELDS[name]
    descriptor = ParameterDescriptor(description=f"{spec.metadata['text']}. May change {spec.metadata['change']}.")
    descriptor.read_only = spec.metadata["change"] == AT_START
    low, high = spec.metadata["low"], spec.metadata["high"]
    if isinstance(spec.default, float):
        descriptor.floating_point_range = [FloatingPointRange(from_value=low, to_value=high, step=0.0)]
    elif low is not None:
        descriptor.integer_range = [IntegerRange(from_value=low, to_value=high, step=1)]
    return descriptor
