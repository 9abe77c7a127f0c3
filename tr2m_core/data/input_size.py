"""The size of a model's input as people write it."""

from __future__ import annotations

from tr2m_core.errors import InputError
from tr2m_core.model.config import validate_input_size


def parse_input_size(text: str) -> tuple[int, int]:
    """(height, width) of "HxW" or of the data set of that name, whose published protocol has it.

    Raises InputError; what multiples it must be of is the model's to say.
    """
    height, _, width = text.lower().partition("x")
    if height.isdecimal() and width.isdecimal():
        return validate_input_size((int(height), int(width)))
    from tr2m_core.data.registry import DATASETS  # needs NumPy, which `--help` does without

    if text in DATASETS:
        return DATASETS[text].input_size
    known = ", ".join(DATASETS)
    raise InputError(f"size '{text}': give HEIGHTxWIDTH in pixels, such as 434x560, or one of {known}")
