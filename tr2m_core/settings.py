"""Settings: read from a YAML file with key=value overrides, and put into the dataclasses that hold them."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast, get_args, get_type_hints

import yaml

from tr2m_core.errors import InputError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance
    from pydantic import TypeAdapter
    from pydantic_core import ErrorDetails

Settings = TypeVar("Settings", bound="DataclassInstance")

MERGE = "tag:yaml.org,2002:merge"  # the key <<, which may come again and gives way to others


class _SetTwice(yaml.YAMLError):
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


_Loader.add_implicit_resolver(  # numbers that yaml takes for words: 1e-5
    "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9]+(?:\.[0-9]*)?[eE][-+]?[0-9]+$"), list("+-0123456789")
)


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
        place[int(last) if isinstance(place, list) else last] = yaml.load(value, _Loader)
    except (ValueError, IndexError, AttributeError, TypeError):
        raise InputError(f"--set {text}: there is no such place in the configuration") from None
    except (yaml.YAMLError, RecursionError):
        raise InputError(f"--set {text}: the value is not readable YAML") from None


def check_choice(name: str, value: str, allowed: Sequence[str]) -> None:
    """Raises InputError, naming the setting, unless its value is one of those allowed."""
    if value not in allowed:
        raise InputError(f"{name}: {value!r} is not one of {', '.join(allowed)}")


def merge(defaults: Settings, values: Any, where: str) -> Settings:
    """The dataclass instance `defaults` with `values` in place of its own, nested dataclasses included.

    values: a mapping as YAML or JSON give it. A list stands for a tuple and a whole number for a float; nothing else is
    converted. Nested dataclasses begin with the defaults of their class.
    Raises InputError, one line naming `where` and the key, for a key that the dataclass does not have, a value of
    another type than declared, and what the dataclass itself rejects.
    """
    from pydantic import ValidationError  # here and below: a tenth of a second that few verbs need

    if not isinstance(values, dict):
        raise InputError(f"{where}: must be a mapping of settings, not {values!r}")
    kind = type(defaults)
    try:
        merged = json.dumps({**dataclasses.asdict(defaults), **values}, default=str)
        return cast("Settings", _validator(kind).validate_json(merged))
    except ValidationError as error:
        raise InputError(f"{where}: {_told(error.errors()[0], kind)}") from None
    except (InputError, TypeError, ValueError, RecursionError) as error:  # all but the first: no plain mapping
        raise InputError(f"{where}: {error}") from None


@cache
def _validator(kind: Any) -> TypeAdapter[Any]:
    from pydantic import ConfigDict, TypeAdapter, with_config

    return TypeAdapter(with_config(ConfigDict(extra="forbid", strict=True))(kind))


def _told(error: ErrorDetails, kind: Any) -> str:
    """One line about what pydantic found in a dataclass of type `kind`."""
    path = ".".join(map(str, error["loc"]))
    if error["type"] == "unexpected_keyword_argument":
        for key in error["loc"][:-1]:
            kind = get_args(kind)[0] if isinstance(key, int) else get_type_hints(kind)[key]
        return f"unknown setting '{path}'; known: {', '.join(sorted(get_type_hints(kind)))}"
    if error["type"] == "missing":
        return f"'{path}' is missing"
    rule = error["msg"].removeprefix("Input should ").removeprefix("Tuple should ").removesuffix(" after validation")
    rule = rule.replace("an object", "a mapping").replace("a valid array", "a list")
    return f"'{path}' must {rule}, not {error['input']!r}"
