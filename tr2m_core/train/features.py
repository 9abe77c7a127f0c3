"""What the frozen networks say of procedural scenes and sentences, computed once and kept on disk.

On a CPU the frozen networks cost more than the head that learns from them. Without augmentation of the image their
results never change, so a head can train on the stored ones. In advance of a training, with the settings of its
configuration, the sentences (scenes need the relative-depth network, which may still be training):

    python -m tr2m_core.train.features config/train/embedded_text.yaml
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor

from tr2m_core.data.base import BatchSource, DepthProtocol, SampleKey, TrainBatch
from tr2m_core.data.procedural.descriptions import DOMAINS
from tr2m_core.data.procedural.scenes import LIMITS, ProceduralScenes
from tr2m_core.data.procedural.written import reworded, written
from tr2m_core.errors import InputError
from tr2m_core.model.normalizer import Normalizer
from tr2m_core.model.sources import Overrides, find_model
from tr2m_core.model.tensors import writing
from tr2m_core.model.text_encoder import TextEncoder
from tr2m_core.model.tr2m import TR2M
from tr2m_core.train.config import FeaturesConfig, TrainConfig
from tr2m_core.train.prepare import prepare
from tr2m_core.train.progress import bar
from tr2m_core.train.seeds import generator
from tr2m_core.train.sentences import encode, stored_sentences

IMAGES_AT_ONCE = 16
REWORDINGS, REWORDINGS_AT_ONCE = 24, 512
EXACT_SHIFT = 0.1  # of inverse depth under `exact_shape`: a head that once did without a shift never finds one

Progress = Callable[[int, int], None]


@dataclass
class FeatureBatch(TrainBatch):
    """A batch with the outputs of the frozen networks for it."""

    tokens: Tensor
    """(B, P, C), row by row on the grid (h, w)."""
    relative_depth: Tensor
    """(B, 1, H, W)."""
    text: Tensor
    """Embeddings (B, 1, Ct)."""
    grid: tuple[int, int]
    """(h, w), rows and columns of the tokens."""


class FeatureSource(BatchSource):
    """Batches of stored features; a size smaller than the model's input cuts a window out of every image."""

    name = "procedural"

    def __init__(self, model: TR2M, config: FeaturesConfig, seed: int, report: Callable[[str], Progress]) -> None:
        self.config, self.seed = config, seed
        self.protocol = DepthProtocol(*LIMITS, config.mean_weight)
        self.input_size = model.config.input_size
        self.patch_size, self.grid = model.config.patch_size, model.config.grid(self.input_size)
        if self.patch_size % config.thinning:
            raise InputError(f"features.thinning: {config.thinning} does not divide the patch size, {self.patch_size}")
        self.images = stored_images(model, config, report("scenes"))
        domains = {int(domain) for domain in self.images["domain"]}
        self.sentences = _Sentences(stored_sentences(model.text_encoder, config, report("sentences")))
        if lacking := domains - self.sentences.by_domain.keys():
            raise InputError(
                f"features.sentences: {config.sentences} are too few, none is about a {DOMAINS[min(lacking)]}"
            )
        self.written = _Sentences(stored_written(model, config, report("rewordings"))) if config.written_share else None

    def __len__(self) -> int:
        return self.config.scenes

    def batch(self, keys: Sequence[SampleKey], size: tuple[int, int]) -> FeatureBatch:
        random = generator(self.seed, *(number for key in keys for number in (key.index, key.epoch)))
        scene = torch.tensor([key.index for key in keys])
        text, metres = self._told(self.images["domain"][scene], random)
        h, w = size[0] // self.patch_size, size[1] // self.patch_size
        if h > self.grid[0] or w > self.grid[1]:
            raise InputError(f"input_size {size}: stored features end at {self.input_size}, the model's own size")
        top = int(torch.randint(self.grid[0] - h + 1, (), generator=random))
        left = int(torch.randint(self.grid[1] - w + 1, (), generator=random))
        step = self.config.thinning
        rows = slice(self.patch_size * top, self.patch_size * (top + h), step)
        columns = slice(self.patch_size * left, self.patch_size * (left + w), step)
        relative = self.images["relative"][scene, :, rows, columns].float()
        if self.config.exact_shape:
            shape = (1 + EXACT_SHIFT) / (relative + EXACT_SHIFT)
        else:
            shape = self.images["depth"][scene, :, rows, columns].float()
        depth = shape * metres.view(-1, 1, 1, 1)
        return FeatureBatch(
            source=self.name,
            protocol=self.protocol,
            image=self.images["image"][scene, :, rows, columns].float() / 255,
            depth=depth * self._measured(scene, rows, columns),
            descriptions=[""] * len(keys),
            tokens=self.images["tokens"][scene, top : top + h, left : left + w].flatten(1, 2).float(),
            relative_depth=relative,
            text=text.unsqueeze(1),
            grid=(h, w),
        )

    def _measured(self, scene: Tensor, rows: slice, columns: slice) -> Tensor:
        """Which pixels have ground truth; of the scene alone, or in time every pixel would have been measured."""
        if self.config.ground_truth_share == 1:
            return torch.ones(())
        masks = []
        for index in scene.tolist():
            random = generator(self.seed, index)
            masks.append(torch.rand(self.input_size, generator=random)[rows, columns] < self.config.ground_truth_share)
        return torch.stack(masks).unsqueeze(1)

    def _told(self, domains: Tensor, random: torch.Generator) -> tuple[Tensor, Tensor]:
        """Embeddings (B, Ct) of sentences about these domains and the sizes they tell, metres (B,).

        Were each scene tied to one sentence, the head would learn images by heart instead of reading.
        """
        text, metres = self.sentences.draw(domains, random)
        if self.written is not None:
            by_hand = torch.rand(len(domains), generator=random) < self.config.written_share
            text[by_hand], metres[by_hand] = self.written.draw(domains[by_hand], random)
        if self.config.text_noise:
            noise = torch.randn(text.shape, generator=random)
            text = text + noise * (self.config.text_noise / text.shape[1] ** 0.5)
        return F.normalize(text, dim=1), metres


class _Sentences:
    """Stored sentences, as `stored_sentences` gives them, to draw from by domain."""

    def __init__(self, stored: dict[str, Tensor]) -> None:
        self.text, self.metres = stored["text"], stored["size"]
        places = {domain: (stored["domain"] == domain).nonzero().squeeze(1) for domain in range(len(DOMAINS))}
        self.by_domain = {domain: found for domain, found in places.items() if len(found)}

    def draw(self, domains: Tensor, random: torch.Generator) -> tuple[Tensor, Tensor]:
        """Embeddings (B, Ct) and metres (B,) of a sentence about each of the domains (B,)."""
        chance = torch.rand(len(domains), generator=random)
        chosen = torch.empty(len(domains), dtype=torch.long)
        for domain in sorted(set(domains.tolist())):
            candidates, mine = self.by_domain[domain], domains == domain
            chosen[mine] = candidates[(chance[mine] * len(candidates)).long()]
        return self.text[chosen].float(), self.metres[chosen]


@torch.inference_mode()
def stored_images(model: TR2M, config: FeaturesConfig, progress: Progress) -> dict[str, Tensor]:
    """image uint8 (N, 3, H, W), tokens (N, h, w, C), relative and depth (N, 1, H, W) in half precision, domain (N,).

    Depth is that of a scene of size one metre; 0 = no ground truth.
    """
    size = model.config.input_size
    device = next(model.relative_depth.parameters()).device
    scenes = ProceduralScenes(size, seed=config.seed, varied=True, device=device)
    normalize = Normalizer(model.config, device)
    grid = model.config.grid(size)

    def describe(indices: range) -> dict[str, Tensor]:
        batch = scenes.batch(indices)
        relative, tokens = model.relative_depth(normalize(batch.image))
        if model.image_encoder is not None:
            tokens = model.image_encoder(normalize(batch.image))
        metres = torch.tensor([facts.distance_m for facts in batch.facts], device=device)
        parts = {
            "image": (batch.image * 255).round().byte(),
            "tokens": tokens.unflatten(1, grid).half(),
            "relative": relative.half(),
            "depth": (batch.depth / metres.view(-1, 1, 1, 1)).half(),
            "domain": torch.tensor([DOMAINS.index(facts.domain) for facts in batch.facts]),
        }
        return {name: value.cpu() for name, value in parts.items()}

    identity = [*size, *_checksums(describe(range(1)))]
    path = _path(config, "images", config.scenes, identity)
    return _stored(path, lambda: _in_chunks(describe, config.scenes, IMAGES_AT_ONCE, progress))


@torch.inference_mode()
def stored_written(model: TR2M, config: FeaturesConfig, progress: Progress) -> dict[str, Tensor]:
    """As `stored_sentences`, of the descriptions written by hand, in REWORDINGS versions each."""
    random = Random(config.seed)
    versions = [(one, reworded(one.text, random)) for one in written(held_out=False) for _ in range(REWORDINGS)]

    def encoded(places: range) -> dict[str, Tensor]:
        chosen = versions[places.start : places.stop]
        return {
            "text": encode(model.text_encoder, [text for _, text in chosen]),
            "size": torch.tensor([one.distance_m for one, _ in chosen]),
            "domain": torch.tensor([DOMAINS.index(one.domain) for one, _ in chosen]),
        }

    texts = "\n".join(f"{one.distance_m} {text}" for one, text in versions)
    identity = [hashlib.sha256(texts.encode()).hexdigest(), *_checksums(encoded(range(1)))]
    path = _path(config, "written", len(versions), identity)
    return _stored(path, lambda: _in_chunks(encoded, len(versions), REWORDINGS_AT_ONCE, progress))


def _in_chunks(
    compute: Callable[[range], dict[str, Tensor]], count: int, at_once: int, progress: Progress
) -> dict[str, Tensor]:
    parts = []
    for first in range(0, count, at_once):
        parts.append(compute(range(first, min(first + at_once, count))))
        progress(min(first + at_once, count), count)
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def _checksums(tensors: dict[str, Tensor]) -> list[str]:
    """What the networks say of the first item: other weights or other scenes say something else.

    Of sizes, for signed values nearly cancel out, and what is left depends on the number of threads.
    """
    sizes = {name: value.double().abs() for name, value in tensors.items()}
    return [f"{name}:{size.mean().item():.3g}:{size.std(correction=0).item():.3g}" for name, size in sizes.items()]


def _path(config: FeaturesConfig, kind: str, count: int, identity: Sequence[object]) -> Path:
    text = "/".join(str(part) for part in (config.seed, count, *identity))
    return Path(config.folder) / f"{kind}-{hashlib.sha256(text.encode()).hexdigest()[:16]}.safetensors"


def _stored(path: Path, compute: Callable[[], dict[str, Tensor]]) -> dict[str, Tensor]:
    """The file's tensors; computed and written first where there is none, under a name of its own until whole."""
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        tensors = compute()
        temporary = path.with_suffix(f".{os.getpid()}.partial")
        with writing(path):
            save_file(tensors, temporary)
        os.replace(temporary, path)
    return load_file(path)


def text_encoder(config: TrainConfig) -> TextEncoder:
    """The frozen text encoder of the configuration's model, whose other parts need not be here. Raises InputError."""
    sources = find_model(config.model.base, Overrides(text_encoder=config.model.text_encoder or None))
    path = sources.require(["text_encoder"])["text_encoder"]
    return TextEncoder.from_pretrained(sources.config.text_encoder.kind, path).eval()


def prepare_sentences(config: TrainConfig) -> str:
    """Encodes the sentences of a training's configuration, or what is missing of them, in advance."""
    sentences = stored_sentences(text_encoder(config), config.features, bar("sentences"))
    return f"{len(sentences['size']):,} sentences in {config.features.folder}"


def main(arguments: Sequence[str] | None = None) -> int:
    """See `prepare`."""
    return prepare("tr2m_core.train.features", prepare_sentences, arguments)


if __name__ == "__main__":
    sys.exit(main())
