"""What several verbs share: model options, output folders, tables and progress."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tr2m_core.types import InputError

if TYPE_CHECKING:
    from tr2m_core.inference import DepthPredictor

T = TypeVar("T")


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """--model, --checkpoint, --device, --precision and --size."""
    group = parser.add_argument_group("model")
    group.add_argument(
        "--model", default="embedded", metavar="M", help="'embedded' or a model directory (default: embedded)"
    )
    group.add_argument(
        "--checkpoint", type=Path, metavar="F", help="rescale head instead of the model's own (safetensors)"
    )
    group.add_argument("--device", default="auto", metavar="D", help="auto, cpu, cuda or cuda:N (default: auto)")
    group.add_argument("--precision", default="auto", metavar="P", help="auto, fp32, bf16 or fp16 (default: auto)")
    group.add_argument(
        "--size", type=parse_size, metavar="HxW", help="model input size, multiples of 14 (default: the model's)"
    )


def parse_size(text: str) -> tuple[int, int]:
    """Reads "HxW". Raises InputError unless both are positive multiples of the patch size."""
    from tr2m_core.config import validate_input_size

    height, _, width = text.lower().partition("x")
    if not (height.isdecimal() and width.isdecimal()):
        raise InputError(f"size '{text}': give HEIGHTxWIDTH in pixels, such as 434x560")
    return validate_input_size((int(height), int(width)))


def load_predictor(args: argparse.Namespace) -> DepthPredictor:
    """The predictor that the model options ask for; what the model says of itself goes to stderr."""
    from tr2m_core.inference import DepthPredictor

    predictor = DepthPredictor.from_pretrained(
        args.model, checkpoint=args.checkpoint, device=args.device, precision=args.precision, input_size=args.size
    )
    if predictor.config.notice:
        print(f"tr2m: note: {predictor.config.notice}", file=sys.stderr)
    return predictor


def make_output(folder: Path) -> Path:
    """Creates the output folder. Raises InputError when that is not possible."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be used as output folder ({error.strerror})") from None
    return folder


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


def format_table(headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Aligned plain text; numbers to the right, floats with four digits, None as a dash."""
    cells = [[_cell(value) for value in row] for row in rows]
    kinds = [all(_is_number(row[i]) for row in cells) for i in range(len(headers))]
    widths = [max(len(line[i]) for line in [list(headers), *cells]) for i in range(len(headers))]
    lines = []
    for line in [list(headers), ["-" * width for width in widths], *cells]:
        columns = zip(line, widths, kinds, strict=True)
        lines.append("  ".join(text.rjust(width) if number else text.ljust(width) for text, width, number in columns))
    return "\n".join(line.rstrip() for line in lines)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return text == "-"
    return True


def print_json(report: Mapping[str, Any]) -> None:
    """Prints a report for other programs."""
    print(json.dumps(report, indent=2, allow_nan=False))


@contextlib.contextmanager
def progress_bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """Yields a function of (done, total) that moves a bar on stderr; the bar shows on a terminal only."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def track(items: Iterable[T], total: int, label: str) -> Iterator[T]:
    """Yields the items behind a progress bar."""
    with progress_bar(label) as moved:
        for done, item in enumerate(items):
            moved(done, total)
            yield item
