"""`tr2m train`: both stages of training, from a YAML file."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "train a model from a YAML configuration"
EXAMPLES = """examples:
  tr2m train config/train/embedded_relative.yaml --output runs/embedded_relative
  tr2m train config/train/embedded_rescale.yaml --set learning_rate=5e-4 --output runs/rescale
  tr2m train config/train/embedded_relative.yaml --resume runs/embedded_relative
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", type=Path, metavar="CONFIG.yaml")
    parser.add_argument(
        "--output", type=Path, metavar="DIR", help="where the run goes; default runs/NAME of the configuration"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="overrides a setting; may be repeated"
    )
    parser.add_argument(
        "--resume", type=Path, metavar="DIR", help="goes on with the run in DIR, from its last checkpoint"
    )


def run(args: argparse.Namespace) -> int:
    from tr2m_core.train.relative import RelativeStage
    from tr2m_core.train.trainer import Stage, Trainer, read_config
    from tr2m_core.types import InputError

    config = read_config(args.config, args.set)
    if config.stage == "relative":
        stage: Stage = RelativeStage(config)
    elif config.stage == "rescale":
        from tr2m_core.train.rescale import RescaleStage

        stage = RescaleStage(config)
    else:
        raise InputError(f"{args.config}: stage '{config.stage}' must be 'relative' or 'rescale'")
    directory = args.resume or args.output or Path("runs") / args.config.stem
    trainer = Trainer(stage, config, directory)
    if args.resume:
        trainer.resume()
    trainer.train()
    print(f"{directory / 'model'}: trained for {trainer.step} steps, {trainer.skipped} skipped as not finite")
    return 0
