"""Procedurally generated scenes with exact depth and a sentence that tells their size.

The geometry is made in normalised units and knows nothing of the real size, so pixels alone cannot tell a doll's
house from a hall; the scene is then scaled until its median depth is what the sentence's place and size stand for.
Every scene is a function of (seed, index) alone.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from tr2m_core.data import raycast
from tr2m_core.data.descriptions import SceneFacts, Wording, describe, sample_facts
from tr2m_core.data.layout import KINDS, NOWHERE, Layout, build_layout, turn_y

SIZE_JITTER = 0.08  # standard deviation of log size around what the sentence's place and size stand for
LIMITS = (0.001, 200.0)  # metres that ground truth counts between and predictions are clamped to
MEAN_WEIGHT = 0.6  # of the log loss, as the paper has it for rooms
SKY_DEPTH = 1e4  # normalised units beyond which nothing is measured


@dataclass
class SceneBatch:
    """B scenes as a camera would see them.

    image: (B, 3, H, W) float32 in 0..1. depth: (B, 1, H, W) metres along Z, 0 where not valid.
    valid: (B, 1, H, W) bool, false in the sky. intrinsics: (B, 4) fx, fy, cx, cy in pixels.
    descriptions, facts: a sentence per scene and what it was made from.
    """

    image: Tensor
    depth: Tensor
    valid: Tensor
    intrinsics: Tensor
    descriptions: list[str]
    facts: list[SceneFacts]

    def pictures(self) -> npt.NDArray[np.uint8]:
        """The images as a camera stores them, (B, H, W, 3)."""
        stored: npt.NDArray[np.uint8] = (self.image * 255).round().byte().permute(0, 2, 3, 1).contiguous().cpu().numpy()
        return stored


class ProceduralScenes:
    """Scenes by index; `wording` chooses the sentence grammar ("train", or "unseen": wordings kept out of training)."""

    def __init__(
        self,
        size: tuple[int, int],
        *,
        seed: int = 0,
        wording: Wording = "train",
        device: str | torch.device = "cpu",
    ) -> None:
        self.size, self.seed, self.wording, self.device = size, seed, wording, torch.device(device)

    def facts(self, index: int) -> SceneFacts:
        return sample_facts(self._text_random(index))

    def describe(self, index: int, wording: Wording | None = None, variant: int = 0) -> str:
        """A sentence about scene `index`; other variants say the same scene in other words."""
        return describe(self.facts(index), self._text_random(index, variant + 1), wording or self.wording)

    def batch(self, indices: Sequence[int]) -> SceneBatch:
        facts = [self.facts(i) for i in indices]
        rngs = [np.random.default_rng((self.seed, i)) for i in indices]
        layouts = [build_layout(f, rng) for f, rng in zip(facts, rngs, strict=True)]
        jitter = [math.exp(SIZE_JITTER * float(rng.standard_normal())) for rng in rngs]
        targets = torch.tensor([f.distance_m * j for f, j in zip(facts, jitter, strict=True)], device=self.device)
        image, depth, valid = render(layouts, self.size, self.device)
        scale = targets / masked_median(depth, valid)
        metric = torch.where(valid, depth * scale.view(-1, 1, 1, 1), 0.0)
        image = photograph(image, [self._photo_random(i) for i in indices])
        intrinsics = torch.stack([intrinsics_of(layout, self.size) for layout in layouts]).to(self.device)
        return SceneBatch(image, metric, valid, intrinsics, [self.describe(i) for i in indices], facts)

    def batches(self, batch_size: int, start: int = 0, stop: int | None = None) -> Iterator[SceneBatch]:
        """Consecutive batches of scenes start, start + 1, ... up to stop (endless without)."""
        while stop is None or start < stop:
            end = start + batch_size if stop is None else min(start + batch_size, stop)
            yield self.batch(range(start, end))
            start = end

    def _photo_random(self, index: int) -> torch.Generator:
        return torch.Generator(self.device).manual_seed(hash((self.seed, index)) & 0x7FFFFFFF)

    def _text_random(self, index: int, variant: int = 0) -> random.Random:
        return random.Random(f"{self.seed}/{index}/{variant}")


def render(layouts: Sequence[Layout], size: tuple[int, int], device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Linear pictures (B, 3, H, W), depth (B, 1, H, W) in normalised units and its validity."""
    scenes = pack(layouts, size).to(device)
    depth, surface = raycast.cast(scenes)
    image = raycast.shade(scenes, depth, surface)
    depth, image = depth.reshape(-1, 1, *size), image.reshape(-1, 3, *size)
    return image, depth, depth < SKY_DEPTH


def pack(layouts: Sequence[Layout], size: tuple[int, int]) -> raycast.Scenes:
    # Slots that no scene of the batch uses would be cast and shaded for nothing.
    solids = [s for s in range(len(KINDS)) if any(layout.centre[s, 2] != NOWHERE[2] for layout in layouts)]
    surfaces = [*solids, *range(len(KINDS), len(KINDS) + raycast.SHELL_FACES)]

    def stack(name: str, places: Sequence[int] | None = None) -> Tensor:
        arrays = [getattr(layout, name) for layout in layouts]
        chosen = arrays if places is None else [array[list(places)] for array in arrays]
        return torch.from_numpy(np.stack(chosen).astype(np.float32))

    rays = torch.stack([camera_rays(layout.fov, size) for layout in layouts])
    return raycast.Scenes(
        position=stack("position"),
        rotation=stack("rotation"),
        rays=rays,
        kind=tuple(KINDS[s] for s in solids),
        centre=stack("centre", solids),
        to_local=stack("to_local", solids),
        extent=stack("extent", solids),
        shell_centre=stack("shell_centre"),
        shell_to_local=stack("shell_to_local"),
        shell_extent=stack("shell_extent"),
        shell_round=torch.tensor([layout.shell_round for layout in layouts]),
        sky=torch.tensor([layout.sky for layout in layouts]),
        material=stack("material", surfaces),
        light=stack("light"),
        ambient=stack("ambient"),
        headlight=stack("headlight"),
        haze=stack("haze"),
    )


def focal_length(fov: float, size: tuple[int, int]) -> float:
    """Pixels, from the horizontal field of view in radians."""
    return 0.5 * size[1] / math.tan(0.5 * fov)


def camera_rays(fov: float, size: tuple[int, int]) -> Tensor:
    """(3, H * W) ray directions with z = 1 through pixel centres."""
    focal = focal_length(fov, size)
    y, x = torch.meshgrid(torch.arange(size[0]), torch.arange(size[1]), indexing="ij")
    x, y = (x - 0.5 * (size[1] - 1)) / focal, (y - 0.5 * (size[0] - 1)) / focal
    return torch.stack((x, y, torch.ones_like(x))).flatten(1).float()


def intrinsics_of(layout: Layout, size: tuple[int, int]) -> Tensor:
    focal = focal_length(layout.fov, size)
    return torch.tensor([focal, focal, 0.5 * (size[1] - 1), 0.5 * (size[0] - 1)])


def masked_median(depth: Tensor, valid: Tensor) -> Tensor:
    """Median over the valid pixels of each scene, (B,); 1 where there are none."""
    values = torch.where(valid, depth, torch.nan).flatten(1)
    return torch.nan_to_num(values.nanmedian(1).values, nan=1.0)


def photograph(linear: Tensor, generators: Sequence[torch.Generator]) -> Tensor:
    """Makes linear renderings look taken: exposure, colour cast, gamma, blur and noise, by a generator per picture."""

    def uniform(low: float, high: float, count: int) -> Tensor:
        drawn = [torch.rand((count, 1, 1), device=linear.device, generator=g) for g in generators]
        return low + (high - low) * torch.stack(drawn)

    mean = linear.mean((1, 2, 3), keepdim=True).clamp_min(0.02)
    image = linear * (uniform(0.12, 0.35, 1) / mean).clamp(0.3, 6.0) * uniform(0.88, 1.12, 3)
    image = image.clamp(0, 1).pow(1 / uniform(1.8, 2.4, 1))
    blurred = F.avg_pool2d(F.pad(image, (1, 1, 1, 1), mode="replicate"), 3, 1)
    image = torch.lerp(image, blurred, uniform(0.0, 1.0, 1))
    noise = torch.stack([torch.randn(image.shape[1:], device=linear.device, generator=g) for g in generators])
    return (image + noise * uniform(0.0, 0.03, 1)).clamp(0, 1)


def render_sequence(facts: SceneFacts, frames: int, size: tuple[int, int], *, seed: int = 0) -> SceneBatch:
    """A camera swaying through one scene: `frames` consecutive pictures, the whole sequence at one scale.

    Facts that differ only in place, size and distance give the same pictures for the same seed, at another real size.
    """
    layouts = []
    for phase in np.linspace(0.0, 2 * math.pi, frames, endpoint=False):
        layout = build_layout(facts, np.random.default_rng((seed, 0)))
        aside, yaw = 0.08 * math.sin(phase), 0.06 * math.sin(phase)
        layout.position = layout.position + layout.rotation @ np.array([aside, 0.02 * math.sin(2 * phase), 0.0])
        layout.rotation = layout.rotation @ turn_y(-yaw)
        layouts.append(layout)
    image, depth, valid = render(layouts, size, torch.device("cpu"))
    scale = facts.distance_m / masked_median(depth, valid)[0]
    # One exposure for the whole sequence, as a camera with fixed settings would give.
    image = photograph(image, [torch.Generator().manual_seed(seed) for _ in layouts])
    intrinsics = torch.stack([intrinsics_of(layout, size) for layout in layouts])
    sentence = describe(facts, random.Random(seed))
    return SceneBatch(
        image, torch.where(valid, depth * scale, 0.0), valid, intrinsics, [sentence] * frames, [facts] * frames
    )
