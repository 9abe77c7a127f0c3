"""Configuration of a model, as stored in the `config.json` of a model directory."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from tr2m_core.errors import InputError
from tr2m_core.settings import check_choice

MAX_INPUT_PIXELS = 4_000_000  # sixteen times what any model was trained on; memory grows with it

# Where a part of the model comes from, besides a Hub id or a path.
STORED = "stored"  # in a folder of the model directory
SHARED = "shared"  # image encoder only: the backbone of the relative-depth network

PYRAMID = "pyramid"
BACKBONE_VARIANTS = (0, 1, 2)  # of EfficientNet-Lite
MAPS, SINGLE_FACTOR = "maps", "single_factor"
HEAD_KINDS = (MAPS, SINGLE_FACTOR)
Padding = Literal["zeros", "replicate"]
PADDING_MODES = get_args(Padding)
LARGEST_WIDTH = 8192


@dataclass(frozen=True)
class RescaleHeadConfig:
    """Kind and sizes of the rescale head; the defaults are those of the released checkpoint.

    Raises InputError for an unknown kind or padding mode and for impossible sizes.
    """

    image_width: int = 1024
    """Width of the image tokens."""
    text_width: int = 768
    """Width of the text embedding."""
    out_channels: int = 192
    features: int = 128
    """out_channels and features are the widths of the convolutions."""
    hidden_channels: int = 32
    """Width between the last two convolutions."""
    heads: int = 8
    scale_coefficient: float = 0.01
    shift_coefficient: float = 0.01
    """scale_coefficient and shift_coefficient are the factors before the exponentials.

    Changing them without retraining destroys a checkpoint.
    """
    kind: str = MAPS
    """Either "maps", one scale and one shift per pixel, or "single_factor", one pair per image.

    "single_factor" is for the paper's ablation. It has neither 3x3 convolutions nor attention, so the widths of the
    convolutions and `heads` do not apply.
    """
    use_text: bool = True
    """Whether the head reads the description."""
    patch_size: int = 14
    """Side of a token in pixels; image sizes are multiples of it."""
    padding_mode: Padding = "zeros"
    """Padding of the 3x3 convolutions: "zeros", or "replicate", which leaves no border in the maps."""

    def __post_init__(self) -> None:
        if self.kind not in HEAD_KINDS:
            raise InputError(f"rescale head of kind '{self.kind}': not one of {', '.join(HEAD_KINDS)}")
        check_choice("rescale head: padding_mode", self.padding_mode, PADDING_MODES)
        for name in ("image_width", "text_width", "out_channels", "features", "hidden_channels", "heads", "patch_size"):
            size = getattr(self, name)
            if not (isinstance(size, int) and 1 <= size <= LARGEST_WIDTH):
                raise InputError(f"rescale head: {name} is {size}; it must lie in 1..{LARGEST_WIDTH}")
        if self.kind == MAPS and self.image_width % self.heads:
            raise InputError(f"rescale head: {self.heads} heads cannot share a width of {self.image_width}")


@dataclass(frozen=True)
class TextEncoderConfig:
    """Kind and source of the text encoder."""

    kind: str = "clip"
    """Either "sentence" (mean-pooled tokens, L2-normalised) or "clip" (projected end-of-text embedding)."""
    source: str = "openai/clip-vit-large-patch14"
    """Hub id, path, or "package:NAME" for weights inside an installed Python package."""
    sha256: str | None = None
    """If given, the hash that the package's model.safetensors must have."""


@dataclass(frozen=True)
class PyramidConfig:
    """A pyramid decoder on a frozen EfficientNet-Lite: `relative_depth/config.json` beside the decoder's weights.

    Raises InputError for another kind or variant, and for other malformed settings.
    """

    variant: int
    """Variant of the backbone: 0, 1 or 2."""
    source: str
    """Installed package that carries the weights of the backbone, as "package:NAME"."""
    sha256: str
    """Hash of the weights of the backbone."""
    width: int = 64
    """Width of the decoder."""
    kind: str = PYRAMID

    def __post_init__(self) -> None:
        if self.kind != PYRAMID or self.variant not in BACKBONE_VARIANTS:
            raise InputError(f"relative depth of kind '{self.kind}', variant {self.variant}: there is no such network")
        if not (isinstance(self.width, int) and 1 <= self.width <= LARGEST_WIDTH):
            raise InputError(f"width is {self.width}; it must lie in 1..{LARGEST_WIDTH}")
        if not (isinstance(self.source, str) and isinstance(self.sha256, str)):
            raise InputError("source and sha256 must be text")

    @property
    def file(self) -> str:
        """The weights in the package: a name that ends in the first digits of their hash."""
        return f"models/efficientnet-lite{self.variant}-{self.sha256[:8]}.pth"

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, path: Path) -> PyramidConfig | None:
        """Reads a config.json; None when it is not of this kind. Raises InputError when it is, but malformed."""
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        if not isinstance(values, dict) or "kind" not in values:
            return None
        try:
            return cls(**values)
        except (InputError, TypeError) as error:
            raise InputError(f"{path}: {error}") from None


@dataclass(frozen=True)
class ModelConfig:
    """Configuration of a whole model."""

    name: str = "tr2m"
    notice: str = ""
    relative_depth: str = STORED
    image_encoder: str = STORED
    text_encoder: TextEncoderConfig = field(default_factory=TextEncoderConfig)
    rescale_head: RescaleHeadConfig = field(default_factory=RescaleHeadConfig)
    input_size: tuple[int, int] = (434, 560)
    """(height, width) in pixels, multiples of the patch size."""
    antialias: bool = False
    """How a predictor resizes images unless told otherwise; see `DepthPredictor.from_pretrained`.

    The published protocols do not filter, nor does training on data sets.
    """
    image_mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    image_std: tuple[float, float, float] = (0.229, 0.224, 0.225)
    """image_mean and image_std are the mean and standard deviation of RGB in 0..1."""

    def __post_init__(self) -> None:
        validate_input_size(self.input_size, self.patch_size)

    @property
    def patch_size(self) -> int:
        """Pixels of a token's side, as the rescale head has it."""
        return self.rescale_head.patch_size

    def grid(self, size: Sequence[int]) -> tuple[int, int]:
        """Rows and columns of the tokens of an image of (height, width)."""
        height, width = size
        return height // self.patch_size, width // self.patch_size

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
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
        except (json.JSONDecodeError, UnicodeDecodeError, TypeError, KeyError, AttributeError) as error:
            raise InputError(f"{path}: not a TR2M model configuration ({error})") from None


def validate_input_size(size: tuple[int, int], patch_size: int = 1) -> tuple[int, int]:
    """Returns (height, width) unchanged. Raises InputError unless both are positive multiples of the patch size."""
    if len(size) != 2 or any(not isinstance(n, int) or n <= 0 for n in size):
        raise InputError(f"model input size {size}: height and width must be positive, such as 434x560")
    if any(n % patch_size for n in size):
        height, width = nearest_input_size(size, patch_size)
        given = f"model input size {size[0]}x{size[1]}"
        raise InputError(f"{given}: this model needs multiples of {patch_size}, such as {height}x{width}")
    if size[0] * size[1] > MAX_INPUT_PIXELS:
        raise InputError(f"model input size {size[0]}x{size[1]}: at most {MAX_INPUT_PIXELS:,} pixels are accepted")
    return size


def nearest_input_size(size: tuple[int, int], patch_size: int) -> tuple[int, int]:
    """The multiples of the patch size nearest to (height, width), for the sizes that protocols name."""
    height, width = (max(1, round(side / patch_size)) * patch_size for side in size)
    return height, width
