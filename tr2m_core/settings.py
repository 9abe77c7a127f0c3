"""Settings: read from a YAML file with key=value overrides, and put into the dataclasses that hold them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args, get_type_hints

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


def check_choice(name: str, value: str, allowed: Sequence[str]) -> None:
    """Raises InputError, naming the setting, unless its value is one of those allowed."""
    if value not in allowed:
        raise InputError(f"{name}: {value!r} is not one of {', '.join(allowed)}")


def merge(defaults: Any, values: dict[str, Any], where: str) -> Any:
    """A copy of the dataclass instance `defaults` with `values` put in, nested dataclasses and lists of them included.

    Raises InputError, naming `where` and the key, for a key the dataclass does not have or a value of another type.
    """
    if not isinstance(values, dict):
        raise InputError(f"{where}: must be a mapping of settings, not {values!r}")
    types = get_type_hints(type(defaults))
    unknown = [str(key) for key in values if key not in types]
    if unknown:
        raise InputError(f"{where}: unknown setting '{unknown[0]}'; known: {', '.join(sorted(types))}")
    changes = {
        key: _fitted(getattr(defaults, key), value, types[key], f"{where}: '{key}'") for key, value in values.items()
    }
    return dataclasses.replace(defaults, **changes)


def _fitted(current: Any, value: Any, kind: Any, where: str) -> Any:
    """The value as a field of type `kind`, now `current`, holds it."""
    if dataclasses.is_dataclass(current):
        return merge(current, value, where)
    if isinstance(value, list) and (current is None or isinstance(current, tuple)):
        item = get_args(kind)[0] if get_args(kind) else None
        if dataclasses.is_dataclass(item) and isinstance(item, type):
            return tuple(merge(item(), each, f"{where} {place}") for place, each in enumerate(value))
        return tuple(value)
    if isinstance(current, float) and isinstance(value, int | str) and not isinstance(value, bool):
        try:
            return float(value)  # YAML takes 1e-5 for a word
        except ValueError:
            pass
    if current is not None and type(value) is not type(current):
        raise InputError(f"{where} must be {type(current).__name__}, not {value!r}")
    return value
