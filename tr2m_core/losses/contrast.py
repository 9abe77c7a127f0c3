"""Scale-oriented contrast: features of images, and of pixels, of like scale are drawn together, others apart.

Source: TR2M (arXiv 2506.13387), scale-oriented contrast. Both parts are InfoNCE on L2-normalised embeddings,
    loss = mean over anchors i, mean over positives p of i:
           -log(exp(e_i . k_p / temperature) / sum over positives and negatives k of i of exp(e_i . k / temperature)).
An embedding is the scale features with the shift features behind them, for the contrast acts on both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tr2m_core.types import RescaleMaps

Gather = Callable[[Tensor], Tensor]

OTHER_IMAGES, ALL_IMAGES = KEYS_FROM = ("other_images", "all_images")  # where the keys of a pixel come from


def identity(tensor: Tensor) -> Tensor:
    """What gathers over the processes when there is only one."""
    return tensor


def similarity(anchors: Tensor, keys: Tensor, temperature: float) -> Tensor:
    """Cosine similarity over temperature, in float32 also under autocast: (A, C), (K, C) -> (A, K)."""
    with torch.autocast(anchors.device.type, enabled=False):
        return F.normalize(anchors.float(), dim=1) @ F.normalize(keys.float(), dim=1).T / temperature


def info_nce(logits: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
    """The loss above for logits (A, K) and disjoint masks of the pairs; pairs in neither mask do not count.

    Anchors without a positive or without a negative are left out. Zero, with a graph, when none is left.
    """
    anchors = positive.any(1) & negative.any(1)
    logits, positive, negative = logits[anchors], positive[anchors], negative[anchors]
    normaliser = logits.masked_fill(~(positive | negative), -torch.inf).logsumexp(1, keepdim=True)
    loss = ((normaliser - logits) * positive).sum(1) / positive.sum(1)
    return loss.sum() / anchors.sum().clamp_min(1)


# Coarse: between images.


def pooled_embeddings(maps: RescaleMaps) -> Tensor:
    """Average-pooled features of each image: (B, C, h, w) twice -> (B, 2C) float32."""
    return torch.cat(
        [features.mean((2, 3), dtype=torch.float32) for features in (maps.scale_features, maps.shift_features)], dim=1
    )


def coarse_contrast(
    embeddings: Tensor,
    scale: Tensor,
    usable: Tensor,
    rank_distance: int,
    temperature: float,
    gather: Gather = identity,
    process_index: int = 0,
) -> Tensor:
    """Images ranked by pseudo scale: a rank distance under `rank_distance` makes a positive pair, else a negative one.

    embeddings (B, C). scale (B,): the fitted pseudo scale; equal scales have equal ranks. usable (B,) bool: images with
    a fit; the others are left out. Ranks and pairs are those of the whole batch over all processes: `gather`
    concatenates equally long tensors in the order of process indices (accelerate's does; no gradient has to pass
    through it) and is called twice on every process.
    """
    scale = gather(torch.where(usable, scale, torch.nan))
    embeddings = _gathered_with_own_gradient(embeddings, gather, process_index)
    usable = ~scale.isnan()
    rank = (scale.unsqueeze(0) < scale.unsqueeze(1)).sum(1)
    near = (rank.unsqueeze(0) - rank.unsqueeze(1)).abs() < rank_distance
    pair = usable.unsqueeze(0) & usable.unsqueeze(1) & ~torch.eye(len(rank), dtype=torch.bool, device=rank.device)
    return info_nce(similarity(embeddings, embeddings, temperature), pair & near, pair & ~near)


def _gathered_with_own_gradient(embeddings: Tensor, gather: Gather, process_index: int) -> Tensor:
    """The rows of all processes; gradients flow into the own ones, times the number of processes.

    Every process computes the loss of the whole batch and holds its own share of the gradient. Distributed training
    averages gradients over processes, where the shares have to add up: the factor makes up for that.
    """
    gathered = gather(embeddings.detach())
    processes, first = len(gathered) // len(embeddings), process_index * len(embeddings)
    own = embeddings + (processes - 1) * (embeddings - embeddings.detach())
    return torch.cat((gathered[:first], own, gathered[first + len(own) :]))


# Fine: between pixels.


class PixelSample(NamedTuple):
    """M pixels of a batch: index of the image, index into its features row by row, ground truth; each (M,)."""

    image: Tensor
    pixel: Tensor
    depth: Tensor


@torch.no_grad()
def sample_pixels(
    ground_truth: Tensor, valid: Tensor, size: tuple[int, int], samples: int, generator: torch.Generator
) -> PixelSample:
    """At most `samples` pixels of each image with valid ground truth, without repetition.

    ground_truth (> 0 where valid) and valid: (B, 1, H, W); both are resized, nearest, to the features' size. The
    generator decides alone, and may live on another device.
    """
    depth = F.interpolate(torch.where(valid, ground_truth.float(), 0.0), size=size, mode="nearest").flatten(1)
    score = torch.rand(depth.shape, generator=generator, device=generator.device).to(depth.device)
    score, pixel = score.masked_fill(depth <= 0, -1.0).topk(min(samples, depth.shape[1]), dim=1)
    image, place = (score >= 0).nonzero(as_tuple=True)
    pixel = pixel[image, place]
    return PixelSample(image, pixel, depth[image, pixel])


def pixel_embeddings(maps: RescaleMaps, sample: PixelSample) -> Tensor:
    """The features of the pixels sampled: (B, C, h, w) twice -> (M, 2C)."""
    features = (maps.scale_features, maps.shift_features)
    return torch.cat([f.flatten(2)[sample.image, :, sample.pixel] for f in features], dim=1)


def depth_classes(depth: Tensor, min_depth: float, max_depth: float, classes: int) -> Tensor:
    """round((max_depth - depth) / (max_depth - min_depth) * classes): 0 at the far limit, `classes` at the near one."""
    return ((max_depth - depth) / (max_depth - min_depth) * classes).round().long()


def fine_contrast(
    queries: Tensor, keys: Tensor, classes: Tensor, image: Tensor, temperature: float, keys_from: str = OTHER_IMAGES
) -> Tensor:
    """Pixels against keys of pixels: the same depth class is positive, another negative.

    queries (M, C) of the head, keys (M, C) of its momentum copy at the same pixels, classes (M,) of their depth, image
    (M,) that they lie in. keys_from: "other_images", the keys of a query are those of the images it does not lie in,
    or "all_images", where its own pixel is among its positives; of several processes, each has the images of its own.
    No gradient flows into the keys.
    """
    same = classes.unsqueeze(0) == classes.unsqueeze(1)
    pair = torch.ones_like(same) if keys_from == ALL_IMAGES else image.unsqueeze(0) != image.unsqueeze(1)
    return info_nce(similarity(queries, keys.detach(), temperature), pair & same, pair & ~same)


@torch.no_grad()
def momentum_update(key_module: nn.Module, query_module: nn.Module, momentum: float = 0.99) -> None:
    """key = momentum * key + (1 - momentum) * query, in place, for parameters and buffers of two equal modules.

    Buffers of integers, such as counters, are copied.
    """
    for part in ("parameters", "buffers"):
        for key, query in zip(getattr(key_module, part)(), getattr(query_module, part)(), strict=True):
            if key.is_floating_point():
                key.lerp_(query, 1 - momentum)
            else:
                key.copy_(query)


def contrast_weight(step: int, steps_per_epoch: int, start_epoch: int, warmup_steps: int) -> float:
    """Weight of the contrast at a step of the run, both counted from 0: none for `start_epoch` epochs, then linear.

    The first step after them has 1 / warmup_steps; from the warmup_steps-th on it is 1.
    """
    steps = step - start_epoch * steps_per_epoch + 1
    return min(1.0, max(0, steps) / max(1, warmup_steps))
