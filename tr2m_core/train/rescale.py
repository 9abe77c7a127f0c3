"""Stage two of the embedded model: the rescale head, on frozen features of procedural scenes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import torch
import torch.nn.functional as F
from rich.console import Console
from rich.progress import track
from torch import Tensor

from tr2m_core.backend import select_device
from tr2m_core.config import PATCH_SIZE
from tr2m_core.data.procedural import ProceduralScenes
from tr2m_core.hub import package_folder
from tr2m_core.losses.silog import silog_loss
from tr2m_core.model.checkpoints import load_head, save_model
from tr2m_core.model.encoders import TextEncoder
from tr2m_core.model.normalizer import Normalizer
from tr2m_core.model.presets import EMBEDDED, MINILM
from tr2m_core.model.relative_depth import RelativeDepthNetwork
from tr2m_core.model.rescale_head import RescaleHead
from tr2m_core.model.tr2m import TR2M
from tr2m_core.train.trainer import Stage, TrainConfig
from tr2m_core.types import InputError

PREPARE_BATCH = 16
SENTENCE_BATCH = 256
WORST_RELATIVE_ERROR = 3.0  # beyond it only the log loss pulls: the gradient of the other would drown all else
SCENES_SEED, SENTENCES_SEED = 1, 2  # added to the run's seed: other scenes than the first stage saw


class RescaleStage(Stage):
    """The frozen networks see every scene once, before the first step; the head then trains on what they said.

    A phase's height and width are those of a window of the picture: small windows make large batches affordable, and
    large batches are what learning sizes from sentences needs.
    """

    def __init__(self, config: TrainConfig) -> None:
        if not (Path(config.relative_depth) / "config.json").is_file():
            raise InputError(
                f"relative_depth '{config.relative_depth}': not the first stage's model/relative_depth folder"
            )
        self.config = config
        self.device = select_device(config.device)
        torch.manual_seed(config.seed)
        relative = RelativeDepthNetwork.from_pretrained(config.relative_depth)
        text = TextEncoder.from_pretrained(MINILM.kind, package_folder(MINILM))
        self.model = TR2M(EMBEDDED, relative, None, text, RescaleHead(EMBEDDED.rescale_head)).to(self.device).train()
        self.trained = self.model.rescale_head
        if config.initial_head:
            load_head(self.trained, Path(config.initial_head))
        else:
            # Embeddings have unit length, so their components are small: QuickGELU would see next to nothing.
            self.trained.state_dict()["align_mlp.a_fc.weight"].mul_(EMBEDDED.rescale_head.text_width**0.5)
        self.grid = (EMBEDDED.input_size[0] // PATCH_SIZE, EMBEDDED.input_size[1] // PATCH_SIZE)
        self._prepare_scenes()
        self._prepare_sentences()

    @torch.inference_mode()
    def _prepare_scenes(self) -> None:
        """tokens (N, h, w, C), relative depth and metric depth (N, 1, H, W) in half precision; 0 = no ground truth."""
        scenes = ProceduralScenes(EMBEDDED.input_size, seed=self.config.seed + SCENES_SEED, device=self.device)
        normalize = Normalizer(EMBEDDED, self.device)
        tokens, relative, depth, facts = [], [], [], []
        for first in _progress(list(range(0, self.config.scenes, PREPARE_BATCH)), "scenes"):
            batch = scenes.batch(range(first, min(first + PREPARE_BATCH, self.config.scenes)))
            r, t = self.model.relative_depth(normalize(batch.image))
            tokens.append(t.unflatten(1, self.grid).half())
            relative.append(r.half())
            # At the size of one metre; the sentence that goes along sets the size.
            metres = torch.tensor([f.distance_m for f in batch.facts], device=self.device)
            depth.append((batch.depth / metres.view(-1, 1, 1, 1)).half())
            facts += batch.facts
        self.tokens, self.relative, self.depth = torch.cat(tokens), torch.cat(relative), torch.cat(depth)
        self.scene_domain = [f.domain for f in facts]

    def _prepare_sentences(self) -> None:
        """Embeddings (N, Ct) and sizes in metres (N,), by domain; encoded in order of length: padding costs time."""
        scenes = ProceduralScenes(EMBEDDED.input_size, seed=self.config.seed + SENTENCES_SEED)
        facts = [scenes.facts(i) for i in range(self.config.sentences)]
        sentences = [scenes.describe(i) for i in range(self.config.sentences)]
        order = sorted(range(len(sentences)), key=lambda i: len(sentences[i]))
        self.text = torch.empty(len(sentences), EMBEDDED.rescale_head.text_width, device=self.device)
        for first in _progress(list(range(0, len(order), SENTENCE_BATCH)), "sentences"):
            chosen = order[first : first + SENTENCE_BATCH]
            embedded = self.model.text_encoder.encode([sentences[i] for i in chosen]).squeeze(1)
            self.text[torch.tensor(chosen, device=self.device)] = embedded
        self.size = torch.tensor([f.distance_m for f in facts], device=self.device)
        self.sentences_of = {d: [i for i, f in enumerate(facts) if f.domain == d] for d in set(self.scene_domain)}
        empty = [domain for domain, indices in self.sentences_of.items() if not indices]
        if empty:
            raise InputError(f"sentences: {self.config.sentences} are too few, none is about a {empty[0]}")

    def loss(self, step: int) -> tuple[Tensor, dict[str, float]]:
        (height, width), count, _ = self.config.phase_at(step)
        random = torch.Generator().manual_seed((self.config.seed << 32) + step)

        def draw(limit: int, *shape: int) -> Tensor:
            return torch.randint(limit, shape, generator=random)

        scene = draw(self.config.scenes, count)
        sentence = self._sentences_for(scene, draw)
        h, w = height // PATCH_SIZE, width // PATCH_SIZE
        top, left = int(draw(self.grid[0] - h + 1)), int(draw(self.grid[1] - w + 1))
        rows = slice(PATCH_SIZE * top, PATCH_SIZE * (top + h))
        columns = slice(PATCH_SIZE * left, PATCH_SIZE * (left + w))
        tokens = self.tokens[scene, top : top + h, left : left + w].float().flatten(1, 2)
        relative, depth = (x[scene, :, rows, columns].float() for x in (self.relative, self.depth))
        depth = depth * self.size[sentence].view(-1, 1, 1, 1)

        maps = self.trained(tokens, self._disturb(self.text[sentence], random).unsqueeze(1), (h, w))
        prediction = 1.0 / (maps.scale_map * relative + maps.shift_map)
        valid = depth > 0
        silog = silog_loss(prediction, depth, valid, self.config.variance_focus)
        error = (prediction[valid] / depth[valid] - 1).abs()
        # Log error alone forgives guesses that are far too large, which relative error is made of.
        loss = silog + self.config.abs_rel_weight * error.clamp_max(WORST_RELATIVE_ERROR).mean()
        return loss, {"silog": silog.item(), "abs_rel": error.mean().item()}

    def _sentences_for(self, scene: Tensor, draw: Callable[..., Tensor]) -> Tensor:
        """A sentence for each scene: any of its domain, for the pixels do not tell the size.

        Were each scene tied to a sentence of its own, the head would learn the pictures by heart instead of reading.
        """
        chosen = []
        for i in scene.tolist():
            candidates = self.sentences_of[self.scene_domain[i]]
            chosen.append(candidates[int(draw(len(candidates)))])
        return torch.tensor(chosen)

    def _disturb(self, text: Tensor, random: torch.Generator) -> Tensor:
        """Noise and dropout on embeddings, so that wordings never met land near ones that were."""
        if self.config.text_noise:
            noise = torch.randn(text.shape, generator=random).to(text.device)
            text = F.normalize(text + noise * (self.config.text_noise / text.shape[-1] ** 0.5), dim=-1)
        if self.config.text_dropout:
            keep = (torch.rand(text.shape, generator=random) >= self.config.text_dropout).to(text.device)
            text = text * keep / (1 - self.config.text_dropout)
        return text

    def save(self, directory: Path) -> None:
        save_model(self.model, directory)


def _progress(items: list[int], what: str) -> Iterator[int]:
    yield from track(items, f"preparing {what}", console=Console(stderr=True))
