"""Parameters of nodes: each declared once, with type, range and description, and checked as a whole."""

from __future__ import annotations

import array
import dataclasses
import math
import re
from collections.abc import Sequence
from dataclasses import Field, dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node
from rclpy.parameter import Parameter

from tr2m_core import InputError
from tr2m_core.camera.model import is_rectified
from tr2m_core.camera.rigid import rigid_matrix
from tr2m_core.data.input_size import parse_input_size
from tr2m_core.messages.packing import CloudOptions
from tr2m_core.pipeline.frame_pipeline import PipelineOptions, ScaleOptions
from tr2m_ros import dds

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    S = TypeVar("S", bound=DataclassInstance)

PRECISIONS = ("auto", "fp32", "bf16", "fp16")
ENGINES = ("auto", "torch", "onnxruntime", "openvino", "tensorrt")
IMAGE_GEOMETRIES = ("auto", "raw", "rectified")
IMAGE_TRANSPORTS = ("raw", "compressed")
OFF, CHECK, CORRECT = SCALE_REFERENCES = ("off", "check", "correct")
MAX_CAMERAS = 16
UNKNOWN = 180.0  # a pitch that is none
_DEVICE = re.compile(r"auto|cpu|cuda(:\d+)?")
_CAMERA = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")

DDS_PROFILE = "auto: shared memory for whole images in Fast DDS, unless a profile is set; none: the middleware as it is"

# When a parameter may change.
ANY_TIME, UNCONFIGURED, AT_START = "at any time", "while unconfigured", "at start only"


def setting(default: Any, description: str, low: Any = None, high: Any = None, change: str = ANY_TIME) -> Any:
    """A field of a settings class: one parameter. low, high: what its value must lie within."""
    return field(default=default, metadata={"text": description, "low": low, "high": high, "change": change})


@dataclass(frozen=True)
class Settings:
    """A consistent set of the depth node's parameter values, with the defaults of the node and of config/depth.yaml."""

    model: str = setting(
        "embedded",
        "embedded, paper, paper-base, paper-large, a model directory, a Hub id of one or an .onnx file",
        change=UNCONFIGURED,
    )
    checkpoint: str = setting(
        "", "file that replaces the model's rescale head (safetensors, .pth)", change=UNCONFIGURED
    )
    device: str = setting("auto", "auto, cpu, cuda or cuda:N; auto is CUDA where there is one", change=UNCONFIGURED)
    precision: str = setting("auto", "auto, fp32, bf16 or fp16; auto is bf16 where it is faster", change=UNCONFIGURED)
    engine: str = setting(
        "auto",
        "torch, onnxruntime, openvino or tensorrt; auto is the fastest one installed and measured",
        change=UNCONFIGURED,
    )
    input_size: str = setting(
        "",
        "HEIGHTxWIDTH that images are resized to, multiples of the model's patch; empty: the model's own",
        change=UNCONFIGURED,
    )
    antialias: bool = setting(
        True,
        "filter images that are larger than the model's input; false: align corners without a filter",
        change=UNCONFIGURED,
    )
    compile: bool = setting(False, "torch.compile the model: slower to configure, faster frames", change=UNCONFIGURED)
    autostart: bool = setting(True, "configure and activate at start without a lifecycle manager", change=AT_START)
    cameras: tuple[str, ...] = setting(("",), "names of several cameras, each a prefix of its topics", change=AT_START)
    batch_window: float = setting(0.005, "wait for other cameras' frames to run as one batch (seconds)", 0.0, 1.0)
    max_batch: int = setting(8, "most frames that run as one batch", 1, MAX_CAMERAS)
    default_description: str = setting("", "description used until one arrives; empty: nothing is published until then")
    description_timeout: float = setting(
        0.0, "warn when the last description received is older (seconds); 0: never", 0.0, 1e6
    )
    description_blend: float = setting(
        0.0, "time that going over from one description to the next takes (seconds); 0: at once", 0.0, 60.0
    )
    max_description_length: int = setting(1000, "longer descriptions are rejected (characters)", 1, 100_000)
    image_transport: str = setting(
        "raw", "raw, or compressed: CompressedImage on image/compressed", change=UNCONFIGURED
    )
    image_geometry: str = setting("auto", "auto, raw or rectified; auto goes by 'rect' at the image topic's end")
    max_rate: float = setting(0.0, "most frames per second and camera that are computed; 0: no limit", 0.0, 1000.0)
    max_latency: float = setting(0.0, "frames with an older stamp are dropped (seconds); 0: none", 0.0, 1000.0)
    min_depth: float = setting(0.01, "nearer pixels are published as -Inf (metres)", 0.0, 1000.0)
    max_depth: float = setting(100.0, "farther pixels are published as +Inf (metres)", 0.001, 10_000.0)
    output_scale: float = setting(1.0, "depth and cloud have this fraction of the image's height and width", 0.01, 1.0)
    steadiness: float = setting(
        0.0, "seconds over which the size of the scene is kept steady; 0: every frame on its own", 0.0, 60.0
    )
    cloud_stride: int = setting(1, "every n-th row and column becomes a point of the cloud", 1, 64)
    cloud_min_range: float = setting(0.0, "no points nearer than this along Z (metres)", 0.0, 10_000.0)
    cloud_max_range: float = setting(10_000.0, "no points farther than this along Z (metres)", 0.001, 10_000.0)
    cloud_color: bool = setting(True, "points have the image's colour; false: x, y, z only")
    cloud_organized: bool = setting(True, "a point per pixel, NaN where invalid; false: valid points only")
    cloud_edge_filter: float = setting(
        0.0, "drop points where depth jumps by this fraction between neighbours; 0: keep them", 0.0, 10.0
    )
    scale_reference: str = setting(
        "off",
        "off; check: diagnostics tell by which factor depth and reference differ; correct: depth is multiplied by it",
        change=UNCONFIGURED,
    )
    reference_max_age: float = setting(0.2, "largest time between image and reference (seconds)", 0.001, 60.0)
    reference_transform: tuple[float, ...] = setting(
        (0.0,) * 7,
        "x y z qx qy qz qw of the reference sensor in the camera's optical frame; all 0: by TF",
    )
    camera_height: float = setting(
        0.0,
        "height of the camera above the ground, a reference of scale where no other is received (metres); 0: none",
        0.0,
        1000.0,
    )
    camera_pitch: float = setting(
        UNKNOWN,
        "angle by which the camera looks down, for camera_height (degrees, up to 90); 180: unknown",
        -90.0,
        UNKNOWN,
    )
    scale_hold: float = setting(
        5.0, "how long a scale is held without a reference, before it fades (seconds)", 0.0, 3600.0
    )
    scale_warn_ratio: float = setting(1.25, "warn when depth and reference differ by more than this ratio", 1.0, 1000.0)
    scale_stop_ratio: float = setting(
        3.0, "an error when depth and reference differ by more than this ratio", 1.0, 1000.0
    )
    scale_stop: bool = setting(False, "publish nothing beyond scale_stop_ratio")
    dds_profile: str = setting(dds.AUTO, DDS_PROFILE, change=AT_START)
    diagnostics_period: float = setting(1.0, "time between diagnostics messages (seconds)", 0.1, 60.0, AT_START)

    def pipeline_options(self) -> PipelineOptions:
        """What they say about frames; ranges of clouds that depth itself keeps to need no looking at."""
        low, high = self.cloud_min_range, self.cloud_max_range
        return PipelineOptions(
            min_depth=self.min_depth,
            max_depth=self.max_depth,
            scale=self.output_scale,
            steadiness=self.steadiness,
            description_blend=self.description_blend,
            edge_jump=self.cloud_edge_filter,
            scale_reference=self._scale_options() if self.scale_reference != OFF else None,
            cloud=CloudOptions(
                stride=self.cloud_stride,
                min_range=low if low > self.min_depth else 0.0,
                max_range=high if high < self.max_depth else math.inf,
                colour=self.cloud_color,
                organised=self.cloud_organized,
            ),
        )

    def _scale_options(self) -> ScaleOptions:
        pitch = None if self.camera_pitch == UNKNOWN else math.radians(self.camera_pitch)
        return ScaleOptions(self.scale_reference == CORRECT, self.scale_hold, self.camera_height, pitch)

    def is_rectified(self, image_topic: str) -> bool:
        """Whether the images on a topic are rectified."""
        return is_rectified(image_topic) if self.image_geometry == "auto" else self.image_geometry == "rectified"


class LiveSettings:
    """The settings in force: `now` is replaced as a whole, and may be read by any thread."""

    def __init__(self, settings: Settings) -> None:
        self.now = settings


_FIELDS = {f.name: f for f in dataclasses.fields(Settings)}


def declare_parameters(node: Node) -> Settings:
    """Declares the depth node's parameters. Raises InputError, naming the parameter, for a value it cannot have."""
    settings = declare(node, Settings)
    validate(settings)
    return settings


def declare(node: Node, kind: type[S]) -> S:
    """Declares every field of a settings class on the node and reads its value. Raises InputError as above."""
    values: dict[str, Any] = {}
    for spec in dataclasses.fields(kind):
        default: Any = spec.default
        try:
            if isinstance(default, tuple):
                value = node.declare_parameter(spec.name, list(default), _descriptor(spec)).value
                values[spec.name] = tuple(value or default)  # rclpy makes None of an empty list
            else:
                values[spec.name] = node.declare_parameter(spec.name, default, _descriptor(spec)).value
        except InvalidParameterTypeException:
            raise _wrong_type(spec) from None
        except InvalidParameterValueException as error:
            raise InputError(f"parameter '{spec.name}': {error}") from None
    return kind(**values)


def changed_settings(current: Settings, parameters: Sequence[Parameter[Any]], configured: bool) -> Settings:
    """The settings after a change of several parameters at once; names that are not ours are left alone.

    Raises InputError when one may not change now or the whole would not be consistent: then none changes.
    """
    values: dict[str, Any] = {
        p.name: tuple(p.value) if isinstance(p.value, (list, array.array)) else p.value
        for p in parameters
        if p.name in _FIELDS
    }
    for name, value in values.items():
        if type(value) is not type(_FIELDS[name].default):
            raise _wrong_type(_FIELDS[name])
        if configured and _FIELDS[name].metadata["change"] == UNCONFIGURED and value != getattr(current, name):
            raise InputError(f"parameter '{name}' is in use: cleanup and configure again to change it")
    settings = dataclasses.replace(current, **values)
    validate(settings)
    return settings


def validate(settings: Settings) -> None:
    """Raises InputError, naming the parameter, for a value or a combination that makes no sense."""
    check_ranges(settings)
    check_depth_range(settings.min_depth, settings.max_depth)
    if not settings.cloud_min_range < settings.cloud_max_range:
        low, high = settings.cloud_min_range, settings.cloud_max_range
        raise InputError(f"cloud_min_range {low} must be less than cloud_max_range {high}")
    check_cameras(settings.cameras)
    if not _DEVICE.fullmatch(settings.device):
        raise InputError(f"parameter 'device' is '{settings.device}'; use auto, cpu, cuda or cuda:N")
    if settings.input_size:
        parse_input_size(settings.input_size)
    check_choice("precision", settings.precision, PRECISIONS)
    check_choice("engine", settings.engine, ENGINES)
    check_choice("image_geometry", settings.image_geometry, IMAGE_GEOMETRIES)
    check_choice("scale_reference", settings.scale_reference, SCALE_REFERENCES)
    _check_mounting(settings.reference_transform)
    if settings.camera_pitch > 90 and settings.camera_pitch != UNKNOWN:
        raise InputError(f"parameter 'camera_pitch' is {settings.camera_pitch}; it must be within -90 and 90, or 180")
    if settings.scale_stop_ratio < settings.scale_warn_ratio:
        low, high = settings.scale_warn_ratio, settings.scale_stop_ratio
        raise InputError(f"scale_warn_ratio {low} must not be more than scale_stop_ratio {high}")
    check_choice("dds_profile", settings.dds_profile, dds.CHOICES)
    check_choice("image_transport", settings.image_transport, IMAGE_TRANSPORTS)
    check_description_length("default_description", settings.default_description, settings.max_description_length)


def check_description_length(name: str, text: Any, limit: int) -> None:
    """Raises InputError, naming the parameter, unless it is text of at most `limit` characters."""
    if not isinstance(text, str):
        raise InputError(f"parameter '{name}' must be of type str")
    if len(text) > limit:
        raise InputError(f"{name} of {len(text)} characters: max_description_length is {limit}")


def check_ranges(settings: DataclassInstance) -> None:
    """Raises InputError, naming the parameter, for a value outside of what its setting allows."""
    for spec in dataclasses.fields(settings):
        low, high, value = spec.metadata["low"], spec.metadata["high"], getattr(settings, spec.name)
        if low is not None and not low <= value <= high:  # also rejects NaN
            raise InputError(f"parameter '{spec.name}' is {value}; it must be within {low} and {high}")


def check_depth_range(min_depth: float, max_depth: float) -> None:
    """Raises InputError unless the first is the smaller one."""
    if not min_depth < max_depth:
        raise InputError(f"min_depth {min_depth} must be less than max_depth {max_depth}")


def check_cameras(names: tuple[str, ...]) -> None:
    if names == ("",):  # one camera without a name
        return
    if not 1 <= len(names) <= MAX_CAMERAS or len(set(names)) < len(names):
        raise InputError(f"parameter 'cameras' has {len(names)} names; 1 to {MAX_CAMERAS} different ones are needed")
    for name in names:
        if not _CAMERA.fullmatch(name):
            raise InputError(
                f"parameter 'cameras' has '{name[:64]}'; use letters, digits and _, beginning with a letter"
            )


def _check_mounting(values: tuple[float, ...]) -> None:
    """All 0, or a transform."""
    if len(values) != 7:
        raise InputError(f"parameter 'reference_transform' has {len(values)} numbers; 7 are needed, x y z qx qy qz qw")
    if any(values):
        try:
            rigid_matrix(values[:3], values[3:])
        except ValueError as error:
            raise InputError(f"parameter 'reference_transform' is {error}: x y z qx qy qz qw") from None


def check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise InputError(f"parameter '{name}' is '{value}'; use one of {', '.join(choices)}")


def _wrong_type(spec: Field[Any]) -> InputError:
    hint = " (write 10.0, not 10)" if isinstance(spec.default, float) else ""
    if spec.default == OFF:
        hint = " (write '\"off\"', for YAML takes off without quotes for false)"
    kind = type(spec.default).__name__
    if isinstance(spec.default, tuple):
        kind = f"list of {'text' if isinstance(spec.default[0], str) else 'numbers with a point'}"
    return InputError(f"parameter '{spec.name}' must be of type {kind}{hint}")


def _descriptor(spec: Field[Any]) -> ParameterDescriptor:
    descriptor = ParameterDescriptor(description=f"{spec.metadata['text']}. May change {spec.metadata['change']}.")
    descriptor.read_only = spec.metadata["change"] == AT_START
    low, high = spec.metadata["low"], spec.metadata["high"]
    if isinstance(spec.default, float):
        descriptor.floating_point_range = [FloatingPointRange(from_value=low, to_value=high, step=0.0)]
    elif low is not None:
        descriptor.integer_range = [IntegerRange(from_value=low, to_value=high, step=1)]
    return descriptor
