"""Training, from one YAML file with every setting.

Runs on one device as it is, on several under `accelerate launch -m tr2m_core train ...`. DIR/model is the best model so
far, a model directory; DIR/checkpoints/last.pt is where --resume continues from; DIR/tensorboard, log.jsonl and
validation.jsonl have the course of the run; config.yaml and environment.json reproduce it.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tr2m_core.console import format_table
from tr2m_core.errors import InputError
from tr2m_core.files.folders import require_utf8
from tr2m_core.weights.hub import unwritable

if TYPE_CHECKING:
    from tr2m_core.data.base import DatasetConfig
    from tr2m_core.data.dataset import Part
    from tr2m_core.train.config import TrainConfig

HELP = "train a model from a YAML configuration"
EXAMPLES = """examples:
  tr2m train config/train/smoke.yaml --output runs/smoke
  tr2m train config/train/paper.yaml --check
  tr2m train config/train/paper.yaml --set datasets.0.root=/data/nyu --set batch_size=16
  tr2m train config/train/smoke.yaml --resume runs/smoke
  accelerate launch --num_processes 4 -m tr2m_core train config/train/paper.yaml
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", type=Path, metavar="CONFIG.yaml")
    folder = parser.add_mutually_exclusive_group()
    folder.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help="folder of the run; default runs/NAME of the configuration, or runs/NAME-2 where that is taken",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="overrides a setting, such as optimizer.learning_rate=1e-4; repeatable",
    )
    folder.add_argument("--resume", type=Path, metavar="DIR", help="continues the run in DIR from its last checkpoint")
    parser.add_argument(
        "--texts",
        type=Path,
        metavar="DIR",
        help="the authors' splits and descriptions, used where the configuration names none (default: the "
        "folder of `tr2m download texts`)",
    )
    parser.add_argument(
        "--check", action="store_true", help="say what is missing or unusable in the configuration's data, and exit"
    )


def run(args: argparse.Namespace) -> int:
    try:
        import accelerate  # noqa: F401
        import tensorboard  # noqa: F401
    except ImportError as error:
        raise InputError(f"training needs {error.name}: pip install 'tr2m_ros[train]'") from None
    from tr2m_core.train.config import read_config

    config = add_published_texts(read_config(args.config, args.set), args.texts)
    if args.check:
        return check(args, config)
    from tr2m_core.train.trainer import main_process, train

    directory = args.resume or args.output or free_directory(Path("runs") / args.config.stem)
    require_utf8(directory)
    if problem := unwritable(directory):
        raise InputError(f"{directory}: cannot hold a run, {problem}; choose another --output")
    metrics = train(config, directory, resume=args.resume is not None)
    if main_process():
        for source, row in metrics.items():
            print(format_table([source, ""], row.items()))
        print(f"written to {directory}; the model is {directory / 'model'}")
    return 0


def add_published_texts(config: TrainConfig, given: Path | None) -> TrainConfig:
    """The configuration with what the folder of the authors' texts adds to its data sets; says on stderr what it is."""
    from tr2m_core.data.published_texts import find_folder, with_published_texts

    folder = find_folder(given)
    if folder is None:
        return config

    def add(datasets: tuple[DatasetConfig, ...], part: Part) -> tuple[DatasetConfig, ...]:
        changed = [with_published_texts(each, folder, part) for each in datasets]
        for each, taken in changed:
            if taken and os.environ.get("RANK", "0") == "0":
                print(f"tr2m: note: {each.name}, {part} part: {taken}", file=sys.stderr)
        return tuple(each for each, _ in changed)

    validation = replace(config.validation, datasets=add(config.validation.datasets, "test"))
    return replace(config, datasets=add(config.datasets, "train"), validation=validation)


def free_directory(directory: Path) -> Path:
    """The directory itself, or with the first number behind it that is not taken by another run.

    Every process of a run comes to the same answer: none writes before all have met in `train`.
    """
    from tr2m_core.train.checkpoint import has_state

    numbered = (directory.with_name(f"{directory.name}-{number}") for number in itertools.count(2))
    return next(path for path in itertools.chain([directory], numbered) if not has_state(path))


def check(args: argparse.Namespace, config: TrainConfig) -> int:
    """Goes over model and data and prints what it finds. Raises InputError when training could not start."""
    from tr2m_core.console import progress_bar
    from tr2m_core.data.registry import check_dataset
    from tr2m_core.model.sources import FROZEN
    from tr2m_core.train.config import frozen_sources
    from tr2m_core.train.loader import require_shared_memory

    print(f"{args.config}: all settings are valid")
    unusable = []
    try:
        require_shared_memory(config)
    except InputError as error:
        print(error)
        unusable.append("workers")
    try:
        parts = [part.role for part in frozen_sources(config).parts.values() if part.role in FROZEN]
        print(f"model {config.model.base}: {', '.join(parts)} found")
    except InputError as error:
        print(error)
        unusable.append("the model")
    named: list[tuple[str, DatasetConfig, Part]] = [("datasets", each, "train") for each in config.datasets]
    named += [("validation.datasets", each, "test") for each in config.validation.datasets]
    for place, dataset, part in named:
        with progress_bar(dataset.name) as on_progress:
            found = check_dataset(dataset, on_progress=on_progress, part=part)
        print(*(f"{place}: {line}" for line in found.lines()), sep="\n", flush=True)
        if not found.usable:
            unusable.append(f"{place}: {dataset.name}")
    if unusable:
        raise InputError(f"{args.config}: training cannot start, not usable: {', '.join(unusable)} (see above)")
    return 0
