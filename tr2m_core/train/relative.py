"""Stage one of the embedded model: the relative-depth network, whose backbone is the image encoder as well."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from tr2m_core.backend import select_device
from tr2m_core.data.procedural import ProceduralScenes, SceneBatch
from tr2m_core.losses.affine_invariant import affine_invariant_loss, median_anchor_loss
from tr2m_core.model.normalizer import Normalizer
from tr2m_core.model.presets import EMBEDDED, embedded_relative_depth_config
from tr2m_core.model.pretrained import quiet_transformers
from tr2m_core.model.relative_depth import RelativeDepthNetwork
from tr2m_core.train.trainer import Stage, TrainConfig


class RelativeStage(Stage):
    """Learns inverse depth up to scale and shift from procedural scenes; each scene is seen once."""

    def __init__(self, config: TrainConfig) -> None:
        self.config = config
        self.device = select_device(config.device)
        torch.manual_seed(config.seed)
        self.network = RelativeDepthNetwork.from_config(embedded_relative_depth_config())
        initialise(self.network)
        self.trained = self.network.to(self.device)
        self.normalize = Normalizer(EMBEDDED, self.device)

    def loss(self, step: int) -> tuple[Tensor, dict[str, float]]:
        size, count, first = self.config.phase_at(step)
        scenes = ProceduralScenes(size, seed=self.config.seed, device=self.device)
        batch = flip_half(scenes.batch(range(first, first + count)))
        relative, _ = self.network(self.normalize(batch.image))
        # The sky is infinitely far: inverse depth 0, and that is worth learning.
        inverse = torch.where(batch.valid, 1.0 / batch.depth.clamp_min(1e-9), 0.0)
        everywhere = torch.ones_like(batch.valid)
        shape = affine_invariant_loss(relative, inverse, everywhere, self.config.gradient_weight)
        anchor = median_anchor_loss(relative, inverse, batch.valid)
        return shape + self.config.anchor_weight * anchor, {"shape": shape.item(), "anchor": anchor.item()}

    def save(self, directory: Path) -> None:
        with quiet_transformers():
            self.network.network.save_pretrained(directory / "relative_depth")


def initialise(network: RelativeDepthNetwork) -> None:
    """Initial weights for training from scratch; those of transformers are too small for a narrow decoder."""
    for module in network.modules():
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
        elif isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="linear")
    embeddings = network.network.backbone.embeddings
    embeddings.position_embeddings.data[:, 1:] = sine_cosine_grid(embeddings.position_embeddings[:, 1:])
    # A network that starts below its final ReLU never learns: begin at the median of the target instead.
    last = network.network.head.conv3
    nn.init.normal_(last.weight, std=0.02)
    nn.init.constant_(last.bias, 1.0)


def sine_cosine_grid(like: Tensor) -> Tensor:
    """Two-dimensional sine-cosine position embeddings (1, N * N, C) as for vision transformers without pre-training."""
    count, width = like.shape[1:]
    side = int(count**0.5)
    frequencies = 100.0 ** -torch.linspace(0, 1, width // 4)
    angles = torch.arange(side).view(-1, 1) * frequencies
    line = torch.cat((angles.sin(), angles.cos()), dim=1)
    rows, columns = line.repeat_interleave(side, 0), line.repeat(side, 1)
    return 0.5 * torch.cat((rows, columns), dim=1).unsqueeze(0)


def flip_half(batch: SceneBatch) -> SceneBatch:
    """Mirrors every second scene; for relative depth no sentence is involved that could speak of left and right."""
    mirrored = slice(1, None, 2)
    for tensor in (batch.image, batch.depth, batch.valid):
        tensor[mirrored] = tensor[mirrored].flip(-1)
    return batch
