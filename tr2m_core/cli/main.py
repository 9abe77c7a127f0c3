"""Entry point of `tr2m`: picks the verb, and turns expected failures into one line and an exit code."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import sys
from collections.abc import Sequence
from typing import NoReturn

from tr2m_core import __version__
from tr2m_core.console import BAD_INPUT, BROKEN_PIPE, FAILED, INTERRUPTED, drop_output, prepare_output
from tr2m_core.errors import InputError
from tr2m_core.processes import end_process

# Verb -> module with HELP, EXAMPLES, add_arguments(parser) and run(args) -> exit code; heavy imports wait for run.
VERBS = {
    "infer": "tr2m_core.cli.infer",
    "describe": "tr2m_core.cli.describe",
    "replay": "tr2m_core.cli.replay",
    "evaluate": "tr2m_core.cli.evaluate",
    "compare": "tr2m_core.cli.compare",
    "train": "tr2m_core.cli.train",
    "convert": "tr2m_core.cli.convert",
    "download": "tr2m_core.cli.download",
    "export": "tr2m_core.cli.export",
    "benchmark": "tr2m_core.cli.benchmark",
    "doctor": "tr2m_core.cli.doctor",
}

EXAMPLES = """\
examples:
  tr2m infer photo.jpg --text "A small office with two desks." -o out/infer
  tr2m infer photos/ --text descriptions.txt --intrinsics 525,525,319.5,239.5 -o out/clouds
  tr2m describe photos/ -o descriptions.txt
  tr2m replay recording/ -o out/replay
  tr2m replay recording/ --text "A workshop bench." --fail-above abs_rel=0.3 -o out/replay
  tr2m evaluate frames --root measured_frames/ -o out/frames
  tr2m evaluate --list
  tr2m compare out/embedded out/paper
  tr2m train config/train/embedded_relative.yaml --output runs/relative
  tr2m download paper
  tr2m convert da_s_vitl_vitl.pth -o models/paper
  tr2m export --model paper --format onnx -o paper.onnx
  tr2m benchmark
  tr2m doctor --model paper

Exit codes: 0 done, 1 the work failed or a threshold was missed, 2 bad usage or bad input.
`tr2m VERB --help` explains a verb.
"""


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line, as all errors of tr2m are."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message} (see {self.prog} --help)")


def build_parser() -> argparse.ArgumentParser:
    """The parser of all verbs; imports nothing heavy."""
    parser = Parser(
        prog="tr2m",
        description="A camera frame and one sentence about the scene become metric depth.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"tr2m {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for name, module_name in VERBS.items():
        module = importlib.import_module(module_name)
        verb = verbs.add_parser(
            name,
            help=module.HELP,
            description=module.__doc__,
            epilog=module.EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(verb)
        verb.set_defaults(run=module.run)
    return parser


def run() -> NoReturn:
    """The program: `main`, and its exit code."""
    end_process(main())


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one verb and returns the exit code; unexpected errors keep their traceback."""
    prepare_output()
    try:
        args = build_parser().parse_args(arguments)
        code = int(args.run(args))
        sys.stdout.flush()
        return code
    except InputError as error:
        return _fail(str(error), BAD_INPUT)
    except BrokenPipeError:
        drop_output()
        return BROKEN_PIPE
    except OSError as error:
        drop_output()
        return _fail(f"{error.filename}: {error.strerror}" if error.filename else error.strerror or str(error), FAILED)
    except KeyboardInterrupt:
        return INTERRUPTED


def _fail(message: str, code: int) -> int:
    with contextlib.suppress(OSError):  # nobody may read it
        print(f"tr2m: error: {' '.join(message.split())}", file=sys.stderr)
    return code
