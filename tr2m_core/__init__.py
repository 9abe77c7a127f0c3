"""TR2M: a camera frame and one sentence about the scene become metric depth.

from tr2m_core import DepthPredictor
predictor = DepthPredictor.from_pretrained("embedded")
depth = predictor.predict(rgb, "A small office with two desks.").metric_depth
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tr2m_core.errors import InputError
from tr2m_core.types import DepthPrediction, Intrinsics

if TYPE_CHECKING:
    from tr2m_core.inference.predictor import DepthPredictor

    __version__: str

__all__ = ["DepthPrediction", "DepthPredictor", "InputError", "Intrinsics", "__version__"]


def __getattr__(name: str) -> Any:
    """Loads the predictor, and torch with it, only when it is asked for: `tr2m --help` must not wait for them."""
    if name == "DepthPredictor":
        from tr2m_core.inference.predictor import DepthPredictor

        return DepthPredictor
    if name == "__version__":
        return _version()
    raise AttributeError(f"module 'tr2m_core' has no attribute '{name}'")


def _version() -> str:
    """package.xml's, or that of the installed metadata made from it; a source tree need not be installed."""
    from importlib import metadata
    from pathlib import Path
    from xml.etree import ElementTree

    source = Path(__file__).resolve().parents[1] / "package.xml"
    return ElementTree.parse(source).findtext("version", "") if source.is_file() else metadata.version("tr2m_ros")
