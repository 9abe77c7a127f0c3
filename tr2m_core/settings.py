"""Settings of a YAML file, with key=value overrides from the command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from tr2m_core.errors import InputError

MERGE = "tag:yaml.org,2002:merge"  # the key <<, which may come again and gives way to others


class _SetTwice(Exception):
    """A mapping names a key twice."""


class _Loader(yaml.SafeLoader):
    """Plain YAML, in which nothing is said twice: yaml itself would take the last word."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != MERGE:
                if key.value in seen:
                    raise _SetTwice(f"'{key.value}' is set twice, again in line {key.start_mark.line + 1}")
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_settings(path: Path, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """The file's mapping with overrides put in, dots between levels (datasets.0.root=/data).

    Raises InputError naming the file or the override.
    """
    try:
        values = yaml.load(path.read_text(encoding="utf-8"), _Loader) or {}
    except FileNotFoundError:
        raise InputError(f"{path}: no such configuration file") from None
    except _SetTwice as error:
        raise InputError(f"{path}: {error}") from None
    except (OSError, yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{path}: not readable YAML ({str(error).splitlines()[0]})") from None
    if not isinstance(values, dict):
        raise InputError(f"{path}: must be a mapping of settings")
    for text in overrides:
        _override(values, text)
    return values


def _override(values: dict[str, Any], text: str) -> None:
    key, separator, value = text.partition("=")
    if not separator or not key:
        raise InputError(f"--set {text}: must be key=value")
    *parents, last = key.split(".")
    place: Any = values
    try:
        for parent in parents:
            place = place[int(parent)] if isinstance(place, list) else place.setdefault(parent, {})
        place[int(last) if isinstance(place, list) else last] = yaml.safe_load(value)
    except (ValueError, IndexError, AttributeError, TypeError):
        raise InputError(f"--set {text}: there is no such place in the configuration") from None
    except (yaml.YAMLError, RecursionError):
        raise InputError(f"--set {text}: the value is not readable YAML") from None
