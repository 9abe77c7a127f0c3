"""Makes linear renderings look taken by a camera."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]


def soften_edges(image: Floats, surface: npt.NDArray[np.int16]) -> Floats:
    """Mixes the colours (H, W, 3) on both sides of every outline, as a pixel that both cover does."""
    edge = np.zeros(surface.shape, np.float32)
    across, down = surface[:, 1:] != surface[:, :-1], surface[1:] != surface[:-1]
    edge[:, 1:][across] = edge[:, :-1][across] = edge[1:][down] = edge[:-1][down] = 1.0
    smooth = cv2.GaussianBlur(image, (3, 3), 0.7)
    mixed: Floats = np.where(edge[..., None] > 0, smooth, image)
    return mixed


def photograph(linear: Floats, rng: np.random.Generator) -> Floats:
    """Exposure, colour cast, vignetting, gamma, motion and lens blur, noise, JPEG, 8 bits: linear (H, W, 3) to 0..1."""
    height, width = linear.shape[:2]
    usual = rng.random() < 0.85
    level = rng.uniform(0.12, 0.4) if usual else rng.choice([rng.uniform(0.02, 0.1), rng.uniform(0.4, 0.7)])
    image = linear * np.clip(level / max(float(linear.mean()), 0.01), 0.1, 12.0)
    image = image * rng.uniform(0.85, 1.15, 3).astype(np.float32)
    if rng.random() < 0.3:
        y, x = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)
        image = image * (1 - rng.uniform(0.1, 0.5) * 0.5 * (x * x + y * y))[..., None]
    image = np.clip(image, 0, 1) ** (1 / rng.uniform(1.8, 2.5))
    grey = image.mean(-1, keepdims=True)
    image = np.clip(grey + (image - grey) * rng.uniform(0.7, 1.7), 0, 1)
    contrast = rng.uniform(0.0, 0.8)
    image = (1 - contrast) * image + contrast * image * image * (3 - 2 * image)
    if rng.random() < 0.5:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 1.2) * width / 320)
    if rng.random() < 0.12:
        image = cv2.filter2D(image, -1, _streak(rng, max(3, round(rng.uniform(2, 9) * width / 320))))
    noise = rng.standard_normal((height, width, 3), np.float32) * (rng.uniform(0, 1) ** 2 * 0.05)
    image = np.clip(image + noise, 0, 1).astype(np.float32)
    if rng.random() < 0.5:
        quality = int(rng.integers(25, 95))
        stored = cv2.imencode(
            ".jpg", (image[..., ::-1] * 255).round().astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, quality]
        )
        image = np.asarray(cv2.imdecode(stored[1], cv2.IMREAD_COLOR))[..., ::-1].astype(np.float32) / 255
    return np.asarray((image * 255).round() / 255, np.float32)


def _streak(rng: np.random.Generator, length: int) -> Floats:
    """What a hand that moves during the exposure does to a point."""
    kernel = np.zeros((length, length), np.float32)
    angle, half = rng.uniform(0, np.pi), (length - 1) / 2
    offset = np.array([np.cos(angle), np.sin(angle)]) * half
    start, end = (half - offset).round().astype(int), (half + offset).round().astype(int)
    cv2.line(kernel, (int(start[0]), int(start[1])), (int(end[0]), int(end[1])), 1.0)
    return np.asarray(kernel / kernel.sum())
