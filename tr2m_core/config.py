"""Configuration of a model, as stored in the `config.json` of a model directory."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tr2m_core.types import InputError

PATCH_SIZE = 14

# Where a part of the model comes from, besides a Hub id or a path.
STORED = "stored"  # in a folder of the model directory
SHARED = "shared"  # image encoder only: the backbone of the relative-depth network


@dataclass(frozen=True)
class RescaleHeadConfig:
    """Sizes of the rescale head; the defaults are those of the released checkpoint.

    image_width, text_width: widths of image tokens and text embedding. out_channels, features: convolution widths.
    hidden_channels: width between the two last convolutions. scale_coefficient, shift_coefficient: factors before the
    exponentials; changing them without retraining destroys a checkpoint.
    """

    image_width: int = 1024
    text_width: int = 768
    out_channels: int = 192
    features: int = 128
    hidden_channels: int = 32
    heads: int = 8
    scale_coefficient: float = 0.01
    shift_coefficient: float = 0.01


@dataclass(frozen=True)
class TextEncoderConfig:
    """kind: "sentence" (mean-pooled tokens, L2-normalised) or "clip" (projected end-of-text embedding).

    source: Hub id, path, or "package:NAME" for weights that an installed Python package carries.
    sha256: when given, the hash that the package's model.safetensors must have.
    """

    kind: str = "clip"
    source: str = "openai/clip-vit-large-patch14"
    sha256: str | None = None


@dataclass(frozen=True)
class ModelConfig:
    """A whole model. input_size is (height, width) in pixels, multiples of 14; mean and std are of RGB in 0..1.

    antialias: low-pass filter when a picture is made smaller; the published model does without.
    """

    name: str = "tr2m"
    notice: str = ""
    relative_depth: str = STORED
    image_encoder: str = STORED
    text_encoder: TextEncoderConfig = field(default_factory=TextEncoderConfig)
    rescale_head: RescaleHeadConfig = field(default_factory=RescaleHeadConfig)
    input_size: tuple[int, int] = (434, 560)
    antialias: bool = False
    image_mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    image_std: tuple[float, float, float] = (0.229, 0.224, 0.225)

    def __post_init__(self) -> None:
        validate_input_size(self.input_size)

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, path: Path) -> ModelConfig:
        """Reads a config.json. Raises InputError, naming the file, when it is missing or malformed."""
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            values["text_encoder"] = TextEncoderConfig(**values["text_encoder"])
            values["rescale_head"] = RescaleHeadConfig(**values["rescale_head"])
            for key in ("input_size", "image_mean", "image_std"):
                values[key] = tuple(values[key])
            return cls(**values)
        except FileNotFoundError:
            raise InputError(
                f"{path}: no such file; a model directory holds config.json and rescale_head.safetensors"
            ) from None
        except (json.JSONDecodeError, UnicodeDecodeError, TypeError, KeyError, AttributeError) as error:
            raise InputError(f"{path}: not a TR2M model configuration ({error})") from None


def validate_input_size(size: tuple[int, int]) -> tuple[int, int]:
    """Returns (height, width) unchanged. Raises InputError unless both are positive multiples of the patch size, 14."""
    if len(size) != 2 or any(not isinstance(n, int) or n <= 0 or n % PATCH_SIZE for n in size):
        raise InputError(
            f"model input size {size}: height and width must be positive multiples of {PATCH_SIZE}, such as 434x560"
        )
    return size


def merge(defaults: Any, values: dict[str, Any], where: str) -> Any:
    """A copy of the dataclass instance `defaults` with `values` put in, nested dataclasses included.

    Raises InputError, naming `where` and the key, for a key the dataclass does not have or a value of another type.
    """
    known = {f.name for f in dataclasses.fields(defaults)}
    changes: dict[str, Any] = {}
    for key, value in values.items():
        if key not in known:
            raise InputError(f"{where}: unknown setting '{key}'; known: {', '.join(sorted(known))}")
        current = getattr(defaults, key)
        if dataclasses.is_dataclass(current):
            if not isinstance(value, dict):
                raise InputError(f"{where}: '{key}' must be a mapping")
            value = merge(current, value, f"{where}: {key}")
        elif isinstance(current, tuple) and isinstance(value, list):
            value = tuple(value)
        elif isinstance(current, float) and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        elif current is not None and type(value) is not type(current):
            raise InputError(f"{where}: '{key}' must be {type(current).__name__}, not {value!r}")
        changes[key] = value
    return dataclasses.replace(defaults, **changes)
