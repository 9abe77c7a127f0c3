"""A released rescale head, and optionally encoders, as a model directory.

IN is the head as its authors publish it (a dictionary with `state_dict`, the bare weights, or a training checkpoint) or
safetensors. The directory names encoders by Hub id; those given as local files are stored in it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tr2m_core.cli.common import add_encoder_arguments, overrides_given
from tr2m_core.console import format_table
from tr2m_core.errors import InputError
from tr2m_core.files.folders import make_output, require_utf8
from tr2m_core.model.sources import HEAD_FILE, find_model

HELP = "released weights -> model directory"
EXAMPLES = """examples:
  tr2m convert da_s_vitl_vitl.pth -o models/paper
  tr2m convert da_s_vitl_vitl.pth -o models/offline --relative-depth depth_anything_vits14.pth \\
      --image-encoder dinov2_vitl14_pretrain.pth --text-encoder clip_text/
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", type=Path, metavar="IN", help="file with a rescale head: .pth or safetensors")
    parser.add_argument("-o", "--output", required=True, type=Path, metavar="MODEL_DIR", help="folder to write")
    parser.add_argument(
        "--model",
        default="paper",
        metavar="M",
        help="a preset or model directory: what the head belongs to (default: paper)",
    )
    add_encoder_arguments(parser)


def run(args: argparse.Namespace) -> int:
    require_utf8(args.output)
    sources = find_model(args.model, overrides_given(args))
    if args.output.is_dir() and any(args.output.iterdir()):
        raise InputError(f"{args.output}: not empty; give a new folder")
    from tr2m_core.model.loading import convert

    config = convert(sources, make_output(args.output))
    rows = [["relative_depth", config.relative_depth], ["image_encoder", config.image_encoder]]
    rows += [["text_encoder", config.text_encoder.source], ["rescale_head", HEAD_FILE]]
    print(format_table(["part", "from"], rows))
    print(f"written to {args.output}")
    return 0
