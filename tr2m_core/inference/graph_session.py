"""What every engine that runs an exported graph offers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy.typing as npt

Array = npt.NDArray[Any]


class GraphSession(Protocol):
    """A graph, loaded. engine: its name among `engines.ENGINES`. metadata: what the file says of itself."""

    engine: str
    metadata: Mapping[str, str]

    def run(self, inputs: Mapping[str, Array], outputs: Sequence[str]) -> list[Array]:
        """The outputs named, in this order, for inputs by name, all of one batch size."""
