"""Tileable grey patterns that materials are mixed from: grain, wood, brick, tiles, cloth, print, windows of facades."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

SIDE = 128  # texels across one period
LEVELS = 6
SEED = 20


class Textures(NamedTuple):
    """Every pattern at every level of detail in one array. values: 0..1; start (T, LEVELS): where each begins."""

    values: Floats
    start: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.start)

    def sample(self, texture: int, u: Floats, v: Floats, level: npt.NDArray[np.int32]) -> Floats:
        """Values at (u, v) in periods, at levels of detail 0 (finest) .. LEVELS - 1."""
        side = SIDE >> level
        column = (np.floor(u * side)).astype(np.int32) & (side - 1)
        row = (np.floor(v * side)).astype(np.int32) & (side - 1)
        found: Floats = self.values[self.start[texture][level] + row * side + column]
        return found


@functools.lru_cache
def textures() -> Textures:
    rng = np.random.default_rng(SEED)
    patterns = [make(rng) for make, copies in PATTERNS for _ in range(copies)]
    values, start, offset = [], [], 0
    for pattern in patterns:
        low, high = np.percentile(pattern, (1, 99))
        level, starts = np.clip((pattern - low) / max(high - low, 1e-6), 0, 1).astype(np.float32), []
        for _ in range(LEVELS):
            values.append(level.ravel())
            starts.append(offset)
            offset += level.size
            level = level.reshape(level.shape[0] // 2, 2, -1, 2).mean((1, 3))
        start.append(starts)
    return Textures(np.concatenate(values), np.array(start, np.int32))


def _noise(rng: np.random.Generator, slope: float, stretch: tuple[float, float] = (1.0, 1.0)) -> Floats:
    """Noise of unit deviation whose spectrum falls as frequency ** -slope; stretch > 1 makes it vary less that way."""
    fy, fx = np.meshgrid(np.fft.fftfreq(SIDE) * stretch[0], np.fft.fftfreq(SIDE) * stretch[1], indexing="ij")
    amplitude = np.maximum(np.hypot(fx, fy), 1 / SIDE) ** -slope
    amplitude[0, 0] = 0
    noise = np.fft.ifft2(np.fft.fft2(rng.standard_normal((SIDE, SIDE))) * amplitude).real
    grain: Floats = (noise / noise.std()).astype(np.float32)
    return grain


def _as_floats(values: npt.NDArray[np.floating[Any]]) -> Floats:
    return values.astype(np.float32)


def _grid() -> tuple[Floats, Floats]:
    y, x = np.meshgrid(np.arange(SIDE), np.arange(SIDE), indexing="ij")
    return _as_floats(y / SIDE), _as_floats(x / SIDE)


def _grain(slope: float) -> Callable[[np.random.Generator], Floats]:
    return lambda rng: _noise(rng, slope)


def _wood(rng: np.random.Generator) -> Floats:
    _, x = _grid()
    rings = np.sin(2 * np.pi * (rng.integers(3, 9) * x + 0.5 * _noise(rng, 2.0, (1.0, 6.0)) * 0.4))
    return _as_floats(rings + 0.5 * _noise(rng, 0.8, (8.0, 1.0)))


def _planks(rng: np.random.Generator) -> Floats:
    _, x = _grid()
    count = int(rng.choice([2, 4, 8]))
    board = np.floor(x * count).astype(int)
    shade = rng.uniform(-1, 1, count)[board]
    gap = (np.abs(x * count - np.round(x * count)) < 0.04).astype(np.float32)
    return _as_floats(shade + 0.5 * _noise(rng, 0.9, (8.0, 1.0)) - 2.5 * gap)


def _brick(rng: np.random.Generator) -> Floats:
    y, x = _grid()
    rows, columns = int(rng.choice([8, 16])), int(rng.choice([2, 4]))
    row = np.floor(y * rows).astype(int)
    shifted = x * columns + 0.5 * (row % 2)
    joint = (np.abs(y * rows - np.round(y * rows)) < 0.1) | (np.abs(shifted - np.round(shifted)) < 0.04)
    shade = rng.uniform(-1, 1, (rows, columns))[row, np.floor(shifted).astype(int) % columns]
    return _as_floats(shade + 0.4 * _noise(rng, 0.5) + 2.0 * joint * rng.choice([-1, 1]))


def _tiles(rng: np.random.Generator) -> Floats:
    y, x = _grid()
    count = int(rng.choice([1, 2, 4]))
    width = 0.02 * count
    joint = (np.abs(y * count - np.round(y * count)) < width) | (np.abs(x * count - np.round(x * count)) < width)
    shade = rng.uniform(-0.6, 0.6, (count, count))
    cells = shade[np.floor(y * count).astype(int) % count, np.floor(x * count).astype(int) % count]
    return _as_floats(cells + rng.uniform(0, 0.5) * _noise(rng, 1.2) - 2.0 * joint)


def _checks(rng: np.random.Generator) -> Floats:
    y, x = _grid()
    count = 2 * int(rng.integers(1, 4))
    checks = (np.floor(y * count) + np.floor(x * count)) % 2
    return _as_floats(checks + 0.1 * _noise(rng, 1.0))


def _stripes(rng: np.random.Generator) -> Floats:
    _, x = _grid()
    edges = np.sort(rng.random(int(rng.integers(3, 12))))
    shades = rng.uniform(-1, 1, len(edges) + 1)
    shades[-1] = shades[0]
    return _as_floats(shades[np.searchsorted(edges, x)] + 0.1 * _noise(rng, 0.8))


def _cloth(rng: np.random.Generator) -> Floats:
    y, x = _grid()
    count = int(rng.choice([8, 16, 32]))
    weave = np.sin(2 * np.pi * count * x) * np.sin(2 * np.pi * count * y)
    return _as_floats(weave + 0.8 * _noise(rng, 1.2))


def _blotches(rng: np.random.Generator) -> Floats:
    return (_noise(rng, 1.8) > rng.uniform(-0.5, 0.8)).astype(np.float32) + 0.15 * _noise(rng, 0.6)


def _dots(rng: np.random.Generator) -> Floats:
    field = np.zeros((SIDE, SIDE), np.float32)
    for _ in range(int(rng.integers(10, 60))):
        centre = rng.integers(0, SIDE, 2)
        disc = np.zeros_like(field)
        radius = int(rng.integers(2, 8))
        cv2.circle(disc, (SIDE // 2, SIDE // 2), radius, float(rng.uniform(0.4, 1.0)), -1)
        field = np.maximum(field, np.roll(disc, centre, (0, 1)))
    return field + 0.1 * _noise(rng, 1.0)


def _print(rng: np.random.Generator) -> Floats:
    """Lines of something like writing, a frame or a drawing: labels, pages, posters, screens."""
    page = np.ones((SIDE, SIDE), np.float32)
    y = int(rng.integers(4, 14))
    while y < SIDE - 8:
        height = int(rng.integers(2, 9))
        if rng.random() < 0.15:
            top = min(y + int(rng.integers(10, 40)), SIDE - 4)
            page[y:top, 8 : int(rng.integers(40, SIDE - 6))] = rng.uniform(0.1, 0.7)
            y = top + 3
            continue
        x = int(rng.integers(4, 20))
        while x < SIDE - 10:
            word = int(rng.integers(3, 18))
            page[y : y + height, x : min(x + word, SIDE - 6)] = rng.uniform(0.0, 0.4)
            x += word + int(rng.integers(2, 5))
        y += height + int(rng.integers(2, 8))
    return page


def _windows(rng: np.random.Generator) -> Floats:
    """A facade: rows of dark or shining windows."""
    wall = 0.65 + 0.05 * _noise(rng, 1.0)
    rows, columns = int(rng.choice([2, 4])), int(rng.choice([2, 4]))
    high, wide = SIDE // rows, SIDE // columns
    top, left = int(high * rng.uniform(0.15, 0.35)), int(wide * rng.uniform(0.1, 0.35))
    for row in range(rows):
        for column in range(columns):
            pane = wall[row * high + top : (row + 1) * high - 3, column * wide + left : (column + 1) * wide - left]
            pane[:] = rng.choice([rng.uniform(0.0, 0.25), rng.uniform(0.0, 0.25), rng.uniform(0.8, 1.0)])
            pane[:, pane.shape[1] // 2] = 0.9
    return _as_floats(wall)


PATTERNS: tuple[tuple[Callable[[np.random.Generator], Floats], int], ...] = (
    (_grain(0.5), 2),
    (_grain(1.0), 3),
    (_grain(1.5), 3),
    (_grain(2.0), 2),
    (_wood, 5),
    (_planks, 4),
    (_brick, 4),
    (_tiles, 4),
    (_checks, 2),
    (_stripes, 3),
    (_cloth, 3),
    (_blotches, 4),
    (_dots, 2),
    (_print, 5),
    (_windows, 5),
)


def indices(*makers: Callable[[np.random.Generator], Floats]) -> tuple[int, ...]:
    """Where the patterns of these makers stand among all."""
    found: list[int] = []
    position = 0
    for make, copies in PATTERNS:
        if make in makers:
            found += range(position, position + copies)
        position += copies
    return tuple(found)


ALL = tuple(range(sum(copies for _, copies in PATTERNS)))
WOODEN = indices(_wood, _planks)
WALLED = (*indices(_brick), *ALL[:10])
TILED = indices(_tiles, _planks, _checks)
WOVEN = indices(_cloth, _stripes)
GRAINY = ALL[:10]
LEAFY = (0, 1, 2, 3, 4, *indices(_blotches))
PRINTED = indices(_print)
FACADE = indices(_windows, _brick)
GLAZED = indices(_windows)
