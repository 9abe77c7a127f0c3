"""A model to evaluate whose predictions are known beforehand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tr2m_core.types import DepthBatch, DepthPrediction


class OneByOne:
    """Predicts the frames of a batch by `predict`, at their own size."""

    def predict_frames(
        self,
        frames: Sequence[np.ndarray],
        descriptions: Sequence[str],
        *,
        maps: bool = False,
        scale: float = 1.0,
        edge_jump: float | None = None,
    ) -> list[DepthPrediction]:
        assert scale == 1.0
        return [self.predict(*pair, maps=maps) for pair in zip(frames, descriptions, strict=True)]


class Told(OneByOne):
    """Predicts the depth it is told, in memory of its own, whatever the frame shows; the maps are 2 and 0.25."""

    def __init__(self, depth: np.ndarray, edges: np.ndarray | None = None) -> None:
        self.depth, self.edges = depth, edges

    def predict(self, rgb: np.ndarray, description: str, *, maps: bool = True) -> DepthPrediction:
        flat = [np.full(self.depth.shape, value, np.float32) for value in (1.0, 2.0, 0.25)] if maps else []
        return replace(DepthPrediction(self.depth.copy(order="K"), *flat), edges=self.edges)


class FlatModel:
    """Predicts one depth everywhere, twice that of colours that are not normalised, and relative depth that grows from
    0 in the left column to 1 in the right one.

    seen: sentence, size of the frame and size asked for, of each prediction.
    """

    engine, device, precision, antialias = "torch", "cpu", "fp32", False

    class config:
        notice = ""

    def __init__(self, depth: float = 1.0) -> None:
        self.depth = depth
        self.seen: list[tuple[str, tuple[int, int], tuple[int, int]]] = []

    def predict_batch(
        self,
        rgb: np.ndarray,
        description: Sequence[str],
        *,
        maps: bool,
        size: tuple[int, int],
        allow_empty: bool,
    ) -> DepthBatch:
        assert len(description) == len(rgb)
        assert allow_empty or all(description)
        self.seen += [(text, frame.shape[:2], size) for text, frame in zip(description, rgb, strict=True)]
        depth = np.full((len(rgb), *size), self.depth, np.float32)
        relative = np.broadcast_to(np.linspace(0, 1, size[1], dtype=np.float32), depth.shape)
        return DepthBatch(depth, relative) if maps else DepthBatch(depth)

    def without_normalisation(self) -> FlatModel:
        return FlatModel(2 * self.depth)


def encoded(backend, sentences: Sequence[str]):
    """Sentences in the form that the backend's `run` takes."""
    return backend.condition(backend.embed(list(sentences)))
