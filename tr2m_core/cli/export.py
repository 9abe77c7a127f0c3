"""A model as one ONNX graph, for onnxruntime, TensorRT and others, checked against torch.

Inputs: image (batch, 3, H, W), normalised RGB of one fixed size, and text_embedding (batch, 1, C), which the text
encoder makes of the description. Outputs: metric_depth in metres, relative_depth, scale_map and shift_map. Weights of
more than 100 MB go to NAME.onnx.data beside it, a text encoder that no installed package holds to NAME_text_encoder.
The other verbs take the file as --model. Exit code 1 when its depth differs from torch's.
"""

from __future__ import annotations

import argparse
import math
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tr2m_core.cli.common import add_network_arguments, overrides_given
from tr2m_core.console import format_table, print_json, progress_bar
from tr2m_core.errors import InputError
from tr2m_core.files.folders import make_output, require_utf8
from tr2m_core.model.config import validate_input_size
from tr2m_core.model.sources import find_model

HELP = "model -> ONNX graph, checked against torch"
EXAMPLES = """examples:
  tr2m export --format onnx -o out/embedded.onnx
  tr2m export --model paper --size 350x1204 -o out/paper_kitti.onnx
  tr2m infer photo.jpg --text "A desk." --model out/embedded.onnx -o out/infer
"""
LARGEST_DIFFERENCE = 1e-3  # relative, of metric depth
ENGINE_BATCH = 4  # largest batch in the example for TensorRT


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=["onnx"], default="onnx", help="kind of graph (default: onnx)")
    parser.add_argument("-o", "--output", required=True, type=Path, metavar="FILE", help="file to write, NAME.onnx")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    add_network_arguments(parser)


def run(args: argparse.Namespace) -> int:
    if args.model.endswith(".onnx"):
        raise InputError(f"model '{args.model}': a graph already; give the model that it was made from")
    overrides = overrides_given(args)
    sources = find_model(args.model, overrides)
    sources.require()
    size = validate_input_size(args.size or sources.config.input_size, sources.config.patch_size)
    from tr2m_core.export.onnx import check_target, export_onnx
    from tr2m_core.export.onnx_format import require
    from tr2m_core.inference.graph_check import check_onnx
    from tr2m_core.model.tr2m import load_model

    require_utf8(args.output)
    check_target(args.output)
    require("onnx")
    require("onnxruntime")
    make_output(args.output.parent)
    with progress_bar("export") as moved:
        model = load_model(args.model, overrides)
        moved(1, 3)
        files = export_onnx(model, args.output, size)
        moved(2, 3)
        difference = check_onnx(args.output, model)
    report = describe(files, size, model.config.rescale_head.text_width, difference)
    if args.json:
        print_json(report)
    else:
        print_report(report)
    if difference <= LARGEST_DIFFERENCE:
        return 0
    print(
        f"tr2m: error: {args.output}: metric depth differs from torch's by up to {difference:.2g}, relative; at most "
        f"{LARGEST_DIFFERENCE:g} is accepted: do not use this file",
        file=sys.stderr,
    )
    return 1


def describe(files: list[Path], size: tuple[int, int], text_width: int, difference: float) -> dict[str, Any]:
    """What was written, as the verb reports it. The graph is the last of the files."""
    height, width = size
    inputs = {"image": ["batch", 3, height, width], "text_embedding": ["batch", 1, text_width]}
    outputs = ("metric_depth", "relative_depth", "scale_map", "shift_map")
    return {
        "files": [{"file": str(path), "bytes": size_on_disk(path)} for path in files],
        "inputs": inputs,
        "outputs": {name: ["batch", 1, height, width] for name in outputs},
        "largest_relative_difference": difference if math.isfinite(difference) else None,
        "trtexec": trtexec(files[-1], inputs),
    }


def size_on_disk(path: Path) -> int:
    return sum(file.stat().st_size for file in (path.rglob("*") if path.is_dir() else [path]) if file.is_file())


def trtexec(path: Path, inputs: Mapping[str, list[Any]]) -> str:
    """The command that builds a TensorRT engine for batches of 1 to ENGINE_BATCH."""

    def shapes(batch: int) -> str:
        return ",".join(f"{name}:{'x'.join(map(str, [batch, *shape[1:]]))}" for name, shape in inputs.items())

    return shlex.join(
        [
            "trtexec",
            f"--onnx={path}",
            f"--saveEngine={path.with_suffix('.engine')}",
            f"--minShapes={shapes(1)}",
            f"--optShapes={shapes(1)}",
            f"--maxShapes={shapes(ENGINE_BATCH)}",
        ]
    )


def print_report(report: Mapping[str, Any]) -> None:
    rows = [
        [name, kind, " x ".join(map(str, shape))]
        for kind in ("input", "output")
        for name, shape in report[f"{kind}s"].items()
    ]
    print(format_table(["float32 tensor", "", "shape"], rows))
    difference = report["largest_relative_difference"]
    told = "not a number" if difference is None else f"{difference:.2g}"
    print(f"largest relative difference of metric depth between onnxruntime and torch: {told}")
    print(f"example of a TensorRT engine from it, not run here: {report['trtexec']}")
    for entry in report["files"]:
        print(f"written to {entry['file']} ({entry['bytes'] / 1e6:.1f} MB)")
