"""Procedurally generated scenes with exact depth and a sentence that tells their size.

The geometry is that of an ordinary scene and knows nothing of the real size, so pixels alone cannot tell a doll's house
from a hall; the scene is then scaled until its median depth is what the sentence's place and size stand for.
Every scene is a function of (seed, index) alone.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tr2m_core.data.procedural import raycast
from tr2m_core.data.procedural.descriptions import SceneFacts, Wording, describe, sample_facts
from tr2m_core.data.procedural.layout import Layout, turn_y
from tr2m_core.data.procedural.photograph import photograph, soften_edges
from tr2m_core.data.procedural.shading import shade
from tr2m_core.data.procedural.surroundings import build_layout

SIZE_JITTER = 0.08  # standard deviation of log size around what the sentence's place and size stand for
LIMITS = (0.001, 200.0)  # metres that ground truth counts between and predictions are clamped to
MEAN_WEIGHT = 0.6  # of the log loss, as the paper has it for rooms


class CameraPose(NamedTuple):
    """A camera above the floor."""

    height: float
    """Metres."""
    pitch: float
    """Radians by which it looks down."""


@dataclass
class SceneBatch:
    """B scenes as a camera would see them."""

    image: Tensor
    """(B, 3, H, W) float32 in 0..1."""
    depth: Tensor
    """(B, 1, H, W) metres along Z, 0 where not valid."""
    valid: Tensor
    """(B, 1, H, W) bool, false in the sky."""
    intrinsics: Tensor
    """(B, 4) fx, fy, cx, cy in pixels."""
    descriptions: list[str]
    """One description per scene."""
    facts: list[SceneFacts]
    """What each description was made from."""
    poses: list[CameraPose]
    """Where each camera is."""

    def camera_images(self) -> npt.NDArray[np.uint8]:
        """The images as a camera stores them, (B, H, W, 3)."""
        stored: npt.NDArray[np.uint8] = (self.image * 255).round().byte().permute(0, 2, 3, 1).contiguous().cpu().numpy()
        return stored


class ProceduralScenes:
    """Scenes by index; `wording` chooses the sentence grammar ("train", or "unseen": wordings kept out of training).

    varied: images of other shapes, from square to three times as wide as high, are squeezed into `size`, as
    predictors squeeze the frames of a camera; otherwise pixels are square. Rendered on the CPU by one thread and then
    moved to `device`.
    """

    def __init__(
        self,
        size: tuple[int, int],
        *,
        seed: int = 0,
        wording: Wording = "train",
        varied: bool = False,
        device: str | torch.device = "cpu",
    ) -> None:
        self.size, self.seed, self.wording, self.varied = size, seed, wording, varied
        self.device = torch.device(device)

    def facts(self, index: int) -> SceneFacts:
        return sample_facts(self._text_random(index))

    def describe(self, index: int, wording: Wording | None = None, variant: int = 0) -> str:
        """A sentence about scene `index`; other variants say the same scene in other words."""
        return describe(self.facts(index), self._text_random(index, variant + 1), wording or self.wording)

    def batch(self, indices: Sequence[int]) -> SceneBatch:
        facts = [self.facts(i) for i in indices]
        rngs = [np.random.default_rng((self.seed, i)) for i in indices]
        layouts = [build_layout(f, rng) for f, rng in zip(facts, rngs, strict=True)]
        if self.varied:
            for layout, fact in zip(layouts, facts, strict=True):
                layout.squeeze = _squeeze(layout, fact, self.size)
        jitter = [math.exp(SIZE_JITTER * float(rng.standard_normal())) for rng in rngs]
        targets = torch.tensor([f.distance_m * j for f, j in zip(facts, jitter, strict=True)])
        image, depth, valid = render(layouts, self.size, rngs)
        scale = targets / masked_median(depth, valid)
        metric = torch.where(valid, depth * scale.view(-1, 1, 1, 1), 0.0)
        intrinsics = torch.stack([intrinsics_of(layout, self.size) for layout in layouts])
        image, metric, valid, intrinsics = (t.to(self.device) for t in (image, metric, valid, intrinsics))
        poses = [pose_of(layout, float(factor)) for layout, factor in zip(layouts, scale, strict=True)]
        return SceneBatch(image, metric, valid, intrinsics, [self.describe(i) for i in indices], facts, poses)

    def _text_random(self, index: int, variant: int = 0) -> random.Random:
        return random.Random(f"{self.seed}/{index}/{variant}")


def render(
    layouts: Sequence[Layout], size: tuple[int, int], cameras: Sequence[np.random.Generator]
) -> tuple[Tensor, Tensor, Tensor]:
    """Photographs (B, 3, H, W) in 0..1, depth (B, 1, H, W) in metres of an ordinary scene and its validity.

    cameras: what chooses each camera's exposure, blur, noise...
    """
    images, depths = [], []
    for layout, camera in zip(layouts, cameras, strict=True):
        scene, material = layout.scene(size)
        rays = scene.rays()
        hits = raycast.cast(scene, rays)
        linear = shade(scene, material, layout.light, rays, hits, raycast.lit(scene, rays, hits))
        images.append(photograph(soften_edges(linear, hits.surface), camera))
        depths.append(hits.depth)
    image, depth = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2), torch.from_numpy(np.stack(depths))[:, None]
    return image.contiguous(), depth, depth < float(raycast.FAR)


def _squeeze(layout: Layout, facts: SceneFacts, size: tuple[int, int]) -> float:
    """Height of a pixel over its width, so that the image that is squeezed into `size` has a usual shape."""
    shapes = (4 / 3, 4 / 3, 4 / 3, 3 / 2, 16 / 9, layout.uniform(1.0, 2.0))
    wide = facts.domain == "street" and layout.chance(0.3)
    shape = layout.uniform(2.0, 3.4) if wide else shapes[layout.pick(0, len(shapes) - 1)]
    return size[1] / size[0] / shape


def intrinsics_of(layout: Layout, size: tuple[int, int]) -> Tensor:
    """fx, fy, cx, cy in pixels."""
    focal = 0.5 * size[1] / math.tan(0.5 * layout.fov)
    return torch.tensor([focal, focal / layout.squeeze, 0.5 * (size[1] - 1), 0.5 * (size[0] - 1)])


def pose_of(layout: Layout, scale: float) -> CameraPose:
    """The camera of a scene that is `scale` times as large as the layout."""
    down = layout.rotation.T @ np.array([0.0, 1.0, 0.0])
    return CameraPose(-float(layout.position[1]) * scale, math.atan2(down[2], down[1]))


def masked_median(depth: Tensor, valid: Tensor) -> Tensor:
    """Median over the valid pixels of each scene, (B,); 1 where there are none."""
    values = torch.where(valid, depth, torch.nan).flatten(1)
    return torch.nan_to_num(values.nanmedian(1).values, nan=1.0)


def render_sequence(facts: SceneFacts, frames: int, size: tuple[int, int], *, seed: int = 0) -> SceneBatch:
    """A camera swaying through one scene: `frames` consecutive images, the whole sequence at one scale.

    Facts that differ only in place, size and distance give the same images for the same seed, at another real size.
    """
    layouts = []
    for phase in np.linspace(0.0, 2 * math.pi, frames, endpoint=False):
        layout = build_layout(facts, np.random.default_rng((seed, 0)))
        aside, yaw = 0.08 * math.sin(phase), 0.06 * math.sin(phase)
        layout.position = layout.position + layout.rotation @ np.array([aside, 0.02 * math.sin(2 * phase), 0.0])
        layout.rotation = layout.rotation @ turn_y(-yaw)
        layouts.append(layout)
    # One exposure for the whole sequence, as a camera with fixed settings would give.
    image, depth, valid = render(layouts, size, [np.random.default_rng(seed) for _ in layouts])
    scale = facts.distance_m / masked_median(depth, valid)[0]
    intrinsics = torch.stack([intrinsics_of(layout, size) for layout in layouts])
    sentence = describe(facts, random.Random(seed))
    poses = [pose_of(layout, float(scale)) for layout in layouts]
    metric = torch.where(valid, depth * scale, 0.0)
    return SceneBatch(image, metric, valid, intrinsics, [sentence] * frames, [facts] * frames, poses)
