"""Networks in the transformers format, loaded from disk strictly."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from tr2m_core.errors import InputError
from tr2m_core.model.tensors import misfit


def load_pretrained(network_class: Any, folder: Path, elsewhere: Sequence[str] = ()) -> Any:
    """The network in `folder` (config.json, model.safetensors), float32, in evaluation mode.

    elsewhere: beginnings of names in the file that belong to other networks, such as CLIP's image tower. Raises
    InputError, naming folder and parameter, when the file lacks a parameter, has a surplus one or one of another shape.
    """
    with quiet_transformers():
        try:
            network, info = network_class.from_pretrained(
                folder, use_safetensors=True, local_files_only=True, output_loading_info=True
            )
        except (OSError, RuntimeError, ValueError, KeyError, TypeError, SafetensorError) as error:
            reason = " ".join(str(error).split())
            raise InputError(f"{folder}: cannot be loaded as {network_class.__name__} ({reason[:200]})") from None
    # DINOv2's token for masked patches is of use in its training only; files of later transformers leave it out.
    problems = [f"missing {name}" for name in sorted(info["missing_keys"]) if not name.endswith("mask_token")]
    surplus = sorted(name for name in info["unexpected_keys"] if not name.startswith(tuple(elsewhere)))
    problems += [f"unexpected {name}" for name in surplus]
    problems += [f"{entry[0]} has another shape" for entry in sorted(info["mismatched_keys"])]
    if problems:
        raise misfit(folder / "model.safetensors", network_class.__name__, problems)
    return network.float().eval()


@contextlib.contextmanager
def quiet_transformers() -> Iterator[None]:
    """Keeps transformers' loading bars and notices off the terminal; errors still raise."""
    import transformers  # takes a second

    level = transformers.logging.get_verbosity()
    transformers.logging.set_verbosity(logging.ERROR)
    transformers.logging.disable_progress_bar()
    try:
        yield
    finally:
        transformers.logging.set_verbosity(level)
        transformers.logging.enable_progress_bar()
