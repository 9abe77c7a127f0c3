"""Preparing in advance what a training would otherwise prepare at its start."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tr2m_core.errors import InputError
from tr2m_core.train.config import TrainConfig, read_config


def prepare(module: str, prepared: Callable[[TrainConfig], str], arguments: Sequence[str] | None) -> int:
    """The command `python -m MODULE CONFIG.yaml`: prints what `prepared` returns and tells the exit status.

    0 done, 1 a file or process failed, 2 bad input, 130 interrupted. The docstring of `prepared` is the help.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=prepared.__doc__)
    parser.add_argument("config", type=Path, metavar="CONFIG.yaml")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="overrides a setting")
    args = parser.parse_args(arguments)
    try:
        print(prepared(read_config(args.config, args.set)))
    except (InputError, OSError) as error:
        print(f"tr2m: error: {error}", file=sys.stderr)
        return 2 if isinstance(error, InputError) else 1
    except KeyboardInterrupt:
        return 130
    return 0
