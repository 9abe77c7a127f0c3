"""Random numbers that depend on whole numbers alone: seed, step, sample..."""

from __future__ import annotations

import numpy as np
import torch


def generator(*numbers: int) -> torch.Generator:
    """A random generator seeded by all of the numbers, each 0 or more, on any machine and Python the same."""
    (seed,) = np.random.SeedSequence(numbers).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(seed))
