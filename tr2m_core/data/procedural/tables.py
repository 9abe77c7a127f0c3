"""The YAML tables beside this module, from which scene descriptions are made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # libyaml's, many times faster
    """Plain YAML whose lists become tuples."""


_Loader.add_constructor("tag:yaml.org,2002:seq", lambda loader, node: tuple(loader.construct_sequence(node, deep=True)))


def load_tables(name: str) -> dict[str, Any]:
    """The mapping in the file `name`; whoever asks keeps it, reading takes a tenth of a second."""
    tables: dict[str, Any] = yaml.load(Path(__file__).with_name(name).read_text(encoding="utf-8"), _Loader)
    return tables
