"""What several verbs share: options, and the predictor that they ask for."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tr2m_core.data.input_size import parse_input_size
from tr2m_core.errors import InputError
from tr2m_core.model.config import nearest_input_size, validate_input_size
from tr2m_core.model.sources import Overrides, find_model

if TYPE_CHECKING:
    from tr2m_core.inference.predictor import DepthPredictor


def add_model_arguments(parser: argparse.ArgumentParser, antialias: bool | None = None) -> None:
    """Which model, with which parts of it replaced, on what and how it runs. antialias: the verb's default."""
    group = add_network_arguments(parser)
    group.add_argument(
        "--antialias",
        action=argparse.BooleanOptionalAction,
        help="filter images that are larger than the model's input, instead of aligning corners without a filter "
        f"(default: {'on' if antialias else 'as the model configuration says'})",
    )
    group.set_defaults(antialias=antialias)  # behind the back of old argparse, which would write it into the help again
    add_device_arguments(group)
    group.add_argument(
        "--engine",
        default="auto",
        metavar="E",
        help="torch, onnxruntime, openvino, tensorrt, or auto: the fastest one installed and measured (default: auto)",
    )
    group.add_argument("--compile", action="store_true", help="torch.compile the model; slower start, faster frames")


def add_device_arguments(group: argparse._ActionsContainer) -> None:
    """--device and --precision."""
    group.add_argument("--device", default="auto", metavar="D", help="auto, cpu, cuda or cuda:N (default: auto)")
    group.add_argument("--precision", default="auto", metavar="P", help="auto, fp32, bf16 or fp16 (default: auto)")


def add_network_arguments(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """--model, the options that replace parts of it, and --size; returns their group."""
    group = parser.add_argument_group("model")
    group.add_argument(
        "--model",
        default="embedded",
        metavar="M",
        help="embedded, paper, paper-base, paper-large, a model directory, a Hub id of one, or an .onnx file "
        "(default: embedded)",
    )
    group.add_argument(
        "--checkpoint", type=Path, metavar="F", help="rescale head instead of the model's own: .pth or safetensors"
    )
    add_encoder_arguments(group)
    group.add_argument(
        "--size",
        type=parse_input_size,
        metavar="HxW",
        help="multiples of the model's patch size, 14 for paper and 32 for embedded, or a data set's, such as kitti "
        "(default: the model's)",
    )
    return group


def add_encoder_arguments(group: argparse._ActionsContainer) -> None:
    """--relative-depth, --image-encoder and --text-encoder."""
    for name in ("relative-depth", "image-encoder", "text-encoder"):
        group.add_argument(
            f"--{name}", metavar="S", help="instead of the model's own: Hub id, transformers folder or release file"
        )


def overrides_given(args: argparse.Namespace) -> Overrides:
    """What the options put in place of the model's own parts."""
    return Overrides(args.checkpoint, args.relative_depth, args.image_encoder, args.text_encoder)


def load_predictor(args: argparse.Namespace) -> DepthPredictor:
    """The predictor that the model options ask for; what the model says of itself goes to stderr."""
    if not args.model.endswith(".onnx"):
        # What is missing is said before torch and transformers are imported, which takes seconds.
        sources = find_model(args.model, overrides_given(args))
        sources.require()
        if args.size is not None:
            validate_input_size(args.size, sources.config.patch_size)
    from tr2m_core.inference.predictor import DepthPredictor

    predictor = DepthPredictor.from_pretrained(
        args.model,
        checkpoint=args.checkpoint,
        relative_depth=args.relative_depth,
        image_encoder=args.image_encoder,
        text_encoder=args.text_encoder,
        device=args.device,
        precision=args.precision,
        input_size=args.size,
        antialias=args.antialias,
        compile=args.compile,
        engine=args.engine,
    )
    if predictor.config.notice:
        print(f"tr2m: note: {predictor.config.notice}", file=sys.stderr)
    return predictor


def nearest_size(args: argparse.Namespace) -> tuple[int, int] | None:
    """The size nearest to args.size, a protocol's, that the model takes; what that changes goes to stderr."""
    if args.size is None or args.model.endswith(".onnx"):
        return args.size  # type: ignore[no-any-return]
    patch_size = find_model(args.model, overrides_given(args)).config.patch_size
    nearest = nearest_input_size(args.size, patch_size)
    if nearest != args.size:
        (height, width), (given_height, given_width) = nearest, args.size
        change = f"{height}x{width} in place of {given_height}x{given_width}"
        print(f"tr2m: note: {args.model} takes multiples of {patch_size}: {change}", file=sys.stderr)
    return nearest


def describe_model(args: argparse.Namespace, predictor: DepthPredictor) -> dict[str, str | bool | None]:
    """What was run, for reports."""
    checkpoint = None if args.checkpoint is None else str(args.checkpoint)
    device, precision = str(predictor.device), predictor.precision
    how = {"device": device, "engine": predictor.engine, "precision": precision, "antialias": predictor.antialias}
    return {"model": args.model, "checkpoint": checkpoint, **how}


def add_depth_range(parser: argparse.ArgumentParser) -> None:
    """--min-depth and --max-depth, metres."""
    group = parser.add_argument_group("measuring")
    group.add_argument(
        "--min-depth", type=float, default=0.001, metavar="M", help="least depth that counts, m (default: 0.001)"
    )
    group.add_argument(
        "--max-depth", type=float, default=80.0, metavar="M", help="largest depth that counts, m (default: 80)"
    )


def check_depth_range(args: argparse.Namespace) -> None:
    """Raises InputError unless 0 < min < max < infinity."""
    if not 0 < args.min_depth < args.max_depth < float("inf"):
        raise InputError(f"depth range {args.min_depth:g}..{args.max_depth:g} m: must be positive and increasing")
